// Losses that compare with a margin: compositions of other operations. Inputs and targets have equal shapes unless said
// otherwise (ShapeError) and are floating (DTypeError).
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/ops/loss_reduction.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// x where y = 1, max(0, margin - x) where y = -1.
[[nodiscard]] XGRAD_API Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, double margin = 1,
                                                    Reduction reduction = Reduction::mean,
                                                    Location at = Location::current());
// log(1 + exp(-y x)), y = 1 or -1.
[[nodiscard]] XGRAD_API Tensor soft_margin_loss(const Tensor& input, const Tensor& target,
                                                Reduction reduction = Reduction::mean,
                                                Location at = Location::current());
// max(0, margin - y (x1 - x2)); the three broadcast.
[[nodiscard]] XGRAD_API Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                                                   double margin = 0, Reduction reduction = Reduction::mean,
                                                   Location at = Location::current());
// 1 - cos where y = 1, max(0, cos - margin) where y = -1, with the cosine of x1 and x2 along their last dimension.
// inputs: (N, D) with target (N), or (D) with target ().
[[nodiscard]] XGRAD_API Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                                                     double margin = 0, Reduction reduction = Reduction::mean,
                                                     Location at = Location::current());
struct TripletMarginOptions {
  ByName by_name = ByName();
  double margin = 1, p = 2, eps = 1e-6;
  bool swap = false;  // use the distance of positive and negative where that is smaller
  Reduction reduction = Reduction::mean;
};
// max(0, margin + |a - p + eps| - |a - n + eps|), p-norms (p not NaN) along the last dimension. V. Balntas et al. 2016.
[[nodiscard]] XGRAD_API Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                                   const TripletMarginOptions& options = {},
                                                   Location at = Location::current());
struct MultiMarginOptions {
  ByName by_name = ByName();
  int p = 1;  // 1 or 2
  double margin = 1;
  Tensor weight = {};  // (C), by the class of the target
  Reduction reduction = Reduction::mean;
};
// Sum over the other classes of weight max(0, margin - x_t + x_c)^p / C. input: (N, C) or (C); target: int64 (N) or ().
[[nodiscard]] XGRAD_API Tensor multi_margin_loss(const Tensor& input, const Tensor& target,
                                                 const MultiMarginOptions& options = {},
                                                 Location at = Location::current());
// Sum over the classes t named in the target and the others c of max(0, 1 - x_t + x_c) / C. input: (N, C) or (C);
// target: int64 of that shape, class numbers up to the first -1.
[[nodiscard]] XGRAD_API Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                                                      Reduction reduction = Reduction::mean,
                                                      Location at = Location::current());
// Mean over the classes (last dimension) of -weight [y log s(x) + (1 - y) log s(-x)].
[[nodiscard]] XGRAD_API Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                                           const Tensor& weight = Tensor(),
                                                           Reduction reduction = Reduction::mean,
                                                           Location at = Location::current());

}  // namespace xgrad
