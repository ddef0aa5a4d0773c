// Losses of distributions: divergence, and likelihood of a distribution's parameters. Inputs and targets have equal
// shapes (ShapeError) and are floating (DTypeError).
#pragma once

#include <ostream>

#include <xgrad/by_name.hpp>
#include <xgrad/ops/loss_reduction.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// batchmean: the sum divided by the size of the first dimension, which is what the divergence is per sample.
enum class KlReduction { none, mean, sum, batchmean };
inline std::ostream& operator<<(std::ostream& os, KlReduction v) {
  return detail::print_choice(os, static_cast<int>(v), {"none", "mean", "sum", "batchmean"});
}
// y (log y - x) of log-probabilities x; log_target: the target holds log-probabilities, too. 0 log 0 is 0.
[[nodiscard]] XGRAD_API Tensor kl_div(const Tensor& input, const Tensor& target,
                                      KlReduction reduction = KlReduction::mean, bool log_target = false,
                                      Location at = Location::current());
struct PoissonNllOptions {
  ByName by_name = ByName();
  bool log_input = true;  // the input is the logarithm of the rate
  bool full = false;      // add Stirling's approximation of log y!
  double eps = 1e-8;      // log(rate + eps)
  Reduction reduction = Reduction::mean;
};
// exp(x) - y x, or x - y log(x + eps).
[[nodiscard]] XGRAD_API Tensor poisson_nll_loss(const Tensor& input, const Tensor& target,
                                                const PoissonNllOptions& options = {},
                                                Location at = Location::current());
struct GaussianNllOptions {
  ByName by_name = ByName();
  bool full = false;  // add log(2 pi) / 2
  double eps = 1e-6;  // the least variance
  Reduction reduction = Reduction::mean;
};
// [log var + (x - y)^2 / var] / 2. var: the input's shape without the last dimension, one variance for each row, or any
// shape that broadcasts to the input's: (N, D) takes (N), (N, 1), (1, D) and (). ShapeError for another one, ValueError
// for a negative variance. D. Nix and A. Weigend 1994.
[[nodiscard]] XGRAD_API Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var,
                                                 const GaussianNllOptions& options = {},
                                                 Location at = Location::current());

}  // namespace xgrad
