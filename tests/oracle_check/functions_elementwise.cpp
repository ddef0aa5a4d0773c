// Arithmetic, functions of one tensor, comparisons, selection.
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

Value where(Args& a) {
  const Tensor c = a.tensor("condition");
  const Value &x = a["input"], &y = a["other"];
  if (y.is_number() && !x.is_number()) return xgrad::where(c, x.tensor(), y.scalar());
  if (x.is_number() && !y.is_number()) return xgrad::where(c, x.scalar(), y.tensor());
  return xgrad::where(c, x.tensor(), y.tensor());
}

}  // namespace

void add_elementwise(FunctionTable& t) {
  t["add"] = {"input|x other|y alpha?", add};
  t["sub"] = t["subtract"] = {"input|x other|y alpha?", sub};
  t["rsub"] = {"input|x other|y alpha?", rsub};
  t["mul"] = t["multiply"] = {"input|x other|y", mul};
  t["div"] = t["divide"] = t["true_divide"] = t["truediv"] = {"input|x other|y rounding_mode?", div};
  t["floor_divide"] = t["floordiv"] = {"input|x other|y", [](Args& a) {
                                         const Tensor x = a.tensor("input");
                                         const Value& y = a["other"];
                                         return y.is_number() ? xgrad::div(x, y.scalar(), xgrad::Rounding::floor)
                                                              : xgrad::div(x, y.tensor(), xgrad::Rounding::floor);
                                       }};
  t["pow"] = {"input|x|base exponent|y", power};
  t["clamp"] = t["clip"] = {"input|x min? max?", clamp};
  t["clamp_min"] = {"input|x min", [](Args& a) { return clamp_min(a.tensor("input"), a["min"]); }};
  t["clamp_max"] = {"input|x max", [](Args& a) { return clamp_max(a.tensor("input"), a["max"]); }};
  t["where"] = {"condition input|x other|y", where};
  t["maximum"] = binary(xgrad::maximum);
  t["minimum"] = binary(xgrad::minimum);

  t["neg"] = t["negative"] = unary(xgrad::neg);
  t["abs"] = t["absolute"] = unary(xgrad::abs);
  t["sign"] = t["sgn"] = unary(xgrad::sign);
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
