// Operations that are made of others speak of themselves in their errors, at the line of the call.
#include <cmath>

#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr const char* kHere = "test_composed_errors.cpp";

}  // namespace

BOOST_AUTO_TEST_CASE(products_name_the_operation_that_was_called) {
  const Tensor b = ones({2, 2}, kBool), x = ones({2, 3});
  expect<DTypeError>({"einsum: is not defined for bool", kHere}, [&] { (void)einsum("ij,jk->ik", {b, b}); });
  expect<DTypeError>({"tensordot: is not defined for bool", kHere}, [&] { (void)tensordot(b, b, 1); });
  expect<DTypeError>({"inner: is not defined for bool", kHere}, [&] { (void)inner(b, b); });
  expect<DTypeError>({"addmm: is not defined for bool", kHere}, [&] { (void)addmm(b, b, b); });
  expect<ShapeError>({"addmm: inner sizes differ (3 and 2)", kHere}, [&] { (void)addmm(x, x, x); });
  expect<ShapeError>({"addmv: inner sizes differ (3 and 2)", kHere}, [&] { (void)addmv(x, x, ones({2})); });
  expect<ShapeError>({"baddbmm: batch sizes differ (1 and 2)", kHere}, [&] {
    (void)baddbmm(x, ones({1, 2, 3}), ones({2, 3, 2}));
  });
}

BOOST_AUTO_TEST_CASE(systems_name_the_operation_that_was_called) {
  const Tensor nan = full({2, 2}, NAN), batch = ones({3, 2, 2}), other = ones({2, 2, 2});
  expect<ShapeError>({"lstsq: the batches (3) and (2) do not broadcast", kHere},
                     [&] { (void)linalg::lstsq(batch, other); });
  expect<ValueError>({"lstsq: the input has NaN", kHere}, [&] { (void)linalg::lstsq(nan, other[0]); });
  expect<ValueError>({"pinv: the input has NaN", kHere}, [&] { (void)linalg::pinv(nan); });
  expect<ValueError>({"pinv: the input has NaN", kHere}, [&] { (void)linalg::pinv(nan, {.hermitian = true}); });
  expect<ValueError>({"cond: the input has NaN", kHere}, [&] { (void)linalg::cond(nan); });
  expect<ValueError>({"matrix_rank: the input has NaN", kHere}, [&] { (void)matrix_rank(nan); });
  expect<ValueError>({"matrix_norm: the input has NaN", kHere}, [&] { (void)linalg::matrix_norm(nan, "nuc"); });
  expect<ValueError>({"tensorsolve: the matrix is singular", kHere}, [&] {
    (void)linalg::tensorsolve(zeros({2, 2}), ones({2}));
  });
  expect<ValueError>({"tensorinv: the matrix is singular", kHere}, [&] { (void)linalg::tensorinv(zeros({2, 2}), 1); });
  expect<ShapeError>({"cholesky_solve: A has 3 rows and B has 2", kHere}, [&] {
    (void)cholesky_solve(ones({2, 2}), ones({3, 3}));
  });
  expect<ShapeError>({"lu_solve: the batches (3) and (2) do not broadcast", kHere}, [&] {
    (void)linalg::lu_solve(batch, ones({3, 2}, kInt32), other);
  });
  expect<ShapeError>({"cdist", "do not broadcast", kHere}, [&] { (void)cdist(batch, other); });
}

BOOST_AUTO_TEST_CASE(what_no_memory_holds_names_the_call) {
  const std::int64_t many = std::int64_t{1} << 20, huge = std::int64_t{1} << 62;
  expect<OutOfMemoryError>({"tril_indices", kHere}, [&] { (void)tril_indices(many, many); });
  expect<OutOfMemoryError>({"inverse", kHere}, [&] { (void)inverse(expand(ones({1, 1}), {many, many})); });
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which end the program
  expect<OutOfMemoryError>({"inv", kHere}, [&] { (void)linalg::inv(expand(eye(2), {many << 20, 2, 2})); });
#endif
  expect<OutOfMemoryError>({"cdist", kHere}, [&] { (void)cdist(ones({many, 2}), ones({many, 2})); });
  expect<OutOfMemoryError>({"pdist", kHere}, [&] { (void)pdist(ones({4 * many, 2})); });
  expect<OutOfMemoryError>({"logspace", kHere}, [&] { (void)logspace(0, 1, huge >> 8); });
  expect<ShapeError>({"one_hot", kHere}, [&] { (void)one_hot(zeros({8}, kInt64), huge); });
  expect<ShapeError>({"vander", kHere}, [&] { (void)vander(ones({8}), huge); });
}

BOOST_AUTO_TEST_CASE(a_mask_that_does_not_fit_says_what_would) {
  const Tensor x = ones({2, 3});
  expect<IndexError>({"size 0 is 3, expected 2", kHere}, [&] { (void)x.index({ones({3}, kBool)}); });
  expect<IndexError>({"size 0 is 3, expected 2", kHere}, [&] { (void)x.index(ones({3}, kBool)); });
}

BOOST_AUTO_TEST_CASE(an_undefined_tensor_assigned_to_a_gradient_gets_advice) {
  Tensor w = ones({2}).requires_grad_();
  w.sum().backward();
  expect<ValueError>({"w.zero_grad()"}, [&] { w.grad() = Tensor(); });
}
