// Functions of one tensor: powers, exponentials, trigonometry.
#include "core/elementwise_loop.hpp"
#include "ops/unary.hpp"


namespace xgrad {

using detail::Keep;
using detail::unary;

Tensor abs(const Tensor& x, Location at) {
  if (detail::is_exact("abs", x, at))
    return detail::integer_unary(
        "abs", x, [](auto v) { return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v); }, at);
  return unary<Keep::input>(
      "abs", x, [](auto v) { return abs(v); }, [](auto g, auto v) { return g * sign(v); }, at);
}

Tensor sign(const Tensor& x, Location at) {
  if (detail::is_exact("sign", x, at))
    return detail::integer_unary(
        "sign", x, [](auto v) { return int(v > 0) - int(v < 0); }, at);
  return record(
      "sign", elementwise([](auto v) { return sign(v); }, x), {x}, {},
      [](const Saved&, const Tensor& g) -> Grads { return {detail::zeros_raw(g.shape(), g.dtype())}; }, at);
}

Tensor square(const Tensor& x, Location at) {
  if (detail::is_exact("square", x, at)) return pow(x, 2, at);
  return unary<Keep::input>(
      "square", x, [](auto v) { return v * v; }, [](auto g, auto v) { return g * (v * 2); }, at);
}

Tensor sqrt(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "sqrt", x, [](auto v) { return sqrt(v); }, [](auto g, auto y) { return g / (y * 2); }, at);
}

Tensor rsqrt(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "rsqrt", x, [](auto v) { return 1 / sqrt(v); }, [](auto g, auto y) { return g * (y * y * y) * -0.5; }, at);
}

Tensor reciprocal(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "reciprocal", x, [](auto v) { return 1 / v; }, [](auto g, auto y) { return -g * (y * y); }, at);
}

Tensor exp(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "exp", x, [](auto v) { return exp(v); }, [](auto g, auto y) { return g * y; }, at);
}

Tensor expm1(const Tensor& x, Location at) {
  return unary<Keep::output>(
      "expm1", x, [](auto v) { return expm1(v); }, [](auto g, auto y) { return g * (y + 1); }, at);
}

Tensor log(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log", x, [](auto v) { return log(v); }, [](auto g, auto v) { return g / v; }, at);
}

Tensor log1p(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "log1p", x, [](auto v) { return log1p(v); }, [](auto g, auto v) { return g / (v + 1); }, at);
}

Tensor sin(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "sin", x, [](auto v) { return sin(v); }, [](auto g, auto v) { return g * cos(v); }, at);
}

Tensor cos(const Tensor& x, Location at) {
  return unary<Keep::input>(
      "cos", x, [](auto v) { return cos(v); }, [](auto g, auto v) { return -g * sin(v); }, at);
}

Tensor erf(const Tensor& x, Location at) {  // d/dx = 2 / sqrt(pi) exp(-x^2)
  return unary<Keep::input>(
      "erf", x, [](auto v) { return erf(v); }, [](auto g, auto v) { return g * (exp(-(v * v)) * 1.1283791670955126); },
      at);
}

}  // namespace xgrad
