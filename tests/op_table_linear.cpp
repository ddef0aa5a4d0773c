// Rows of <xgrad/ops/linear.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_affine(Table& t) {
  t.add("linear", [](auto& x) { return linear(x[0], x[1], x[2]); })
      .on({{2, 3}, {4, 3}, {{4}, optional({})}})
      .on({{3}, {4, 3}, {4}})
      .on({{2, 2, 3}, {4, 3}, {4}})
      .on({{3, 3}, {3, 3}, {3}})
      .on({{0, 3}, {4, 3}, {4}})
      .on({{2, 0}, {4, 0}, {4}})
      .on({{2, 3}, {0, 3}, {0}})
      .on({{2, 3}, {4, 3}}, [](auto& x) { return linear(x[0], x[1]); })
      .on({{17, 33}, {9, 33}, {9}}, Size::medium)
      .on({{300, 200}, {150, 200}, {150}}, Size::large)
      .tolerance32(1e-4, 1e-4)
      .bad(Wrong::shape, "expected 5 features, got 3",
           [] {
             linear(leaf({2, 3}), leaf({4, 5}));
           })
      .bad(Wrong::shape, "weight must be (out, in)",
           [] {
             linear(leaf({2, 3}), leaf({3}));
           })
      .bad(Wrong::shape, "bias must be (4), got (3)",
           [] {
             linear(leaf({2, 3}), leaf({4, 3}), leaf({3}));
           })
      .bad(Wrong::shape, "needs at least 1 dimension",
           [] {
             linear(leaf({}), leaf({4, 3}));
           })
      .bad(Wrong::dtype, "dtypes differ", [] {
        linear(leaf({2, 3}), leaf({4, 3}, kFloat32));
      });
}

void add_bilinear(Table& t) {
  t.add("matmul", [](auto& x) { return bilinear(x[0], x[1], x[2], x[3]); })
      .covers({"bilinear"})
      .on({{2, 3}, {2, 2}, {4, 3, 2}, {{4}, optional({})}})
      .on({{3}, {2}, {2, 3, 2}, {2}})
      .on({{2, 2, 1}, {2, 2, 3}, {1, 1, 3}, {1}})
      .on({{0, 3}, {0, 2}, {2, 3, 2}, {2}})
      .on({{2, 3}, {2, 2}, {4, 3, 2}}, [](auto& x) { return bilinear(x[0], x[1], x[2]); })
      .on({{17, 9}, {17, 7}, {5, 9, 7}, {5}}, Size::medium)
      .tolerance32(1e-4, 1e-4)
      .example("by hand", {f64({1, 2}), f64({3, 5}), tensor({{{1., 10.}, {100., 1000.}}}, {kFloat64}), f64({0.5})},
               {f64({10653.5})})
      .bad(Wrong::shape, "expected 3 and 2 features, got 3 and 4",
           [] {
             bilinear(leaf({2, 3}), leaf({2, 4}), leaf({4, 3, 2}));
           })
      .bad(Wrong::shape, "weight must be (out, in1, in2)",
           [] {
             bilinear(leaf({2, 3}), leaf({2, 3}), leaf({3, 3}));
           })
      .bad(Wrong::shape, "dimension 0 is 2 and 1",
           [] {
             bilinear(leaf({2, 3}), leaf({1, 2}), leaf({4, 3, 2}));
           })
      .bad(Wrong::shape, "same number of dimensions",
           [] {
             bilinear(leaf({2, 3}), leaf({2}), leaf({4, 3, 2}));
           })
      .bad(Wrong::shape, "bias must be (4), got (3)",
           [] {
             bilinear(leaf({2, 3}), leaf({2, 2}), leaf({4, 3, 2}), leaf({3}));
           })
      .bad(Wrong::dtype, "dtypes differ", [] {
        bilinear(leaf({2, 3}), leaf({2, 2}, kFloat32), leaf({4, 3, 2}));
      });
}

}  // namespace

void add_linear(Table& t) {
  add_affine(t);
  add_bilinear(t);
}

}  // namespace xgrad::test
