// The functions of one argument that formulas may use, and their derivatives up to the third.

#include <xgrad/autograd.hpp>

#include "custom_support.hpp"

namespace xgrad::test {
namespace {

BOOST_FIXTURE_TEST_SUITE(custom_math, Seeded)

BOOST_AUTO_TEST_CASE(formula_functions_of_one_argument) {
  const auto check = [](auto op, double low, double high) {
    BOOST_TEST_CONTEXT(op.name()) {
      const Tensor x = leaf({6}, low, high);
      check_orders([&](const Tensors& in) { return op(in[0]); }, {x});
      // third derivative on the tape, against differences of the second
      const auto second = [&](const Tensors& in) {
        const Tensor g1 = grad({op(in[0])}, {in[0]}, {ones_like(in[0])}, {.create_graph = true})[0];
        if (!g1.requires_grad()) return in[0] * 0;
        const Tensors g2 = grad({g1}, {in[0]}, {ones_like(in[0])}, {.create_graph = true, .allow_unused = true});
        return g2[0].defined() && g2[0].requires_grad() ? g2[0] : in[0] * 0;
      };
      BOOST_TEST(gradcheck(std::function<Tensor(const Tensors&)>(second), {x}));
    }
  };
  // Grouped by domain: each formula is compiled for every instruction set.
  check(elementwise("exponentials", [](auto x) { return x * exp(x) + exp2(x) * expm1(x); }), -1, 1);
  check(elementwise("logarithms", [](auto x) { return x * log(x) + log2(x) * log10(x) + log1p(x) * x; }), 0.5, 3);
  check(elementwise("roots", [](auto x) { return x * sqrt(x) + rsqrt(x) * square(x) + x * reciprocal(x * x); }), 0.5,
        3);
  check(elementwise("trigonometry", [](auto x) { return x * sin(x) + cos(x) * tan(x) * x; }), -1, 1);
  check(elementwise("arcs", [](auto x) { return x * asin(x) + acos(x) * atan(x) + x * atanh(x); }), -0.7, 0.7);
  check(elementwise("hyperbolic", [](auto x) { return x * sinh(x) + cosh(x) * tanh(x) + x * asinh(x); }), -2, 2);
  check(elementwise("acosh", [](auto x) { return x * acosh(x) + abs(x) * sign(x); }), 1.5, 3);
  check(elementwise("errors", [](auto x) { return x * erf(x) + x * x * erfc(x); }), -2, 2);
  check(elementwise("sigmoids", [](auto x) { return x * sigmoid(x) * softplus(x) + log_sigmoid(x) * silu(x); }), -3, 3);
  check(
      elementwise("steps", [](auto x) { return x * x * (floor(x) + 2 * ceil(x) + 3 * round(x) + trunc(x)) + relu(x); }),
      0.6, 0.9);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace xgrad::test
