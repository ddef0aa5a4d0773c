#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include <xgrad/check.hpp>
#include <xgrad/tensor.hpp>

#include "shown.hpp"

namespace xgrad::data {

// A name that stands there twice.
inline std::optional<std::string_view> repeated_name(std::vector<std::string_view> names) {
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  return twice != names.end() ? std::optional(*twice) : std::nullopt;
}

// What is saved under names has them all for itself (ValueError), and is defined.
inline void require_names(const char* op, const NamedTensors& tensors, const Location& at) {
  std::vector<std::string_view> names;
  for (const auto& [name, t] : tensors) {
    require_defined(op, t, at);
    names.push_back(name);
  }
  if (const auto twice = repeated_name(std::move(names)))
    ErrorReport(op, fmt::format("the name '{}' is given twice", shown(*twice)), at).value_error();
}

}  // namespace xgrad::data
