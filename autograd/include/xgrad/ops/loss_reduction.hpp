// How a loss puts its values together, as in PyTorch: none keeps one value per element or sample.
#pragma once

#include <ostream>

#include <xgrad/tensor.hpp>

namespace xgrad {

enum class Reduction { none, mean, sum };
inline std::ostream& operator<<(std::ostream& os, Reduction v) {
  return detail::print_choice(os, static_cast<int>(v), {"none", "mean", "sum"});
}

}  // namespace xgrad
