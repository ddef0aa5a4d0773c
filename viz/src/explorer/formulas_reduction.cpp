// Sums, means, extrema, norms, and sums that run.
#include <cmath>

#include "explorer/formulas.hpp"

namespace xgrad::viz {
namespace {

using List = std::vector<std::int64_t>;

std::int64_t reduced_size(const Arguments& x) {
  std::int64_t n = 1;
  for (const std::int64_t d : reduced_dims(x)) n *= x.in[d];
  return n;
}
// A large sign with what it runs over: an index of all numbers, or dimensions.
std::string over(const char* sign, const Arguments& x, const std::string& what) {
  return row(under(sign, reduces_all(x) ? x.index("i") : mtext(dims_text(reduced_dims(x)))), what);
}
std::string sum_of(const Arguments& x, const std::string& what) { return over("∑", x, what); }

std::string mean_of_input(const Arguments& x) {
  if (reduces_all(x)) return mean_of(sum_of(x, x.a[0]));
  return row(fraction(mn("1"), mn(std::to_string(reduced_size(x)))), sum_of(x, x.a[0]));
}
std::string mean_slope(const Arguments& x) {
  return fraction(mn("1"), reduces_all(x) ? mi("N") : mn(std::to_string(reduced_size(x))));
}

OpFormula extremum(const char* name) {
  return {[name](const Arguments& x) { return over(name, x, x.a[0]); },
          [](const Arguments& x) { return indicator(x.a[0], "=", x.y); }};
}
// Of one number that is picked in each slice.
OpFormula picked(const char* name) {
  return {[name](const Arguments& x) {
            const std::string dims = dims_text(reduced_dims(x));
            const std::string k = x.was_told("k") ? ", k=" + std::to_string(x.told<std::int64_t>("k", 0)) : "";
            return row(indexed(mi(name), mtext(dims + k)), in_brackets(x.a[0]));
          },
          [](const Arguments& x) { return indicator(x.a[0], "=", x.y); }};
}

OpFormula log_of_sum() {
  return {[](const Arguments& x) { return log_of(sum_of(x, exp_of(x.a[0]))); },
          [](const Arguments& x) { return exp_of(row(x.a[0], mo("−"), x.y)); }};
}

std::string mean_of_slice(const Arguments& x) { return indexed(mi("mean"), mtext(dims_text(reduced_dims(x)))); }
std::string deviation(const Arguments& x) {
  const std::string mean = reduces_all(x) ? mi("mean") : mean_of_slice(x);
  return in_brackets(row(x.a[0], mo("−"), applied(mean, x.a[0])));
}
std::string degrees(const Arguments& x) {
  return mn(std::max(0.0, static_cast<double>(reduced_size(x)) - x.told("correction", 1.0)));
}
std::string variance(const Arguments& x) {
  return row(fraction(mn("1"), degrees(x)), sum_of(x, squared(deviation(x))));
}

// Norms of the last dimension, as the library records them.
OpFormula norm() {
  return {[](const Arguments& x) {
            const double p = x.told("p", 2.0);
            const std::string i = x.index("i"), size = absolute(x.a[0]);
            if (std::isinf(p)) return row(under(p > 0 ? "max" : "min", i), size);
            if (p == 1) return sum_over(i, size);
            if (p == 2) return root_of(sum_over(i, squared(x.a[0])));
            return power(in_brackets(sum_over(i, power(size, mn(p)))), row(mn("1"), mo("/"), mn(p)));
          },
          [](const Arguments& x) {
            const double p = x.told("p", 2.0);
            if (p == 1) return call("sign", x.a[0]);
            if (p == 2) return fraction(x.a[0], x.y);
            if (std::isinf(p)) return row(call("sign", x.a[0]), indicator(absolute(x.a[0]), "=", x.y));
            const std::string ratio = in_brackets(row(absolute(x.a[0]), mo("/"), x.y));
            return product(call("sign", x.a[0]), power(ratio, mn(p - 1)));
          }};
}

// ---- running sums ----
// Result i from the numbers before and at i, along one dimension.
struct Running {
  explicit Running(const Arguments& x)
      : i(x.index("i")), j(x.index("j")), backwards(x.told("reverse", false)), at(indexed(x.a[0], j)) {
    const std::int64_t dim = x.told<std::int64_t>("dim", 0);
    range = row(j, mo(backwards ? "≥" : "≤"), i, x.in.size() > 1 ? mo(",") + mtext(dims_text({dim})) : "");
    taken = indicator(j, backwards ? "≥" : "≤", i);
  }
  std::string i, j;
  bool backwards;
  std::string at, range, taken;
};
OpFormula running_sum() {
  return {[](const Arguments& x) {
            const Running r(x);
            return row(under("∑", r.range), r.at);
          },
          [](const Arguments& x) { return Running(x).taken; }};
}
OpFormula running_product() {
  return {[](const Arguments& x) {
            const Running r(x);
            return row(under("∏", r.range), r.at);
          },
          [](const Arguments& x) {
            const Running r(x);
            return row(r.taken, fraction(indexed(x.y, r.i), r.at));
          }};
}
OpFormula running_extremum(const char* name) {
  return {[name](const Arguments& x) {
            const Running r(x);
            return row(under(name, r.range), r.at);
          },
          [](const Arguments& x) {
            const Running r(x);
            return row(r.taken, indicator(r.at, "=", indexed(x.y, r.i)));
          }};
}
OpFormula running_log_of_sum() {
  return {[](const Arguments& x) {
            const Running r(x);
            return log_of(row(under("∑", r.range), exp_of(r.at)));
          },
          [](const Arguments& x) {
            const Running r(x);
            return row(r.taken, exp_of(row(r.at, mo("−"), indexed(x.y, r.i))));
          }};
}

}  // namespace

std::vector<std::int64_t> reduced_dims(const Arguments& x) {
  if (x.op->attributes)
    if (const auto dim = x.op->attributes->get<std::int64_t>("dim")) return {*dim};
  return x.told<List>("dim", {});
}
bool reduces_all(const Arguments& x) { return reduced_dims(x).size() >= x.in.size(); }

void add_reduction_formulas(OpFormulas& all) {
  all.merge(OpFormulas{
      {"sum", {[](const Arguments& x) { return sum_of(x, x.a[0]); }, constant("1")}},
      {"mean", {mean_of_input, mean_slope}},
      {"prod",
       {[](const Arguments& x) { return over("∏", x, x.a[0]); },
        [](const Arguments& x) { return fraction(x.y, x.a[0]); }}},
      {"amax", extremum("max")},
      {"amin", extremum("min")},
      {"max", extremum("max")},
      {"min", extremum("min")},
      {"median", picked("median")},
      {"nanmedian", picked("median")},
      {"mode", picked("mode")},
      {"kthvalue", picked("kth value")},
      {"logsumexp", log_of_sum()},
      {"var", {variance, [](const Arguments& x) { return fraction(row(mn("2"), deviation(x)), degrees(x)); }}},
      {"std",
       {[](const Arguments& x) { return root_of(variance(x)); },
        [](const Arguments& x) { return fraction(deviation(x), row(degrees(x), mo("·"), x.y)); }}},
      {"p_norm", norm()},
      {"cumsum", running_sum()},
      {"cumprod", running_product()},
      {"cummax", running_extremum("max")},
      {"cummin", running_extremum("min")},
      {"logcumsumexp", running_log_of_sum()},
      {"linear_scan",
       {[](const Arguments& x) {
          const Running r(x);
          const std::string before = row(r.i, mo(r.backwards ? "+" : "−"), mn("1"));
          return row(indexed(x.a[0], r.i), mo("+"), indexed(x.operand(1), r.i), mo("⊙"), indexed(x.y, before));
        },
        nullptr}},
  });
}

}  // namespace xgrad::viz
