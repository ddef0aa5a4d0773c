// Connectionist temporal classification.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/ops/loss_reduction.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct CtcLossOptions {
  ByName by_name = ByName();
  std::int64_t blank = 0;  // the class that stands for no label
  Reduction reduction = Reduction::mean;
  bool zero_infinity = false;  // sequences that cannot give their target count as 0, without gradient
};
// -log of the probability that a sequence, with repetitions merged and blanks left out, reads as its target; infinite
// where it is too short for that (the gradient is NaN). log_probs: (T, N, C) logarithms of probabilities, or (T, C);
// targets: (N, S), or all in a row (sum of target_lengths), or (S); lengths: (N), or (). targets and lengths are int64
// or int32. mean: each divided by max(1, its target length) first. No second derivative, as in PyTorch (AutogradError).
// ShapeError: shapes that do not fit; ValueError: lengths outside the tensors; IndexError: classes outside 0..C-1;
// DTypeError: other types. A. Graves et al. 2006.
[[nodiscard]] XGRAD_API Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                                        const Tensor& target_lengths, const CtcLossOptions& options = {},
                                        Location at = Location::current());

}  // namespace xgrad
