// Rows of <xgrad/ops/reduce.hpp>.
#include <cmath>

#include "op_table_dims.hpp"

namespace xgrad::test {
namespace {

// Reductions that have a value for no elements.
template <class F>
Row& over_nothing(Row& row, F f, Size size = Size::small) {
  row.on(
      {{0}}, [f](auto& x) { return f(x[0], Shape{}, false); }, size);
  return row.on(
      {{2, 0, 3}}, [f](auto& x) { return f(x[0], Shape{1}, false); }, size);
}

void add_sums_and_means(Table& t) {
  const auto sum_over = [](const Tensor& x, const Shape& d, bool keep) { return sum(x, d, keep); };
  Row& sums = over_nothing(over_dims(t.add("sum"), uniform(-2, 2), sum_over), sum_over);
  bad_dims(sums, sum_over)
      .on({{3, 4}}, [](auto& x) { return sum(x[0]); })
      .on({{3, 4}}, [](auto& x) { return x[0].sum({1}); })
      .integers(Integers::sum)
      .example("bools are counted", {tensor({true, false, true})}, {tensor(2)})
      .example("infinities", {f64({kInf, 1, -kInf})}, {tensor(NAN, {kFloat64})});
  const auto mean_over = [](const Tensor& x, const Shape& d, bool keep) { return mean(x, d, keep); };
  Row& means = over_nothing(over_dims(t.add("mean"), uniform(-2, 2), mean_over), mean_over, Size::medium);  // NaN
  bad_dims(means, mean_over)
      .on({{3, 4}}, [](auto& x) { return mean(x[0]); })
      .bad(Wrong::dtype, "needs a floating tensor, got int64; cast first", [] {
        mean(tensor({1, 2, 3}));
      });
  Row& prods = t.add("prod");
  prods.on({{3, 2}}, [](auto& x) { return prod(x[0]); })
      .on({{}}, [](auto& x) { return prod(x[0]); })
      .on({{0}}, [](auto& x) { return prod(x[0]); })
      .on(
          {{5, 37}}, [](auto& x) { return prod(x[0], 0); }, Size::medium)
      .on(
          {{{300, 401}, uniform(0.9, 1.1)}}, [](auto& x) { return prod(x[0], 1); }, Size::large)
      .on({{3, 4}}, [](auto& x) { return prod(x[0], 1); })
      .on({{3, 4}}, [](auto& x) { return prod(x[0], -2, true); })
      .on({{2, 0, 3}}, [](auto& x) { return prod(x[0], 1); })
      .on({{}}, [](auto& x) { return prod(x[0], 0); })
      .integers(Integers::sum)
      .example("one zero", {f64({2, 0, 3})}, {tensor(0, {kFloat64})}, {f64({0, 6, 0})})
      .example("two zeros", {f64({0, 5, 0})}, {tensor(0, {kFloat64})}, {f64({0, 0, 0})})
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        prod(leaf({2, 3}), 2);
      });
}

void add_moments(Table& t) {
  const auto var_over = [](const Tensor& x, const Shape& d, bool keep) { return var(x, d, false, keep); };
  const auto var_unbiased = [](const Tensor& x, const Shape& d, bool keep) { return var(x, d, true, keep); };
  bad_dims(over_dims(t.add("var", [](auto& x) { return var(x[0]); }), uniform(-2, 2), var_over), var_over)
      .on({{3, 4}}, [](auto& x) { return var(x[0]); })
      .on({{3, 4}}, [](auto& x) { return var(x[0], false); })
      .on({{3, 4}}, [](auto& x) { return var(x[0], {1}, 2, true); })
      .on({{2, 3, 2}},
          [var_unbiased](auto& x) {
            return var_unbiased(x[0], {0, 2}, false);
          })
      .on({{3, 4}}, [var_unbiased](auto& x) { return var_unbiased(x[0], {1}, true); })
      .example("of one value", {f64({3})}, {tensor(NAN, {kFloat64})})
      .bad(Wrong::dtype, "needs a floating tensor", [] {
        var(tensor({1, 2}));
      });
  // Not over one value: the deviation 0 is a kink.
  const auto std_over = [](const Tensor& x, const Shape& d, bool keep) { return std(x, d, true, keep); };
  bad_dims(t.add("std"), std_over)
      .on({{3, 4}}, [](auto& x) { return std(x[0]); })
      .on({{3, 4}}, [](auto& x) { return std(x[0], false); })
      .on({{3, 4}}, [](auto& x) { return std(x[0], {0}); })
      .on({{3, 4}}, [](auto& x) { return std(x[0], {1}, 2); })
      .on({{3, 4}}, [](auto& x) { return std(x[0], {-1}, false, true); })
      .on({{2, 3, 2}},
          [](auto& x) {
            return std(x[0], {0, 2});
          })
      .on({{2, 0, 3}}, [](auto& x) { return std(x[0], {2}); })
      .on(
          {{5, 37}}, [](auto& x) { return std(x[0], {1}); }, Size::medium)
      .on(
          {{300, 401}}, [](auto& x) { return std(x[0]); }, Size::large)
      .on(
          {{300, 401}}, [](auto& x) { return std(x[0], {0}); }, Size::large)
      .example("gradient 0 where all are equal", {f64({2, 2, 2})}, {tensor(0, {kFloat64})}, {f64({0, 0, 0})})
      .bad(Wrong::dtype, "needs a floating tensor", [] {
        std(tensor({1, 2}));
      });
}

void add_truth(Table& t) {
  t.add("any", [](auto& x) { return any(x[0]); })
      .on({{{3, 4}, mask()}})
      .on({{{3, 4}, mask()}}, [](auto& x) { return any(x[0], 1); })
      .on({{{2, 0}, mask()}}, [](auto& x) { return any(x[0], -1, true); })
      .on({{{0}, mask()}})
      .on({{3, 4}})
      .not_differentiable()
      .integers(Integers::unchanged)
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        any(leaf({2, 3}, kBool), 2);
      });
  t.add("all", [](auto& x) { return all(x[0]); })
      .on({{{3, 4}, mask()}})
      .on({{{3, 4}, mask()}}, [](auto& x) { return all(x[0], 1); })
      .on({{{2, 0}, mask()}}, [](auto& x) { return all(x[0], -1, true); })
      .on({{{0}, mask()}})
      .on({{3, 4}})
      .not_differentiable()
      .integers(Integers::unchanged)
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        all(leaf({2, 3}, kBool), 2);
      });
}

void add_logsumexp(Table& t) {
  const auto lse = [](const Tensor& x, const Shape& d, bool keep) { return logsumexp(x, d, keep); };
  bad_dims(over_dims(t.add("logsumexp"), uniform(-2, 2), lse), lse)
      .example("no overflow", {f64({1000, 1000})}, {tensor(1000 + std::log(2.0), {kFloat64})}, {f64({0.5, 0.5})})
      .example("only -inf", {f64({-kInf, -kInf})}, {tensor(-kInf, {kFloat64})})
      .example("inf", {f64({1, kInf})}, {tensor(kInf, {kFloat64})});
}

void add_counts(Table& t) {
  t.add("sum", [](auto& x) { return nansum(x[0], {1}, true); })
      .covers({"nansum"})
      .on({{3, 4}})
      .on({{3, 4}}, [](auto& x) { return nansum(x[0]); })
      .integers(Integers::sum)
      .example("of a NaN", {f64({{1, kNaN, 2}})}, {full({1, 1}, 3., {kFloat64})}, {f64({{1, 0, 1}})})
      .bad(Wrong::index, "dim 2 out of range", [] {
        nansum(leaf({2, 3}), {2});
      });
  t.add("div", [](auto& x) { return nanmean(x[0], {0}); })
      .covers({"nanmean"})
      .on({{3, 4}})
      .example("of a NaN", {f64({1, kNaN, 2})}, {tensor(1.5, {kFloat64})}, {f64({0.5, 0, 0.5})})
      .bad(Wrong::index, "dim 2 out of range", [] {
        nanmean(leaf({2, 3}), {2});
      });
  t.add("count_nonzero", [](auto& x) { return count_nonzero(x[0]); })
      .not_differentiable()
      .on({{3, 4}})
      .on({{3, 4}}, [](auto& x) { return count_nonzero(x[0], {0}); })
      .integers(Integers::unchanged)
      .example("with NaN", {f64({0, kNaN, 2})}, {tensor(2)})
      .bad(Wrong::index, "dim 2 out of range", [] {
        count_nonzero(leaf({2, 3}), {2});
      });
  t.add("sum",
        [](auto& x) {
          return sum_to_size(x[0], {3, 1});
        })
      .covers({"sum_to_size"})
      .on({{2, 3, 4}})
      .integers(Integers::sum)
      .bad(Wrong::shape, "shape (2) does not expand to (2, 3)", [] {
        sum_to_size(leaf({2, 3}), {2});
      });
  t.add("var",
        [](auto& x) {
          const VarMean r = var_mean(x[0], {1}, 0, true);
          return Tensors{r.var, r.mean * r.var};
        })
      .covers({"var_mean"})
      .on({{3, 4}})
      .bad(Wrong::index, "dim 2 out of range", [] {
        var_mean(leaf({2, 3}), {2});
      });
  t.add("std",
        [](auto& x) {
          const StdMean r = std_mean(x[0]);
          return Tensors{r.std, r.mean * r.std};
        })
      .covers({"std_mean"})
      .on({{3, 4}})
      .bad(Wrong::dtype, "", [] { std_mean(ones({2}, {kInt64})); });
}

}  // namespace

void add_reduce(Table& t) {
  add_sums_and_means(t);
  add_moments(t);
  add_truth(t);
  add_logsumexp(t);
  add_counts(t);
}

}  // namespace xgrad::test
