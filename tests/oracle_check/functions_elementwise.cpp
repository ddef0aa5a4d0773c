// Arithmetic, functions of one tensor, comparisons, selection.
#include <optional>
#include <string>

#include <fmt/format.h>

#include "functions.hpp"

namespace oracle {

namespace {

using xgrad::Location;
using Unary = Tensor (*)(const Tensor&, Location);
using Binary = Tensor (*)(const Tensor&, const Tensor&, Location);
using BinaryScalar = Tensor (*)(const Tensor&, Scalar, Location);

Function unary(Unary f) {
  return {"input|x|self", [f](Args& a) { return f(a.tensor("input"), here()); }};
}
Function binary(Binary f) {
  return {"input|x other|y", [f](Args& a) { return f(a.tensor("input"), a.tensor("other"), here()); }};
}
// Comparison with a number on the right.
Function comparison(Binary f, BinaryScalar g) {
  return {"input|x other|y", [f, g](Args& a) {
            const Tensor x = a.tensor("input");
            return a["other"].is_number() ? g(x, a["other"].scalar(), here()) : f(x, a.tensor("other"), here());
          }};
}

Scalar times(const Scalar& x, const Scalar& y) {
  if (x.is_floating() || y.is_floating()) return x.to_double() * y.to_double();
  return x.to_int64() * y.to_int64();
}

Value add(Args& a) {
  const Value &x = a["input"], &y = a["other"];
  const Scalar alpha = a.given("alpha") ? a["alpha"].scalar() : Scalar(1);
  const bool plain = !a.given("alpha");
  if (y.is_number()) return xgrad::add(x.tensor(), plain ? y.scalar() : times(alpha, y.scalar()));
  if (x.is_number() && plain) return xgrad::add(y.tensor(), x.scalar());
  return xgrad::add(x.tensor(), y.tensor(), alpha);
}

Value sub(Args& a) {
  const Value &x = a["input"], &y = a["other"];
  const Scalar alpha = a.given("alpha") ? a["alpha"].scalar() : Scalar(1);
  const bool plain = !a.given("alpha");
  if (y.is_number()) return xgrad::sub(x.tensor(), plain ? y.scalar() : times(alpha, y.scalar()));
  if (x.is_number() && plain) return xgrad::rsub(y.tensor(), x.scalar());
  return xgrad::sub(x.tensor(), y.tensor(), alpha);
}

Value rsub(Args& a) {
  const Value& y = a["other"];
  if (y.is_number() && !a.given("alpha")) return xgrad::rsub(a.tensor("input"), y.scalar());
  const Scalar alpha = a.given("alpha") ? a["alpha"].scalar() : Scalar(1);
  return xgrad::sub(y.tensor(), a.tensor("input"), alpha);
}

Value mul(Args& a) {
  const Value &x = a["input"], &y = a["other"];
  if (y.is_number()) return xgrad::mul(x.tensor(), y.scalar());
  if (x.is_number()) return xgrad::mul(y.tensor(), x.scalar());
  return xgrad::mul(x.tensor(), y.tensor());
}

xgrad::Rounding rounding(Args& a) {
  const std::string mode = a.text("rounding_mode", "none");
  if (mode == "none") return xgrad::Rounding::none;
  if (mode == "trunc") return xgrad::Rounding::trunc;
  if (mode == "floor") return xgrad::Rounding::floor;
  throw Unsupported("rounding_mode " + mode);
}

Value div(Args& a) {
  const Value &x = a["input"], &y = a["other"];
  if (a.given("rounding_mode")) {
    const xgrad::Rounding r = rounding(a);
    return y.is_number() ? xgrad::div(x.tensor(), y.scalar(), r) : xgrad::div(x.tensor(), y.tensor(), r);
  }
  if (y.is_number()) return xgrad::div(x.tensor(), y.scalar());
  if (x.is_number()) return xgrad::rdiv(y.tensor(), x.scalar());
  return xgrad::div(x.tensor(), y.tensor());
}

Value power(Args& a) {
  const Value &x = a["input"], &y = a["exponent"];
  if (y.is_number()) return xgrad::pow(x.tensor(), y.scalar());
  if (x.is_number()) return xgrad::pow(x.scalar(), y.tensor());
  return xgrad::pow(x.tensor(), y.tensor());
}

Value clamp_min(const Tensor& x, const Value& b) {
  return b.is_tensor() ? xgrad::clamp_min(x, b.tensor()) : xgrad::clamp_min(x, b.scalar());
}
Value clamp_max(const Tensor& x, const Value& b) {
  return b.is_tensor() ? xgrad::clamp_max(x, b.tensor()) : xgrad::clamp_max(x, b.scalar());
}

Value clamp(Args& a) {
  const Tensor x = a.tensor("input");
  if (!a.given("min")) return clamp_max(x, a["max"]);
  if (!a.given("max")) return clamp_min(x, a["min"]);
  const Value &lo = a["min"], &hi = a["max"];
  if (lo.is_tensor() && hi.is_tensor()) return xgrad::clamp(x, lo.tensor(), hi.tensor());
  if (lo.is_tensor() || hi.is_tensor()) return clamp_max(clamp_min(x, lo).tensor(), hi);
  return xgrad::clamp(x, lo.scalar(), hi.scalar());
}

Value choice(Args& a) {
  const Tensor c = a.tensor("condition");
  const Value &x = a["input"], &y = a["other"];
  if (y.is_number() && !x.is_number()) return xgrad::where(c, x.tensor(), y.scalar());
  if (x.is_number() && !y.is_number()) return xgrad::where(c, x.scalar(), y.tensor());
  return xgrad::where(c, x.tensor(), y.tensor());
}

using ScalarBinary = Tensor (*)(Scalar, const Tensor&, Location);

// Two operands, either of which may be a number where a form for it is given; without one it becomes a 0-d tensor.
Function operands(Binary f, BinaryScalar right = nullptr, ScalarBinary left = nullptr) {
  return {"input|x|self other|y|exponent", [=](Args& a) {
            const Value &x = a["input"], &y = a["other"];
            if (right && y.is_number() && !x.is_number()) return right(x.tensor(), y.scalar(), here());
            if (left && x.is_number() && !y.is_number()) return left(x.scalar(), y.tensor(), here());
            return f(x.tensor(), y.tensor(), here());
          }};
}

void add_functions(FunctionTable& t) {
  t["exp2"] = t["special.exp2"] = unary(xgrad::exp2);
  t["log2"] = unary(xgrad::log2);
  t["log10"] = unary(xgrad::log10);
  t["logaddexp"] = binary(xgrad::logaddexp);
  t["logaddexp2"] = binary(xgrad::logaddexp2);
  t["sgn"] = unary(xgrad::sgn);
  t["positive"] = unary(xgrad::positive);
  t["float_power"] = operands(xgrad::float_power, xgrad::float_power, xgrad::float_power);
  t["copysign"] = operands(xgrad::copysign, xgrad::copysign);
  t["nextafter"] = binary(xgrad::nextafter);
  t["ldexp"] = binary(xgrad::ldexp);
  t["frexp"] = {"input|x", [](Args& a) {
                  const xgrad::MantissaExponent r = xgrad::frexp(a.tensor("input"));
                  return Value(std::vector<Tensor>{r.mantissa, r.exponent});
                }};
  t["tan"] = unary(xgrad::tan);
  t["asin"] = t["arcsin"] = unary(xgrad::asin);
  t["acos"] = t["arccos"] = unary(xgrad::acos);
  t["atan"] = t["arctan"] = unary(xgrad::atan);
  t["sinh"] = unary(xgrad::sinh);
  t["cosh"] = unary(xgrad::cosh);
  t["asinh"] = t["arcsinh"] = unary(xgrad::asinh);
  t["acosh"] = t["arccosh"] = unary(xgrad::acosh);
  t["atanh"] = t["arctanh"] = unary(xgrad::atanh);
  t["atan2"] = t["arctan2"] = binary(xgrad::atan2);
  t["hypot"] = binary(xgrad::hypot);
  t["sinc"] = t["special.sinc"] = unary(xgrad::sinc);
  t["deg2rad"] = unary(xgrad::deg2rad);
  t["rad2deg"] = unary(xgrad::rad2deg);
  t["angle"] = unary(xgrad::angle);
}

Value round_to(Args& a) {
  return a.given("decimals") ? xgrad::round(a.tensor("input"), a.integer("decimals")) : xgrad::round(a.tensor("input"));
}

Value lerp(Args& a) {
  const Tensor x = a.tensor("input"), y = a.tensor("end");
  const Value& w = a["weight"];
  return w.is_number() ? xgrad::lerp(x, y, w.scalar()) : xgrad::lerp(x, y, w.tensor());
}

using Ternary = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, Scalar, Location);
Function accumulated(Ternary f) {
  return {"input|x tensor1|y tensor2|z value?", [f](Args& a) {
            return f(a.tensor("input"), a.tensor("tensor1"), a.tensor("tensor2"),
                     a.given("value") ? a["value"].scalar() : Scalar(1), here());
          }};
}

std::optional<double> real_or_none(Args& a, const char* name) {
  return a.given(name) ? std::optional<double>(a.real(name)) : std::nullopt;
}

void add_roundings(FunctionTable& t) {
  t["floor"] = unary(xgrad::floor);
  t["ceil"] = unary(xgrad::ceil);
  t["trunc"] = unary(xgrad::trunc);
  t["fix"] = unary(xgrad::fix);
  t["frac"] = unary(xgrad::frac);
  t["round"] = t["special.round"] = {"input|x decimals?", round_to};
  for (const char* variant : {"round.decimals_0", "round.decimals_3", "round.decimals_neg_3"}) t[variant] = t["round"];
  t["floor_divide"] = t["floordiv"] = operands(xgrad::floor_divide, xgrad::floor_divide);
  t["remainder"] = operands(xgrad::remainder, xgrad::remainder, xgrad::remainder);
  t["fmod"] = operands(xgrad::fmod, xgrad::fmod);
  t["lerp"] = {"input|x end|y weight|w", lerp};
  t["addcmul"] = accumulated(xgrad::addcmul);
  t["addcdiv"] = accumulated(xgrad::addcdiv);
  t["fmax"] = binary(xgrad::fmax);
  t["fmin"] = binary(xgrad::fmin);
  t["isposinf"] = unary(xgrad::isposinf);
  t["isneginf"] = unary(xgrad::isneginf);
  t["isreal"] = unary(xgrad::isreal);
  t["signbit"] = unary(xgrad::signbit);
  t["isclose"] = {"input|x other|y rtol? atol? equal_nan?", [](Args& a) {
                    return xgrad::isclose(a.tensor("input"), a.tensor("other"), a.real("rtol", 1e-5),
                                          a.real("atol", 1e-8), a.flag("equal_nan"));
                  }};
  t["nan_to_num"] = {"input|x nan? posinf? neginf?", [](Args& a) {
                       return xgrad::nan_to_num(a.tensor("input"), a.real("nan", 0), real_or_none(a, "posinf"),
                                                real_or_none(a, "neginf"));
                     }};
  t["bitwise_and"] = operands(xgrad::bitwise_and, xgrad::bitwise_and);
  t["bitwise_or"] = operands(xgrad::bitwise_or, xgrad::bitwise_or);
  t["bitwise_xor"] = operands(xgrad::bitwise_xor, xgrad::bitwise_xor);
  t["bitwise_not"] = unary(xgrad::bitwise_not);
  t["bitwise_left_shift"] = operands(xgrad::bitwise_left_shift, xgrad::bitwise_left_shift);
  t["bitwise_right_shift"] = operands(xgrad::bitwise_right_shift, xgrad::bitwise_right_shift);
  t["gcd"] = binary(xgrad::gcd);
  t["lcm"] = binary(xgrad::lcm);
}

void add_special(FunctionTable& t) {
  t["erfc"] = t["special.erfc"] = unary(xgrad::erfc);
  t["erfinv"] = t["special.erfinv"] = unary(xgrad::erfinv);
  t["special.erfcx"] = unary(xgrad::erfcx);
  t["special.ndtr"] = unary(xgrad::ndtr);
  t["special.ndtri"] = unary(xgrad::ndtri);
  t["special.log_ndtr"] = unary(xgrad::log_ndtr);
  t["lgamma"] = t["special.gammaln"] = unary(xgrad::lgamma);
  t["digamma"] = t["special.digamma"] = t["special.psi"] = unary(xgrad::digamma);
  t["igamma"] = t["special.gammainc"] = binary(xgrad::igamma);
  t["igammac"] = t["special.gammaincc"] = binary(xgrad::igammac);
  t["special.zeta"] = binary(xgrad::zeta);
  t["mvlgamma"] = t["special.multigammaln"] = {
      "input|x p", [](Args& a) { return xgrad::mvlgamma(a.tensor("input"), a.integer("p")); }};
  for (const int p : {1, 3, 5}) t[fmt::format("mvlgamma.mvlgamma_p_{}", p)] = t["mvlgamma"];
  t["polygamma"] = t["special.polygamma"] = {"n input|x", [](Args& a) {  // as a method the tensor comes first
                                               const Value &n = a["n"], &x = a["input"];
                                               return n.is_tensor() ? xgrad::polygamma(x.integer(), n.tensor())
                                                                    : xgrad::polygamma(n.integer(), x.tensor());
                                             }};
  for (const int n : {0, 1, 2, 3, 4}) t[fmt::format("polygamma.polygamma_n_{}", n)] = t["polygamma"];
  t["i0"] = t["special.i0"] = t["special.modified_bessel_i0"] = unary(xgrad::i0);
  t["special.i0e"] = unary(xgrad::i0e);
  t["special.i1"] = t["special.modified_bessel_i1"] = unary(xgrad::i1);
  t["special.i1e"] = unary(xgrad::i1e);
  t["special.modified_bessel_k0"] = unary(xgrad::modified_bessel_k0);
  t["special.modified_bessel_k1"] = unary(xgrad::modified_bessel_k1);
  t["special.scaled_modified_bessel_k0"] = unary(xgrad::scaled_modified_bessel_k0);
  t["special.scaled_modified_bessel_k1"] = unary(xgrad::scaled_modified_bessel_k1);
  t["special.bessel_j0"] = unary(xgrad::bessel_j0);
  t["special.bessel_j1"] = unary(xgrad::bessel_j1);
  t["special.bessel_y0"] = unary(xgrad::bessel_y0);
  t["special.bessel_y1"] = unary(xgrad::bessel_y1);
  t["special.spherical_bessel_j0"] = unary(xgrad::spherical_bessel_j0);
  t["special.entr"] = unary(xgrad::entr);
  t["logit"] = t["special.logit"] = {"input|x eps?",
                                     [](Args& a) { return xgrad::logit(a.tensor("input"), real_or_none(a, "eps")); }};
  t["xlogy"] = t["special.xlogy"] = operands(xgrad::xlogy, xgrad::xlogy, xgrad::xlogy);
  t["special.xlog1py"] = operands(xgrad::xlog1py, xgrad::xlog1py, xgrad::xlog1py);
}

}  // namespace

void add_elementwise(FunctionTable& t) {
  add_functions(t);
  add_roundings(t);
  add_special(t);
  t["add"] = {"input|x other|y alpha?", add};
  t["sub"] = t["subtract"] = {"input|x other|y alpha?", sub};
  t["rsub"] = {"input|x other|y alpha?", rsub};
  t["mul"] = t["multiply"] = {"input|x other|y", mul};
  t["div"] = t["divide"] = t["true_divide"] = t["truediv"] = {"input|x other|y rounding_mode?", div};
  t["pow"] = {"input|x|base exponent|y", power};
  t["clamp"] = t["clip"] = {"input|x min? max?", clamp};
  t["clamp_min"] = {"input|x min", [](Args& a) { return clamp_min(a.tensor("input"), a["min"]); }};
  t["clamp_max"] = {"input|x max", [](Args& a) { return clamp_max(a.tensor("input"), a["max"]); }};
  t["where"] = {"condition input|x other|y", choice};
  t["maximum"] = binary(xgrad::maximum);
  t["minimum"] = binary(xgrad::minimum);

  t["neg"] = t["negative"] = unary(xgrad::neg);
  t["abs"] = t["absolute"] = unary(xgrad::abs);
  t["sign"] = unary(xgrad::sign);
  t["square"] = unary(xgrad::square);
  t["sqrt"] = unary(xgrad::sqrt);
  t["rsqrt"] = unary(xgrad::rsqrt);
  t["reciprocal"] = unary(xgrad::reciprocal);
  t["exp"] = unary(xgrad::exp);
  t["expm1"] = t["special.expm1"] = unary(xgrad::expm1);
  t["log"] = unary(xgrad::log);
  t["log1p"] = t["special.log1p"] = unary(xgrad::log1p);
  t["sin"] = unary(xgrad::sin);
  t["cos"] = unary(xgrad::cos);
  t["erf"] = t["special.erf"] = unary(xgrad::erf);
  t["tanh"] = t["nn.functional.tanh"] = unary(xgrad::tanh);
  t["sigmoid"] = t["special.expit"] = t["nn.functional.sigmoid"] = unary(xgrad::sigmoid);
  t["relu"] = t["nn.functional.relu"] = {"input|x", [](Args& a) { return xgrad::relu(a.tensor("input")); }};

  t["eq"] = comparison(xgrad::eq, xgrad::eq);
  t["ne"] = t["not_equal"] = comparison(xgrad::ne, xgrad::ne);
  t["lt"] = t["less"] = comparison(xgrad::lt, xgrad::lt);
  t["le"] = t["less_equal"] = comparison(xgrad::le, xgrad::le);
  t["gt"] = t["greater"] = comparison(xgrad::gt, xgrad::gt);
  t["ge"] = t["greater_equal"] = comparison(xgrad::ge, xgrad::ge);
  t["logical_and"] = binary(xgrad::logical_and);
  t["logical_or"] = binary(xgrad::logical_or);
  t["logical_xor"] = binary(xgrad::logical_xor);
  t["logical_not"] = unary(xgrad::logical_not);
  t["isnan"] = unary(xgrad::isnan);
  t["isinf"] = unary(xgrad::isinf);
  t["isfinite"] = unary(xgrad::isfinite);
  t["allclose"] = {"input other rtol? atol? equal_nan?", [](Args& a) {
                     return xgrad::allclose(a.tensor("input"), a.tensor("other"), a.real("rtol", 1e-5),
                                            a.real("atol", 1e-8), a.flag("equal_nan"));
                   }};
}

}  // namespace oracle
