// Activation functions with kinks, with parameters, and over several elements.
#include <fmt/format.h>

#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include "ops/unary.hpp"

namespace xgrad {

using detail::impl;
using detail::Keep;
using detail::unary;

// ---- piecewise ----
// NaN passes, and so does its gradient.
Tensor hardtanh(const Tensor& x, double min, double max, Location at) {
  return unary<Keep::input>(
      "hardtanh", x,
      [=](auto v) {
        auto low = where(v < min, min, v);
        return where(low > max, max, low);
      },
      [=](auto g, auto v) { return where(v <= min, 0, where(v >= max, 0, g)); }, at);
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
      [lambd](auto g, auto v) { return where(v < -lambd, g, where(v <= lambd, 0, g)); }, at);
}

Tensor softshrink(const Tensor& x, double lambd, Location at) {
  if (!(lambd >= 0)) [[unlikely]]
    ErrorReport("softshrink", fmt::format("lambd must not be negative, got {}", lambd), at).value_error();
  return unary<Keep::input>(
      "softshrink", x, [lambd](auto v) { return where(v < -lambd, v + lambd, where(v <= lambd, 0, v - lambd)); },
      [lambd](auto g, auto v) { return where(v < -lambd, g, where(v <= lambd, 0, g)); }, at);
}

Tensor threshold(const Tensor& x, double threshold, double value, Location at) {
  return unary<Keep::input>(
      "threshold", x, [=](auto v) { return where(v <= threshold, value, v); },
      [=](auto g, auto v) { return where(v <= threshold, 0, g); }, at);
}

Tensor heaviside(const Tensor& x, const Tensor& values, Location at) {
  require_floating("heaviside", x, at);
  require_floating("heaviside", values, at);
  require_same_dtype("heaviside", x, values, at);
  detail::require_broadcast("heaviside", x, values, at);
  const auto f = [](auto v, auto z) { return where(v == 0, z, where(v > 0, 1, 0)); };
  const Tensor y = elementwise(f, x.detach(), values.detach());
  return record(
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
      [](auto g, auto v) { return where(v == v, 0, g); }, at);
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
      [alpha](auto g, auto v) { return where(v > 0, g, g * exp(where(v > 0, 0, v) / alpha)); }, at);
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
  return record(
      "prelu", elementwise([](auto v, auto w) { return where(v > 0, v, v * w); }, x, w), {x, w}, {x, w},
      [](const Saved& s, const Tensor& g) -> Grads {
        Tensor gx, gw;
        if (s.needs(0)) gx = fuse([](auto g, auto v, auto w) { return where(v > 0, g, g * w); }, g, s[0], s[1]);
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
  slopes = elementwise([=](auto v) { return v * (upper - lower) + lower; }, slopes);
  return where(gt(x, Scalar(0.0), at), x, mul(x, slopes, at), at);
}

Tensor glu(const Tensor& x, std::int64_t dim, Location at) {
  require_floating("glu", x, at);
  const int d = wrap_dim("glu", dim, x, at);
  const std::int64_t n = impl(x).shape.rank() ? impl(x).shape[d] : 1;
  if (n % 2 != 0) [[unlikely]]
    ErrorReport("glu", fmt::format("size {} of dim {} is not even", n, d), at).operand("input", x).shape_error();
  return mul(narrow(x, d, 0, n / 2, at), sigmoid(narrow(x, d, n / 2, n / 2, at), at), at);
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

Tensor softmin(const Tensor& x, std::int64_t dim, Location at) {
  wrap_dim("softmin", dim, x, at);
  require_floating("softmin", x, at);
  return softmax(neg(x, at), dim, at);
}

Tensor feature_dropout(const Tensor& x, double p, bool training, Location at) {
  require_floating("feature_dropout", x, at);
  const Shape& s = impl(x).shape;
  if (s.rank() < 2) [[unlikely]]
    ErrorReport("feature_dropout", fmt::format("input must be (N, C, ...), got {}", to_string(s)), at)
        .operand("input", x)
        .shape_error();
  if (!(p >= 0 && p <= 1)) [[unlikely]]
    ErrorReport("feature_dropout", fmt::format("p must be in [0, 1], got {}", p), at).operand("input", x).value_error();
  if (!training || p == 0) return x;
  Shape channels = s;
  for (int d = 2; d < s.rank(); ++d) channels[d] = 1;
  return mul(x, dropout(ones(channels, {.dtype = impl(x).dtype}), p, true, at), at);
}

}  // namespace xgrad
