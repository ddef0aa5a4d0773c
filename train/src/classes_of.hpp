// What metrics of classes are computed from.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::train {

constexpr std::int64_t kAnyClass = std::numeric_limits<std::int64_t>::max();

struct Classes {
  std::vector<std::int64_t> predicted, target;
};

// Predicted classes, or those of the largest scores, and the true ones. classes: how many there are, or kAnyClass, when
// the scores say it. Errors name the metric `what`, as train::accuracy() lists them.
Classes classes_of(const char* what, const Tensor& predicted, const Tensor& target, std::int64_t classes,
                   const Location& at);

}  // namespace xgrad::train
