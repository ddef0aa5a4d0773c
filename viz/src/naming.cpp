#include "naming.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace xgrad::viz {
namespace {

std::string base_name(const char* path) {
  const std::string s(path);
  const auto slash = s.find_last_of('/');
  return slash == std::string::npos ? s : s.substr(slash + 1);
}

std::vector<std::string> parts_of(const std::string& name) {
  std::vector<std::string> parts(1);
  for (const char c : name)
    if (c == '.')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

}  // namespace

std::string shortened(const std::string& name, std::size_t longest) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if ((static_cast<unsigned char>(name[i]) & 0xC0) == 0x80) continue;  // the rest of a character
    if (++characters > longest) return name.substr(0, i) + "…";
  }
  return name;
}

std::string place_of(const tape::OpNode& op) {
  return fmt::format("{}:{}", base_name(op.at.file_name()), op.at.line());
}

std::string shortest(double v) {
  const auto single = static_cast<float>(v);
  return static_cast<double>(single) == v ? fmt::format("{}", single) : fmt::format("{}", v);
}

std::string common_name(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  if (std::ranges::all_of(names, [&](const std::string& n) { return n == names[0]; })) return names[0];
  std::vector<std::string> common = parts_of(names[0]);
  for (const std::string& name : names) {
    const std::vector<std::string> parts = parts_of(name);
    if (parts.size() != common.size()) return names[0] + " …";
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (parts[i] != common[i]) common[i] = "*";
  }
  if (common.size() == 1) return names[0].empty() ? "" : names[0] + " …";
  return fmt::format("{}", fmt::join(common, "."));
}

std::string title_of_further_output(const tape::OpNode& op, std::size_t k) {
  if (!is_floating(op.dtypes[k])) return "indices";
  static const std::map<std::string, std::vector<const char*>> all{
      {"lstm", {"h_n", "c_n"}}, {"lstm_cell", {"c"}}, {"gru", {"h_n"}}, {"rnn_tanh", {"h_n"}}, {"rnn_relu", {"h_n"}}};
  const auto known = op.of_library ? all.find(op.op) : all.end();
  if (known != all.end() && k <= known->second.size()) return fmt::format("{}: {}", op.op, known->second[k - 1]);
  return fmt::format("{}: output {}", op.op, k + 1);
}

}  // namespace xgrad::viz
