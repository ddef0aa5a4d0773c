// Operators that work element by element.
#include <cmath>
#include <limits>

#include <xgrad/ops.hpp>

#include "import/operators.hpp"

namespace xgrad::onnx {
namespace {

using Unary = Tensor (*)(const Tensor&, Location);
using Binary = Tensor (*)(const Tensor&, const Tensor&, Location);

template <Unary f>
Outputs unary(const Call& c) {
  return {f(c.in(0), c.at)};
}
template <Binary f>
Outputs binary(const Call& c) {
  return {f(c.in(0), c.in(1), c.at)};
}
// Of any number of inputs, from the left.
template <Binary f>
Outputs variadic(const Call& c) {
  Tensor y = c.in(0);
  for (std::size_t i = 1; i < c.count(); ++i) y = f(y, c.in(i), c.at);
  return {y};
}

Tensor plus(const Tensor& x, const Tensor& y, Location at) { return add(x, y, 1, at); }
Tensor minus(const Tensor& x, const Tensor& y, Location at) { return sub(x, y, 1, at); }
// Whole numbers are divided towards 0.
Tensor quotient(const Tensor& x, const Tensor& y, Location at) {
  return is_floating(x.dtype()) ? div(x, y, at) : div(x, y, Rounding::trunc, at).to(x.dtype(), at);
}
Outputs modulo(const Call& c) {
  const bool like_c = c.i("fmod", 0) != 0;
  if (!like_c && is_floating(c.in(0).dtype())) c.refuse("of floating numbers needs fmod = 1");
  return {like_c ? fmod(c.in(0), c.in(1), c.at) : remainder(c.in(0), c.in(1), c.at)};
}
Outputs power(const Call& c) {
  const Tensor x = c.in(0), y = c.in(1);
  if (y.dim() == 0 && !y.requires_grad()) return {pow(x, y.item_scalar(c.at), c.at).to(x.dtype(), c.at)};
  // The result has the type of x, also where a whole x has a floating exponent.
  const Tensor base = is_floating(y.dtype()) && !is_floating(x.dtype()) ? x.to(y.dtype(), c.at) : x;
  return {pow(base, y.to(base.dtype(), c.at), c.at).to(x.dtype(), c.at)};
}

Outputs identity(const Call& c) { return {c.in(0)}; }
Outputs dropout_off(const Call& c) {
  if (c.has(2) && any(c.in(2).to(kBool, c.at), c.at).item<bool>(c.at)) c.refuse("training_mode is true");
  return {c.in(0), ones(c.in(0).shape(), kBool)};
}

Outputs cast(const Call& c) {
  constexpr std::pair<std::int64_t, DType> types[] = {{1, kFloat32}, {2, kUInt8}, {6, kInt32},
                                                      {7, kInt64},   {9, kBool},  {11, kFloat64}};
  for (const auto& [number, dtype] : types)
    if (c.i("to", 0) == number) return {c.in(0).to(dtype, c.at)};
  c.refuse("to a type that is none of FLOAT, DOUBLE, INT64, INT32, UINT8, BOOL");
}

Outputs clip(const Call& c) {
  Tensor y = c.in(0);
  if (c.has(1)) y = clamp_min(y, c.in(1), c.at);
  if (c.has(2)) y = clamp_max(y, c.in(2), c.at);
  return {y};
}

Outputs leaky(const Call& c) { return {leaky_relu(c.in(0), c.f("alpha", 0.01), c.at)}; }
Outputs elu_of(const Call& c) { return {elu(c.in(0), c.f("alpha", 1), c.at)}; }
Outputs celu_of(const Call& c) { return {celu(c.in(0), c.f("alpha", 1), c.at)}; }
// gamma (x > 0 ? x : alpha (exp(x) - 1)); the defaults are those of the specification.
Outputs selu_of(const Call& c) {
  const double alpha = c.f("alpha", 1.67326319217681884765625), gamma = c.f("gamma", 1.05070102214813232421875);
  return {mul(elu(c.in(0), alpha, c.at), Scalar(gamma), c.at)};
}
// From 40 on exp(-x) is lost in a double, too.
Outputs softplus_of(const Call& c) { return {softplus(c.in(0), 1, 40, c.at)}; }
Outputs hard_sigmoid(const Call& c) {
  const Tensor x = c.in(0);
  return {clamp(add(mul(x, Scalar(c.f("alpha", 0.2)), c.at), Scalar(c.f("beta", 0.5)), c.at), Scalar(0.0), Scalar(1.0),
                c.at)};
}
Outputs thresholded(const Call& c) { return {threshold(c.in(0), c.f("alpha", 1), 0, c.at)}; }
// x + bias below -lambd, x - bias above lambd, else 0.
Outputs shrink(const Call& c) {
  const Tensor x = c.in(0);
  const double lambd = c.f("lambd", 0.5), bias = c.f("bias", 0);
  const Tensor none = zeros_like(x, c.at);
  return {where(lt(x, Scalar(-lambd), c.at), add(x, Scalar(bias), c.at),
                where(gt(x, Scalar(lambd), c.at), sub(x, Scalar(bias), c.at), none, c.at), c.at)};
}
// One slope, or as many as channels, in the shape that broadcasts.
Outputs prelu_of(const Call& c) {
  const Tensor x = c.in(0), slope = c.in(1);
  return {where(ge(x, Scalar(0.0), c.at), x, mul(x, slope, c.at), c.at)};
}

Outputs is_infinite(const Call& c) {
  const bool above = c.i("detect_positive", 1) != 0, below = c.i("detect_negative", 1) != 0;
  if (above && below) return {isinf(c.in(0), c.at)};
  if (!above && !below) return {zeros(c.in(0).shape(), TensorOptions{kBool}, c.at)};
  return {above ? isposinf(c.in(0), c.at) : isneginf(c.in(0), c.at)};
}
Outputs shift(const Call& c) {
  const std::string direction = c.s("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") c.refuse("direction must be LEFT or RIGHT");
  return {direction == "LEFT" ? bitwise_left_shift(c.in(0), c.in(1), c.at)
                              : bitwise_right_shift(c.in(0), c.in(1), c.at)};
}
Outputs cast_like(const Call& c) { return {c.in(0).to(c.in(1).dtype(), c.at)}; }
Outputs mean_of_all(const Call& c) {
  return {div(variadic<&plus>(c)[0], Scalar(static_cast<double>(c.count())), c.at)};
}

Outputs softmax_of(const Call& c) { return {softmax(c.in(0), c.i("axis", -1), c.at)}; }
Outputs log_softmax_of(const Call& c) { return {log_softmax(c.in(0), c.i("axis", -1), c.at)}; }

}  // namespace

std::span<const Operator> elementwise_operators() {
  static const Operator all[] = {
      {"Abs", 1, 1, 1, "", unary<&abs>},
      {"Acos", 1, 1, 1, "", unary<&acos>},
      {"Acosh", 1, 1, 1, "", unary<&acosh>},
      {"Add", 2, 2, 1, "", binary<&plus>},
      {"And", 2, 2, 1, "", binary<&logical_and>},
      {"Asin", 1, 1, 1, "", unary<&asin>},
      {"Asinh", 1, 1, 1, "", unary<&asinh>},
      {"Atan", 1, 1, 1, "", unary<&atan>},
      {"Atanh", 1, 1, 1, "", unary<&atanh>},
      {"BitShift", 2, 2, 1, "direction:s", shift},
      {"Cast", 1, 1, 1, "to:i", cast},
      {"CastLike", 2, 2, 1, "", cast_like},
      {"Ceil", 1, 1, 1, "", unary<&ceil>},
      {"Celu", 1, 1, 1, "alpha:f", celu_of},
      {"Clip", 1, 3, 1, "", clip},
      {"Cos", 1, 1, 1, "", unary<&cos>},
      {"Cosh", 1, 1, 1, "", unary<&cosh>},
      {"Div", 2, 2, 1, "", binary<&quotient>},
      {"Dropout", 1, 3, 2, "seed:i", dropout_off},
      {"Elu", 1, 1, 1, "alpha:f", elu_of},
      {"Equal", 2, 2, 1, "", binary<&eq>},
      {"Erf", 1, 1, 1, "", unary<&erf>},
      {"Exp", 1, 1, 1, "", unary<&exp>},
      {"Floor", 1, 1, 1, "", unary<&floor>},
      {"Greater", 2, 2, 1, "", binary<&gt>},
      {"GreaterOrEqual", 2, 2, 1, "", binary<&ge>},
      {"HardSigmoid", 1, 1, 1, "alpha:f beta:f", hard_sigmoid},
      {"HardSwish", 1, 1, 1, "", unary<&hardswish>},
      {"Identity", 1, 1, 1, "", identity},
      {"IsInf", 1, 1, 1, "detect_negative:i detect_positive:i", is_infinite},
      {"IsNaN", 1, 1, 1, "", unary<&isnan>},
      {"LeakyRelu", 1, 1, 1, "alpha:f", leaky},
      {"Less", 2, 2, 1, "", binary<&lt>},
      {"LessOrEqual", 2, 2, 1, "", binary<&le>},
      {"Log", 1, 1, 1, "", unary<&log>},
      {"LogSoftmax", 1, 1, 1, "axis:i", log_softmax_of},
      {"Max", 1, kAnyNumber, 1, "", variadic<&maximum>},
      {"Mean", 1, kAnyNumber, 1, "", mean_of_all},
      {"Min", 1, kAnyNumber, 1, "", variadic<&minimum>},
      {"Mod", 2, 2, 1, "fmod:i", modulo},
      {"Mul", 2, 2, 1, "", binary<&mul>},
      {"Neg", 1, 1, 1, "", unary<&neg>},
      {"Not", 1, 1, 1, "", unary<&logical_not>},
      {"Or", 2, 2, 1, "", binary<&logical_or>},
      {"PRelu", 2, 2, 1, "", prelu_of},
      {"Pow", 2, 2, 1, "", power},
      {"Reciprocal", 1, 1, 1, "", unary<&reciprocal>},
      {"Relu", 1, 1, 1, "", unary<&relu>},
      {"Round", 1, 1, 1, "", unary<&round>},
      {"Selu", 1, 1, 1, "alpha:f gamma:f", selu_of},
      {"Shrink", 1, 1, 1, "bias:f lambd:f", shrink},
      {"Sigmoid", 1, 1, 1, "", unary<&sigmoid>},
      {"Sign", 1, 1, 1, "", unary<&sign>},
      {"Sin", 1, 1, 1, "", unary<&sin>},
      {"Sinh", 1, 1, 1, "", unary<&sinh>},
      {"Softmax", 1, 1, 1, "axis:i", softmax_of},
      {"Softplus", 1, 1, 1, "", softplus_of},
      {"Softsign", 1, 1, 1, "", unary<&softsign>},
      {"Sqrt", 1, 1, 1, "", unary<&sqrt>},
      {"Sub", 2, 2, 1, "", binary<&minus>},
      {"Sum", 1, kAnyNumber, 1, "", variadic<&plus>},
      {"Tan", 1, 1, 1, "", unary<&tan>},
      {"Tanh", 1, 1, 1, "", unary<&tanh>},
      {"ThresholdedRelu", 1, 1, 1, "alpha:f", thresholded},
      {"Where", 3, 3, 1, "", [](const Call& c) -> Outputs { return {where(c.in(0), c.in(1), c.in(2), c.at)}; }},
      {"Xor", 2, 2, 1, "", binary<&logical_xor>},
  };
  return all;
}

}  // namespace xgrad::onnx
