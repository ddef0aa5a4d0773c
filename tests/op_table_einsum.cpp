// Rows of <xgrad/ops/einsum.hpp>.
#include "op_table.hpp"

namespace xgrad::test {
namespace {

void add_sums_of_products(Table& t) {
  const auto as = [](const char* equation) { return [equation](const Tensors& x) { return einsum(equation, x); }; };
  t.add("matmul", as("ij,jk->ik"))
      .covers({"einsum"})
      .on({{2, 3}, {3, 4}})
      .on({{0, 3}, {3, 2}})
      .on({{2, 0}, {0, 3}})
      .on({{2, 3}, {3, 4}}, as("ij,jk"))
      .on({{3}, {4}}, as("i,j->ij"))
      .on({{3}, {3}}, as("i,i->"))
      .on({{2, 3, 4}, {2, 4, 5}}, as("bij,bjk->bik"))
      .on({{2, 3, 4}, {4, 5}}, as("...j,jk->...k"))
      .on({{1, 3, 4}, {2, 4, 2}}, as("bij,bjk->bik"))
      .on({{2, 3}, {3, 4}, {4, 2}}, as("ij,jk,kl->il"))
      .on({{2, 3}, {2, 3}}, as("ij,ij->i"))
      .on({{2, 3}, {4, 3}, {4}}, as("bn,an,a->b"))
      .on({{2, 3}, {2}}, as(" i j , i -> j "))
      .integers(Integers::same)
      .bad(Wrong::value, "the equation has 2 operands, 1 were given",
           [] {
             einsum("ij,jk", {leaf({2, 2})});
           })
      .bad(Wrong::value, "the result has 'k', which no operand has",
           [] {
             einsum("ij->ik", {leaf({2, 2})});
           })
      .bad(Wrong::value, "the result has 'i' twice",
           [] {
             einsum("ij->ii", {leaf({2, 2})});
           })
      .bad(Wrong::value, "operand 1 has 2 dimensions and 1 letters",
           [] {
             einsum("i->i", {leaf({2, 2})});
           })
      .bad(Wrong::value, "'1' is neither a letter",
           [] {
             einsum("i1->i", {leaf({2, 2})});
           })
      .bad(Wrong::value, "no operands", [] { einsum("", {}); })
      .bad(Wrong::dtype, "dtypes differ",
           [] {
             einsum("i,i", {leaf({2}), leaf({2}, kFloat32)});
           })
      .bad(Wrong::shape, "'j' has size 3 and 2", [] {
        einsum("ij,jk", {leaf({2, 3}), leaf({2, 2})});
      });
  t.add("permute", as("ij->ji")).covers({"einsum"}).on({{2, 3}}).on({{2, 3}}, as("ba")).integers(Integers::same);
  t.add("sum", as("ii")).covers({"einsum"}).on({{3, 3}}).on({{2, 3}}, as("ij->")).integers(Integers::same);
  t.add("diagonal", as("ii->i"))
      .covers({"einsum"})
      .on({{3, 3}})
      .on({{2, 3, 3}}, as("...ii->...i"))
      .integers(Integers::same);
  t.add("matmul", [](auto& x) { return tensordot(x[0], x[1]); })
      .covers({"tensordot"})
      .on({{2, 3, 4}, {3, 4, 2}})
      .on({{2, 3}, {3, 4}}, [](auto& x) { return tensordot(x[0], x[1], 1); })
      .on({{2}, {3}}, [](auto& x) { return tensordot(x[0], x[1], 0); })
      .on({{2, 3, 4}, {4, 2}},
          [](auto& x) {
            return tensordot(x[0], x[1], {0, 2}, {1, 0});
          })
      .integers(Integers::same)
      .bad(Wrong::shape, "has size 3, dimension 0 of y 2",
           [] {
             tensordot(leaf({2, 3}), leaf({2, 3}), 1);
           })
      .bad(Wrong::value, "dims must be from 0", [] { tensordot(leaf({2}), leaf({2}), 2); })
      .bad(Wrong::index, "given twice", [] {
        tensordot(leaf({2, 2}), leaf({2, 2}), {0, 0}, {0, 1});
      });
}

void add_vectors(Table& t) {
  t.add("matmul", [](auto& x) { return inner(x[0], x[1]); })
      .covers({"inner"})
      .on({{3}, {3}})
      .on({{2, 3}, {4, 3}})
      .integers(Integers::same)
      .bad(Wrong::shape, "the last sizes differ (3 and 2)", [] { inner(leaf({3}), leaf({2})); });
  t.add("mul", [](auto& x) { return inner(x[0], x[1]); }).covers({"inner"}).on({{}, {2, 3}}).integers(Integers::same);
  t.add("mul", [](auto& x) { return kron(x[0], x[1]); })
      .covers({"kron"})
      .on({{2, 2}, {2, 3}})
      .on({{2}, {2, 2}})
      .on({{2, 2}, {}})
      .integers(Integers::same)
      .bad(Wrong::shape, "takes ranks up to 4", [] {
        kron(leaf({1, 1, 1, 1, 1}), leaf({1}));
      });
  t.add("mul", [](auto& x) { return cross(x[0], x[1]); })
      .covers({"cross"})
      .on({{3}, {3}})
      .on({{2, 3}, {1, 3}})
      .on({{3, 2}, {3, 2}}, [](auto& x) { return cross(x[0], x[1], 0); })
      .integers(Integers::same)
      .example("x y", {f64({1, 0, 0}), f64({0, 1, 0})}, {f64({0, 0, 1})})
      .bad(Wrong::shape, "must have size 3", [] { cross(leaf({2}), leaf({2})); });
  t.add("mul", [](auto& x) { return linalg::vecdot(x[0], x[1]); })
      .covers({"vecdot"})
      .on({{3}, {3}})
      .on({{2, 3}, {1, 3}}, [](auto& x) { return linalg::vecdot(x[0], x[1], 0); })
      .integers(Integers::sum)
      .bad(Wrong::shape, "broadcast", [] { (void)linalg::vecdot(leaf({2}), leaf({3})); });
  t.add("matmul", [](auto& x) { return linalg::multi_dot(x); })
      .covers({"multi_dot", "chain_matmul"})
      .on({{2, 3}, {3, 4}})
      .on({{2, 3}, {3, 4}, {4, 1}, {1, 2}})
      .on({{3}, {3, 4}, {4}})
      .on({{2, 3}, {3, 2}, {2, 2}}, [](auto& x) { return chain_matmul(x); })
      .integers(Integers::same)
      .bad(Wrong::value, "needs at least 2 matrices, got 1",
           [] {
             (void)linalg::multi_dot({leaf({2, 2})});
           })
      .bad(Wrong::shape, "operands 1 and 2 do not fit",
           [] {
             (void)linalg::multi_dot({leaf({2, 2}), leaf({3, 2})});
           })
      .bad(Wrong::shape, "must be a matrix", [] {
        (void)linalg::multi_dot({leaf({2, 2}), leaf({2}), leaf({2, 2})});
      });
}

template <class F>
void add_sum(Table& t, const char* name, const char* product, Args args, F f) {
  t.add(product, [f](auto& x) { return f(x[0], x[1], x[2], Scalar(1), Scalar(1)); })
      .covers({name})
      .on(args)
      .on(args, [f](const Tensors& x) { return f(x[0], x[1], x[2], Scalar(2), Scalar(3)); })
      .on(args, [f](const Tensors& x) { return f(x[0] * 0, x[1], x[2], Scalar(0), Scalar(1)); })
      .integers(Integers::same);
}

void add_einsum_sums(Table& t) {
  using T = const Tensor&;
  add_sum(t, "addmm", "mm", {{2, 4}, {2, 3}, {3, 4}},
          [](T x, T a, T b, Scalar beta, Scalar alpha) { return addmm(x, a, b, beta, alpha); });
  add_sum(t, "addmv", "mv", {{2}, {2, 3}, {3}},
          [](T x, T a, T b, Scalar beta, Scalar alpha) { return addmv(x, a, b, beta, alpha); });
  add_sum(t, "addr", "outer", {{1, 3}, {2}, {3}},
          [](T x, T a, T b, Scalar beta, Scalar alpha) { return addr(x, a, b, beta, alpha); });
  add_sum(t, "baddbmm", "bmm", {{3, 2}, {2, 3, 3}, {2, 3, 2}},
          [](T x, T a, T b, Scalar beta, Scalar alpha) { return baddbmm(x, a, b, beta, alpha); });
  add_sum(t, "addbmm", "bmm", {{3, 2}, {2, 3, 3}, {2, 3, 2}},
          [](T x, T a, T b, Scalar beta, Scalar alpha) { return addbmm(x, a, b, beta, alpha); });
}

}  // namespace

void add_einsum(Table& t) {
  add_sums_of_products(t);
  add_vectors(t);
  add_einsum_sums(t);
}

}  // namespace xgrad::test
