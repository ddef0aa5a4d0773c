#pragma once

#include <string>

#include <xgrad/ops/extents.hpp>

namespace xgrad::nn {

// "3x5" for labels.
template <int N>
std::string extents_text(const Extents<N>& e) {
  std::string s;
  for (const std::int64_t n : e.v) {
    if (!s.empty()) s += 'x';
    s += std::to_string(n);
  }
  return s;
}

}  // namespace xgrad::nn
