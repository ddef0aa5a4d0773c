// Changes in place: what is recorded, what is refused, and what is noticed later by the version counters.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

Tensor leaf(std::initializer_list<double> v) { return tensor(v, {kFloat64, true}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(inplace)

// ---- off the tape ----
BOOST_AUTO_TEST_CASE(outside_the_graph) {
  Tensor x = tensor({1., 2., 3.}, {kFloat64});
  BOOST_TEST(x.version() == 0u);
  x.add_(1).mul_(2).sub_(ones({3}, {kFloat64})).div_(3);
  check_close(x, {1, 5. / 3, 7. / 3}, 1e-15);
  BOOST_TEST(x.version() == 4u);
  x.clamp_(1.5, 2);
  check_close(x, {1.5, 5. / 3, 2}, 1e-15);
  x.zero_();
  x.fill_(2);
  x.copy_(tensor({1, 2, 3}));
  check_close(x, {1, 2, 3}, 0);
  BOOST_TEST(!x.requires_grad());
}

BOOST_AUTO_TEST_CASE(operators) {
  Tensor x = tensor({1., 2.}, {kFloat64}), i = tensor({5, 6});
  x += 1;
  x -= 0.5;
  x *= tensor({2., 4.}, {kFloat64});
  x /= 2;
  check_close(x, {1.5, 5}, 0);
  i -= 2;
  i += 1;
  i *= 3;
  BOOST_TEST((i.to_vector<std::int64_t>() == std::vector<std::int64_t>{12, 15}));
  BOOST_TEST((i.dtype() == kInt64));
  x[0] += 10;
  x[1] *= 2;
  check_close(x, {11.5, 10}, 0);
  expect_op<DTypeError>("div_", {"cannot be stored"}, [&] { i /= 2; });
  expect_op<DTypeError>("add_", {"cannot be stored"}, [&] { i += 0.5; });
  BOOST_TEST((i.to_vector<std::int64_t>() == std::vector<std::int64_t>{12, 15}));
}

BOOST_AUTO_TEST_CASE(assigning_to_a_part_changes_the_whole) {
  Tensor x = zeros({2, 3}), y = tensor({1., 2., 3.});
  x[0] = y;
  x.select(1, 2) = 7;
  x[1][0] = y[1];
  x[1].slice(0, 1, 2) = tensor({5});  // another type
  check_close(x, {1, 2, 7, 2, 5, 7}, 0);
  x = y;  // a variable becomes another handle
  BOOST_TEST(x.is_same(y));
  Tensor w = ones({3}).requires_grad_(), z = zeros({2, 3});
  z[1] = w * 2;
  z.sum().backward();
  check_close(w.grad(), {2, 2, 2}, 0);
  expect_op<ShapeError>("copy_", {"(4)", "(3)"}, [&] { y.slice(0, 0, 3) = ones({4}); });
  expect_op<AutogradError>("fill_", {"leaf"}, [&] { w[0] = 1; });
}

BOOST_AUTO_TEST_CASE(aliases) {
  Tensor t = tensor({1., 2., 3.}, {kFloat64});
  Tensor v = t.view({3, 1}), d = t.detach(), c = t.clone();
  v[0][0].fill_(7);
  d[2].fill_(-1);
  c[1].fill_(99);
  check_close(t, {7, 2, -1}, 0);
  BOOST_TEST(t.version() == 2u);
}

BOOST_AUTO_TEST_CASE(overlapping_memory) {
  Tensor t = tensor({1., 2., 3., 4.}, {kFloat64});
  t.slice(0, 1).copy_(t.slice(0, 0, 3));
  check_close(t, {1, 1, 2, 3}, 0);
  t.slice(0, 1).add_(t.slice(0, 0, 3));
  check_close(t, {1, 2, 3, 5}, 0);
  Tensor square = tensor({{1., 2.}, {3., 4.}}, {kFloat64});
  square.copy_(square.t());
  check_close(square, {1, 3, 2, 4}, 0);
  square.add_(square.t());
  check_close(square, {2, 5, 5, 8}, 0);
  square.mul_(square[0]);
  check_close(square, {4, 25, 10, 40}, 0);
}

BOOST_AUTO_TEST_CASE(optimizers_change_leaves_without_gradients) {
  Tensor w = leaf({1, 2});
  (w * w).sum().backward();
  {
    const NoGradGuard off;
    w.sub_(w.grad(), 0.5);
  }
  check_close(w, {0, 0}, 0);
  BOOST_TEST(w.is_leaf());
  BOOST_TEST(w.requires_grad());
  w.zero_grad();
  (w * 3).sum().backward();
  check_close(w.grad(), {3, 3}, 0);
}

// ---- on the tape ----
BOOST_AUTO_TEST_CASE(of_a_result) {
  const Tensor x = leaf({-1.5, 0.5, 2});
  Tensor y = x * 2;
  y *= 3;
  y[0].fill_(5);
  check_close(y, {5, 3, 12}, 0);
  y.sum().backward();
  check_close(x.grad(), {0, 6, 6}, 0);
}

BOOST_AUTO_TEST_CASE(of_a_constant_with_a_variable) {
  const Tensor x = leaf({1, 2});
  Tensor y = zeros({2, 2}, {kFloat64});
  y[0].copy_(x);
  y[1].add_(x * 2);
  BOOST_TEST(y.requires_grad());
  (y * tensor({{1., 10.}, {100., 1000.}}, {kFloat64})).sum().backward();
  check_close(x.grad(), {201, 2010}, 0);
}

BOOST_AUTO_TEST_CASE(through_a_view) {
  const Tensor x = leaf({-1.5, 0.5, 2});
  Tensor y = x * 1, v = y.slice(0, 1);
  v *= 10;
  check_close(y, {-1.5, 5, 20}, 0);
  (y * y).sum().backward();
  check_close(x.grad(), {-3, 100, 400}, 0);
}

BOOST_AUTO_TEST_CASE(a_view_sees_changes_of_its_base) {
  const Tensor x = leaf({1, 2, 3, 4});
  Tensor y = x * 1;
  const Tensor before = y.view({2, 2}), column = before.t()[1];
  y *= 3;
  y[3].mul_(2);
  check_close(column, {6, 24}, 0);
  column.sum().backward();
  check_close(x.grad(), {0, 3, 0, 6}, 0);
}

BOOST_AUTO_TEST_CASE(views_of_views_and_two_views_of_one_base) {
  const Tensor x = leaf({1, 2, 3, 4}), w = leaf({5, 6});
  Tensor y = x * 1;
  Tensor rows = y.view({2, 2}), first = rows[0], last = y.slice(0, 2);
  first.mul_(w);        // y = x0 w0, x1 w1, x2, x3
  last.add_(first);     // x2 + x0 w0, x3 + x1 w1
  rows.t()[0].mul_(2);  // 2 x0 w0, 2 (x2 + x0 w0)
  check_close(y, {10, 12, 16, 16}, 0);
  check_close(first, {10, 12}, 0);
  check_close(last, {16, 16}, 0);
  (y * tensor({1., 1., 10., 10.}, {kFloat64})).sum().backward();
  check_close(x.grad(), {22 * 5, 11 * 6, 20, 10}, 1e-15);
  check_close(w.grad(), {22 * 1, 11 * 2}, 1e-15);
}

BOOST_AUTO_TEST_CASE(a_base_that_is_not_contiguous) {
  const Tensor x = leaf({1, 2, 3, 4, 5, 6}), w = leaf({7, 8, 9});
  Tensor base = zeros({3, 2}, {kFloat64}).t().detach();
  Tensor row = base[1];
  base.add_(x.view({2, 3}));
  row.mul_(w);
  base[0][2].mul_(10);
  check_close(base, {1, 2, 30, 28, 40, 54}, 0);
  check_close(row, {28, 40, 54}, 0);
  const Tensor loss = (base * tensor({{1., 2., 3.}, {4., 5., 6.}}, {kFloat64})).sum() + row.sum();
  const std::vector<Tensor> g = grad({loss}, {x, w}, {}, {.create_graph = true});
  check_close(g[0], {1, 2, 30, 35, 48, 63}, 1e-15);
  check_close(g[1], {20, 30, 42}, 1e-15);
  check_close(grad({(g[0] * g[0]).sum()}, {w})[0], {2 * 35 * 5, 2 * 48 * 6, 2 * 63 * 7}, 1e-15);
}

BOOST_AUTO_TEST_CASE(gradient_of_a_view_after_the_change) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 1, v = y[0];
  v.mul_(3);
  v.retain_grad();
  (v * v).backward();
  check_close(x.grad(), {18, 0}, 0);
  check_close(v.grad(), {6}, 0);
}

BOOST_AUTO_TEST_CASE(twice_differentiated) {
  const Tensor x = leaf({2, 3});
  Tensor y = x * x;
  y[0].mul_(x[1]);                                                       // x0^2 x1, x1^2
  const Tensor g = grad({y.sum()}, {x}, {}, {.create_graph = true})[0];  // 2 x0 x1, x0^2 + 2 x1
  check_close(g, {12, 10}, 1e-15);
  check_close(grad({g[0]}, {x}, {}, {.retain_graph = true})[0], {6, 4}, 1e-15);
  check_close(grad({g[1]}, {x})[0], {4, 2}, 1e-15);
}

BOOST_AUTO_TEST_CASE(the_types_of_the_operands) {
  const Tensor x = leaf({1, 2});
  Tensor y = ones({2}, {kFloat32}) * 1;
  y.mul_(x);  // stays float32
  BOOST_TEST((y.dtype() == kFloat32));
  y.sum().backward();
  check_close(x.grad(), {1, 1}, 0);
  BOOST_TEST((x.grad().dtype() == kFloat64));
}

// ---- refused ----
BOOST_AUTO_TEST_CASE(refused_on_leaves) {
  Tensor x = leaf({1, 2});
  const Tensor g = ones({2}, {kFloat64});
  expect_op<AutogradError>("add_", {"in-place write to a leaf that requires grad", "NoGradGuard"}, [&] { x.add_(1); });
  expect_op<AutogradError>("add_", {"in-place write to a leaf that requires grad"}, [&] { x += g; });
  expect_op<AutogradError>("copy_", {"leaf"}, [&] { x.copy_(g); });
  expect_op<AutogradError>("zero_", {"leaf"}, [&] { x.zero_(); });
  expect_op<AutogradError>("fill_", {"view of a leaf"}, [&] { x[0].fill_(1); });
  expect_op<AutogradError>("mul_", {"view of a leaf"}, [&] { x.view({2, 1}).mul_(2); });
  expect_op<AutogradError>("mutable_data", {"NoGradGuard"}, [&] { x.mutable_data<double>(); });
  check_close(x, {1, 2}, 0);
  BOOST_TEST(x.version() == 0u);
}

BOOST_AUTO_TEST_CASE(refused_on_views_of_leaves_made_without_gradients) {
  Tensor x = leaf({1, 2});
  Tensor v;
  {
    const NoGradGuard off;
    v = x.view({2, 1});
  }
  const Tensor w = leaf({3, 4});
  expect<AutogradError>({"view of a leaf"}, [&] { v.add_(w.view({2, 1})); });
  BOOST_TEST(x.is_leaf());
  check_close(x, {1, 2}, 0);
}

BOOST_AUTO_TEST_CASE(refused_on_expanded_views) {
  Tensor x = ones({1}, {kFloat64});
  expect_op<AutogradError>("add_", {"expanded view", "clone()"}, [&] { x.expand({3}).add_(1); });
  expect_op<AutogradError>("copy_", {"expanded view"}, [&] { x.expand({3}).copy_(ones({3})); });
  const NoGradGuard off;
  expect_op<AutogradError>("zero_", {"expanded view"}, [&] { x.expand({3}).zero_(); });
  check_close(x, {1}, 0);
}

BOOST_AUTO_TEST_CASE(refused_growth) {
  Tensor x = ones({2}, {kFloat64});
  expect_op<ShapeError>("add_", {"shape (3, 2) does not fit into (2)"}, [&] { x.add_(ones({3, 2}, {kFloat64})); });
  expect_op<ShapeError>("copy_", {"does not fit"}, [&] { x.copy_(ones({3}, {kFloat64})); });
  expect_op<ValueError>("add_", {"undefined"}, [&] { x.add_(Tensor()); });
  BOOST_TEST(x.version() == 0u);
}

// ---- noticed later ----
BOOST_AUTO_TEST_CASE(a_saved_value_was_overwritten) {
  const Tensor x = leaf({1, 2});
  Tensor w = tensor({3., 4.}, {kFloat64});
  const std::string saved = next_line();
  const Tensor y = x * w;
  const std::string changed = next_line();
  w.add_(1);
  expect<AutogradError>({"xgrad: mul: ", "overwritten by add_ (version 1, expected 0)", saved, changed},
                        [&] { y.sum().backward(); });
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_saved_result_was_overwritten) {
  const Tensor x = leaf({1, 2});
  Tensor y = exp(x);
  y.mul_(2);
  expect<AutogradError>({"xgrad: exp: ", "overwritten by mul_"}, [&] { y.sum().backward(); });
  Tensor z = exp(x);
  z.detach().zero_();
  expect<AutogradError>({"xgrad: exp: ", "overwritten by zero_"}, [&] { z.sum().backward(); });
  Tensor v = exp(x);
  v[1].fill_(0);
  expect<AutogradError>({"xgrad: exp: ", "overwritten by fill_"}, [&] { v.sum().backward(); });
  Tensor data = exp(x);
  {
    const NoGradGuard off;
    data.mutable_data<double>()[0] = 1;
  }
  expect<AutogradError>({"xgrad: exp: ", "overwritten by mutable_data"}, [&] { data.sum().backward(); });
}

BOOST_AUTO_TEST_CASE(a_parameter_changed_between_forward_and_backward) {
  const Tensor x = leaf({1, 2});
  Tensor w = leaf({3, 4});
  const Tensor loss = (x * w).sum();
  {
    const NoGradGuard off;
    w.sub_(ones({2}, {kFloat64}));
  }
  expect<AutogradError>({"xgrad: mul: ", "overwritten by sub_"}, [&] { loss.backward(); });
}

BOOST_AUTO_TEST_CASE(changes_that_do_not_matter) {
  const Tensor x = leaf({1, 2});
  Tensor w = tensor({3., 4.}, {kFloat64});
  const Tensor y = x + w;  // saves nothing
  w.zero_();
  y.sum().backward();
  check_close(x.grad(), {1, 1}, 0);
  Tensor a = x * 2;  // saves only the number
  a.mul_(a);         // saves a copy of the old values
  a.add_(1);
  a.sum().backward();
  check_close(x.grad(), {1 + 8, 1 + 16}, 0);
}

// ---- other data ----
BOOST_AUTO_TEST_CASE(set_data) {
  Tensor w = leaf({1, 2});
  const Tensor y = (w * w).sum();
  w.set_data(ones({3}, {kFloat32}));
  BOOST_TEST((w.shape() == Shape{3}));
  BOOST_TEST((w.dtype() == kFloat32));
  BOOST_TEST(w.requires_grad());
  expect<AutogradError>({"set_data", "only a leaf"}, [&] {
    Tensor z = w * 2;
    z.set_data(ones({3}));
  });
  expect<DTypeError>({"set_data"}, [&] { w.set_data(ones({3}, {kInt64})); });
}

// The version of the new storage, counted up, must not come to be that of the value saved for backward.
BOOST_AUTO_TEST_CASE(set_data_between_forward_and_backward) {
  for (int changes = 0; changes < 4; ++changes) {
    Tensor w = leaf({1, 2}), other = tensor({3., 4.}, {kFloat64});
    {
      const NoGradGuard off;
      for (int i = 0; i < 2; ++i) w.add_(1);
      for (int i = 0; i < changes; ++i) other.add_(1);
    }
    const Tensor y = (w * w).sum(), old = w.detach();
    w.set_data(other);
    expect<AutogradError>({"saved for backward was overwritten", "set_data"}, [&] { y.backward(); });
    w.set_data(old);  // not even the old values by another way
    expect<AutogradError>({"saved for backward was overwritten", "set_data"}, [&] { y.backward(); });
  }
}

BOOST_AUTO_TEST_SUITE_END()
