// Corners of operations: empty inputs, NaN, overflow.
#include <cmath>
#include <limits>

#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_CASE(an_empty_index_may_have_any_integer_type) {
  const Tensor x = ones({5}, {kFloat64, true}), none = zeros({0}, {kUInt8});
  const Tensor y = gather(x, 0, none);
  BOOST_TEST((y.shape() == Shape{0}));
  y.sum().backward();
  check_close(x.grad(), {0, 0, 0, 0, 0}, 0);
  check_close(scatter_add(x, 0, none, zeros({0}, {kFloat64})), {1, 1, 1, 1, 1}, 0);
  expect<DTypeError>({"index must be int64, got uint8"}, [&] { gather(x, 0, zeros({1}, {kUInt8})); });
  expect<DTypeError>({"index must be int64, got float32"}, [&] { gather(x, 0, zeros({0})); });
}

BOOST_AUTO_TEST_CASE(a_deviation_of_nan_has_a_gradient_of_nan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double width : {0.5, 2.0}) {
    for (const bool huber : {true, false}) {
      const Tensor x = tensor({nan, 0.25, 4.0}, {kFloat64}).requires_grad_(), y = zeros({3}, {kFloat64});
      const Tensor loss = huber ? huber_loss(x, y, Reduction::sum, width) : smooth_l1_loss(x, y, Reduction::sum, width);
      BOOST_TEST(std::isnan(loss.item()));
      loss.backward();
      const auto g = x.grad().to_vector<double>();
      BOOST_TEST(std::isnan(g[0]));
      BOOST_TEST(g[1] == (huber ? 0.25 : 0.25 / width));
      BOOST_TEST(g[2] == (huber ? width : 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(margins_of_an_empty_batch) {
  const Tensor x = zeros({0, 3}, {kFloat64, true}), none = zeros({0}, {kInt64});
  BOOST_TEST((multi_margin_loss(x, none, {.reduction = Reduction::none}).shape() == Shape{0}));
  const Tensor weighted = multi_margin_loss(x, none, {.weight = ones({3}), .reduction = Reduction::sum});
  BOOST_TEST(weighted.item() == 0);
  weighted.backward();
  BOOST_TEST((x.grad().shape() == Shape{0, 3}));
  BOOST_TEST(std::isnan(multi_margin_loss(x, none).item()));
}

BOOST_AUTO_TEST_CASE(a_variance_that_overflows_is_infinite) {
  const Tensor x = tensor({1e200, 1e200, -1e200, 1e-200}, {kFloat64});
  BOOST_TEST(std::isinf(var(x).item()));
  BOOST_TEST(std::isinf(xgrad::std(x.reshape({4, 1}), {0}).item()));
  BOOST_TEST(std::isnan(var(tensor({INFINITY, 1.0})).item()));
}

BOOST_AUTO_TEST_CASE(a_result_too_large_is_refused_at_once) {
  const Tensor x = zeros({2, 3, 4, 4}, {kFloat64});
  const std::int64_t much = std::int64_t{1} << 62;
  BOOST_CHECK_THROW(interpolate(x, {.size = {3, much}}), Error);
}

BOOST_AUTO_TEST_CASE(any_correction_of_the_variance) {
  const Tensor x = tensor({1.0, 2.0, 4.0, 9.0}, {kFloat64});  // deviations from 4: 9 + 4 + 0 + 25
  BOOST_TEST(var(x, {0}, 2).item() == 19);
  BOOST_TEST(var(x, {0}, 0).item() == 9.5);
  BOOST_TEST(var(x, {0}, -4).item() == 4.75);
  BOOST_TEST(std::isinf(var(x, {0}, 4).item()));
  BOOST_TEST(xgrad::std(x, {0}, 2, true).item() == std::sqrt(19.0));
}
