// Filling parameters with first values, in place and off the tape. Random ones come from the generator given, or from
// the default one.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::nn::init {

enum class FanMode { fan_in, fan_out };
inline std::ostream& operator<<(std::ostream& os, FanMode v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"fan_in", "fan_out"});
}
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };
inline std::ostream& operator<<(std::ostream& os, Nonlinearity v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v),
                                     {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"});
}

// Factor that keeps variances equal through a layer followed by the nonlinearity: 1, 5/3 (tanh), sqrt(2) (relu),
// sqrt(2 / (1 + param^2)) (leaky_relu), 3/4 (selu).
XGRAD_API double calculate_gain(Nonlinearity nonlinearity, double param = 0.01);
// {fan_in, fan_out} of a weight (out, in, kernel...). ShapeError below rank 2.
XGRAD_API std::pair<std::int64_t, std::int64_t> calculate_fan_in_and_fan_out(const Tensor& t,
                                                                             Location at = Location::current());

XGRAD_API Tensor& uniform_(Tensor& t, double low = 0, double high = 1, const std::optional<Generator>& generator = {},
                           Location at = Location::current());
XGRAD_API Tensor& normal_(Tensor& t, double mean = 0, double stddev = 1, const std::optional<Generator>& generator = {},
                          Location at = Location::current());
// N(mean, stddev) cut to [a, b].
XGRAD_API Tensor& trunc_normal_(Tensor& t, double mean = 0, double stddev = 1, double a = -2, double b = 2,
                                const std::optional<Generator>& generator = {}, Location at = Location::current());
XGRAD_API Tensor& constant_(Tensor& t, double value, Location at = Location::current());
XGRAD_API Tensor& zeros_(Tensor& t, Location at = Location::current());
XGRAD_API Tensor& ones_(Tensor& t, Location at = Location::current());
XGRAD_API Tensor& eye_(Tensor& t, Location at = Location::current());
// gain times a random matrix with orthonormal rows, or columns if there are fewer of these; dimensions behind the first
// count as one. ShapeError below rank 2. A. Saxe et al. 2013.
XGRAD_API Tensor& orthogonal_(Tensor& t, double gain = 1, const std::optional<Generator>& generator = {},
                              Location at = Location::current());
// Zeros, with a 1 in the middle of the kernel from each input channel to the output channel of its number: convolutions
// that pass their input on, in each of `groups` parts. ShapeError unless the rank is 3 to 5; ValueError when groups do
// not divide the output channels.
XGRAD_API Tensor& dirac_(Tensor& t, std::int64_t groups = 1, Location at = Location::current());
// N(0, stddev), with a fraction `sparsity` of the rows, rounded up, zero in each column. J. Martens 2010.
XGRAD_API Tensor& sparse_(Tensor& t, double sparsity, double stddev = 0.01,
                          const std::optional<Generator>& generator = {}, Location at = Location::current());
// U(+-gain sqrt(6 / (fan_in + fan_out))); Glorot & Bengio 2010.
XGRAD_API Tensor& xavier_uniform_(Tensor& t, double gain = 1, const std::optional<Generator>& generator = {},
                                  Location at = Location::current());
// N(0, gain sqrt(2 / (fan_in + fan_out))).
XGRAD_API Tensor& xavier_normal_(Tensor& t, double gain = 1, const std::optional<Generator>& generator = {},
                                 Location at = Location::current());
// U(+-gain sqrt(3 / fan)); a: slope of leaky_relu; He et al. 2015.
XGRAD_API Tensor& kaiming_uniform_(Tensor& t, double a = 0, FanMode mode = FanMode::fan_in,
                                   Nonlinearity nonlinearity = Nonlinearity::leaky_relu,
                                   const std::optional<Generator>& generator = {}, Location at = Location::current());
// N(0, gain / sqrt(fan)).
XGRAD_API Tensor& kaiming_normal_(Tensor& t, double a = 0, FanMode mode = FanMode::fan_in,
                                  Nonlinearity nonlinearity = Nonlinearity::leaky_relu,
                                  const std::optional<Generator>& generator = {}, Location at = Location::current());
// U(+-sqrt(3 / fan_in)) and N(0, 1 / sqrt(fan_in)), for selu; Y. LeCun et al. 1998.
XGRAD_API Tensor& lecun_uniform_(Tensor& t, const std::optional<Generator>& generator = {},
                                 Location at = Location::current());
XGRAD_API Tensor& lecun_normal_(Tensor& t, const std::optional<Generator>& generator = {},
                                Location at = Location::current());

}  // namespace xgrad::nn::init
