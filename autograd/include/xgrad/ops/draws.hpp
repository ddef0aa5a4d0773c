// Draws from further laws, from the default generator or one of the caller's (<xgrad/ops/sampling.hpp>): the same seed
// gives the same numbers, whatever the thread count. Without a gradient where none is mentioned. ValueError for
// parameters outside their range, DTypeError for types that are not floating.
#pragma once

#include <concepts>

#include <xgrad/ops/sampling.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// Indices (int64) drawn with probabilities proportional to the weights of a vector (n) or of each row (m, n):
// (num_samples) or (m, num_samples). Without replacement every index at most once, in the order of the draws: no more
// samples than weights that are not 0.
[[nodiscard]] XGRAD_API Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement = false,
                                           const std::optional<Generator>& generator = {},
                                           Location at = Location::current());
template <std::same_as<Generator> G>
[[nodiscard]] Tensor multinomial(const Tensor& weights, std::int64_t num_samples, const G& generator,
                                 Location at = Location::current()) {
  return multinomial(weights, num_samples, false, generator, at);
}
// One draw for each rate: P(k) = rate^k exp(-rate) / k!, in the type of the rates. W. Hormann 1993.
[[nodiscard]] XGRAD_API Tensor poisson(const Tensor& rate, const std::optional<Generator>& generator = {},
                                       Location at = Location::current());
// How many of `count` trials of probability p succeed: one draw for each pair, which broadcast. Counts are whole and
// not negative. W. Hormann 1993.
[[nodiscard]] XGRAD_API Tensor binomial(const Tensor& count, const Tensor& p,
                                        const std::optional<Generator>& generator = {},
                                        Location at = Location::current());
// One draw for each concentration a > 0: density x^(a-1) exp(-x) / Gamma(a). G. Marsaglia and W. W. Tsang 2000. The
// gradient by a is that of the quantile of the draw (M. Figurnov et al. 2018); it has none of its own.
[[nodiscard]] XGRAD_API Tensor standard_gamma(const Tensor& concentration,
                                              const std::optional<Generator>& generator = {},
                                              Location at = Location::current());
// Density rate exp(-rate x), never 0.
[[nodiscard]] XGRAD_API Tensor exponential(double rate, const Shape& shape, RandomOptions o = {},
                                           Location at = Location::current());
// How many trials of probability p the first success takes: 1, 2, ... Integer types too; ValueError for one that is too
// small for the greatest number that can be drawn.
[[nodiscard]] XGRAD_API Tensor geometric(double p, const Shape& shape, RandomOptions o = {},
                                         Location at = Location::current());
// Density 1 / (pi sigma (1 + ((x - median) / sigma)^2)).
[[nodiscard]] XGRAD_API Tensor cauchy(double median, double sigma, const Shape& shape, RandomOptions o = {},
                                      Location at = Location::current());
// exp of a normal number with this mean and standard deviation.
[[nodiscard]] XGRAD_API Tensor log_normal(double mean, double stddev, const Shape& shape, RandomOptions o = {},
                                          Location at = Location::current());
// softmax((logits + G) / tau) over dim, G independent draws from the Gumbel law: a sample from the classes that has a
// gradient. hard: its greatest element as 1 and the others as 0, with the gradient of the soft sample. ValueError
// unless tau > 0. E. Jang et al. 2017, C. Maddison et al. 2017.
[[nodiscard]] XGRAD_API Tensor gumbel_softmax(const Tensor& logits, double tau = 1, bool hard = false,
                                              std::int64_t dim = -1, const std::optional<Generator>& generator = {},
                                              Location at = Location::current());

namespace detail {
// The logarithm of a draw of standard_gamma, with its gradient, finite also where the draw would be less than the least
// number.
XGRAD_API Tensor log_standard_gamma(const Tensor& concentration, const std::optional<Generator>& generator,
                                    const Location& at);
}  // namespace detail

template <std::same_as<Generator> G>
Tensor TensorMethods::multinomial(Size num_samples, const G& generator, Location at) const {
  return xgrad::multinomial(static_cast<const Tensor&>(*this), num_samples, false, generator, at);
}
template <std::same_as<Generator> G>
Tensor TensorMethods::multinomial(Size num_samples, bool replacement, const G& generator, Location at) const {
  return xgrad::multinomial(static_cast<const Tensor&>(*this), num_samples, replacement, generator, at);
}

}  // namespace xgrad
