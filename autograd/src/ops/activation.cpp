// Activation functions.
#include <fmt/format.h>

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/sampling.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/tape/map_rows.hpp"
#include "core/tape/record.hpp"
#include "ops/normal.hpp"
#include "ops/unary.hpp"

namespace xgrad {

using detail::impl;
using detail::Keep;
using detail::unary;

// ---- the common ones ----
namespace {
constexpr double kScale = 0.79788456080286535588;  // sqrt(2 / pi)
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
      [slope](auto g, auto v) { return where(v > 0, g, g * slope); }, at, detail::named<"negative_slope">(slope));
}

Tensor elu(const Tensor& x, double alpha, Location at) {
  // The exponential of the negative part only: a large positive input must not make inf * 0.
  return unary<Keep::input>(
      "elu", x, [alpha](auto v) { return where(v > 0, v, expm1(where(v > 0, 0, v)) * alpha); },
      [alpha](auto g, auto v) { return where(v > 0, g, g * (exp(where(v > 0, 0, v)) * alpha)); }, at,
      detail::named<"alpha">(alpha));
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
        "gelu", x, [](auto v) { return detail::gelu_value(v); },
        [](auto g, auto v) { return g * detail::gelu_slope(v); }, at, detail::named<"approximate">(approximate));
  return unary<Keep::input>(
      "gelu", x, [](auto v) { return v * 0.5 * (tanh((v + v * v * v * kCubic) * kScale) + 1); },
      [](auto g, auto v) {
        auto t = tanh((v + v * v * v * kCubic) * kScale);
        return g * ((t + 1) * 0.5 + v * 0.5 * (1 - t * t) * ((v * v * (3 * kCubic) + 1) * kScale));
      },
      at, detail::named<"approximate">(approximate));
}

Tensor softplus(const Tensor& x, double beta, double threshold, Location at) {
  return unary<Keep::input>(
      "softplus", x, [=](auto v) { return where(v * beta > threshold, v, softplus(v * beta) / beta); },
      [=](auto g, auto v) { return where(v * beta > threshold, g, g * sigmoid(v * beta)); }, at,
      detail::named<"beta">(beta), detail::named<"threshold">(threshold));
}

// ---- piecewise ----
// NaN passes, and so does its gradient.
Tensor hardtanh(const Tensor& x, double min, double max, Location at) {
  return unary<Keep::input>(
      "hardtanh", x,
      [=](auto v) {
        auto low = where(v < min, min, v);
        return where(low > max, max, low);
      },
      [=](auto g, auto v) { return where(v <= min, 0, where(v >= max, 0, g)); }, at, detail::named<"min_val">(min),
      detail::named<"max_val">(max));
}

Tensor relu6(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "relu6", x, [](auto v) { return where(v < 0, 0, where(v > 6, 6, v)); },
      [](auto g, auto v) { return where(v <= 0, 0, where(v >= 6, 0, g)); }, at);
}

Tensor hardsigmoid(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "hardsigmoid", x, [](auto v) { return where(v < -3, 0, where(v > 3, 1, (v + 3) / 6)); },
      // PyTorch's slope is 1/6 rounded to float32, for float64 too.
      [](auto g, auto v) { return where(v <= -3, 0, where(v >= 3, 0, g * static_cast<double>(1.f / 6))); }, at);
}

Tensor hardswish(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "hardswish", x, [](auto v) { return where(v < -3, 0, where(v > 3, v, v * ((v + 3) / 6))); },
      [](auto g, auto v) { return where(v <= -3, 0, where(v >= 3, g, g * (v / 3 + 0.5))); }, at);
}

Tensor hardshrink(const Tensor& x, double lambd, Location at) {
  return unary<Keep::input>(
      "hardshrink", x, [lambd](auto v) { return where(v < -lambd, v, where(v <= lambd, 0, v)); },
      [lambd](auto g, auto v) { return where(v < -lambd, g, where(v <= lambd, 0, g)); }, at,
      detail::named<"lambd">(lambd));
}

Tensor softshrink(const Tensor& x, double lambd, Location at) {
  if (!(lambd >= 0)) [[unlikely]]
    ErrorReport("softshrink", fmt::format("lambd must not be negative, got {}", lambd), at).value_error();
  return unary<Keep::input>(
      "softshrink", x, [lambd](auto v) { return where(v < -lambd, v + lambd, where(v <= lambd, 0, v - lambd)); },
      [lambd](auto g, auto v) { return where(v < -lambd, g, where(v <= lambd, 0, g)); }, at,
      detail::named<"lambd">(lambd));
}

Tensor threshold(const Tensor& x, double threshold, double value, Location at) {
  return unary<Keep::input>(
      "threshold", x, [=](auto v) { return where(v <= threshold, value, v); },
      [=](auto g, auto v) { return where(v <= threshold, 0, g); }, at, detail::named<"threshold">(threshold),
      detail::named<"value">(value));
}

Tensor heaviside(const Tensor& x, const Tensor& values, Location at) {
  require_floating("heaviside", x, at);
  require_floating("heaviside", values, at);
  require_same_dtype("heaviside", x, values, at);
  detail::require_broadcast("heaviside", x, values, at);
  const auto f = [](auto v, auto z) { return where(v == 0, z, where(v > 0, 1, 0)); };
  const Tensor y = map(f, x.detach(), values.detach());
  return detail::record_op(
      "heaviside", y, {x, values}, {},
      [](const Saved&, const Tensor& g) -> Grads {
        const Tensor zero = mul(g, Scalar(0.0));
        return {zero, zero};
      },
      at);
}

Tensor step(const Tensor& x, double at_zero, Location at) {
  return unary<Keep::input>(
      "step", x, [at_zero](auto v) { return where(v == 0, at_zero, where(v > 0, 1, where(v < 0, 0, v))); },
      [](auto g, auto v) { return where(v == v, 0, g); }, at, detail::named<"at_zero">(at_zero));
}

// ---- smooth ----
namespace {
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScale = 1.0507009873554804934193349852946;
}  // namespace

Tensor selu(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "selu", x,
      [](auto v) { return where(v > 0, v * kSeluScale, expm1(where(v > 0, 0, v)) * (kSeluAlpha * kSeluScale)); },
      [](auto g, auto v) {
        return where(v > 0, g * kSeluScale, g * (exp(where(v > 0, 0, v)) * (kSeluAlpha * kSeluScale)));
      },
      at);
}

Tensor celu(const Tensor& x, double alpha, Location at) {
  if (alpha == 0) [[unlikely]]
    ErrorReport("celu", "alpha must not be 0", at).value_error();
  return unary<Keep::input>(
      "celu", x, [alpha](auto v) { return where(v > 0, v, expm1(where(v > 0, 0, v) / alpha) * alpha); },
      [alpha](auto g, auto v) { return where(v > 0, g, g * exp(where(v > 0, 0, v) / alpha)); }, at,
      detail::named<"alpha">(alpha));
}

Tensor mish(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "mish", x, [](auto v) { return v * tanh(softplus(v)); },
      [](auto g, auto v) {
        auto t = tanh(softplus(v));
        return g * (t + v * (1 - t * t) * sigmoid(v));
      },
      at);
}

Tensor softsign(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "softsign", x, [](auto v) { return v / (abs(v) + 1); },
      [](auto g, auto v) {
        auto d = abs(v) + 1;
        return g / (d * d);
      },
      at);
}

Tensor tanhshrink(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "tanhshrink", x, [](auto v) { return v - tanh(v); },
      [](auto g, auto v) {
        auto t = tanh(v);
        return g * (t * t);
      },
      at);
}

// ---- with parameters ----
Tensor prelu(const Tensor& x, const Tensor& weight, Location at) {
  require_floating("prelu", x, at);
  require_floating("prelu", weight, at);
  require_same_dtype("prelu", x, weight, at);
  const Shape& s = impl(x).shape;
  const std::int64_t n = impl(weight).numel, channels = s.rank() > 1 ? s[1] : 1;
  if (impl(weight).shape.rank() > 1 || (n != 1 && n != channels)) [[unlikely]]
    ErrorReport("prelu",
                fmt::format("weight must be one number or ({}), one per channel, got {}", channels,
                            to_string(impl(weight).shape)),
                at)
        .operand("input", x)
        .operand("weight", weight)
        .shape_error();
  Shape column;
  if (n != 1) {
    column.push_back(n);
    for (int d = 2; d < s.rank(); ++d) column.push_back(1);
  }
  const Tensor w = impl(weight).shape == column ? weight : reshape(weight, column, at);
  return detail::record_op(
      "prelu", detail::map_rows([](auto v, auto w) { return where(v > 0, v, v * w); }, x, w), {x, w}, {x, w},
      [](const Saved& s, const Tensor& g) -> Grads {
        Tensor gx, gw;
        if (s.needs(0))
          gx = detail::fuse_rows([](auto g, auto v, auto w) { return where(v > 0, g, g * w); }, g, s[0], s[1]);
        if (s.needs(1)) gw = fuse([](auto g, auto v) { return where(v > 0, 0, g * v); }, g, s[0]);
        return {gx, gw};
      },
      at);
}

Tensor rrelu(const Tensor& x, double lower, double upper, bool training, Location at) {
  require_floating("rrelu", x, at);
  if (!(lower <= upper)) [[unlikely]]
    ErrorReport("rrelu", fmt::format("lower must not exceed upper, got {} and {}", lower, upper), at).value_error();
  if (!training) return leaky_relu(x, (lower + upper) / 2, at);
  Tensor slopes = rand(impl(x).shape, {.dtype = impl(x).dtype});
  slopes = map([=](auto v) { return v * (upper - lower) + lower; }, slopes);
  return where(gt(x, Scalar(0.0), at), x, mul(x, slopes, at), at);
}

Tensor glu(const Tensor& x, std::int64_t dim, Location at) {
  require_floating("glu", x, at);
  const int d = wrap_dim("glu", dim, x, at);
  const std::int64_t n = impl(x).shape.rank() ? impl(x).shape[d] : 1;
  if (n % 2 != 0) [[unlikely]]
    ErrorReport("glu", fmt::format("size {} of dim {} is not even", n, d), at).operand("input", x).shape_error();
  const std::vector<Tensor> halves = split(x, {n / 2, n / 2}, d, at);
  if (!detail::needs_tape({x}))
    return detail::map_rows([](auto a, auto b) { return a * sigmoid(b); }, halves[0], halves[1]);
  return mul(halves[0], sigmoid(halves[1], at), at);
}

Tensor maxout(const Tensor& x, std::int64_t pieces, std::int64_t dim, Location at) {
  require_floating("maxout", x, at);
  const int d = wrap_dim("maxout", dim, x, at);
  const std::int64_t n = impl(x).shape.rank() ? impl(x).shape[d] : 1;
  if (pieces < 1 || n % pieces != 0) [[unlikely]]
    ErrorReport("maxout", fmt::format("size {} of dim {} is not divisible into pieces of {}", n, d, pieces), at)
        .operand("input", x)
        .shape_error();
  Shape split = impl(x).shape.rank() ? impl(x).shape : Shape{1};
  split[d] = n / pieces;
  split.insert(d + 1, pieces);
  const Tensor y = max(reshape(x, split, at), d + 1, false, at).values;
  return impl(x).shape.rank() ? y : reshape(y, {}, at);
}

}  // namespace xgrad
