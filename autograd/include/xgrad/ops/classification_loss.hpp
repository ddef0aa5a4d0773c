// Losses of classes: scores or probabilities against the true class of each sample.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/ops/loss_reduction.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct NllLossOptions {
  ByName by_name = ByName();
  Tensor weight = {};  // (C), scales each class; the mean is then weighted
  std::int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
};
// -weight[t] x[t] per sample. input: log-probabilities (C), (N, C) or (N, C, d1, ...); target: int64 class indices
// (), (N) or (N, d1, ...). IndexError "target 3 at row 1 outside 0..2"; ShapeError when the batches differ.
[[nodiscard]] XGRAD_API Tensor nll_loss(const Tensor& input, const Tensor& target, const NllLossOptions& options = {},
                                        Location at = Location::current());

struct CrossEntropyOptions {
  ByName by_name = ByName();
  Tensor weight = {};
  std::int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;
};
// nll_loss of log_softmax over the class dimension, in one pass. target: class indices as for nll_loss, or
// probabilities of input's shape.
[[nodiscard]] XGRAD_API Tensor cross_entropy(const Tensor& input, const Tensor& target,
                                             const CrossEntropyOptions& options = {},
                                             Location at = Location::current());
// -weight [y log x + (1 - y) log(1 - x)] of probabilities x, with logarithms of at least -100. weight broadcasts and
// may be undefined. ValueError "input 1.5 outside [0, 1]".
[[nodiscard]] XGRAD_API Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                                                    const Tensor& weight = Tensor(),
                                                    Reduction reduction = Reduction::mean,
                                                    Location at = Location::current());
struct BceWithLogitsOptions {
  ByName by_name = ByName();
  Tensor weight = {};      // broadcast over the result
  Tensor pos_weight = {};  // scales the positive term
  Reduction reduction = Reduction::mean;
};
// -[p y log s(x) + (1 - y) log(1 - s(x))] with s the sigmoid, computed without overflow.
[[nodiscard]] XGRAD_API Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                                                const BceWithLogitsOptions& options = {},
                                                                Location at = Location::current());

}  // namespace xgrad
