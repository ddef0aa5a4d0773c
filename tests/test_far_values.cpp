// Values where a formula that is right on paper loses its digits: far tails, small differences, matrices far from
// normal, gradients near overflow.
#include <cmath>
#include <limits>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Tensor f64(std::initializer_list<double> v) { return tensor(v, {kFloat64}); }
Tensor matrix(std::initializer_list<std::initializer_list<double>> v, DType type = kFloat64) {
  return tensor(v, {type});
}

double relative(double got, double want) { return std::abs(got - want) / std::abs(want); }

}  // namespace

// exp of (a, b; 0, d) is (e^a, b (e^a - e^d) / (a - d); 0, e^d).
BOOST_AUTO_TEST_CASE(exponentials_of_matrices_far_from_normal) {
  for (const double b : {1e2, 1e12, 1e20}) {
    const Tensor y = matrix_exp(matrix({{1, b}, {0, -2}}));
    const auto v = y.to_vector<double>();
    BOOST_TEST_CONTEXT("b = " << b) {
      BOOST_TEST(relative(v[0], std::exp(1.0)) < 1e-13);
      BOOST_TEST(relative(v[1], b * (std::exp(1.0) - std::exp(-2.0)) / 3) < 1e-13);
      BOOST_TEST(relative(v[3], std::exp(-2.0)) < 1e-13);
      BOOST_TEST(v[2] == 0);
    }
  }
  const auto single = matrix_exp(matrix({{0, 1e20}, {0, 0}}, kFloat32)).to_vector<double>();
  BOOST_TEST(single[0] == 1);
  BOOST_TEST(relative(single[1], 1e20) < 1e-7);
  // Large ones are still halved: exp of a rotation by 100, of (40, 60; 0, 50).
  const auto turned = matrix_exp(matrix({{0, -100}, {100, 0}})).to_vector<double>();
  BOOST_TEST(std::abs(turned[0] - std::cos(100.0)) < 1e-11);
  const auto large = matrix_exp(matrix({{40, 60}, {0, 50}})).to_vector<double>();
  BOOST_TEST(relative(large[1], 6 * (std::exp(50.0) - std::exp(40.0))) < 1e-11);
}

BOOST_AUTO_TEST_CASE(the_gradient_of_atan2_near_overflow_and_underflow) {
  for (const double scale : {1e-200, 1e-160, 1.0, 1e160, 1e200}) {
    const Tensor y = f64({3 * scale}).requires_grad_(), x = f64({4 * scale}).requires_grad_();
    atan2(y, x).sum().backward();
    BOOST_TEST_CONTEXT("scale " << scale) {
      BOOST_TEST(relative(y.grad().item() * scale, 0.16) < 1e-14);
      BOOST_TEST(relative(x.grad().item() * scale, -0.12) < 1e-14);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bound_that_is_nan_makes_all_nan) {
  for (const auto& [low, high] : {std::pair{kNaN, 2.0}, std::pair{-2.0, kNaN}}) {
    const Tensor x = f64({-5, 0, 5}).requires_grad_();
    const Tensor y = clamp(x, low, high);
    for (const double v : y.to_vector<double>()) BOOST_TEST(std::isnan(v));
    y.sum().backward();
    check_close(x.grad(), {0, 0, 0}, 0);
    for (const double v : f64({-5, 0, 5}).clamp_(low, high).to_vector<double>()) BOOST_TEST(std::isnan(v));
  }
}

// d^2 det / dx_ij dx_kl of a 3 x 3 matrix is an element of it or 0, whatever its rank.
BOOST_AUTO_TEST_CASE(second_derivatives_of_determinants_of_low_rank) {
  const Tensor column = f64({1, 2, 3}).reshape({3, 1}), row = f64({1, -1, 2}).reshape({1, 3});
  const auto explicit_det = [](const Tensor& m) {
    const auto at = [&](int i, int j) { return m.select(0, i).select(0, j); };
    return at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)) -
           at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0)) +
           at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0));
  };
  const Tensor seed = f64({0.5, -1, 2, 1, 0.25, 3, -2, 1.5, 1}).reshape({3, 3});
  const auto second = [&](const Tensor& value, const auto& f) {
    const Tensor x = value.clone().requires_grad_();
    const Tensor first = grad({f(x)}, {x}, {}, {.create_graph = true})[0];
    return grad({(first * seed * first).sum() + (first * seed).sum()}, {x})[0];
  };
  for (const Tensor& x : {matmul(column, row), zeros({3, 3}, {kFloat64}), eye(3, kFloat64) * f64({1, 1, 0}),
                          eye(3, kFloat64) * f64({2, 0, 0})}) {
    const Tensor got = second(x, [](const Tensor&m) { return det(m); }), want = second(x, explicit_det);
    BOOST_TEST(allclose(got, want, 1e-9, 1e-9), "of\n" << x << "\n" << got << " is not\n" << want);
  }
  // In a batch with others.
  const Tensor both = stack({matmul(column, row), eye(3, kFloat64) * 2});
  const Tensor got = second(both, [](const Tensor& m) { return det(m).sum(); });
  BOOST_TEST(allclose(got[0], second(both[0], explicit_det), 1e-9, 1e-9));
  BOOST_TEST(allclose(got[1], second(both[1], explicit_det), 1e-9, 1e-9));
}

BOOST_AUTO_TEST_CASE(corrections_may_be_fractions) {
  const Tensor x = f64({1, 2, 4});  // deviations from 7/3: squares sum to 14/3
  BOOST_TEST(relative(var(x, {0}, 1.5).item(), 14.0 / 3 / 1.5) < 1e-14);
  BOOST_TEST(relative(x.std({0}, 0.25).item(), std::sqrt(14.0 / 3 / 2.75)) < 1e-14);
  BOOST_TEST(relative(var_mean(x, 0, 0.5).var.item(), 14.0 / 3 / 2.5) < 1e-14);
}

BOOST_AUTO_TEST_CASE(a_divisor_that_its_type_cannot_hold_is_refused) {
  const Tensor x = tensor({5, 250}, {kUInt8});
  expect<ValueError>({"remainder", "value -3 does not fit uint8"}, [&] { (void)remainder(x, -3); });
  expect<ValueError>({"fmod", "value -3 does not fit uint8"}, [&] { (void)fmod(x, -3); });
  expect<ValueError>({"floor_divide", "value 256 does not fit uint8"}, [&] { (void)floor_divide(x, 256); });
  expect<ValueError>({"div", "value -1 does not fit uint8"}, [&] { (void)div(x, -1, Rounding::floor); });
  BOOST_TEST((remainder(x, 7).to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 5}));
}

BOOST_AUTO_TEST_CASE(the_tail_of_gelu) {  // x erfc(-x / sqrt(2)) / 2
  for (const double v : {-3.0, -7.5, -12.0, -30.0}) {
    const double want = 0.5 * v * std::erfc(-v / std::sqrt(2.0));
    const Tensor x = f64({v}).requires_grad_();
    const Tensor y = gelu(x);
    y.backward();
    const double slope = 0.5 * std::erfc(-v / std::sqrt(2.0)) + v * std::exp(-v * v / 2) / std::sqrt(2 * M_PI);
    BOOST_TEST_CONTEXT("x = " << v) {
      BOOST_TEST(relative(y.item(), want) < 1e-12);
      BOOST_TEST(relative(x.grad().item(), slope) < 1e-12);
      BOOST_TEST((v < -12 || relative(gelu(tensor({v})).item(), want) < 1e-4));
    }
  }
}

BOOST_AUTO_TEST_CASE(powers_of_two_beyond_the_range) {
  const Tensor small = f64({1e-300}), exponent = tensor({1100});
  BOOST_TEST(relative(ldexp(small, exponent).item(), std::ldexp(1e-300, 1100)) < 1e-15);
  BOOST_TEST(ldexp(f64({std::ldexp(1.0, 1000)}), tensor({-2000})).item() == std::ldexp(1.0, -1000));
  BOOST_TEST(relative(ldexp(f64({3}), f64({0.5})).item(), 3 * std::sqrt(2.0)) < 1e-15);
  BOOST_TEST((ldexp(tensor({3}), tensor({2})).dtype() == kFloat32));
  BOOST_TEST((ldexp(tensor(3., {kFloat64}), tensor({2})).dtype() == kFloat32));  // a number beside a float32 power
}

BOOST_AUTO_TEST_CASE(quantiles_of_the_normal_distribution) {
  for (const double x : {-1e-10, 1e-3, -0.5, 0.67, -1.5, -5.0, -20.0, -37.0}) {
    const double p = 0.5 * std::erfc(-x / std::sqrt(2.0));
    BOOST_TEST_CONTEXT("x = " << x) {
      // p near 1/2 keeps x to the rounding of p alone
      BOOST_TEST(std::abs(ndtri(f64({p})).item() - x) <= 1e-13 * std::abs(x) + 2e-16);
    }
  }
  const double d = std::ldexp(1.0, -30);  // 0.5 + d is a number
  BOOST_TEST(relative(ndtri(f64({0.5 + d})).item(), d * std::sqrt(2 * M_PI)) < 1e-13);
}

BOOST_AUTO_TEST_CASE(the_slope_of_the_first_power_has_a_derivative) {
  const Tensor x = f64({2, 3}).requires_grad_();
  const Tensor first = grad({pow(x, 1).sum()}, {x}, {}, {.create_graph = true})[0];
  check_close(first, {1, 1}, 0);
  check_close(grad({first.sum()}, {x})[0], {0, 0}, 0);
}

BOOST_AUTO_TEST_CASE(every_source_of_a_place_gets_its_gradient) {
  const Tensor x = zeros({3}, {kFloat64}), index = tensor({1, 1, 0}), seed = f64({10, 20, 30});
  const auto gradient = [&](const auto& f) {
    const Tensor source = f64({1, 2, 3}).requires_grad_();
    (f(source) * seed).sum().backward();
    return source.grad();
  };
  check_close(gradient([&](const Tensor& s) { return scatter(x, 0, index, s); }), {20, 20, 10}, 0);
  check_close(gradient([&](const Tensor& s) { return index_copy(x, 0, index, s); }), {20, 20, 10}, 0);
  check_close(gradient([&](const Tensor& s) { return index_put(x, {index}, s); }), {20, 20, 10}, 0);
  check_close(gradient([&](const Tensor& s) { return put(x, index, s); }), {20, 20, 10}, 0);
}

BOOST_AUTO_TEST_CASE(distances_that_no_memory_holds_are_refused_at_once) {
  const Tensor rows = ones({1000000, 2});
  expect<OutOfMemoryError>({"cdist", "cannot allocate"}, [&] { (void)cdist(rows, rows); });
}

BOOST_AUTO_TEST_CASE(gradients_of_distances_in_pieces) {
  // More differences than are made at a time.
  const Tensor x = (arange(2100.0) * 0.37).sin().reshape({700, 3}).to(kFloat64),
               y = (arange(9000.0) * 0.11).cos().reshape({3000, 3}).to(kFloat64);
  const Tensor a = x.clone().requires_grad_(), b = y.clone().requires_grad_();
  cdist(a, b).sum().backward();
  const Tensor c = x.clone().requires_grad_(), d = y.clone().requires_grad_();
  const Tensor apart = unsqueeze(c, 1) - unsqueeze(d, 0);
  sqrt((apart * apart).sum(-1)).sum().backward();
  BOOST_TEST(allclose(a.grad(), c.grad(), 1e-9, 1e-9));
  BOOST_TEST(allclose(b.grad(), d.grad(), 1e-9, 1e-9));
}
