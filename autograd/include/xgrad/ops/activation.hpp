// Activation functions. Elementwise ones take integers in float32, unless said otherwise. softmax and its like stand in
// <xgrad/ops/softmax.hpp>.
#pragma once

#include <concepts>
#include <ostream>

#include <xgrad/tensor.hpp>

namespace xgrad {

// ---- the common ones ----
[[nodiscard]] XGRAD_API Tensor tanh(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sigmoid(const Tensor& x, Location at = Location::current());  // 1 / (1 + exp(-x))
[[nodiscard]] XGRAD_API Tensor log_sigmoid(const Tensor& x,
                                           Location at = Location::current());  // log(sigmoid(x)), no overflow
[[nodiscard]] XGRAD_API Tensor relu(const Tensor& x,
                                    Location at = Location::current());  // max(x, 0), NaN stays NaN; gradient 0 at 0
[[nodiscard]] XGRAD_API Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01,
                                          Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor elu(const Tensor& x, double alpha = 1,
                                   Location at = Location::current());  // x > 0 ? x : alpha (exp(x) - 1)
[[nodiscard]] XGRAD_API Tensor silu(const Tensor& x, Location at = Location::current());  // x sigmoid(x)
enum class Gelu { none, tanh };
inline std::ostream& operator<<(std::ostream& os, Gelu v) {
  return detail::print_choice(os, static_cast<int>(v), {"none", "tanh"});
}
// none: x Phi(x); tanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Hendrycks & Gimpel 2016.
[[nodiscard]] XGRAD_API Tensor gelu(const Tensor& x, Gelu approximate = Gelu::none, Location at = Location::current());
// log(1 + exp(beta x)) / beta, linear where beta x > threshold.
[[nodiscard]] XGRAD_API Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20,
                                        Location at = Location::current());

// ---- piecewise ----
// x limited to [min, max]; gradient 0 at the bounds and outside (clamp passes it at the bounds).
[[nodiscard]] XGRAD_API Tensor hardtanh(const Tensor& x, double min = -1, double max = 1,
                                        Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor relu6(const Tensor& x, Location at = Location::current());  // hardtanh(x, 0, 6)
[[nodiscard]] XGRAD_API Tensor hardsigmoid(const Tensor& x,
                                           Location at = Location::current());  // min(max(x + 3, 0), 6) / 6
[[nodiscard]] XGRAD_API Tensor hardswish(const Tensor& x, Location at = Location::current());  // x hardsigmoid(x)
// x where |x| > lambd, else 0.
[[nodiscard]] XGRAD_API Tensor hardshrink(const Tensor& x, double lambd = 0.5, Location at = Location::current());
// x moved towards 0 by lambd, at most to 0. ValueError for lambd < 0.
[[nodiscard]] XGRAD_API Tensor softshrink(const Tensor& x, double lambd = 0.5, Location at = Location::current());
// x where x > threshold, else value.
[[nodiscard]] XGRAD_API Tensor threshold(const Tensor& x, double threshold, double value,
                                         Location at = Location::current());
// 0 below 0, 1 above, `values` (broadcast) at 0; gradient 0. Same dtype for both.
[[nodiscard]] XGRAD_API Tensor heaviside(const Tensor& x, const Tensor& values, Location at = Location::current());
// The same with a number; the activation of a perceptron. F. Rosenblatt 1958.
[[nodiscard]] XGRAD_API Tensor step(const Tensor& x, double at_zero = 1, Location at = Location::current());

// ---- smooth ----
// scale (x > 0 ? x : alpha (exp(x) - 1)) with alpha = 1.6733, scale = 1.0507. G. Klambauer et al. 2017.
[[nodiscard]] XGRAD_API Tensor selu(const Tensor& x, Location at = Location::current());
// x > 0 ? x : alpha (exp(x / alpha) - 1). ValueError for alpha = 0. J. Barron 2017.
[[nodiscard]] XGRAD_API Tensor celu(const Tensor& x, double alpha = 1, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mish(const Tensor& x,
                                    Location at = Location::current());  // x tanh(softplus(x)). D. Misra 2019
[[nodiscard]] XGRAD_API Tensor softsign(const Tensor& x, Location at = Location::current());    // x / (1 + |x|)
[[nodiscard]] XGRAD_API Tensor tanhshrink(const Tensor& x, Location at = Location::current());  // x - tanh(x)

// ---- with parameters, or over several elements; floating only ----
// x > 0 ? x : weight x. weight: one number, or one per channel (dimension 1). K. He et al. 2015.
[[nodiscard]] XGRAD_API Tensor prelu(const Tensor& x, const Tensor& weight, Location at = Location::current());
// leaky_relu with slopes drawn from [lower, upper] per element in training, else with their mean. B. Xu et al. 2015.
[[nodiscard]] XGRAD_API Tensor rrelu(const Tensor& x, double lower = 1. / 8, double upper = 1. / 3,
                                     bool training = false, Location at = Location::current());
// a sigmoid(b), where a and b are the halves of x along dim. Y. Dauphin et al. 2017.
[[nodiscard]] XGRAD_API Tensor glu(const Tensor& x, std::int64_t dim = -1, Location at = Location::current());
// The largest of each `pieces` neighbours along dim, whose size shrinks by that factor. I. Goodfellow et al. 2013.
[[nodiscard]] XGRAD_API Tensor maxout(const Tensor& x, std::int64_t pieces, std::int64_t dim = 1,
                                      Location at = Location::current());
template <std::floating_point F, class... More>
Tensor maxout(const Tensor&, F, const More&...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)

}  // namespace xgrad
