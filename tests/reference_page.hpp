// What can be read off the headers stands in lists: rows of docs/reference, includes of the headers that bring all
// others. With XGRAD_WRITE_LISTS in the environment, tests write what is missing there and in these only tell it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "unit_test.hpp"

namespace xgrad::test {

inline std::string text_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// The comment above what a header declares under this name, to its first full stop; as a cell of a table.
inline std::string described(const std::string& header, const std::string& name) {
  const std::regex declaration("((?:\n// [^\n]*)+)\n[^\n/]*\\b" + name + "\\b");
  std::smatch found;
  if (!std::regex_search(header, found, declaration)) return "";
  std::string cell;
  for (const char c : std::regex_replace(found[1].str(), std::regex("\n// ?"), " "))
    cell += c == '|' ? std::string("\\|") : std::string(1, c);
  const std::size_t begin = cell.find_first_not_of(' '), end = cell.find(". ");
  return cell.substr(begin, end == cell.npos ? cell.find_last_not_of(" .") + 1 - begin : end - begin);
}

// A page of docs/reference: headings, and below each a table with a row for every name.
class ReferencePage {
 public:
  explicit ReferencePage(const std::string& name) : name_("docs/reference/" + name) {
    std::istringstream in(text_of(std::filesystem::path(XGRAD_SOURCE_DIR) / name_));
    for (std::string line; std::getline(in, line);) lines_.push_back(line);
  }
  // A name that is missing from the first table below the line that begins with `heading`.
  void missing(const std::string& heading, const std::string& name, const std::string& header) {
    if (!std::getenv("XGRAD_WRITE_LISTS")) {
      BOOST_ERROR(name << " is not under " << heading << " of " << name_ << ": scripts/lists.sh adds it");
      return;
    }
    std::size_t row = 0;
    while (row < lines_.size() && !lines_[row].starts_with(heading)) ++row;
    while (row < lines_.size() && !lines_[row].starts_with("|---")) ++row;
    BOOST_REQUIRE_MESSAGE(row < lines_.size(), name_ << " has no table under " << heading << " for " << name);
    const auto cells = std::ranges::count(lines_[row], '|') - 1;
    while (row < lines_.size() && lines_[row].starts_with("|")) ++row;
    std::string line = "| `" + name + "` |";
    for (std::ptrdiff_t i = 1; i + 1 < cells; ++i) line += "  |";
    lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(row), line + " " + described(header, name) + " |");
    std::ofstream out(std::filesystem::path(XGRAD_SOURCE_DIR) / name_);
    for (const std::string& each : lines_) out << each << '\n';
  }

 private:
  std::string name_;
  std::vector<std::string> lines_;
};

// `all`, <xgrad/nn.hpp> for instance, includes every header of the folder of that name.
inline void check_includes(const std::filesystem::path& all, const std::string& prefix) {
  const std::filesystem::path file = std::filesystem::path(XGRAD_SOURCE_DIR) / all;
  std::filesystem::path folder = file;
  folder.replace_extension();
  std::set<std::string> here;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".hpp")
      here.insert("#include <" + prefix + "/" + entry.path().filename().string() + ">");
  std::string before, behind;
  std::set<std::string> there;
  std::istringstream in(text_of(file));
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("#include <" + prefix + "/"))
      there.insert(line);
    else
      (there.empty() ? before : behind) += line + '\n';
  if (std::getenv("XGRAD_WRITE_LISTS") && !std::ranges::includes(there, here)) {
    std::ofstream out(file);
    out << before;
    here.merge(there);
    for (const std::string& line : here) out << line << '\n';
    out << behind;
    return;
  }
  for (const std::string& line : here)
    BOOST_CHECK_MESSAGE(there.contains(line), all << " has no " << line << ": scripts/lists.sh adds it");
}

}  // namespace xgrad::test
