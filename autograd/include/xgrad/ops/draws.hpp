// Draws from further laws, from the default generator: the same seed gives the same numbers, whatever the thread count.
// None has a gradient. ValueError for parameters outside their range, DTypeError for types that are not floating.
#pragma once

#include <xgrad/ops/factory.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// Indices (int64) drawn with probabilities proportional to the weights of a vector (n) or of each row (m, n):
// (num_samples) or (m, num_samples). Without replacement every index at most once, in the order of the draws: no more
// samples than weights that are not 0.
[[nodiscard]] XGRAD_API Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement = false,
                                           Location at = Location::current());
// One draw for each rate: P(k) = rate^k exp(-rate) / k!, in the type of the rates. W. Hormann 1993.
[[nodiscard]] XGRAD_API Tensor poisson(const Tensor& rate, Location at = Location::current());
// One draw for each concentration a > 0: density x^(a-1) exp(-x) / Gamma(a). G. Marsaglia and W. W. Tsang 2000.
[[nodiscard]] XGRAD_API Tensor standard_gamma(const Tensor& concentration, Location at = Location::current());
// Density rate exp(-rate x).
[[nodiscard]] XGRAD_API Tensor exponential(double rate, const Shape& shape, TensorOptions o = {},
                                           Location at = Location::current());
// How many trials of probability p the first success takes: 1, 2, ...
[[nodiscard]] XGRAD_API Tensor geometric(double p, const Shape& shape, TensorOptions o = {},
                                         Location at = Location::current());
// Density 1 / (pi sigma (1 + ((x - median) / sigma)^2)).
[[nodiscard]] XGRAD_API Tensor cauchy(double median, double sigma, const Shape& shape, TensorOptions o = {},
                                      Location at = Location::current());
// exp of a normal number with this mean and standard deviation.
[[nodiscard]] XGRAD_API Tensor log_normal(double mean, double stddev, const Shape& shape, TensorOptions o = {},
                                          Location at = Location::current());

}  // namespace xgrad
