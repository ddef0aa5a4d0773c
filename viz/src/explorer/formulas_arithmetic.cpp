// Arithmetic, comparisons that choose, rounding.
#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

// a + α b
Formula weighted_sum(const char* sign) {
  return [sign](const Arguments& x) {
    return row(x.a[0], mo(sign), x.has(1) && !x.number.empty() ? mn(x.number) + mo("·") : "", x.second());
  };
}
std::string add_slope(const Arguments& x) { return x.position == 1 && !x.number.empty() ? mn(x.number) : mn("1"); }
std::string sub_slope(const Arguments& x) {
  return x.position == 0 ? mn("1") : row(mo("−"), x.number.empty() ? mn("1") : mn(x.number));
}

// ⌊x/y⌋, or with the fraction cut off.
std::string rounded_quotient(const Arguments& x, const std::string& mode) {
  const std::string quotient = row(x.a[0], mo("/"), x.second());
  return mode == "floor" ? row(mo("⌊"), quotient, mo("⌋")) : call("trunc", quotient);
}
std::string division(const Arguments& x) {
  const std::string mode = x.told<std::string>("rounding_mode", "");
  return mode.empty() ? row(x.a[0], mo("/"), x.second()) : rounded_quotient(x, mode);
}
std::string division_slope(const Arguments& x) {
  if (x.was_told("rounding_mode")) return mn("0");
  return x.position == 0 ? fraction(mn("1"), x.second()) : row(mo("−"), fraction(x.a[0], squared(x.second())));
}
// x - y ⌊x/y⌋
OpFormula rest(const char* mode) {
  return {[mode](const Arguments& x) { return row(x.a[0], mo("−"), x.second(), mo("⊙"), rounded_quotient(x, mode)); },
          [mode](const Arguments& x) { return x.position == 0 ? mn("1") : row(mo("−"), rounded_quotient(x, mode)); }};
}

std::string power_slope(const Arguments& x) {
  if (x.number.empty()) {
    if (x.position == 1) return row(x.y, mo("⊙"), log_of(x.a[0]));
    return row(x.second(), mo("⊙"), power(x.a[0], row(x.second(), mo("−"), mn("1"))));
  }
  const double k = x.told("exponent", 0.0) - 1;
  return row(x.second(), k == 1 ? x.a[0] : power(x.a[0], mn(k)));
}

// The larger or smaller one; each gets half of the gradient where they are equal.
OpFormula chosen(const char* name, const char* sign, bool halves) {
  return {[name](const Arguments& x) { return call(name, row(x.a[0], mo(","), x.second())); },
          [sign, halves](const Arguments& x) {
            const std::string& other = x.a[x.position == 0 ? 1 : 0];
            const std::string better = indicator(x.x(), sign, other);
            if (halves) return in_brackets(row(better, mo("+"), mn("0.5"), indicator(x.x(), "=", other)));
            return x.position == 0 ? indicator(x.a[0], sign, x.second()) : one_minus(indicator(x.a[0], sign, x.a[1]));
          }};
}

std::string clamped(const Arguments& x) {
  std::string s = x.a[0];
  if (x.was_told("min")) s = call("max", row(s, mo(","), x.told_number("min")));
  if (x.was_told("max")) s = call("min", row(s, mo(","), x.told_number("max")));
  return s;
}
std::string clamp_slope(const Arguments& x) {
  return row(mo("["), x.was_told("min") ? x.told_number("min") + mo("≤") : "", x.a[0],
             x.was_told("max") ? mo("≤") + x.told_number("max") : "", mo("]"));
}

// With the number that stands before the product or quotient.
std::string factor_of(const Arguments& x) {
  const double v = x.told("value", 1.0);
  return v == 1 ? "" : (v < 0 ? in_brackets(mn(v)) : mn(v)) + mo("·");
}
OpFormula sum_with_product() {
  return {[](const Arguments& x) { return row(x.a[0], mo("+"), factor_of(x), product(x.operand(1), x.operand(2))); },
          [](const Arguments& x) {
            return x.position == 0 ? mn("1") : row(factor_of(x), x.operand(x.position == 1 ? 2 : 1));
          }};
}
OpFormula sum_with_quotient() {
  return {[](const Arguments& x) { return row(x.a[0], mo("+"), factor_of(x), fraction(x.operand(1), x.operand(2))); },
          [](const Arguments& x) {
            if (x.position == 0) return mn("1");
            if (x.position == 1) return row(factor_of(x), fraction(mn("1"), x.operand(2)));
            return row(mo("−"), factor_of(x), fraction(x.operand(1), squared(x.operand(2))));
          }};
}

std::string lerp_weight(const Arguments& x) { return x.has(2) ? x.a[2] : x.told_number("weight"); }
OpFormula lerp() {
  return {[](const Arguments& x) {
            return row(x.a[0], mo("+"), lerp_weight(x), in_brackets(row(x.operand(1), mo("−"), x.a[0])));
          },
          [](const Arguments& x) {
            if (x.position == 0) return one_minus(lerp_weight(x));
            return x.position == 1 ? lerp_weight(x) : in_brackets(row(x.a[1], mo("−"), x.a[0]));
          }};
}

// 1 for positive numbers, 0 for negative ones.
std::string stepped(const Arguments& x) {
  const double at_zero = x.told("at_zero", 0.0);
  return at_zero == 0   ? positive(x.a[0])
         : at_zero == 1 ? indicator(x.a[0], "≥", mn("0"))
                        : row(positive(x.a[0]), mo("+"), mn(at_zero), indicator(x.a[0], "=", mn("0")));
}

std::string not_mask(const std::string& mask) { return one_minus(mask); }

}  // namespace

void add_arithmetic_formulas(OpFormulas& all) {
  const auto first = [](const Arguments& x) { return x.a[0]; };
  all.merge(OpFormulas{
      {"add", {weighted_sum("+"), add_slope}},
      {"sub", {weighted_sum("−"), sub_slope}},
      {"rsub", {[](const Arguments& x) { return row(mn(x.number), mo("−"), x.a[0]); }, constant("-1")}},
      {"mul", {infix("⊙"), [](const Arguments& x) { return x.position == 0 ? x.second() : x.a[0]; }}},
      {"div", {division, division_slope}},
      {"rdiv",
       {[](const Arguments& x) { return row(mn(x.number), mo("/"), x.a[0]); },
        [](const Arguments& x) { return row(mo("−"), fraction(mn(x.number), squared(x.a[0]))); }}},
      {"neg", {[](const Arguments& x) { return row(mo("−"), x.a[0]); }, constant("-1")}},
      {"square",
       {[](const Arguments& x) { return squared(x.a[0]); }, [](const Arguments& x) { return row(mn("2"), x.a[0]); }}},
      {"pow", {[](const Arguments& x) { return power(x.a[0], x.has(1) ? x.a[1] : mn(x.number)); }, power_slope}},
      {"reciprocal",
       {[](const Arguments& x) { return fraction(mn("1"), x.a[0]); },
        [](const Arguments& x) { return row(mo("−"), fraction(mn("1"), squared(x.a[0]))); }}},
      {"fmod", rest("trunc")},
      {"remainder", rest("floor")},
      {"maximum", chosen("max", "&gt;", true)},
      {"minimum", chosen("min", "&lt;", true)},
      {"fmax", chosen("fmax", "≥", false)},
      {"fmin", chosen("fmin", "≤", false)},
      {"clamp_min", chosen("max", "≥", false)},
      {"clamp_max", chosen("min", "≤", false)},
      {"clamp", {clamped, clamp_slope}},
      {"abs",
       {[](const Arguments& x) { return absolute(x.a[0]); }, [](const Arguments& x) { return call("sign", x.a[0]); }}},
      {"addcmul", sum_with_product()},
      {"addcdiv", sum_with_quotient()},
      {"lerp", lerp()},
      {"where",
       {[](const Arguments& x) {
          return row(product(x.a[0], x.operand(1)), mo("+"), product(not_mask(x.a[0]), x.operand(2)));
        },
        [](const Arguments& x) { return x.position == 1 ? x.a[0] : not_mask(x.a[0]); }}},
      {"masked_fill",
       {[](const Arguments& x) {
          return row(product(not_mask(x.operand(1)), x.a[0]), mo("+"), x.told_number("value"), x.operand(1));
        },
        [](const Arguments& x) { return not_mask(x.operand(1)); }}},
      {"copysign",
       {[](const Arguments& x) { return product(absolute(x.a[0]), call("sign", x.second())); },
        [](const Arguments& x) { return x.position == 0 ? fraction(x.y, x.a[0]) : mn("0"); }}},
      {"floor", {[](const Arguments& x) { return row(mo("⌊"), x.a[0], mo("⌋")); }, constant("0")}},
      {"ceil", {[](const Arguments& x) { return row(mo("⌈"), x.a[0], mo("⌉")); }, constant("0")}},
      {"round", {named("round"), constant("0")}},
      {"trunc", {named("trunc"), constant("0")}},
      {"fix", {named("trunc"), constant("0")}},
      {"sign", {named("sign"), constant("0")}},
      {"sgn", {named("sign"), constant("0")}},
      {"step", {stepped, constant("0")}},
      {"heaviside",
       {[](const Arguments& x) {
          return row(positive(x.a[0]), mo("+"), indicator(x.a[0], "=", mn("0")), x.operand(1));
        },
        [](const Arguments& x) { return x.position == 0 ? mn("0") : indicator(x.a[0], "=", mn("0")); }}},
      {"frac", {[](const Arguments& x) { return row(x.a[0], mo("−"), call("trunc", x.a[0])); }, constant("1")}},
      {"clone", {first, constant("1")}},
      {"contiguous", {first, constant("1")}},
  });
}

}  // namespace xgrad::viz
