// Rows of <xgrad/ops/dropout.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

// The same mask in every call.
Tensor seeded_dropout(const Tensor& x, double p) {
  manual_seed(7);
  return dropout(x, p);
}

Tensor seeded_feature_dropout(const Tensor& x, double p) {
  manual_seed(7);
  return feature_dropout(x, p);
}

Tensor seeded_alpha_dropout(const Tensor& x, double p, bool features) {
  manual_seed(7);
  return features ? feature_alpha_dropout(x, p, true) : alpha_dropout(x, p, true);
}

void add_dropout_masks(Table& t) {
  t.add("dropout", [](auto& x) { return seeded_dropout(x[0], 0.4); })
      .unary(uniform(-2, 2))
      .on({{3, 4}}, [](auto& x) { return seeded_dropout(x[0], 1); })
      .bad(Wrong::value, "p must be in [0, 1], got 1.5", [] { dropout(leaf({2}), 1.5); })
      .bad(Wrong::value, "p must be in [0, 1]", [] { dropout(leaf({2}), NAN, false); })
      .bad(Wrong::dtype, "needs a floating tensor, got int64", [] { dropout(leaf({2}, kInt64)); });
  t.add("mul", [](auto& x) { return seeded_feature_dropout(x[0], 0.4); })
      .covers({"feature_dropout"})
      .on({{{3, 4, 5}}})
      .bad(Wrong::value, "p must be in [0, 1], got 1.5",
           [] {
             feature_dropout(leaf({2, 2}), 1.5);
           })
      .bad(Wrong::shape, "input must be (N, C, ...)", [] { feature_dropout(leaf({2})); });
  t.add("add", [](auto& x) { return seeded_alpha_dropout(x[0], 0.4, false); })
      .covers({"alpha_dropout"})
      .on({{3, 4}})
      .bad(Wrong::value, "p must be in [0, 1], got 1.5", [] { alpha_dropout(leaf({2}), 1.5); })
      .bad(Wrong::dtype, "needs a floating tensor, got int64", [] { alpha_dropout(leaf({2}, kInt64)); });
  t.add("add", [](auto& x) { return seeded_alpha_dropout(x[0], 0.4, true); })
      .covers({"feature_alpha_dropout"})
      .on({{3, 4, 5}})
      .bad(Wrong::shape, "input must be (N, C, ...)", [] { feature_alpha_dropout(leaf({2})); });
}

}  // namespace

void add_dropout(Table& t) { add_dropout_masks(t); }

}  // namespace xgrad::test
