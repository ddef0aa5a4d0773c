// Whole numbers, remainders, tests of single numbers, and functions of two.
#include <cmath>

#include <fmt/format.h>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

using Value = std::string;

Value both(Op& op, const Value& a, const Value& b) { return op.emit("And", {a, b}); }
Value either(Op& op, const Value& a, const Value& b) { return op.emit("Or", {a, b}); }
Value absolute(Op& op, const Value& x) { return op.emit("Abs", {x}); }
Value negative(Op& op, const Value& x) { return op.emit("Neg", {x}); }
Value is_nan(Op& op, const Value& x) { return op.emit("IsNaN", {x}); }
Value is_zero(Op& op, const Value& x) { return op.emit("Equal", {x, op.number(0)}); }

// Input i in the type of the result, which is floating.
Value operand(Op& op, std::size_t i) { return op.in(i, op.dtype()); }
// The first input as a floating number, for tests that have a bool result.
Value tested(Op& op) { return op.in(0, is_floating(op.dtype_in(0)) ? op.dtype_in(0) : kFloat32); }

// ---- remainders and rounding ----
Value truncated(Op& op, const Value& x) {
  return op.emit("Mul", {op.emit("Sign", {x}), op.emit("Floor", {absolute(op, x)})});
}
void trunc(Op& op) { op.set_result(truncated(op, op.in(0))); }
void frac(Op& op) { op.finish("Sub", {op.in(0), truncated(op, op.in(0))}); }

// Mod has the sign of the dividend with fmod = 1, else that of the divisor; floating numbers have the first only.
void fmod(Op& op) { op.finish("Mod", {operand(op, 0), operand(op, 1)}, {{"fmod", std::int64_t{1}}}); }
void remainder(Op& op) {
  const Value a = operand(op, 0), b = operand(op, 1);
  if (!is_floating(op.dtype())) return op.finish("Mod", {a, b});
  const Value rest = op.emit("Mod", {a, b}, {{"fmod", std::int64_t{1}}}), zero = op.number(0);
  const Value signs = op.emit("Xor", {op.emit("Less", {rest, zero}), op.emit("Less", {b, zero})});
  const Value other_side = both(op, op.emit("Not", {op.emit("Equal", {rest, zero})}), signs);
  op.set_result(where_node(op, other_side, op.emit("Add", {rest, b}), rest));
}

// ---- bits ----
// Opset 17 has operators for the bits of bools alone.
template <int operation>
void bitwise(Op& op) {
  constexpr const char* names[] = {"And", "Or", "Xor"};
  if (op.dtype() != kBool) op.refuse("ONNX has bits of whole numbers from operator set 18 on");
  op.finish(names[operation], {op.in(0), op.in(1)});
}
// ~x = -1 - x in two's complement, 255 - x of a byte.
void bitwise_not(Op& op) {
  if (op.dtype() != kUInt8) return op.finish("Sub", {op.number(-1), op.in(0)});
  op.set_result(op.cast(op.emit("Sub", {op.number(255, kInt32), op.in(0, kInt32)}), kUInt8));
}
// x times a power of two, in two steps so that neither overflows.
void left_shift(Op& op) {
  const bool byte = op.dtype() == kUInt8;
  const DType wide = byte ? kInt32 : op.dtype();
  const double bits = byte ? 8 : wide == kInt32 ? 32 : 64;
  const Value x = op.in(0, wide), by = op.in(1, wide), two = op.number(2, wide), zero = op.number(0.0, wide);
  const Value in_range = both(op, op.emit("GreaterOrEqual", {by, zero}), op.emit("Less", {by, op.number(bits, wide)}));
  const Value used = where_node(op, in_range, by, zero), half = op.emit("Div", {used, two});
  Value y = op.emit("Mul", {x, op.emit("Pow", {two, half})});
  y = op.emit("Mul", {y, op.emit("Pow", {two, op.emit("Sub", {used, half})})});
  y = where_node(op, in_range, y, zero);
  op.set_result(byte ? op.cast(op.emit("Mod", {y, op.number(256, wide)}), kUInt8) : y);
}
// x over a power of two, rounded down.
void right_shift(Op& op) {
  const bool byte = op.dtype() == kUInt8;
  const DType wide = byte ? kInt32 : op.dtype();
  const double most = byte ? 7 : wide == kInt32 ? 30 : 62;
  const Value x = op.in(0, wide), by = op.in(1, wide), zero = op.number(0.0, wide);
  const Value in_range =
      both(op, op.emit("GreaterOrEqual", {by, zero}), op.emit("LessOrEqual", {by, op.number(most, wide)}));
  const Value divisor = op.emit("Pow", {op.number(2, wide), where_node(op, in_range, by, zero)});
  const Value q = op.emit("Div", {x, divisor}), below = op.emit("Less", {x, zero});
  const Value inexact = op.emit("Not", {op.emit("Equal", {op.emit("Mul", {q, divisor}), x})});
  const Value floored = op.emit("Sub", {q, op.cast(both(op, inexact, below), wide)});
  const Value y = where_node(op, in_range, floored, negative(op, op.cast(below, wide)));
  op.set_result(byte ? op.cast(y, kUInt8) : y);
}

// ---- tests ----
void isnan(Op& op) { op.finish("IsNaN", {tested(op)}); }
void isinf(Op& op) { op.finish("IsInf", {tested(op)}); }
void isposinf(Op& op) { op.finish("IsInf", {tested(op)}, {{"detect_negative", std::int64_t{0}}}); }
void isneginf(Op& op) { op.finish("IsInf", {tested(op)}, {{"detect_positive", std::int64_t{0}}}); }
void isfinite(Op& op) {
  const Value x = tested(op);
  op.finish("Not", {either(op, op.emit("IsInf", {x}), is_nan(op, x))});
}
// Of -0, too, whose inverse is negative.
Value sign_bit(Op& op, const Value& x, DType type) {
  const Value zero = op.number(0.0, type);
  return either(op, op.emit("Less", {x, zero}), op.emit("Less", {op.emit("Reciprocal", {x}), zero}));
}
void signbit(Op& op) {
  const DType type = op.dtype_in(0);
  if (is_floating(type)) return op.set_result(sign_bit(op, op.in(0), type));
  const DType wide = type == kInt64 ? kInt64 : kInt32;
  op.finish("Less", {op.in(0, wide), op.number(0.0, wide)});
}
void isclose(Op& op) {
  const Value x = op.in(0, kFloat64), y = op.in(1, kFloat64);
  const Value apart = absolute(op, op.emit("Sub", {x, y}));
  const Value share = op.emit("Mul", {absolute(op, y), op.number(op.f("rtol"), kFloat64)});
  const Value allowed = op.emit("Add", {share, op.number(op.f("atol"), kFloat64)});
  const Value finite = op.emit("Less", {apart, op.number(INFINITY, kFloat64)});
  Value close = both(op, op.emit("LessOrEqual", {apart, allowed}), finite);
  close = either(op, close, op.emit("Equal", {x, y}));
  if (op.flag("equal_nan")) close = either(op, close, both(op, is_nan(op, x), is_nan(op, y)));
  op.set_result(close);
}

// ---- signs and steps ----
void copysign(Op& op) {
  const Value size = absolute(op, operand(op, 0));
  op.set_result(where_node(op, sign_bit(op, operand(op, 1), op.dtype()), negative(op, size), size));
}
void angle(Op& op) {
  const Value x = operand(op, 0), below = op.emit("Less", {x, op.number(0)});
  op.set_result(where_node(op, is_nan(op, x), x, where_node(op, below, op.number(M_PI), op.number(0))));
}
Value one_above(Op& op, const Value& x) { return op.cast(op.emit("Greater", {x, op.number(0)}), op.dtype()); }
void heaviside(Op& op) {
  const Value x = operand(op, 0);
  op.set_result(where_node(op, is_zero(op, x), operand(op, 1), one_above(op, x)));
}
void step(Op& op) {
  const Value x = operand(op, 0);
  const Value y = where_node(op, is_zero(op, x), op.number(op.f("at_zero")), one_above(op, x));
  op.set_result(where_node(op, is_nan(op, x), x, y));
}
void nan_to_num(Op& op) {
  const Value x = op.in(0);
  const Value above = op.emit("IsInf", {x}, {{"detect_negative", std::int64_t{0}}});
  const Value below = op.emit("IsInf", {x}, {{"detect_positive", std::int64_t{0}}});
  const Value finite =
      where_node(op, above, op.number(op.f("posinf")), where_node(op, below, op.number(op.f("neginf")), x));
  op.set_result(where_node(op, is_nan(op, x), op.number(op.f("nan")), finite));
}
template <int larger>
void number_of_two(Op& op) {
  const Value x = operand(op, 0), y = operand(op, 1);
  const Value best = op.emit(larger ? "Max" : "Min", {x, y});
  if (!is_floating(op.dtype())) return op.set_result(best);
  op.set_result(where_node(op, is_nan(op, x), y, where_node(op, is_nan(op, y), x, best)));
}

// ---- functions ----
template <int degrees>
void angle_unit(Op& op) {
  op.finish("Mul", {operand(op, 0), op.number(degrees ? 180 / M_PI : M_PI / 180)});
}
void sinc(Op& op) {
  if (op.f("order") != 0) op.refuse("a derivative of sinc");
  const Value x = operand(op, 0), at_zero = is_zero(op, x);
  const Value angle = op.emit("Mul", {where_node(op, at_zero, op.number(1), x), op.number(M_PI)});
  op.set_result(where_node(op, at_zero, op.number(1), op.emit("Div", {op.emit("Sin", {angle}), angle})));
}
void logit(Op& op) {
  const Value x = operand(op, 0);
  op.finish("Log", {op.emit("Div", {x, op.emit("Sub", {op.number(1), x})})});
}
// -x log x, 0 at 0, -infinity below.
void entr(Op& op) {
  const Value x = operand(op, 0), at_zero = is_zero(op, x), below = op.emit("Less", {x, op.number(0)});
  const Value inside = where_node(op, either(op, at_zero, below), op.number(1), x);
  const Value y = negative(op, op.emit("Mul", {inside, op.emit("Log", {inside})}));
  op.set_result(where_node(op, below, op.number(-INFINITY), where_node(op, at_zero, op.number(0), y)));
}
// x f(y), 0 where x is 0 and y a number.
void product_of_log(Op& op, const Value& logarithm) {
  const Value silent = both(op, is_zero(op, operand(op, 0)), op.emit("Not", {is_nan(op, operand(op, 1))}));
  op.set_result(where_node(op, silent, op.number(0), op.emit("Mul", {operand(op, 0), logarithm})));
}
void xlogy(Op& op) { product_of_log(op, op.emit("Log", {operand(op, 1)})); }
void xlog1py(Op& op) { product_of_log(op, log1p_of(op, operand(op, 1))); }

// The larger |a| sqrt(1 + (b / a)^2): nothing overflows that need not.
void hypot(Op& op) {
  const Value x = absolute(op, operand(op, 0)), y = absolute(op, operand(op, 1));
  const Value large = op.emit("Max", {x, y}), small = op.emit("Min", {x, y});
  const Value plain = either(op, is_zero(op, large), op.emit("IsInf", {large}));
  const Value ratio = op.emit("Div", {small, where_node(op, plain, op.number(1), large)});
  const Value root = op.emit("Sqrt", {op.emit("Add", {op.emit("Mul", {ratio, ratio}), op.number(1)})});
  op.set_result(where_node(op, plain, large, op.emit("Mul", {large, root})));
}
// The angle of (|x|, |y|), reflected by the signs of both, of zeros as well.
void atan2(Op& op) {
  const Value y = operand(op, 0), x = operand(op, 1);
  const Value up = absolute(op, y), right = absolute(op, x);
  const Value equal = op.emit("Equal", {up, right}), none = is_zero(op, up);
  const Value ratio = op.emit("Div", {up, where_node(op, equal, op.number(1), right)});
  Value a = where_node(op, equal, op.number(M_PI / 4), op.emit("Atan", {ratio}));
  a = where_node(op, none, op.number(0), a);
  a = where_node(op, sign_bit(op, x, op.dtype()), op.emit("Sub", {op.number(M_PI), a}), a);
  a = where_node(op, sign_bit(op, y, op.dtype()), negative(op, a), a);
  op.set_result(where_node(op, either(op, is_nan(op, x), is_nan(op, y)), op.emit("Add", {x, y}), a));
}
// The larger + log(1 + exp(-distance)), of powers of e or of 2.
void log_sum(Op& op, double log_base) {
  const Value x = operand(op, 0), y = operand(op, 1), equal = op.emit("Equal", {x, y});
  const Value apart = absolute(op, op.emit("Sub", {x, where_node(op, equal, x, y)}));
  Value rest = log1p_of(op, op.emit("Exp", {op.emit("Mul", {apart, op.number(-log_base)})}));
  if (log_base != 1) rest = op.emit("Mul", {rest, op.number(1 / log_base)});
  const Value doubled = op.emit("Add", {x, op.number(std::log(2.0) / log_base)});
  op.set_result(where_node(op, equal, doubled, op.emit("Add", {op.emit("Max", {x, y}), rest})));
}
void logaddexp(Op& op) { log_sum(op, 1); }
void logaddexp2(Op& op) { log_sum(op, std::log(2.0)); }
// In two steps: 2^y alone may overflow.
void ldexp(Op& op) {
  const Value y = operand(op, 1), two = op.number(2);
  const Value half = op.emit("Floor", {op.emit("Mul", {y, op.number(0.5)})});
  const Value scaled = op.emit("Mul", {operand(op, 0), op.emit("Pow", {two, half})});
  op.finish("Mul", {scaled, op.emit("Pow", {two, op.emit("Sub", {y, half})})});
}
// The normal distribution function, erfc(-x / sqrt(2)) / 2.
void ndtr(Op& op) {
  const Value x = op.emit("Mul", {operand(op, 0), op.number(-std::sqrt(0.5))});
  op.finish("Mul", {erfc_of(op, x), op.number(0.5)});
}

}  // namespace

std::span<const NamedRule> number_rules() {
  static const NamedRule all[] = {
      {"angle", angle},
      {"atan2", atan2},
      {"bitwise_and", bitwise<0>},
      {"bitwise_left_shift", left_shift},
      {"bitwise_not", bitwise_not},
      {"bitwise_or", bitwise<1>},
      {"bitwise_right_shift", right_shift},
      {"bitwise_xor", bitwise<2>},
      {"copysign", copysign},
      {"deg2rad", angle_unit<0>},
      {"entr", entr},
      {"fix", trunc},
      {"fmax", number_of_two<1>},
      {"fmin", number_of_two<0>},
      {"fmod", fmod},
      {"frac", frac},
      {"heaviside", heaviside},
      {"hypot", hypot},
      {"isclose", isclose},
      {"isfinite", isfinite},
      {"isinf", isinf},
      {"isnan", isnan},
      {"isneginf", isneginf},
      {"isposinf", isposinf},
      {"ldexp", ldexp},
      {"logaddexp", logaddexp},
      {"logaddexp2", logaddexp2},
      {"logit", logit},
      {"nan_to_num", nan_to_num},
      {"ndtr", ndtr},
      {"rad2deg", angle_unit<1>},
      {"remainder", remainder},
      {"signbit", signbit},
      {"sinc", sinc},
      {"step", step},
      {"trunc", trunc},
      {"xlog1py", xlog1py},
      {"xlogy", xlogy},
  };
  return all;
}

}  // namespace xgrad::onnx
