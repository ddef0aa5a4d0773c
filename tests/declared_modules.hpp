// What the headers of nn declare, and what docs/reference/modules.md lists.
#pragma once

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support.hpp"

namespace xgrad::test {

inline std::filesystem::path source_folder() { return XGRAD_SOURCE_DIR; }

// Classes of modules: those that are templates by the names they are used by.
inline std::map<std::string, std::string> declared() {
  const std::regex type(
      R"((?:class (?:XGRAD_API )?(\w+)(?: final)?\s*: public (?:Layer|Module)\b|struct (\w+) final\s*: Loss<))");
  const std::regex alias(R"(using (\w+) = (\w+)<)");
  std::map<std::string, std::string> found;
  std::map<std::string, std::string> templates;
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "nn/include/xgrad/nn")) {
    const std::string text = read_file(entry.path().string()), file = entry.path().filename().string();
    for (std::sregex_iterator i(text.begin(), text.end(), type), end; i != end; ++i) {
      const std::string before = text.substr(0, static_cast<std::size_t>(i->position()));
      const std::string line = before.substr(before.rfind('\n', before.size() - 2) + 1);
      const std::string name = (*i)[1].matched ? (*i)[1] : (*i)[2];
      if (name == "Layer" || line.find("Layer<D") != std::string::npos) continue;
      const bool container = name == "ModuleList" || name == "ModuleDict";
      (line.starts_with("template") && !container ? templates : found)[name] = file;
    }
    all += text;
  }
  for (std::sregex_iterator i(all.begin(), all.end(), alias), end; i != end; ++i)
    if (const auto t = templates.find((*i)[2]); t != templates.end()) found[(*i)[1]] = t->second;
  return found;
}

// Functions that a header declares for programs.
inline std::set<std::string> functions_of(const std::string& header) {
  std::string text = read_file((source_folder() / "nn/include/xgrad/nn" / (header + ".hpp")).string());
  const std::string begin = "namespace xgrad::detail {", close = "}  // namespace xgrad::detail";
  for (std::size_t i; (i = text.find(begin)) != std::string::npos;)
    text.erase(i, text.find(close, i) + close.size() - i);
  const std::regex function(R"(\n(?:M|(?:\[\[nodiscard\]\] )?XGRAD_API [\w:<>&, ]+?) ?&? ?(\w+)\()");
  std::set<std::string> names;
  for (std::sregex_iterator i(text.begin(), text.end(), function), end; i != end; ++i) names.insert((*i)[1]);
  return names;
}

// What docs/reference/modules.md lists under each header.
inline std::map<std::string, std::set<std::string>> listed() {
  std::map<std::string, std::set<std::string>> all;
  std::vector<std::string> headers;
  std::istringstream page(read_file((source_folder() / "docs/reference/modules.md").string()));
  const std::regex name("`([^`]+)`");
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("`")) {
      headers.clear();
      const std::string names = line.substr(0, line.find(": functions"));
      for (std::sregex_iterator i(names.begin(), names.end(), name), end; i != end; ++i) headers.push_back((*i)[1]);
    }
    if (!line.starts_with("| `")) continue;
    std::string entry = line.substr(3, line.find('`', 3) - 3);
    if (const std::size_t i = entry.rfind("::"); i != std::string::npos) entry = entry.substr(i + 2);
    for (const std::string& header : headers) all[header].insert(entry);
  }
  return all;
}

}  // namespace xgrad::test
