// Powers, exponentials, logarithms, angles, and functions with names of their own.
#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

// Of one number: both get the names of x and y.
using Unary = std::string (*)(const std::string& x, const std::string& y);
OpFormula unary(Unary formula, Unary slope) {
  return {[formula](const Arguments& x) { return formula(x.a[0], x.y); },
          [slope](const Arguments& x) { return slope(x.a[0], x.y); }};
}
OpFormula with_name(const char* name, Unary slope) {
  return {named(name), [slope](const Arguments& x) { return slope(x.a[0], x.y); }};
}
std::string over(const std::string& below) { return fraction(mn("1"), below); }
std::string log_to(const char* base) { return indexed(mi("log"), mn(base)); }
OpFormula logarithm(const char* base) {
  return {[base](const Arguments& x) { return row(log_to(base), x.a[0]); },
          [base](const Arguments& x) { return over(row(x.a[0], mi("log"), mn(base))); }};
}
std::string plus_one(const std::string& a) { return row(mn("1"), mo("+"), a); }
std::string minus_square(const std::string& a) { return row(mn("1"), mo("−"), squared(a)); }
std::string numbered(const char* name, const char* n) { return indexed(mi(name), mn(n)); }

// f_n(x), whose derivative is sign f_m(x).
OpFormula falls_to(const char* f, const char* n, const char* m, bool negative) {
  return {[=](const Arguments& x) { return applied(numbered(f, n), x.a[0]); },
          [=](const Arguments& x) { return row(negative ? mo("−") : "", applied(numbered(f, m), x.a[0])); }};
}
// f_1(x), whose derivative is sign f_0(x) - f_1(x) / x.
OpFormula order_one(const char* f, bool negative) {
  return {[=](const Arguments& x) { return applied(numbered(f, "1"), x.a[0]); },
          [=](const Arguments& x) {
            return in_brackets(
                row(negative ? mo("−") : "", applied(numbered(f, "0"), x.a[0]), mo("−"), fraction(x.y, x.a[0])));
          }};
}

std::string polygamma(const Arguments& x, double more) {
  const double n = x.told("n", 0.0) + more;
  return applied(n == 0 ? mi("ψ") : power(mi("ψ"), in_brackets(mn(n))), x.a[0]);
}
OpFormula angle_of_two() {
  const auto length = [](const Arguments& x) { return row(squared(x.a[0]), mo("+"), squared(x.second())); };
  return {[](const Arguments& x) { return call("atan2", row(x.a[0], mo(","), x.second())); },
          [length](const Arguments& x) {
            const std::string s = fraction(x.position == 0 ? x.second() : x.a[0], length(x));
            return x.position == 0 ? s : row(mo("−"), s);
          }};
}
// log(b^x + b^y)
OpFormula log_of_sum(const char* base) {
  const auto raised = [base](const std::string& a) { return power(*base == 'e' ? mi(base) : mn(base), a); };
  return {[=](const Arguments& x) {
            const std::string sum = row(raised(x.a[0]), mo("+"), raised(x.second()));
            return row(*base == 'e' ? mi("log") : log_to(base), in_brackets(sum));
          },
          [=](const Arguments& x) { return raised(row(x.x(), mo("−"), x.y)); }};
}
// x log(...y), 0 where x is 0.
OpFormula times_log(bool of_more) {
  const auto inside = [of_more](const Arguments& x) {
    return of_more ? in_brackets(plus_one(x.second())) : x.second();
  };
  return {[=](const Arguments& x) { return row(x.a[0], mo("⊙"), log_of(inside(x))); },
          [=](const Arguments& x) { return x.position == 0 ? log_of(inside(x)) : fraction(x.a[0], inside(x)); }};
}

std::string two_over_root_pi() { return fraction(mn("2"), root_of(mi("π"))); }

void add_powers(OpFormulas& all) {
  all.merge(OpFormulas{
      {"sqrt", unary([](auto& x, auto&) { return root_of(x); }, [](auto&, auto& y) { return over(mn("2") + y); })},
      {"rsqrt", unary([](auto& x, auto&) { return over(root_of(x)); },
                      [](auto& x, auto& y) { return row(mo("−"), fraction(y, mn("2") + x)); })},
      {"exp", unary([](auto& x, auto&) { return exp_of(x); }, [](auto&, auto& y) { return y; })},
      {"exp2", unary([](auto& x, auto&) { return power(mn("2"), x); },
                     [](auto&, auto& y) { return row(y, mi("log"), mn("2")); })},
      {"expm1", unary([](auto& x, auto&) { return row(exp_of(x), mo("−"), mn("1")); },
                      [](auto& x, auto&) { return exp_of(x); })},
      {"log", unary([](auto& x, auto&) { return log_of(x); }, [](auto& x, auto&) { return over(x); })},
      {"log2", logarithm("2")},
      {"log10", logarithm("10")},
      {"log1p", unary([](auto& x, auto&) { return log_of(in_brackets(plus_one(x))); },
                      [](auto& x, auto&) { return over(plus_one(x)); })},
      {"logit", unary([](auto& x, auto&) { return log_of(fraction(x, row(mn("1"), mo("−"), x))); },
                      [](auto& x, auto&) { return over(row(x, one_minus(x))); })},
      {"logaddexp", log_of_sum("e")},
      {"logaddexp2", log_of_sum("2")},
      {"xlogy", times_log(false)},
      {"xlog1py", times_log(true)},
      {"entr", unary([](auto& x, auto&) { return row(mo("−"), x, mo("⊙"), log_of(x)); },
                     [](auto& x, auto&) { return in_brackets(row(mo("−"), mn("1"), mo("−"), log_of(x))); })},
      {"hypot",
       {[](const Arguments& x) { return root_of(row(squared(x.a[0]), mo("+"), squared(x.second()))); },
        [](const Arguments& x) { return fraction(x.x(), x.y); }}},
      {"ldexp",
       {[](const Arguments& x) { return row(x.a[0], mo("⊙"), power(mn("2"), x.second())); },
        [](const Arguments& x) {
          return x.position == 0 ? power(mn("2"), x.second()) : row(x.y, mi("log"), mn("2"));
        }}},
  });
}

void add_angles(OpFormulas& all) {
  all.merge(OpFormulas{
      {"sin", with_name("sin", [](auto& x, auto&) { return call("cos", x); })},
      {"cos", with_name("cos", [](auto& x, auto&) { return row(mo("−"), call("sin", x)); })},
      {"tan", with_name("tan", [](auto&, auto& y) { return in_brackets(plus_one(squared(y))); })},
      {"asin", with_name("asin", [](auto& x, auto&) { return over(root_of(minus_square(x))); })},
      {"acos", with_name("acos", [](auto& x, auto&) { return row(mo("−"), over(root_of(minus_square(x)))); })},
      {"atan", with_name("atan", [](auto& x, auto&) { return over(plus_one(squared(x))); })},
      {"sinh", with_name("sinh", [](auto& x, auto&) { return call("cosh", x); })},
      {"cosh", with_name("cosh", [](auto& x, auto&) { return call("sinh", x); })},
      {"asinh", with_name("asinh", [](auto& x, auto&) { return over(root_of(plus_one(squared(x)))); })},
      {"acosh", with_name("acosh", [](auto& x, auto&) { return over(root_of(row(squared(x), mo("−"), mn("1")))); })},
      {"atanh", with_name("atanh", [](auto& x, auto&) { return over(minus_square(x)); })},
      {"atan2", angle_of_two()},
      {"deg2rad", unary([](auto& x, auto&) { return row(fraction(mi("π"), mn("180")), x); },
                        [](auto&, auto&) { return fraction(mi("π"), mn("180")); })},
      {"rad2deg", unary([](auto& x, auto&) { return row(fraction(mn("180"), mi("π")), x); },
                        [](auto&, auto&) { return fraction(mn("180"), mi("π")); })},
      {"sinc", unary([](auto& x, auto&) { return fraction(call("sin", mi("π") + x), mi("π") + x); }, nullptr)},
      {"angle", {named("angle"), constant("0")}},
  });
}

void add_special(OpFormulas& all) {
  all.merge(OpFormulas{
      {"erf",
       with_name("erf", [](auto& x, auto&) { return row(two_over_root_pi(), exp_of(row(mo("−"), squared(x)))); })},
      {"erfc",
       with_name("erfc",
                 [](auto& x, auto&) { return row(mo("−"), two_over_root_pi(), exp_of(row(mo("−"), squared(x)))); })},
      {"erfcx", with_name("erfcx",
                          [](auto& x, auto& y) {
                            return in_brackets(row(mn("2"), x, mo("⊙"), y, mo("−"), two_over_root_pi()));
                          })},
      {"erfinv", unary([](auto& x, auto&) { return applied(power(mi("erf"), mn("-1")), x); },
                       [](auto&, auto& y) { return row(fraction(root_of(mi("π")), mn("2")), exp_of(squared(y))); })},
      {"ndtr", unary([](auto& x, auto&) { return call("Φ", x); }, [](auto& x, auto&) { return call("φ", x); })},
      {"ndtri", unary([](auto& x, auto&) { return applied(power(mi("Φ"), mn("-1")), x); },
                      [](auto&, auto& y) { return over(call("φ", y)); })},
      {"log_ndtr", unary([](auto& x, auto&) { return log_of(call("Φ", x)); },
                         [](auto& x, auto&) { return fraction(call("φ", x), call("Φ", x)); })},
      {"lgamma",
       unary([](auto& x, auto&) { return log_of(call("Γ", x)); }, [](auto& x, auto&) { return call("ψ", x); })},
      {"digamma",
       {[](const Arguments& x) { return polygamma(x, 0); }, [](const Arguments& x) { return polygamma(x, 1); }}},
      {"polygamma",
       {[](const Arguments& x) { return polygamma(x, 0); }, [](const Arguments& x) { return polygamma(x, 1); }}},
      {"i0", falls_to("I", "0", "1", false)},
      {"i1", order_one("I", false)},
      {"bessel_j0", falls_to("J", "0", "1", true)},
      {"bessel_j1", order_one("J", false)},
      {"bessel_y0", falls_to("Y", "0", "1", true)},
      {"bessel_y1", order_one("Y", false)},
      {"modified_bessel_k0", falls_to("K", "0", "1", true)},
      {"modified_bessel_k1", order_one("K", true)},
  });
}

}  // namespace

void add_elementary_formulas(OpFormulas& all) {
  add_powers(all);
  add_angles(all);
  add_special(all);
  all.at("sinc").slope = nullptr;
}

}  // namespace xgrad::viz
