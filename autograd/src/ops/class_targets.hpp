// Checks of the targets of losses of classes, and the numbers they come down to.
#pragma once

#include <string>

#include <xgrad/ops/classification_loss.hpp>

#include "core/tape/attributes.hpp"
#include "kernels/class_rows.hpp"

namespace xgrad::detail {

// The numbers of one call that its backward functions need.
struct ClassLoss {
  ClassGrid grid;
  std::int64_t ignore_index;
  Reduction reduction;
  double smoothing;
  double scale;  // of the sum over rows: 1, or 1 / (sum of target weights) for the mean
  int class_dim;
};

void describe(const ClassLoss& c, Attributes& list);  // label_smoothing: of cross_entropy alone

struct ClassTargets {
  Tensor index;   // int64, contiguous
  Tensor weight;  // of the input's dtype, contiguous; may be undefined
  ClassLoss call;
  Tensor target, class_weight;  // as the user passed them
};

void require_scores(const char* op, const Tensor& input, const Tensor& target, const Location& at);
[[noreturn, gnu::cold]] void refuse_shapes(const char* op, const std::string& rule, const Tensor& input,
                                           const Tensor& target, Location at);
// Contiguous, of the input's dtype, one number per class; undefined when there is none. It takes no gradient.
Tensor checked_weight(const char* op, const Tensor& weight, const Tensor& input, std::int64_t classes,
                      const Location& at);
ClassGrid grid_of(const Shape& s);
// Class indices; the scale is 1 / (sum of the targets' weights) for the mean.
ClassTargets check_targets(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight,
                           std::int64_t ignore_index, Reduction reduction, double smoothing, const Location& at);

}  // namespace xgrad::detail
