// Arithmetic, comparisons and activation functions.
#include <cmath>
#include <iterator>
#include <limits>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

// ---- one operator of the same meaning ----
// A text as a template argument.
template <std::size_t N>
struct Type {
  char text[N];
  consteval Type(const char (&name)[N]) {  // NOLINT: direct<"Relu">
    for (std::size_t i = 0; i < N; ++i) text[i] = name[i];
  }
};

template <Type type>
void direct(Op& op) {
  op.finish(type.text, {op.in(0, op.dtype())});
}

// Bytes and truth values are computed with as int32, which other programs have operators for.
DType wide_type(DType type) { return type == kUInt8 || type == kBool ? kInt32 : type; }
void finish_wide(Op& op, const std::string& value) {
  op.set_result(wide_type(op.dtype()) == op.dtype() ? value : op.cast(value, op.dtype()));
}

void identity(Op& op) { op.set_result(op.in(0)); }
void to_type(Op& op) { op.set_result(op.in(0, op.dtype())); }
void logical_not(Op& op) { op.finish("Not", {op.in(0, kBool)}); }
void rounded(Op& op) {
  if (!op.given("decimals")) return op.finish("Round", {op.in(0)});
  const double decimals = op.f("decimals"), power = std::pow(10.0, std::fabs(decimals));
  const char *before = decimals > 0 ? "Mul" : "Div", *behind = decimals > 0 ? "Div" : "Mul";
  const std::string by = op.number(power);
  op.finish(behind, {op.emit("Round", {op.emit(before, {op.in(0), by})}), by});
}

std::string operand_or_number(Op& op, std::size_t i, const char* number = "other") {
  const DType type = wide_type(op.dtype());
  return i < op.count() ? op.in(i, type) : op.number(number, type);
}

template <Type type>
void binary(Op& op) {
  finish_wide(op, op.emit(type.text, {operand_or_number(op, 0), operand_or_number(op, 1)}));
}
// x + alpha y, x - alpha y.
template <Type type>
void scaled(Op& op) {
  std::string y = operand_or_number(op, 1);
  if (op.given("alpha")) y = op.emit("Mul", {y, op.number("alpha", wide_type(op.dtype()))});
  finish_wide(op, op.emit(type.text, {operand_or_number(op, 0), y}));
}
// The number comes first.
template <Type type>
void reversed(Op& op) {
  const DType wide = wide_type(op.dtype());
  finish_wide(op, op.emit(type.text, {op.number("other", wide), op.in(0, wide)}));
}
// ONNX rounds quotients of whole numbers towards 0: one less where a rest is left and has the other sign.
void divide_whole(Op& op, bool floored) {
  const DType wide = op.dtype() == kUInt8 ? kInt32 : op.dtype();
  const std::string a = op.in(0, wide), b = op.count() > 1 ? op.in(1, wide) : op.number("other", wide);
  std::string q = op.emit("Div", {a, b});
  if (floored && op.dtype() != kUInt8) {
    const std::string rest = op.emit("Sub", {a, op.emit("Mul", {q, b})}), zero = op.number(0.0, wide);
    const std::string left = op.emit("Not", {op.emit("Equal", {rest, zero})});
    const std::string signs = op.emit("Xor", {op.emit("Less", {rest, zero}), op.emit("Less", {b, zero})});
    q = op.emit("Sub", {q, op.cast(op.emit("And", {left, signs}), wide)});
  }
  op.set_result(wide == op.dtype() ? q : op.cast(q, op.dtype()));
}
void divide(Op& op) {
  // A quotient of tensors that is not rounded keeps the divisor for its derivative; a rounded one has none.
  const bool exact = is_floating(op.dtype()) && (op.count() < 2 || op.step().keeps);
  const std::string mode = exact && !op.given("rounding_mode") ? "none" : op.text("rounding_mode");
  if (!is_floating(op.dtype())) return divide_whole(op, mode == "floor");
  const std::string q = op.emit("Div", {operand_or_number(op, 0), operand_or_number(op, 1)});
  if (mode == "none") return op.set_result(q);
  if (mode == "floor") return op.finish("Floor", {q});
  op.finish("Mul", {op.emit("Sign", {q}), op.emit("Floor", {op.emit("Abs", {q})})});
}
void power(Op& op) {
  const std::string base = operand_or_number(op, 0);
  const bool square = op.count() < 2 && op.f("exponent") == 2;
  finish_wide(op, square ? op.emit("Mul", {base, base}) : op.emit("Pow", {base, operand_or_number(op, 1, "exponent")}));
}

// What comparisons compare: no narrower than either.
DType common(Op& op) {
  const DType a = op.dtype_in(0), b = op.dtype_in(1);
  if (a == b) return a == kBool || a == kUInt8 ? kInt32 : a;
  const bool a_weak = op.rank_in(0) == 0 && op.rank_in(1) > 0, b_weak = op.rank_in(1) == 0 && op.rank_in(0) > 0;
  if (is_floating(a) == is_floating(b) && a_weak != b_weak) return a_weak ? b : a;
  const DType both = promote_types(a, b);
  return both == kBool || both == kUInt8 ? kInt32 : both;
}
template <Type type>
void comparison(Op& op) {
  const DType of = common(op);
  op.finish(type.text, {op.in(0, of), op.in(1, of)});
}
void unequal(Op& op) {
  const DType of = common(op);
  op.finish("Not", {op.emit("Equal", {op.in(0, of), op.in(1, of)})});
}
template <Type type>
void logic(Op& op) {
  op.finish(type.text, {op.in(0, kBool), op.in(1, kBool)});
}
void choice(Op& op) { op.finish("Where", {op.in(0), op.in(1, op.dtype()), op.in(2, op.dtype())}); }
void masked_fill(Op& op) { op.finish("Where", {op.in(1), op.number("value", op.dtype()), op.in(0)}); }

void addcmul(Op& op) {
  std::string product = op.emit("Mul", {op.in(1, op.dtype()), op.in(2, op.dtype())});
  if (op.given("value")) product = op.emit("Mul", {product, op.number("value", op.dtype())});
  op.finish("Add", {op.in(0, op.dtype()), product});
}
void addcdiv(Op& op) {
  std::string quotient = op.emit("Div", {op.in(1, op.dtype()), op.in(2, op.dtype())});
  if (op.given("value")) quotient = op.emit("Mul", {quotient, op.number("value", op.dtype())});
  op.finish("Add", {op.in(0, op.dtype()), quotient});
}
// x + weight (y - x).
void lerp(Op& op) {
  const std::string x = op.in(0, op.dtype());
  const std::string weight = op.count() > 2 ? op.in(2, op.dtype()) : op.number(op.f("weight"));
  op.finish("Add", {x, op.emit("Mul", {weight, op.emit("Sub", {op.in(1, op.dtype()), x})})});
}

// ---- functions made of others ----
void square(Op& op) { op.finish("Mul", {op.in(0, op.dtype()), op.in(0, op.dtype())}); }
void rsqrt(Op& op) { op.finish("Reciprocal", {op.emit("Sqrt", {op.in(0, op.dtype())})}); }
void exp2(Op& op) { op.finish("Exp", {op.emit("Mul", {op.in(0, op.dtype()), op.number(std::log(2.0))})}); }
void log2(Op& op) { op.finish("Mul", {op.emit("Log", {op.in(0, op.dtype())}), op.number(1 / std::log(2.0))}); }
void log10(Op& op) { op.finish("Mul", {op.emit("Log", {op.in(0, op.dtype())}), op.number(1 / std::log(10.0))}); }
// Whether |x| < bound.
std::string is_near(Op& op, const std::string& x, double bound) {
  return op.emit("Less", {op.emit("Abs", {x}), op.number(bound)});
}
// x within [-bound, bound]: what is not chosen has no infinities then, nor has its derivative.
std::string near_part(Op& op, const std::string& x, double bound) {
  return op.emit("Clip", {x, op.number(-bound), op.number(bound)});
}
// exp(x) - 1 loses digits near 0; exp(2 a) - 1 = 2 sinh(a) exp(a) does not.
void expm1(Op& op) {
  const std::string x = op.in(0, op.dtype()), half = op.emit("Mul", {near_part(op, x, 1), op.number(0.5)});
  const std::string product = op.emit("Mul", {op.emit("Sinh", {half}), op.emit("Exp", {half})});
  const std::string far = op.emit("Sub", {op.emit("Exp", {x}), op.number(1.0)});
  op.finish("Where", {is_near(op, x, 1), op.emit("Mul", {product, op.number(2.0)}), far});
}
void log1p(Op& op) { op.set_result(log1p_of(op, op.in(0, op.dtype()))); }
void erfc(Op& op) { op.set_result(erfc_of(op, op.in(0, op.dtype()))); }

}  // namespace

std::string where_node(Op& op, const std::string& condition, const std::string& x, const std::string& y) {
  return op.emit("Where", {condition, x, y});
}
// log(1 + x) loses the digits of a small x; 2 atanh(x / (x + 2)) does not.
std::string log1p_of(Op& op, const std::string& x) {
  const std::string small = near_part(op, x, 0.5);
  const std::string ratio = op.emit("Div", {small, op.emit("Add", {small, op.number(2.0)})});
  const std::string near = op.emit("Mul", {op.emit("Atanh", {ratio}), op.number(2.0)});
  const std::string far = op.emit("Log", {op.emit("Add", {x, op.number(1.0)})});
  return op.emit("Where", {is_near(op, x, 0.5), near, far});
}
// 1 - erf(x) up to 0.5. Above, where digits would be lost, t exp(p(t) - x^2) with t = 1 / (1 + x / 2); the polynomial
// is the Chebyshev fit of degree 9 to log(erfc(x) exp(x^2) / t) for x from 0.5 to 40, relative error 3e-8.
std::string erfc_of(Op& op, const std::string& given) {
  constexpr double coefficients[] = {0.163820246,  -0.815104854, 1.51465028,  -1.19720666, 0.335837531,
                                     -0.213897216, 0.104226967,  0.373012985, 1.00009831,  -1.26551403};
  constexpr double kFrom = 0.5, kZero = 40;
  const std::string x = op.emit("Clip", {given, op.number(kFrom), op.number(kZero)});
  const std::string slower = op.emit("Add", {op.emit("Mul", {x, op.number(0.5)}), op.number(1.0)});
  const std::string t = op.emit("Reciprocal", {slower});
  std::string p = op.number(coefficients[0]);
  for (std::size_t i = 1; i < std::size(coefficients); ++i)
    p = op.emit("Add", {op.emit("Mul", {p, t}), op.number(coefficients[i])});
  const std::string power = op.emit("Exp", {op.emit("Sub", {p, op.emit("Mul", {x, x})})});
  const std::string above = op.emit("Greater", {given, op.number(kFrom)});
  const std::string plain = op.emit("Sub", {op.number(1.0), op.emit("Erf", {given})});
  return op.emit("Where", {above, op.emit("Mul", {power, t}), plain});
}

namespace {

void leaky_relu(Op& op) { op.finish("LeakyRelu", {op.in(0, op.dtype())}, {{"alpha", op.f("negative_slope")}}); }
void elu(Op& op) { op.finish("Elu", {op.in(0, op.dtype())}, {{"alpha", op.f("alpha")}}); }
void celu(Op& op) { op.finish("Celu", {op.in(0, op.dtype())}, {{"alpha", op.f("alpha")}}); }
void selu(Op& op) { op.finish("Selu", {op.in(0, op.dtype())}); }
void silu(Op& op) { op.finish("Mul", {op.in(0, op.dtype()), op.emit("Sigmoid", {op.in(0, op.dtype())})}); }
void mish(Op& op) {
  op.finish("Mul", {op.in(0, op.dtype()), op.emit("Tanh", {op.emit("Softplus", {op.in(0, op.dtype())})})});
}
void tanhshrink(Op& op) { op.finish("Sub", {op.in(0, op.dtype()), op.emit("Tanh", {op.in(0, op.dtype())})}); }
void log_sigmoid(Op& op) { op.finish("Neg", {op.emit("Softplus", {op.emit("Neg", {op.in(0, op.dtype())})})}); }
// x where beta x exceeds the threshold. Softplus alone is that within rounding where exp(-threshold) is.
void softplus(Op& op) {
  const double beta = op.f("beta"), threshold = op.f("threshold");
  const std::string scaled = beta == 1 ? op.in(0, op.dtype()) : op.emit("Mul", {op.in(0, op.dtype()), op.number(beta)});
  std::string y = op.emit("Softplus", {scaled});
  if (beta != 1) y = op.emit("Div", {y, op.number(beta)});
  if (threshold >= (op.dtype() == kFloat64 ? 37 : 17)) return op.set_result(y);
  op.finish("Where", {op.emit("Greater", {scaled, op.number(threshold)}), op.in(0, op.dtype()), y});
}
void gelu(Op& op) {
  const std::string x = op.in(0, op.dtype());
  std::string inner;
  if (op.text("approximate") == "tanh") {
    const std::string cube = op.emit("Mul", {op.emit("Mul", {x, x}), x});
    const std::string sum = op.emit("Add", {x, op.emit("Mul", {cube, op.number(0.044715)})});
    inner = op.emit("Tanh", {op.emit("Mul", {sum, op.number(std::sqrt(2 / M_PI))})});
  } else {
    inner = op.emit("Erf", {op.emit("Mul", {x, op.number(std::sqrt(0.5))})});
  }
  const std::string half = op.emit("Mul", {x, op.number(0.5)});
  op.finish("Mul", {half, op.emit("Add", {inner, op.number(1)})});
}
void limited(Op& op, std::optional<double> low, std::optional<double> high) {
  op.finish("Clip", {op.in(0, op.dtype()), low ? op.number(*low) : "", high ? op.number(*high) : ""});
}
void hardtanh(Op& op) { limited(op, op.f("min_val"), op.f("max_val")); }
void relu6(Op& op) { limited(op, 0, 6); }
// One bound or both, as numbers or, of the operations for one bound each, as a tensor.
void clamp(Op& op) {
  if (op.count() > 1)
    return op.finish(op.name() == "clamp_min" ? "Max" : "Min", {op.in(0, op.dtype()), op.in(1, op.dtype())});
  limited(op, op.given("min") ? std::optional(op.f("min")) : std::nullopt,
          op.given("max") ? std::optional(op.f("max")) : std::nullopt);
}
void hardsigmoid(Op& op) { op.finish("HardSigmoid", {op.in(0, op.dtype())}, {{"alpha", 1.0 / 6}, {"beta", 0.5}}); }
void hardshrink(Op& op) { op.finish("Shrink", {op.in(0, op.dtype())}, {{"bias", 0.0}, {"lambd", op.f("lambd")}}); }
void softshrink(Op& op) {
  op.finish("Shrink", {op.in(0, op.dtype())}, {{"bias", op.f("lambd")}, {"lambd", op.f("lambd")}});
}
void threshold(Op& op) {
  const std::string above = op.emit("Greater", {op.in(0, op.dtype()), op.number(op.f("threshold"))});
  op.finish("Where", {above, op.in(0, op.dtype()), op.number("value", op.dtype())});
}
void prelu(Op& op) {
  if (!op.is_fixed(1)) op.refuse("its weight follows a dynamic axis");
  op.finish("PRelu", {op.in(0, op.dtype()), op.in(1)});
}

void softmax(Op& op) { op.finish("Softmax", {op.in(0, op.dtype())}, {{"axis", op.i("dim")}}); }
void log_softmax(Op& op) { op.finish("LogSoftmax", {op.in(0, op.dtype())}, {{"axis", op.i("dim")}}); }

}  // namespace

std::span<const NamedRule> elementwise_rules() {
  static const NamedRule all[] = {
      {"abs", direct<"Abs">},
      {"acos", direct<"Acos">},
      {"acosh", direct<"Acosh">},
      {"add", scaled<"Add">},
      {"addcdiv", addcdiv},
      {"addcmul", addcmul},
      {"asin", direct<"Asin">},
      {"asinh", direct<"Asinh">},
      {"atan", direct<"Atan">},
      {"atanh", direct<"Atanh">},
      {"ceil", direct<"Ceil">},
      {"celu", celu},
      {"clamp", clamp},
      {"clamp_max", clamp},
      {"clamp_min", clamp},
      {"clone", identity},
      {"contiguous", identity},
      {"cos", direct<"Cos">},
      {"cosh", direct<"Cosh">},
      {"div", divide},
      {"elu", elu},
      {"eq", comparison<"Equal">},
      {"erf", direct<"Erf">},
      {"erfc", erfc},
      {"exp", direct<"Exp">},
      {"exp2", exp2},
      {"expm1", expm1},
      {"floor", direct<"Floor">},
      {"ge", comparison<"GreaterOrEqual">},
      {"gelu", gelu},
      {"gt", comparison<"Greater">},
      {"hardshrink", hardshrink},
      {"hardsigmoid", hardsigmoid},
      {"hardswish", direct<"HardSwish">},
      {"hardtanh", hardtanh},
      {"le", comparison<"LessOrEqual">},
      {"leaky_relu", leaky_relu},
      {"lerp", lerp},
      {"log", direct<"Log">},
      {"log10", log10},
      {"log1p", log1p},
      {"log2", log2},
      {"log_sigmoid", log_sigmoid},
      {"log_softmax", log_softmax},
      {"logical_and", logic<"And">},
      {"logical_not", logical_not},
      {"logical_or", logic<"Or">},
      {"logical_xor", logic<"Xor">},
      {"lt", comparison<"Less">},
      {"masked_fill", masked_fill},
      {"maximum", binary<"Max">},
      {"minimum", binary<"Min">},
      {"mish", mish},
      {"mul", binary<"Mul">},
      {"ne", unequal},
      {"neg", direct<"Neg">},
      {"positive", identity},
      {"pow", power},
      {"prelu", prelu},
      {"rdiv", reversed<"Div">},
      {"reciprocal", direct<"Reciprocal">},
      {"relu", direct<"Relu">},
      {"relu6", relu6},
      {"round", rounded},
      {"rsqrt", rsqrt},
      {"rsub", reversed<"Sub">},
      {"selu", selu},
      {"sigmoid", direct<"Sigmoid">},
      {"sgn", direct<"Sign">},
      {"sign", direct<"Sign">},
      {"silu", silu},
      {"sin", direct<"Sin">},
      {"sinh", direct<"Sinh">},
      {"softmax", softmax},
      {"softplus", softplus},
      {"softshrink", softshrink},
      {"softsign", direct<"Softsign">},
      {"sqrt", direct<"Sqrt">},
      {"square", square},
      {"sub", scaled<"Sub">},
      {"tan", direct<"Tan">},
      {"tanh", direct<"Tanh">},
      {"tanhshrink", tanhshrink},
      {"threshold", threshold},
      {"to", to_type},
      {"where", choice},
  };
  return all;
}

}  // namespace xgrad::onnx
