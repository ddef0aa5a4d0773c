// Losses, with the reduction they were told.
#include <algorithm>

#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

// From the loss of one element or sample.
std::string reduced(const Arguments& x, const std::string& index, const std::string& each) {
  if (x.has_reduction("none")) return each;
  return x.has_reduction("sum") ? sum_over(index, each) : mean_of(sum_over(index, each));
}
std::string reduced_slope(const Arguments& x, const std::string& each) {
  return x.has_reduction("mean") ? fraction(each, mi("N")) : each;
}
// A row from the loss of one element and its slope.
OpFormula loss_of(Formula each, Formula slope) {
  return {[each](const Arguments& x) { return reduced(x, x.index("n"), each(x)); },
          [slope](const Arguments& x) {
            const std::string s = slope(x);
            return s.empty() ? s : reduced_slope(x, s);
          }};
}

// ---- losses of a difference ----
std::string difference(const Arguments& x) { return row(x.a[0], mo("−"), x.second()); }
// From the input whose slope is meant.
std::string difference_from(const Arguments& x) { return row(x.x(), mo("−"), x.position == 0 ? x.second() : x.a[0]); }
std::string halved(const std::string& a) { return fraction(a, mn("2")); }
// 2 δ is not written with a product sign.
std::string number_before(double v, const std::string& a) { return v == 1 ? a : row(mn(v), a); }

// d²/2 where |d| < δ, else δ (|d| - δ/2).
std::string huber(const Arguments& x) {
  const double delta = x.told("delta", 1.0);
  const std::string d = difference(x), size = absolute(d), limit = mn(delta);
  return in_brackets(row(indicator(size, "&lt;", limit), halved(squared(in_brackets(d))), mo("+"),
                         indicator(size, "≥", limit),
                         number_before(delta, in_brackets(row(size, mo("−"), mn(delta / 2))))));
}
// d²/(2β) where |d| < β, else |d| - β/2.
std::string smooth_l1(const Arguments& x) {
  const double beta = x.told("beta", 1.0);
  const std::string d = difference(x), size = absolute(d), limit = mn(beta);
  if (beta == 0) return size;
  return in_brackets(row(indicator(size, "&lt;", limit), fraction(squared(in_brackets(d)), mn(2 * beta)), mo("+"),
                         indicator(size, "≥", limit), in_brackets(row(size, mo("−"), mn(beta / 2)))));
}
// The difference, cut at ± limit.
std::string cut(const std::string& d, double limit) {
  const std::string low = call("max", row(d, mo(","), mn(-limit)));
  return call("min", row(low, mo(","), mn(limit)));
}
std::string smooth_l1_slope(const Arguments& x) {
  const double beta = x.told("beta", 1.0);
  const std::string d = difference_from(x);
  if (beta == 0) return call("sign", d);
  return cut(beta == 1 ? d : fraction(d, mn(beta)), 1);
}

// ---- binary cross entropy ----
std::string bce(const Arguments& x) {
  const std::string t = x.second();
  return row(mo("−"),
             in_brackets(row(t, mo("⊙"), log_of(x.a[0]), mo("+"), one_minus(t), mo("⊙"), log_of(one_minus(x.a[0])))));
}
std::string bce_slope(const Arguments& x) {
  if (x.position == 0) return fraction(difference(x), row(x.a[0], one_minus(x.a[0])));
  return log_of(fraction(row(mn("1"), mo("−"), x.a[0]), x.a[0]));
}
// Inputs: scores, targets, weight, weight of positive targets.
std::string bce_weight(const Arguments& x) { return x.has(2) ? x.a[2] + mo("⊙") : ""; }
std::string bce_with_logits(const Arguments& x) {
  const std::string t = x.second(), positive = x.has(3) ? x.a[3] + mo("⊙") : "";
  const std::string of_positive = row(positive, t, mo("⊙"), log_of(call("σ", x.a[0])));
  const std::string of_negative = row(one_minus(t), mo("⊙"), log_of(one_minus(call("σ", x.a[0]))));
  return row(mo("−"), bce_weight(x), in_brackets(row(of_positive, mo("+"), of_negative)));
}
std::string bce_with_logits_slope(const Arguments& x) {
  const std::string t = x.second(), s = call("σ", x.a[0]);
  if (x.position > 1) return "";
  if (x.position == 1) return x.has(3) ? "" : row(mo("−"), bce_weight(x), x.a[0]);
  if (!x.has(3)) return row(bce_weight(x), in_brackets(row(s, mo("−"), t)));
  const std::string rest = row(one_minus(t), s, mo("−"), x.a[3], mo("⊙"), t, one_minus(s));
  return row(bce_weight(x), in_brackets(rest));
}

// ---- Kullback-Leibler divergence ----
OpFormula kl_div() {
  const auto logs = [](const Arguments& x) { return x.told("log_target", false); };
  return loss_of(
      [logs](const Arguments& x) {
        const std::string t = x.second();
        return logs(x) ? product(exp_of(t), in_brackets(row(t, mo("−"), x.a[0])))
                       : product(t, in_brackets(row(log_of(t), mo("−"), x.a[0])));
      },
      [logs](const Arguments& x) {
        const std::string t = x.second(), p = logs(x) ? exp_of(t) : t;
        if (x.position == 0) return row(mo("−"), p);
        const std::string inner = in_brackets(row(logs(x) ? t : log_of(t), mo("+"), mn("1"), mo("−"), x.a[0]));
        return logs(x) ? product(p, inner) : inner;
      });
}

// ---- losses of classes ----
// Targets are class indices, which take no gradient, or probabilities, the second input.
constexpr std::int64_t kIgnored = -100;  // the default of ignore_index

struct ClassLoss {
  explicit ClassLoss(const Arguments& x)
      : probabilities(!x.was_told("ignore_index")),
        weighted(!probabilities && x.has(2)),
        smoothing(x.told("label_smoothing", 0.0)),
        n(x.index("n")),
        c(x.index("c")) {
    if (!probabilities && leaves_out(x))
      counts = indicator(x.second(), "≠", mn(std::to_string(x.told("ignore_index", kIgnored))));
    target = call("onehot", x.second());
    if (smoothing == 0) return;
    const std::string e = mn(smoothing);
    target = in_brackets(row(one_minus(e), target, mo("+"), fraction(e, mi("C"))));
  }
  bool probabilities, weighted;
  double smoothing;
  std::string n, c;    // bound
  std::string counts;  // [t ≠ 1], where a class is ignored
  std::string target;  // as a distribution

  // What a sample counts for; "" when all count alike.
  std::string weight(const Arguments& x) const { return counts + (weighted ? indexed(x.a[2], x.second()) : ""); }
  // Of what each sample gives, with a minus sign.
  std::string averaged(const Arguments& x, const std::string& each) const {
    if (!x.has_reduction("mean") || weight(x).empty()) return row(mo("−"), reduced(x, n, each));
    return row(mo("−"), fraction(sum_over(n, each), sum_over(n, weight(x))));
  }
  // Of the slope of one sample, in brackets or without.
  std::string averaged_slope(const Arguments& x, const std::string& each, bool sum) const {
    const std::string w = weight(x), whole = sum ? in_brackets(each) : each;
    if (!x.has_reduction("mean")) return row(w, whole);
    return w.empty() ? fraction(each, mi("N")) : fraction(row(w, whole), sum_over(n, w));
  }
};

std::string cross_entropy(const Arguments& x) {
  const ClassLoss l(x);
  const std::string softmax = call("softmax", x.a[0]), log_softmax = log_of(softmax);
  if (l.probabilities) return row(mo("−"), sum_over(l.c, product(x.second(), log_softmax)));
  if (l.smoothing == 0) return l.averaged(x, row(l.weight(x), log_of(indexed(softmax, x.second()))));
  const std::string weights = l.weighted ? x.a[2] + mo("⊙") : "";
  return l.averaged(x, row(l.counts, sum_over(l.c, row(weights, l.target, mo("⊙"), log_softmax))));
}
std::string cross_entropy_slope(const Arguments& x) {
  const ClassLoss l(x);
  const std::string softmax = call("softmax", x.a[0]);
  if (x.position == 1) return row(mo("−"), log_of(softmax));
  if (l.probabilities) return in_brackets(row(in_brackets(sum_over(l.c, x.second())), softmax, mo("−"), x.second()));
  if (l.smoothing == 0 || !l.weighted) return l.averaged_slope(x, row(softmax, mo("−"), l.target), true);
  // Each class has its weight, but what is divided by are the weights of the true classes.
  const std::string shares = product(x.a[2], l.target);
  const std::string each =
      row(l.counts, in_brackets(row(in_brackets(sum_over(l.c, shares)), softmax, mo("−"), shares)));
  return x.has_reduction("mean") ? fraction(each, sum_over(l.n, l.weight(x))) : each;
}
OpFormula nll_loss() {
  return {[](const Arguments& x) {
            const ClassLoss l(x);
            return l.averaged(x, row(l.weight(x), indexed(x.a[0], x.second())));
          },
          [](const Arguments& x) {
            const ClassLoss l(x);
            return row(mo("−"), l.averaged_slope(x, l.target, false));
          }};
}

}  // namespace

bool leaves_out(const Arguments& x) {
  const std::int64_t ignored = x.told("ignore_index", kIgnored);
  if (ignored != kIgnored) return true;
  const PicNode* target = x.nodes.size() > 1 ? x.nodes[1] : nullptr;
  if (!target || !target->value.defined()) return false;
  const std::vector<std::int64_t> classes = target->value.detach().to_vector<std::int64_t>();
  return std::ranges::find(classes, kIgnored) != classes.end();
}

void add_loss_formulas(OpFormulas& all) {
  all.merge(OpFormulas{
      {"mse_loss", loss_of([](const Arguments& x) { return squared(in_brackets(difference(x))); },
                           [](const Arguments& x) { return mn("2") + in_brackets(difference_from(x)); })},
      {"l1_loss", loss_of([](const Arguments& x) { return absolute(difference(x)); },
                          [](const Arguments& x) { return call("sign", difference_from(x)); })},
      {"huber_loss", loss_of(huber, [](const Arguments& x) { return cut(difference_from(x), x.told("delta", 1.0)); })},
      {"smooth_l1_loss", loss_of(smooth_l1, smooth_l1_slope)},
      {"binary_cross_entropy", loss_of(bce, bce_slope)},
      {"binary_cross_entropy_with_logits", loss_of(bce_with_logits, bce_with_logits_slope)},
      {"kl_div", kl_div()},
      {"cross_entropy", {cross_entropy, cross_entropy_slope}},
      {"nll_loss", nll_loss()},
      {"ctc_loss",
       {[](const Arguments& x) {
          return row(mo("−"), log_of(row(mi("P"), in_brackets(row(x.second(), mo("|"), x.a[0])))));
        },
        nullptr}},
  });
}

}  // namespace xgrad::viz
