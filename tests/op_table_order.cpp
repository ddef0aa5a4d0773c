// Rows of <xgrad/ops/order.hpp>.
#include <limits>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_sorts(Table& t) {
  t.add("sort", [](auto& x) { return sort(x[0]); })
      .on({{{3, 4}, distinct()}})
      .on({{{4, 3}, distinct()}}, [](auto& x) { return sort(x[0], 0, true); })
      .on({{{2, 3, 2}, distinct()}}, [](auto& x) { return sort(x[0], 1); })
      .on({{}})
      .on({{0}})
      .on({{2, 0, 3}}, [](auto& x) { return sort(x[0], 0); })
      .on(
          {{{300, 41}, distinct()}}, [](auto& x) { return sort(x[0], 0); }, Size::large)
      .integers(Integers::same)
      .example("equals keep their order, NaN last", {f64({2, kNaN, 1, 2, 1})},
               {f64({1, 1, 2, 2, kNaN}), tensor({2, 4, 0, 3, 1})})
      .bad(Wrong::index, "dim 2 out of range [-2, 1]", [] {
        sort(leaf({2, 3}), 2);
      });
  t.add("argsort")
      .not_differentiable()
      .integers(Integers::unchanged)
      .covers({"argsort"})
      .on({{{3, 4}, distinct()}}, [](auto& x) { return argsort(x[0], 0, true); });
  t.add("sort", [](auto& x) { return sort(x[0], 0, true); })
      .covers({"sort"})
      .on({{{5}, distinct()}})
      .integers(Integers::same)
      .example("NaN first", {f64({2, kNaN, 1, 2})}, {f64({kNaN, 2, 2, 1}), tensor({1, 0, 3, 2})});
  t.add("sort", [](auto& x) { return msort(x[0]); })
      .covers({"msort"})
      .on({{{3, 4}, distinct()}})
      .on({{}})
      .integers(Integers::same);
}

void add_choices(Table& t) {
  t.add("topk", [](auto& x) { return topk(x[0], 2); })
      .on({{{3, 4}, distinct()}})
      .on({{{4, 3}, distinct()}}, [](auto& x) { return topk(x[0], 3, 0, false); })
      .on({{{3, 4}, distinct()}}, [](auto& x) { return topk(x[0], 4); })
      .on({{3, 4}}, [](auto& x) { return topk(x[0], 0); })
      .on({{}}, [](auto& x) { return topk(x[0], 1); })
      .on({{{300, 401}, distinct()}}, Size::large)
      .integers(Integers::same)
      .example("NaN first", {f64({1, kNaN, 3, 2})}, {f64({kNaN, 3}), tensor({1, 2})})
      .bad(Wrong::index, "k = 4 out of range for dim 1 of size 3",
           [] {
             topk(leaf({2, 3}), 4);
           })
      .bad(Wrong::index, "k = -1 out of range", [] {
        topk(leaf({2, 3}), -1);
      });
  t.add("kthvalue", [](auto& x) { return kthvalue(x[0], 2); })
      .on({{{3, 4}, distinct()}})
      .on({{{4, 3}, distinct()}}, [](auto& x) { return kthvalue(x[0], 3, 0, true); })
      .on({{}}, [](auto& x) { return kthvalue(x[0], 1); })
      .integers(Integers::same)
      .bad(Wrong::index, "k = 0 out of range 1..3", [] { kthvalue(leaf({3}), 0); });
}

}  // namespace

void add_order(Table& t) {
  add_sorts(t);
  add_choices(t);
}

}  // namespace xgrad::test
