// Activations and softmax.
#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

std::string sigmoid_of(const std::string& x) { return call("σ", x); }
std::string plus(const std::string& a, const std::string& b) { return row(a, mo("+"), b); }
std::string minus(const std::string& a, const std::string& b) { return row(a, mo("−"), b); }

// x where it is positive, else something: [x > 0] x + [x ≤ 0] rest.
std::string or_else(const std::string& x, const std::string& rest) {
  return plus(row(positive(x), x), row(not_positive(x), rest));
}
std::string slope_or_else(const std::string& x, const std::string& rest) {
  return in_brackets(plus(positive(x), row(rest, not_positive(x))));
}

OpFormula relu_with(const char* attribute) {
  return {[attribute](const Arguments& x) {
            return row(indexed(mi("leaky relu"), x.told_number(attribute)), in_brackets(x.a[0]));
          },
          [attribute](const Arguments& x) { return slope_or_else(x.a[0], x.told_number(attribute)); }};
}
OpFormula prelu() {
  return {[](const Arguments& x) { return or_else(x.a[0], row(x.operand(1), x.a[0])); },
          [](const Arguments& x) {
            return x.position == 0 ? slope_or_else(x.a[0], x.operand(1)) : row(x.a[0], not_positive(x.a[0]));
          }};
}

// 1 is not written.
std::string factor(double v) { return v == 1 ? "" : mn(v); }
std::string scaled(const std::string& x, double v) { return v == 1 ? x : row(mn(v), x); }

OpFormula elu() {
  return {[](const Arguments& x) {
            const std::string rest = in_brackets(minus(exp_of(x.a[0]), mn("1")));
            return or_else(x.a[0], factor(x.told("alpha", 1.0)) + rest);
          },
          [](const Arguments& x) { return slope_or_else(x.a[0], factor(x.told("alpha", 1.0)) + exp_of(x.a[0])); }};
}
OpFormula celu() {
  const auto raised = [](const Arguments& x) {
    const double a = x.told("alpha", 1.0);
    return exp_of(a == 1 ? x.a[0] : row(x.a[0], mo("/"), mn(a)));
  };
  return {[raised](const Arguments& x) {
            return or_else(x.a[0], factor(x.told("alpha", 1.0)) + in_brackets(minus(raised(x), mn("1"))));
          },
          [raised](const Arguments& x) { return slope_or_else(x.a[0], raised(x)); }};
}
// Constants: Klambauer et al. 2017, Self-Normalizing Neural Networks.
OpFormula selu() {
  return {[](const Arguments& x) {
            const std::string rest = row(mn(1.6733), in_brackets(minus(exp_of(x.a[0]), mn("1"))));
            return row(mn(1.0507), in_brackets(or_else(x.a[0], rest)));
          },
          [](const Arguments& x) { return row(mn(1.0507), slope_or_else(x.a[0], row(mn(1.6733), exp_of(x.a[0])))); }};
}

std::string gelu_inner(const std::string& x) {
  return row(root_of(row(mn("2"), mo("/"), mi("π"))), in_brackets(plus(x, row(mn("0.044715"), power(x, mn("3"))))));
}
std::string gelu(const Arguments& x) {
  if (x.told<std::string>("approximate", "none") == "none") return product(x.a[0], call("Φ", x.a[0]));
  return row(fraction(mn("1"), mn("2")), x.a[0], mo("⊙"), in_brackets(plus(mn("1"), call("tanh", gelu_inner(x.a[0])))));
}
std::string gelu_slope(const Arguments& x) {
  const std::string& u = x.a[0];
  if (x.told<std::string>("approximate", "none") == "none")
    return in_brackets(plus(call("Φ", u), product(u, call("φ", u))));
  const std::string t = call("tanh", gelu_inner(u)), half = fraction(mn("1"), mn("2"));
  const std::string inner = row(root_of(row(mn("2"), mo("/"), mi("π"))),
                                in_brackets(plus(mn("1"), row(mn("0.134145"), squared(u)))));  // 3 times 0.044715
  return in_brackets(
      plus(row(half, in_brackets(plus(mn("1"), t))), row(half, u, mo("⊙"), one_minus(squared(t)), inner)));
}

OpFormula softplus() {
  return {[](const Arguments& x) {
            const double beta = x.told("beta", 1.0), threshold = x.told("threshold", 20.0);
            const std::string value = row(beta == 1 ? "" : fraction(mn("1"), mn(beta)),
                                          log_of(in_brackets(plus(mn("1"), exp_of(scaled(x.a[0], beta))))));
            if (threshold == 20) return value;  // there the difference is below rounding in float32
            const std::string u = scaled(x.a[0], beta), t = mn(threshold);
            return plus(row(indicator(u, "≤", t), value), row(indicator(u, "&gt;", t), x.a[0]));
          },
          [](const Arguments& x) {
            const double threshold = x.told("threshold", 20.0);
            const std::string u = scaled(x.a[0], x.told("beta", 1.0)), t = mn(threshold);
            if (threshold == 20) return sigmoid_of(u);
            return in_brackets(plus(row(indicator(u, "≤", t), sigmoid_of(u)), indicator(u, "&gt;", t)));
          }};
}

std::string mish_slope(const Arguments& x) {
  const std::string t = call("tanh", call("softplus", x.a[0]));
  return in_brackets(plus(t, row(x.a[0], mo("⊙"), sigmoid_of(x.a[0]), one_minus(squared(t)))));
}

std::string within(const std::string& low, const std::string& x, const std::string& high) {
  return row(mo("["), low, mo("&lt;"), x, mo("&lt;"), high, mo("]"));
}
// min(max(x, low), high)
std::string cut(const std::string& x, const std::string& low, const std::string& high) {
  return call("min", row(call("max", row(x, mo(","), low)), mo(","), high));
}
OpFormula hardtanh() {
  return {[](const Arguments& x) { return cut(x.a[0], x.told_number("min_val"), x.told_number("max_val")); },
          [](const Arguments& x) { return within(x.told_number("min_val"), x.a[0], x.told_number("max_val")); }};
}
std::string sixth(const std::string& x) { return fraction(cut(plus(x, mn("3")), mn("0"), mn("6")), mn("6")); }
OpFormula hardswish() {
  return {[](const Arguments& x) { return product(x.a[0], sixth(x.a[0])); },
          [](const Arguments& x) {
            const std::string inside =
                row(within(mn("-3"), x.a[0], mn("3")), fraction(plus(row(mn("2"), x.a[0]), mn("3")), mn("6")));
            return in_brackets(plus(inside, indicator(x.a[0], "≥", mn("3"))));
          }};
}
std::string far_from_zero(const Arguments& x) { return indicator(absolute(x.a[0]), "&gt;", x.told_number("lambd")); }

// Result i by input j, within one slice.
std::string softmax_slope(const Arguments& x) {
  const std::string i = x.index("i"), j = x.index("j");
  return row(indexed(x.y, i), in_brackets(minus(indicator(i, "=", j), indexed(x.y, j))));
}
std::string log_softmax_slope(const Arguments& x) {
  const std::string i = x.index("i"), j = x.index("j");
  return in_brackets(minus(indicator(i, "=", j), exp_of(indexed(x.y, j))));
}

}  // namespace

void add_activation_formulas(OpFormulas& all) {
  all.merge(OpFormulas{
      {"tanh", {named("tanh"), [](const Arguments& x) { return one_minus(squared(x.y)); }}},
      {"sigmoid", {named("σ"), [](const Arguments& x) { return product(x.y, one_minus(x.y)); }}},
      {"relu", {named("relu"), [](const Arguments& x) { return positive(x.a[0]); }}},
      {"leaky_relu", relu_with("negative_slope")},
      {"prelu", prelu()},
      {"relu6",
       {[](const Arguments& x) { return cut(x.a[0], mn("0"), mn("6")); },
        [](const Arguments& x) { return within(mn("0"), x.a[0], mn("6")); }}},
      {"elu", elu()},
      {"celu", celu()},
      {"selu", selu()},
      {"gelu", {gelu, gelu_slope}},
      {"silu",
       {[](const Arguments& x) { return product(x.a[0], sigmoid_of(x.a[0])); },
        [](const Arguments& x) {
          const std::string s = sigmoid_of(x.a[0]);
          return row(s, in_brackets(plus(mn("1"), product(x.a[0], one_minus(s)))));
        }}},
      {"mish",
       {[](const Arguments& x) { return product(x.a[0], call("tanh", call("softplus", x.a[0]))); }, mish_slope}},
      {"softplus", softplus()},
      {"log_sigmoid",
       {[](const Arguments& x) { return log_of(sigmoid_of(x.a[0])); },
        [](const Arguments& x) { return one_minus(sigmoid_of(x.a[0])); }}},
      {"hardtanh", hardtanh()},
      {"hardsigmoid",
       {[](const Arguments& x) { return sixth(x.a[0]); },
        [](const Arguments& x) { return fraction(within(mn("-3"), x.a[0], mn("3")), mn("6")); }}},
      {"hardswish", hardswish()},
      {"softsign",
       {[](const Arguments& x) { return fraction(x.a[0], plus(mn("1"), absolute(x.a[0]))); },
        [](const Arguments& x) { return fraction(mn("1"), squared(in_brackets(plus(mn("1"), absolute(x.a[0]))))); }}},
      {"tanhshrink",
       {[](const Arguments& x) { return minus(x.a[0], call("tanh", x.a[0])); },
        [](const Arguments& x) { return squared(call("tanh", x.a[0])); }}},
      {"hardshrink", {[](const Arguments& x) { return row(x.a[0], far_from_zero(x)); }, far_from_zero}},
      {"softshrink",
       {[](const Arguments& x) {
          const std::string less = minus(absolute(x.a[0]), x.told_number("lambd"));
          return product(call("sign", x.a[0]), call("max", row(less, mo(","), mn("0"))));
        },
        far_from_zero}},
      {"threshold",
       {[](const Arguments& x) {
          const std::string t = x.told_number("threshold");
          return plus(row(indicator(x.a[0], "&gt;", t), x.a[0]),
                      row(x.told_number("value"), indicator(x.a[0], "≤", t)));
        },
        [](const Arguments& x) { return indicator(x.a[0], "&gt;", x.told_number("threshold")); }}},
      {"softmax", {[](const Arguments& x) { return applied(with_dim("softmax", x), x.a[0]); }, softmax_slope}},
      {"log_softmax",
       {[](const Arguments& x) { return applied(with_dim("log softmax", x), x.a[0]); }, log_softmax_slope}},
  });
}

}  // namespace xgrad::viz
