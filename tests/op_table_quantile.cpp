// Rows of <xgrad/ops/quantile.hpp>.
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_middles(Table& t) {
  t.add("median", [](auto& x) { return median(x[0]); })
      .on({{{3, 4}, distinct()}})
      .on({{}})
      .on({{{4, 3}, distinct()}}, [](auto& x) { return median(x[0], 0); })
      .on({{{4, 3}, distinct()}}, [](auto& x) { return median(x[0], -1, true); })
      .on({{}}, [](auto& x) { return median(x[0], 0); })
      .integers(Integers::same)
      .example("shared among equals", {f64({2, 1, 2, 3})}, {tensor(2.0, {kFloat64})}, {f64({0.5, 0, 0.5, 0})})
      .example("of a NaN", {f64({2, kNaN, 2})}, {tensor(kNaN, {kFloat64})})
      .example("of nothing", {zeros({0}, {kFloat64})}, {tensor(kNaN, {kFloat64})})
      .bad(Wrong::shape, "dim 1 has size 0",
           [] {
             median(leaf({2, 0}), 1);
           })
      .bad(Wrong::shape, "of an empty tensor", [] { median(zeros({0}, {kInt64})); });
  t.add("nanmedian", [](auto& x) { return nanmedian(x[0]); })
      .on({{{3, 4}, distinct()}})
      .on({{{4, 3}, distinct()}}, [](auto& x) { return nanmedian(x[0], 0); })
      .integers(Integers::same)
      .example("of a NaN", {f64({2, kNaN, 3})}, {tensor(2.0, {kFloat64})})
      .bad(Wrong::shape, "dim 1 has size 0", [] {
        nanmedian(leaf({2, 0}), 1);
      });
  t.add("mode", [](auto& x) { return mode(x[0]); })
      .on({{{3, 4}, distinct()}})
      .on({{{4, 3}, distinct()}}, [](auto& x) { return mode(x[0], 0, true); })
      .on({{}})
      .integers(Integers::same)
      .example("the last of the most", {f64({3, 1, 3, 1, 2})}, {tensor(1.0, {kFloat64}), tensor(3)})
      .bad(Wrong::shape, "dim 1 has size 0", [] {
        mode(leaf({2, 0}), 1);
      });
}

void add_quantiles(Table& t) {
  t.add("gather", [](auto& x) { return quantile(x[0], 0.3); })
      .covers({"quantile"})
      .on({{{3, 4}, distinct()}})
      .on({{{4, 3}, distinct()}},
          [](auto& x) {
            return quantile(x[0], f64({0, 0.4, 1}), 0);
          })
      .on({{{4, 3}, distinct()}}, [](auto& x) { return quantile(x[0], 0.7, 1, true, "lower"); })
      .on({{{4, 3}, distinct()}}, [](auto& x) { return quantile(x[0], 0.7, 1, false, "higher"); })
      .on({{{4, 3}, distinct()}}, [](auto& x) { return quantile(x[0], 0.7, 1, false, "nearest"); })
      .on({{{4, 3}, distinct()}}, [](auto& x) { return quantile(x[0], 0.7, {}, true, "midpoint"); })
      .on({{}})
      .example("of a NaN", {f64({2, kNaN, 3})}, {tensor(kNaN, {kFloat64})})
      .bad(Wrong::value, "q must be in [0, 1], got 2", [] { quantile(leaf({3}), 2.); })
      .bad(Wrong::value, "interpolation must be", [] { quantile(leaf({3}), 0.5, 0, false, "cubic"); })
      .bad(Wrong::shape, "of an empty tensor", [] { quantile(leaf({0}), 0.5); })
      .bad(Wrong::shape, "q must be a number or 1-D", [] {
        quantile(leaf({3}), full({1, 1}, 0.5));
      });
  t.add("gather", [](auto& x) { return nanquantile(x[0], 0.5); })
      .covers({"nanquantile"})
      .on({{{3, 4}, distinct()}})
      .on({{{4, 3}, distinct()}},
          [](auto& x) {
            return nanquantile(x[0], f64({0.2, 0.4}), 0, true);
          })
      .example("of a NaN", {f64({2, kNaN, 3})}, {tensor(2.5, {kFloat64})}, {f64({0.5, 0, 0.5})})
      .example("of NaNs alone", {f64({kNaN, kNaN})}, {tensor(kNaN, {kFloat64})})
      .bad(Wrong::value, "q must be in [0, 1]", [] { nanquantile(leaf({3}), -0.5); });
}

}  // namespace

void add_quantile(Table& t) {
  add_middles(t);
  add_quantiles(t);
}

}  // namespace xgrad::test
