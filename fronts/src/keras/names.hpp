// What is found by name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>

namespace xgrad::keras {

[[noreturn]] inline void refuse(const std::string& op, const std::string& rule, const Location& at) {
  ErrorReport(op.c_str(), rule, at).value_error();
}

// The entry of this name; ValueError "Dense: no activation 'rely'; there are elu, ...".
template <class T>
const T& named(const std::map<std::string, T>& all, const std::string& op, const std::string& what,
               const std::string& name, const Location& at) {
  const auto found = all.find(name);
  if (found != all.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, value] : all) names.push_back(known);
  refuse(op, fmt::format("no {} '{}'; there are {}", what, name, fmt::join(names, ", ")), at);
}

}  // namespace xgrad::keras
