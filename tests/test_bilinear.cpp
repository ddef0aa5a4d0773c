// The layer of two inputs, and all parameters as one vector.
#include <cmath>

#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_CASE(bilinear_layer) {
  nn::Bilinear m(2, 3, 4);
  BOOST_TEST((m.weight.shape() == Shape{4, 2, 3}));
  BOOST_TEST((m.state_dict()[1].first == "bias"));
  BOOST_TEST(max(abs(m.weight)).item() <= 1 / std::sqrt(2.0));
  const Tensor x1 = randn({5, 2}), x2 = randn({5, 3});
  BOOST_TEST(allclose(m(x1, x2), bilinear(x1, x2, m.weight, m.bias)));
  m.register_forward_hook([](const nn::Module&, const Tensor&, const Tensor& y) { return y * 0; });
  BOOST_TEST(sum(abs(m(x1, x2))).item() == 0);
  expect<ValueError>({"sizes must be positive, got 0"}, [] { nn::Bilinear(2, 0, 1); });
}

BOOST_AUTO_TEST_CASE(parameters_as_a_vector) {
  nn::Linear m(2, 1);
  const std::vector<Tensor> params = m.parameters();
  nn::vector_to_parameters(tensor({1.0, 2.0, 3.0}), params);
  check_close(m.weight, {1, 2}, 0);
  check_close(m.bias, {3}, 0);
  const Tensor v = nn::parameters_to_vector(params);
  check_close(v, {1, 2, 3}, 0);
  (v * tensor({1.0, 10.0, 100.0})).sum().backward();
  check_close(m.weight.grad(), {1, 10}, 0);
  check_close(m.bias.grad(), {100}, 0);
  expect<ShapeError>({"the parameters have 3 elements, the vector 2"},
                     [&] { nn::vector_to_parameters(zeros({2}), params); });
  check_close(m.weight, {1, 2}, 0);
  expect<ValueError>({"there are no parameters"}, [] { nn::parameters_to_vector({}); });
}
