// Rows of <xgrad/ops/scan.hpp>.
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_totals(Table& t) {
  t.add("cumsum", [](auto& x) { return cumsum(x[0], -1); })
      .unary(uniform(-2, 2))
      .on({{3, 4}}, [](auto& x) { return cumsum(x[0], 0); })
      .on(
          {{40, 50, 60}}, [](auto& x) { return cumsum(x[0], 1); }, Size::large)
      .integers(Integers::sum)
      .tolerance32(1e-4, 1e-4)
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        cumsum(leaf({2, 3}), 2);
      });
  t.add("cumprod", [](auto& x) { return cumprod(x[0], 0); })
      .on({{3, 4}})
      .on({{2, 3, 2}}, [](auto& x) { return cumprod(x[0], 1); })
      .on({{}})
      .on({{0, 2}})
      .on({{4}},
          [](auto& x) {
            return cumprod(where(tensor({false, true, false, true}), 0, x[0]), 0);
          })
      .on({{{30, 401}, uniform(0.9, 1.1)}}, Size::large)
      .integers(Integers::sum)
      .example("of a zero", {f64({2, 0, 3})}, {f64({2, 0, 0})}, {f64({1, 8, 0})})
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { cumprod(leaf({2}), 1); });
  t.add("logcumsumexp", [](auto& x) { return logcumsumexp(x[0], 0); })
      .on({{3, 4}})
      .on({{2, 3, 2}}, [](auto& x) { return logcumsumexp(x[0], -2); })
      .on({{}})
      .on({{0, 2}})
      .on({{300, 41}}, Size::large)
      .example("of large and infinite values", {f64({-kInf, 1000, 1000})}, {f64({-kInf, 1000, 1000.6931471805599})},
               {f64({0, 1.5, 0.5})})
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { logcumsumexp(leaf({2}), 1); });
}

void add_running_extrema(Table& t) {
  t.add("cummax", [](auto& x) { return cummax(x[0], 0); })
      .on({{{4, 3}, distinct()}})
      .on({{{2, 3, 2}, distinct()}}, [](auto& x) { return cummax(x[0], 1); })
      .on({{}})
      .on({{0, 2}})
      .on({{{300, 41}, distinct()}}, Size::large)
      .integers(Integers::same)
      .example("of equals and NaN", {f64({2, 1, 2, kNaN, 3})}, {f64({2, 2, 2, kNaN, kNaN}), tensor({0, 0, 2, 3, 3})})
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { cummax(leaf({2}), 1); });
  t.add("cummin", [](auto& x) { return cummin(x[0], 0); })
      .on({{{4, 3}, distinct()}})
      .on({{{2, 3, 2}, distinct()}}, [](auto& x) { return cummin(x[0], -1); })
      .integers(Integers::same)
      .example("of equals and NaN", {f64({2, 3, 2, kNaN, 1})}, {f64({2, 2, 2, kNaN, kNaN}), tensor({0, 0, 2, 3, 3})})
      .bad(Wrong::index, "dim 1 out of range [-1, 0]", [] { cummin(leaf({2}), 1); });
}

}  // namespace

void add_scan(Table& t) {
  add_totals(t);
  add_running_extrema(t);
}

}  // namespace xgrad::test
