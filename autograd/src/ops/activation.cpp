// Activation functions.
#include "ops/unary.hpp"

namespace xgrad {

using detail::Keep;
using detail::unary;

namespace {
constexpr double kHalfRoot = 0.70710678118654752440;  // 1 / sqrt(2)
constexpr double kDensity = 0.39894228040143267794;   // 1 / sqrt(2 pi)
constexpr double kScale = 0.79788456080286535588;     // sqrt(2 / pi)
constexpr double kCubic = 0.044715;
}  // namespace

Tensor tanh(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "tanh", x, [](auto v) { return tanh(v); }, [](auto g, auto y) { return g * (1 - y * y); }, at);
}

Tensor sigmoid(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "sigmoid", x, [](auto v) { return sigmoid(v); }, [](auto g, auto y) { return g * (y * (1 - y)); }, at);
}

Tensor log_sigmoid(const Tensor& x, Location at) {  // d/dx = sigmoid(-x)
  return unary<Keep::input>(
      "log_sigmoid", x, [](auto v) { return log_sigmoid(v); }, [](auto g, auto v) { return g * sigmoid(-v); }, at);
}

Tensor relu(const Tensor& x, Location at) {
  if (detail::is_exact("relu", x, at))
    return detail::integer_unary(
        "relu", x, [](auto v) { return v < 0 ? decltype(v)(0) : v; }, at);
  // NaN is not <= 0: it passes, and so does its gradient.
  return unary<Keep::output>(
      "relu", x, [](auto v) { return where(v < 0, 0, v); }, [](auto g, auto y) { return where(y <= 0, 0, g); }, at);
}

Tensor leaky_relu(const Tensor& x, double slope, Location at) {
  return unary<Keep::input>(
      "leaky_relu", x, [slope](auto v) { return where(v > 0, v, v * slope); },
      [slope](auto g, auto v) { return where(v > 0, g, g * slope); }, at);
}

Tensor elu(const Tensor& x, double alpha, Location at) {
  // The exponential of the negative part only: a large positive input must not make inf * 0.
  return unary<Keep::input>(
      "elu", x, [alpha](auto v) { return where(v > 0, v, expm1(where(v > 0, 0, v)) * alpha); },
      [alpha](auto g, auto v) { return where(v > 0, g, g * (exp(where(v > 0, 0, v)) * alpha)); }, at);
}

Tensor silu(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "silu", x, [](auto v) { return v * sigmoid(v); },
      [](auto g, auto v) {
        auto s = sigmoid(v);
        return g * (s * (v * (1 - s) + 1));
      },
      at);
}

Tensor gelu(const Tensor& x, Gelu approximate, Location at) {
  if (approximate == Gelu::none)
    return unary<Keep::input>(
        "gelu", x, [](auto v) { return v * 0.5 * (erf(v * kHalfRoot) + 1); },
        [](auto g, auto v) { return g * ((erf(v * kHalfRoot) + 1) * 0.5 + v * (exp(v * v * -0.5) * kDensity)); }, at);
  return unary<Keep::input>(
      "gelu", x, [](auto v) { return v * 0.5 * (tanh((v + v * v * v * kCubic) * kScale) + 1); },
      [](auto g, auto v) {
        auto t = tanh((v + v * v * v * kCubic) * kScale);
        return g * ((t + 1) * 0.5 + v * 0.5 * (1 - t * t) * ((v * v * (3 * kCubic) + 1) * kScale));
      },
      at);
}

Tensor softplus(const Tensor& x, double beta, double threshold, Location at) {
  return unary<Keep::input>(
      "softplus", x, [=](auto v) { return where(v * beta > threshold, v, softplus(v * beta) / beta); },
      [=](auto g, auto v) { return where(v * beta > threshold, g, g * sigmoid(v * beta)); }, at);
}

}  // namespace xgrad
