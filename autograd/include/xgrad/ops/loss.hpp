// Loss functions in functional form. Reduction as in PyTorch: none keeps one value per element or sample.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

enum class Reduction { none, mean, sum };
inline std::ostream& operator<<(std::ostream& os, Reduction v) {
  return detail::print_choice(os, static_cast<int>(v), {"none", "mean", "sum"});
}

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
// (x - y)^2.
[[nodiscard]] XGRAD_API Tensor mse_loss(const Tensor& input, const Tensor& target,
                                        Reduction reduction = Reduction::mean, Location at = Location::current());
// |x - y|.
[[nodiscard]] XGRAD_API Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean,
                                       Location at = Location::current());
// d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, with d = x - y; beta = 0 is l1_loss. ValueError for beta < 0.
// R. Girshick 2015.
[[nodiscard]] XGRAD_API Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                                              Reduction reduction = Reduction::mean, double beta = 1,
                                              Location at = Location::current());
// d^2 / 2 where |d| < delta, else delta (|d| - delta / 2). ValueError unless delta > 0. P. Huber 1964.
[[nodiscard]] XGRAD_API Tensor huber_loss(const Tensor& input, const Tensor& target,
                                          Reduction reduction = Reduction::mean, double delta = 1,
                                          Location at = Location::current());
// -weight [y log x + (1 - y) log(1 - x)] of probabilities x, with logarithms of at least -100. weight broadcasts and
// may be undefined. ValueError "input 1.5 outside [0, 1]".
[[nodiscard]] XGRAD_API Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                                                    const Tensor& weight = Tensor(),
                                                    Reduction reduction = Reduction::mean,
                                                    Location at = Location::current());
// batchmean: the sum divided by the size of the first dimension, which is what the divergence is per sample.
enum class KlReduction { none, mean, sum, batchmean };
inline std::ostream& operator<<(std::ostream& os, KlReduction v) {
  return detail::print_choice(os, static_cast<int>(v), {"none", "mean", "sum", "batchmean"});
}
// y (log y - x) of log-probabilities x; log_target: the target holds log-probabilities, too. 0 log 0 is 0.
[[nodiscard]] XGRAD_API Tensor kl_div(const Tensor& input, const Tensor& target,
                                      KlReduction reduction = KlReduction::mean, bool log_target = false,
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
// Zeroes elements with probability p and scales the rest by 1 / (1 - p) in training, identity otherwise.
// ValueError "p must be in [0, 1], got 1.5".
[[nodiscard]] XGRAD_API Tensor dropout(const Tensor& x, double p = 0.5, bool training = true,
                                       Location at = Location::current());

}  // namespace xgrad
