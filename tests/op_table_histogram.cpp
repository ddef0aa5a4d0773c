// Rows of <xgrad/ops/histogram.hpp>.
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

Tensors listed(const Histogram& h) { return {h.hist, h.bin_edges}; }

void add_bins(Table& t) {
  t.add("bincount", [](auto& x) { return bincount(x[0]); })
      .not_differentiable()
      .on({{{4}, indices({1, 3, 1, 0})}})
      .on({{{4}, indices({1, 3, 1, 0})}, {{4}, constant(positive())}}, [](auto& x) { return bincount(x[0], x[1], 6); })
      .on({{{0}, indices({})}})
      .example("counts", {tensor({1, 3, 1})}, {tensor({0, 2, 0, 1})})
      .bad(Wrong::value, "number -1 at element 0", [] { bincount(tensor({-1})); })
      .bad(Wrong::dtype, "counts integers, got float64", [] { bincount(leaf({2})); })
      .bad(Wrong::shape, "one weight for each element", [] { bincount(tensor({1}), leaf({2})); })
      .bad(Wrong::value, "minlength", [] { bincount(tensor({1}), {}, -1); });
  t.add("histc", [](auto& x) { return histc(x[0], 4, -2, 2); })
      .not_differentiable()
      .on({{3, 4}})
      .on({{3, 4}}, [](auto& x) { return histc(x[0], 5); })
      .on({{0}})
      .example("upper bound in the last, others left out", {f64({0, 1, 2, 5, kNaN})}, {f64({0, 0, 1, 2})})
      .bad(Wrong::value, "bins must be > 0, got 0", [] { histc(leaf({2}), 0); })
      .bad(Wrong::value, "min 2 is larger than max 1", [] { histc(leaf({2}), 3, 2, 1); });
  t.add("histogram", [](auto& x) { return listed(histogram(x[0], 4)); })
      .not_differentiable()
      .on({{3, 4}})
      .on({{3, 4}},
          [](auto& x) {
            return listed(
                histogram(x[0], 3, {.range = {{-1., 1.}}, .weight = ones({3, 4}, {x[0].dtype()}), .density = true}));
          })
      .on({{3, 4}},
          [](auto& x) {
            return listed(histogram(x[0], f64({-1, 0, 1}).to(x[0].dtype())));
          })
      .bad(Wrong::value, "bins must be > 0", [] { histogram(leaf({2}), 0); })
      .bad(Wrong::value, "borders must increase", [] {
        histogram(leaf({2}), f64({1, 0}));
      });
}

void add_searches(Table& t) {
  t.add("searchsorted", [](auto& x) { return searchsorted(sort(x[0], 0).values, x[1]); })
      .not_differentiable()
      .on({{{5}, distinct()}, {3, 4}})
      .on({{{2, 5}, distinct()}, {2, 3}}, [](auto& x) { return searchsorted(sort(x[0]).values, x[1], true); })
      .integers(Integers::unchanged)
      .example("before equals", {f64({1, 2, 2, 4}), f64({2, kNaN})}, {tensor({1, 4})})
      .bad(Wrong::shape, "sorted must be 1-D", [] {
        searchsorted(leaf({2, 3}), leaf({3, 1}));
      });
  t.add("bucketize", [](auto& x) { return bucketize(x[0], x[1], true); })
      .not_differentiable()
      .on({{3, 4}, {{1}, distinct()}})
      .integers(Integers::unchanged)
      .example("behind equals", {f64({2, 0}), f64({1, 2, 4})}, {tensor({2, 0})})
      .bad(Wrong::shape, "rank", [] {
        bucketize(leaf({2}), leaf({2, 2}));
      });
}

}  // namespace

void add_histogram(Table& t) {
  add_bins(t);
  add_searches(t);
}

}  // namespace xgrad::test
