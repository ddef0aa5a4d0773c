// Rows of <xgrad/ops/extremum.hpp>.
#include <cmath>

#include "op_table_dims.hpp"

namespace xgrad::test {
namespace {

template <class F, class Along, class Whole>
void add_either(Table& t, const std::string& over, const std::string& one, F f, Along along, Whole whole, double sign) {
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
}

void add_minima_and_maxima(Table& t) {
  const auto amax_over = [](const Tensor& x, const Shape& d, bool keep) { return amax(x, d, keep); };
  const auto amin_over = [](const Tensor& x, const Shape& d, bool keep) { return amin(x, d, keep); };
  const auto max_along = [](const Tensor& x, std::int64_t d, bool keep) { return max(x, d, keep); };
  const auto min_along = [](const Tensor& x, std::int64_t d, bool keep) { return min(x, d, keep); };
  add_either(
      t, "amax", "max", amax_over, max_along, [](const auto& x) { return max(x[0]); }, 1);
  add_either(
      t, "amin", "min", amin_over, min_along, [](const auto& x) { return min(x[0]); }, -1);
}

void add_both(Table& t) {
  t.add("amin",
        [](auto& x) {
          const MinMax r = aminmax(x[0], {0}, true);
          return Tensors{r.min, r.max + r.min};
        })
      .covers({"aminmax"})
      .on({{{3, 4}, distinct()}})
      .integers(Integers::same)
      .bad(Wrong::shape, "of an empty tensor", [] { aminmax(leaf({0})); });
}

}  // namespace

void add_extremum(Table& t) {
  add_minima_and_maxima(t);
  add_positions(t);
  add_both(t);
}

}  // namespace xgrad::test
