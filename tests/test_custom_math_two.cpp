// The functions of two arguments that formulas may use, and where two derivatives meet.
#include <cmath>

#include "custom_support.hpp"

namespace xgrad::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(custom_math_two, Seeded)

BOOST_AUTO_TEST_CASE(formula_functions_of_two_arguments) {
  const auto check = [](auto f) {
    const auto op = elementwise("two", f);
    const Tensor x = leaf({6}, 0.5, 1.5), y = leaf({6}, 1.6, 2.5);
    check_orders([&](const Tensors& in) { return op(in[0], in[1]); }, {x, y});
    check_orders([&](const Tensors& in) { return op(in[1], in[0]); }, {x, y});
  };
  check([](auto x, auto y) { return x * max(x, y) + min(x, y); });
  check([](auto x, auto y) { return x * maximum(x, 0.9) + minimum(1, y); });
  check([](auto x, auto y) { return x * fmax(x, y) * fmin(x, 2); });
  check([](auto x, auto y) {
    return pow(x, y) + pow(x, 3) + pow(2, y) + pow(x, 0.5) + pow(x, -1) + pow(x, 0) + pow(x, 2.5);
  });
  check([](auto x, auto y) { return hypot(x, y) * atan2(x, y); });
  check([](auto x, auto y) { return clamp(x * y, 0.1, 10) + clamp(x, -1, y); });
  check([](auto x, auto y) {
    auto sum = x;
    sum += y * 2;
    sum *= x;
    sum -= 1;
    sum /= y;
    return where((x > 1 && y < 2) || !(x <= 0.7), sum, -sum) + where(x == y, 1, 0) + where(x != y, +y, x) + (2 - x) / 3;
  });
}

BOOST_AUTO_TEST_CASE(ties_and_edges_follow_the_operations_of_the_library) {
  const Tensor x = tensor({-1., 0., 2.}).to(kFloat64).requires_grad_(),
               y = tensor({1., 0., 2.}).to(kFloat64).requires_grad_();
  const auto compare = [&](auto f, auto g) {
    check_same([&](const Tensors& in) { return elementwise("f", f, in[0], in[1]); },
               [&](const Tensors& in) { return g(in[0], in[1]); }, {x, y}, 0);
  };
  compare([](auto a, auto b) { return maximum(a, b); }, [](auto& a, auto& b) { return maximum(a, b); });
  compare([](auto a, auto b) { return minimum(a, b); }, [](auto& a, auto& b) { return minimum(a, b); });
  compare([](auto a, auto b) { return abs(a) * b; }, [](auto& a, auto& b) { return abs(a) * b; });
  compare([](auto a, auto b) { return relu(a) * b; }, [](auto& a, auto& b) { return relu(a) * b; });
  compare([](auto a, auto b) { return clamp(a, 0, 2) * b; }, [](auto& a, auto& b) { return clamp(a, 0, 2) * b; });
  compare([](auto a, auto b) { return pow(a, 2) * b; }, [](auto& a, auto& b) { return pow(a, 2) * b; });
  // w sqrt(x) at x = 0: the gradient for w is 0, not 0 times infinity
  const auto f = elementwise("scaled_root", [](auto w, auto x) { return w * sqrt(x); });
  const Tensor w = leaf({1}), zero = zeros({1}, {kFloat64, true});
  f(w, zero).backward();
  BOOST_TEST(w.grad().item() == 0);
  BOOST_TEST(std::isinf(zero.grad().item()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace xgrad::test
