// Rows of <xgrad/ops/reduce.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

constexpr double kInf = INFINITY;

// f(x, dims, keepdim) over every kind of dimension list; f(x) with all of them reduced.
template <class F>
Row& over_dims(Row& row, const Values& v, F f) {
  row.on({{{3, 4}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); });
  row.on({{{}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); });
  row.on({{{}, v}}, [f](auto& x) { return f(x[0], Shape{-1}, true); });
  row.on({{{1}, v}}, [f](auto& x) { return f(x[0], Shape{0}, false); });
  row.on({{{3, 4}, v}}, [f](auto& x) { return f(x[0], Shape{0}, false); });
  row.on({{{3, 4}, v}}, [f](auto& x) { return f(x[0], Shape{-1}, true); });
  row.on({{{2, 3, 2}, v}}, [f](auto& x) { return f(x[0], Shape{0, 2}, false); });
  row.on({{{2, 3, 2}, v}}, [f](auto& x) { return f(x[0], Shape{2, -2}, true); });
  row.on({{{2, 1, 2, 1, 3}, v}}, [f](auto& x) { return f(x[0], Shape{1, 2}, false); });
  row.on({{{2, 0, 3}, v}}, [f](auto& x) { return f(x[0], Shape{2}, false); });
  row.on(
      {{{5, 37}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); }, Size::medium);
  row.on(
      {{{37, 5}, v}}, [f](auto& x) { return f(x[0], Shape{0}, false); }, Size::medium);
  row.on(
      {{{300, 401}, v}}, [f](auto& x) { return f(x[0], Shape{}, false); }, Size::large);
  row.on(
      {{{300, 401}, v}}, [f](auto& x) { return f(x[0], Shape{1}, false); }, Size::large);
  row.on(
      {{{401, 300}, v}}, [f](auto& x) { return f(x[0], Shape{0}, true); }, Size::large);
  return row;
}

// Reductions that have a value for no elements.
template <class F>
Row& over_nothing(Row& row, F f, Size size = Size::small) {
  row.on(
      {{0}}, [f](auto& x) { return f(x[0], Shape{}, false); }, size);
  return row.on(
      {{2, 0, 3}}, [f](auto& x) { return f(x[0], Shape{1}, false); }, size);
}

template <class F>
Row& bad_dims(Row& row, F f) {
  row.bad_by(Wrong::index, "dim 2 out of range [-2, 1]", [f] { f(leaf({2, 3}), Shape{2}, false); });
  row.bad_by(Wrong::index, "dim -3 out of range [-2, 1]", [f] { f(leaf({2, 3}), Shape{-3}, false); });
  row.bad_by(Wrong::index, "dim 1 out of range [-1, 0]", [f] { f(leaf({}), Shape{1}, false); });
  return row.bad_by(Wrong::index, "given twice", [f] { f(leaf({2, 3}), Shape{1, -1}, false); });
}

void add_sums(Table& t) {
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

template <class F, class Along, class Whole>
void add_extremum(Table& t, const std::string& over, const std::string& one, F f, Along along, Whole whole,
                  double sign) {
  bad_dims(over_dims(t.add(over), distinct(), f), f)
      .integers(Integers::same)
      .example("NaN wins", {f64({1, NAN, 3})}, {tensor(NAN, {kFloat64})})
      .example("shared evenly", {f64({2, 5, 5}) * sign}, {tensor(5 * sign, {kFloat64})}, {f64({0, 0.5, 0.5})})
      .bad_by(Wrong::shape, "of an empty tensor", [f] { f(leaf({0}), {}, false); })
      .bad_by(Wrong::shape, "dim 1 has size 0", [f] {
        f(leaf({2, 0}), {1}, false);
      });
  t.add(one, [along](auto& x) { return along(x[0], 1, false); })
      .on({{{3, 4}, distinct()}})
      .on({{{3, 4}, distinct()}}, whole)
      .on({{{2, 3, 2}, distinct()}})
      .on({{{3, 4}, distinct()}}, [along](auto& x) { return along(x[0], -2, true); })
      .on({{{}, distinct()}}, [along](auto& x) { return along(x[0], 0, false); })
      .on({{{2, 0, 3}, distinct()}}, [along](auto& x) { return along(x[0], 2, false); })
      .on({{{5, 37}, distinct()}}, Size::medium)
      .on({{{300, 401}, distinct()}}, Size::large)
      .on(
          {{{300, 401}, distinct()}}, [along](auto& x) { return along(x[0], 0, false); }, Size::large)
      .integers(Integers::same)
      .example("the first of equals", {f64({{2, 5, 5}}) * sign}, {f64({5 * sign}), tensor({1})}, {f64({{0, 1, 0}})})
      .bad_by(Wrong::index, "dim 2 out of range [-2, 1]",
              [along] {
                along(leaf({2, 3}), 2, false);
              })
      .bad_by(Wrong::shape, "of an empty tensor", [whole] { whole(Tensors{leaf({0})}); })
      .bad_by(Wrong::shape, "dim 1 has size 0", [along] {
        along(leaf({2, 0}), 1, false);
      });
}

void add_positions(Table& t) {
  t.add("argmax", [](auto& x) { return argmax(x[0], 1); })
      .on({{{3, 4}, distinct()}})
      .on({{{3, 4}, distinct()}}, [](auto& x) { return argmax(x[0]); })
      .on({{{3, 4}, distinct()}}, [](auto& x) { return x[0].argmax(-2, true); })
      .on({{{300, 401}, distinct()}}, Size::large)
      .on({{{}, distinct()}}, [](auto& x) { return argmax(x[0]); })
      .on({{{2, 0, 3}, distinct()}}, [](auto& x) { return argmax(x[0], 2); })
      .not_differentiable()
      .integers(Integers::unchanged)
      .example("NaN wins", {f64({{1, NAN, 3}})}, {tensor({1})})
      .bad(Wrong::index, "dim 2 out of range [-2, 1]",
           [] {
             argmax(leaf({2, 3}), 2);
           })
      .bad(Wrong::shape, "of an empty tensor", [] { argmax(leaf({0})); });
  t.add("argmin", [](auto& x) { return argmin(x[0], 1); })
      .on({{{3, 4}, distinct()}})
      .on({{{3, 4}, distinct()}}, [](auto& x) { return argmin(x[0]); })
      .on({{{3, 4}, distinct()}}, [](auto& x) { return argmin(x[0], -2, true); })
      .on({{{300, 401}, distinct()}}, Size::large)
      .not_differentiable()
      .integers(Integers::unchanged)
      .bad(Wrong::index, "dim 2 out of range [-2, 1]",
           [] {
             argmin(leaf({2, 3}), 2);
           })
      .bad(Wrong::shape, "of an empty tensor", [] { argmin(leaf({0})); });
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

void add_softmax(Table& t) {
  const auto lse = [](const Tensor& x, const Shape& d, bool keep) { return logsumexp(x, d, keep); };
  bad_dims(over_dims(t.add("logsumexp"), uniform(-2, 2), lse), lse)
      .example("no overflow", {f64({1000, 1000})}, {tensor(1000 + std::log(2.0), {kFloat64})}, {f64({0.5, 0.5})})
      .example("only -inf", {f64({-kInf, -kInf})}, {tensor(-kInf, {kFloat64})})
      .example("inf", {f64({1, kInf})}, {tensor(kInf, {kFloat64})});
  const auto add = [&t](const char* name, auto f) -> Row& {
    return t.add(name, [f](auto& x) { return f(x[0], -1); })
        .on({{3, 4}})
        .on({{}})
        .on({{1}})
        .on({{0, 3}})
        .on({{2, 0}})
        .on({{2, 3, 2}}, [f](auto& x) { return f(x[0], 1); })
        .on({{3, 4}}, [f](auto& x) { return f(x[0], 0); })
        .on({{5, 37}}, Size::medium)
        .on(
            {{37, 5}}, [f](auto& x) { return f(x[0], 0); }, Size::medium)
        .on({{300, 401}}, Size::large)
        .on(
            {{300, 401}}, [f](auto& x) { return f(x[0], 0); }, Size::large)
        .bad_by(Wrong::index, "dim -3 out of range [-2, 1]",
                [f] {
                  f(leaf({2, 3}), -3);
                })
        .bad_by(Wrong::dtype, "needs a floating tensor", [f] {
          f(tensor({1, 2}), 0);
        });
  };
  add("softmax", [](const Tensor& x, std::int64_t dim) { return softmax(x, dim); })
      .example("no overflow", {f64({1000, 1000})}, {f64({0.5, 0.5})})
      .example("-inf is 0", {f64({-kInf, 1})}, {f64({0, 1})});
  add("log_softmax", [](const Tensor& x, std::int64_t dim) {
    return log_softmax(x, dim);
  }).example("no overflow", {f64({1000, 0})}, {f64({0, -1000})});
}

}  // namespace

void add_reductions(Table& t) {
  add_sums(t);
  add_moments(t);
  const auto amax_over = [](const Tensor& x, const Shape& d, bool keep) { return amax(x, d, keep); };
  const auto amin_over = [](const Tensor& x, const Shape& d, bool keep) { return amin(x, d, keep); };
  const auto max_along = [](const Tensor& x, std::int64_t d, bool keep) { return max(x, d, keep); };
  const auto min_along = [](const Tensor& x, std::int64_t d, bool keep) { return min(x, d, keep); };
  add_extremum(
      t, "amax", "max", amax_over, max_along, [](const auto& x) { return max(x[0]); }, 1);
  add_extremum(
      t, "amin", "min", amin_over, min_along, [](const auto& x) { return min(x[0]); }, -1);
  add_positions(t);
  add_softmax(t);
}

}  // namespace xgrad::test
