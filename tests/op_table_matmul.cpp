// Rows of <xgrad/ops/matmul.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_batches(Table& t) {
  t.add("matmul", [](auto& x) { return matmul(x[0], x[1]); })
      .on({{2, 3}, {3, 4}})
      .on({{3, 3}, {3, 3}})
      .on({{3}, {3}})
      .on({{2, 3}, {3}})
      .on({{3}, {3, 2}})
      .on({{2, 2, 3}, {3, 4}})
      .on({{2, 3}, {2, 3, 2}})
      .on({{3}, {2, 3, 2}})
      .on({{2, 2, 3}, {3}})
      .on({{2, 2, 3}, {2, 3, 2}})
      .on({{2, 1, 2, 3}, {2, 3, 2}})
      .on({{1, 2, 3}, {2, 3, 1}})
      .on({{1, 1}, {1, 1}})
      .on({{0, 3}, {3, 2}})
      .on({{2, 0}, {0, 3}})
      .on({{0}, {0}})
      .on({{2, 3}, {3, 0}})
      .on({{0, 2, 3}, {0, 3, 2}})
      .on({{2, 2, 3}, {1, 3, 0}})
      .on({{17, 33}, {33, 9}}, Size::medium)
      .on({{3, 17, 33}, {3, 33, 9}}, Size::medium)
      .on({{300, 200}, {200, 150}}, Size::large)
      .on({{4, 50, 60}, {4, 60, 70}}, Size::large)
      .on({{4, 50, 60}, {60, 70}}, Size::large)
      .tolerance32(1e-4, 1e-4)
      .integers(Integers::same)
      .bad(Wrong::shape, "inner sizes differ (3 and 4)",
           [] {
             matmul(leaf({2, 3}), leaf({4, 2}));
           })
      .bad(Wrong::shape, "needs at least 1 dimension, got 0", [] { matmul(leaf({}), leaf({3})); })
      .bad(Wrong::shape, "batch sizes differ (2 and 3)",
           [] {
             matmul(leaf({2, 2, 3}), leaf({3, 3, 2}));
           })
      .bad(Wrong::dtype, "dtypes differ (float64 and float32)",
           [] {
             matmul(leaf({2, 3}), leaf({3}, kFloat32));
           })
      .bad(Wrong::dtype, "not defined for bool", [] { matmul(leaf({2}, kBool), leaf({2}, kBool)); });
}

template <class F>
Row& add_product(Table& t, const char* name, Args args, Args square, Args empty, F f) {
  return t.add(name, [f](auto& x) { return f(x[0], x[1]); })
      .on(std::move(args))
      .on(std::move(square))
      .on(std::move(empty))
      .integers(Integers::same)
      .bad_by(Wrong::dtype, "dtypes differ",
              [f] {
                f(leaf({2, 2}), leaf({2, 2}, kFloat32));
              })
      .bad_by(Wrong::shape, "needs tensors of rank", [f] { f(leaf({}), leaf({})); });
}

void add_matrix_products(Table& t) {
  add_product(t, "mm", {{2, 3}, {3, 4}}, {{3, 3}, {3, 3}}, {{0, 3}, {3, 2}}, [](const Tensor& a, const Tensor& b) {
    return mm(a, b);
  }).bad(Wrong::shape, "inner sizes differ (3 and 2)", [] {
    mm(leaf({2, 3}), leaf({2, 3}));
  });
  add_product(t, "mv", {{2, 3}, {3}}, {{1, 1}, {1}}, {{2, 0}, {0}}, [](const Tensor& a, const Tensor& b) {
    return mv(a, b);
  }).bad(Wrong::shape, "inner sizes differ (3 and 2)", [] {
    mv(leaf({2, 3}), leaf({2}));
  });
  add_product(t, "bmm", {{2, 2, 3}, {2, 3, 2}}, {{2, 2, 2}, {2, 2, 2}}, {{0, 2, 3}, {0, 3, 2}},
              [](const Tensor& a, const Tensor& b) { return bmm(a, b); })
      .bad(Wrong::shape, "batch sizes differ (2 and 3)", [] {
        bmm(leaf({2, 3, 4}), leaf({3, 4, 2}));
      });
  add_product(t, "dot", {{3}, {3}}, {{1}, {1}}, {{0}, {0}}, [](const Tensor& a, const Tensor& b) {
    return dot(a, b);
  }).bad(Wrong::shape, "sizes differ (2 and 3)", [] { dot(leaf({2}), leaf({3})); });
  t.add("outer", [](auto& x) { return outer(x[0], x[1]); })
      .on({{3}, {2}})
      .on({{3}, {3}})
      .on({{0}, {2}})
      .promoting()
      .integers(Integers::same)
      .bad(Wrong::shape, "needs tensors of rank 1 and 1", [] {
        outer(leaf({2, 2}), leaf({2}));
      });
}

}  // namespace

void add_matmul(Table& t) {
  add_batches(t);
  add_matrix_products(t);
}

}  // namespace xgrad::test
