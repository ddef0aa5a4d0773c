// Further activation functions; the most common ones stand in <xgrad/ops/elementwise.hpp>. Elementwise ones take
// integers in float32, unless said otherwise.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

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
[[nodiscard]] XGRAD_API Tensor softmin(const Tensor& x, std::int64_t dim,
                                       Location at = Location::current());  // softmax(-x)
// dropout of whole channels: one decision for each of the first two dimensions. x: (N, C, *).
[[nodiscard]] XGRAD_API Tensor feature_dropout(const Tensor& x, double p = 0.5, bool training = true,
                                               Location at = Location::current());

}  // namespace xgrad
