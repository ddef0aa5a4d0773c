// First values with structure.
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_CASE(orthogonal_values) {
  manual_seed(5);
  for (const Shape& s : {Shape{4, 6}, Shape{6, 4}, Shape{3, 2, 2}, Shape{1, 1}, Shape{0, 3}}) {
    Tensor t = empty(s, {kFloat64});
    nn::init::orthogonal_(t, 2);
    if (t.numel() == 0) continue;
    Tensor q = t.reshape({t.size(0), -1});
    if (q.size(0) > q.size(1)) q = q.t();
    BOOST_TEST(allclose(matmul(q, q.t()), 4 * eye(q.size(0), q.size(0), {kFloat64}), 0, 1e-12));
  }
  Tensor flat = empty({3});
  expect<ShapeError>({"needs at least 2 dimensions, got 1"}, [&] { nn::init::orthogonal_(flat); });
}

BOOST_AUTO_TEST_CASE(dirac_passes_its_input_on) {
  Tensor w = empty({4, 2, 3, 3});
  nn::init::dirac_(w, 2);
  const Tensor x = randn({1, 2, 5, 5});
  const Tensor y = conv2d(x, w, Tensor(), {.padding = 1});
  BOOST_TEST(allclose(y, cat({x, x}, 1)));
  expect<ValueError>({"4 output channels not divisible by groups 3"}, [&] { nn::init::dirac_(w, 3); });
  Tensor flat = empty({3, 3});
  expect<ShapeError>({"rank 3, 4 or 5, got 2"}, [&] { nn::init::dirac_(flat); });
}

BOOST_AUTO_TEST_CASE(sparse_columns) {
  manual_seed(6);
  Tensor w = empty({10, 5});
  nn::init::sparse_(w, 0.25);
  check_close((w == 0).to(kFloat32).sum({0}), {3, 3, 3, 3, 3}, 0);
  expect<ValueError>({"sparsity must be in [0, 1], got 2"}, [&] { nn::init::sparse_(w, 2); });
}

BOOST_AUTO_TEST_CASE(from_a_generator) {
  const auto before = default_generator().get_state();
  const auto both = [](auto fill) {
    Tensor a = empty({6, 4}), b = empty({6, 4});
    fill(a, Generator(3));
    fill(b, Generator(3));
    BOOST_TEST(same_bits(a, b));
    const Generator g(3);
    fill(a, g);
    fill(b, g);
    BOOST_TEST(!same_bits(a, b));
  };
  using Maybe = std::optional<Generator>;
  both([](Tensor& t, const Maybe& g) { nn::init::uniform_(t, 0, 1, g); });
  both([](Tensor& t, const Maybe& g) { nn::init::normal_(t, 0, 1, g); });
  both([](Tensor& t, const Maybe& g) { nn::init::trunc_normal_(t, 0, 1, -2, 2, g); });
  both([](Tensor& t, const Maybe& g) { nn::init::xavier_uniform_(t, 1, g); });
  both([](Tensor& t, const Maybe& g) { nn::init::xavier_normal_(t, 1, g); });
  both([](Tensor& t, const Maybe& g) {
    nn::init::kaiming_uniform_(t, 0, nn::init::FanMode::fan_in, nn::init::Nonlinearity::relu, g);
  });
  both([](Tensor& t, const Maybe& g) {
    nn::init::kaiming_normal_(t, 0, nn::init::FanMode::fan_in, nn::init::Nonlinearity::relu, g);
  });
  both([](Tensor& t, const Maybe& g) { nn::init::orthogonal_(t, 1, g); });
  both([](Tensor& t, const Maybe& g) { nn::init::sparse_(t, 0.5, 1, g); });
  BOOST_TEST((default_generator().get_state() == before));
}
