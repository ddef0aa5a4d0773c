// Scalers keep their statistics in float64, whatever the type of the data.
#include <xgrad/data/scaling.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_SUITE(scaling)

// 1e7, 1e7 + 1, ...: float32 holds each of them, but not their mean 1e7 + 1.5.
BOOST_AUTO_TEST_CASE(a_mean_between_two_numbers_of_float32) {
  const Tensor x = (tensor({{0.0}, {1.0}, {2.0}, {3.0}}, {kFloat64}) + 1e7).to(kFloat32);
  const double unit = std::sqrt(1.25);
  data::StandardScaler standard;
  const Tensor y = standard.fit_transform(x);
  BOOST_TEST((y.dtype() == kFloat32));
  check_close(y, {-1.5 / unit, -0.5 / unit, 0.5 / unit, 1.5 / unit}, 1e-7);
  BOOST_TEST((standard.center().dtype() == kFloat64 && standard.scale().dtype() == kFloat64));
  check_close(standard.center(), {1e7 + 1.5}, 0);
  BOOST_TEST(same_bits(standard.inverse_transform(y), x));
  data::RobustScaler robust;  // quartiles 0.75 and 2.25
  check_close(robust.fit_transform(x), {-1, -1.0 / 3, 1.0 / 3, 1}, 1e-7);
}

// Smallest and largest value are numbers of float32, their distance is not.
BOOST_AUTO_TEST_CASE(a_range_that_float32_does_not_hold) {
  const Tensor x = tensor({{-1e-3}, {16777216.0}}, {kFloat64}).to(kFloat32);
  data::MinMaxScaler range;
  check_close(range.fit_transform(x), {0, 1}, 0);
  check_close(range.scale(), {16777216.0 + static_cast<double>(1e-3f)}, 0);
  BOOST_TEST(same_bits(range.inverse_transform(range.transform(x)).slice(0, 1, 2), x.slice(0, 1, 2)));
}

BOOST_AUTO_TEST_CASE(restored_from_any_floating_type) {
  data::StandardScaler s;
  s.set(tensor({1.5}, {kFloat32}), tensor({0.5}, {kFloat32}));
  BOOST_TEST((s.center().dtype() == kFloat64 && s.transform(ones({1, 1}, {kFloat64})).dtype() == kFloat64));
  check_close(s.transform(tensor({{2.0}})), {1}, 0);
  expect_op<DTypeError>("Scaler", {"int64"}, [&] { s.set(tensor({1}), tensor({1})); });
}

BOOST_AUTO_TEST_CASE(gradients_pass_through) {
  data::StandardScaler s;
  s.set(tensor({1.0, 2.0}), tensor({2.0, 4.0}));
  const Tensor x = ones({1, 2}, {.requires_grad = true});
  s.transform(x).sum().backward();
  check_close(x.grad(), {0.5, 0.25}, 0);
}

BOOST_AUTO_TEST_SUITE_END()
