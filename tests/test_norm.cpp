// Normalisation, embedding, padding and activation modules: statistics, state, modes, names, errors.
#include <xgrad/autograd.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

template <class List>
std::string names(const List& list) {
  std::string s;
  for (const auto& [name, value] : list) s += (s.empty() ? "" : " ") + name;
  return s;
}

// Mean and biased variance of the elements.
std::pair<double, double> moments(const std::vector<double>& v) {
  double mean = 0, var = 0;
  for (const double x : v) mean += x / static_cast<double>(v.size());
  for (const double x : v) var += (x - mean) * (x - mean) / static_cast<double>(v.size());
  return {mean, var};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(normalisation)

BOOST_AUTO_TEST_CASE(batch_norm_has_the_names_of_pytorch) {
  const nn::BatchNorm2d bn(3);
  BOOST_TEST(names(bn.named_parameters()) == "weight bias");
  BOOST_TEST(names(bn.named_buffers()) == "running_mean running_var num_batches_tracked");
  BOOST_TEST(bn.label() == "BatchNorm2d(3)");
  check_close(bn.weight, {1, 1, 1});
  check_close(bn.bias, {0, 0, 0});
  check_close(bn.running_mean, {0, 0, 0});
  check_close(bn.running_var, {1, 1, 1});
  BOOST_TEST((bn.num_batches_tracked.dtype() == kInt64));
  const nn::BatchNorm1d plain(3, {.affine = false, .track_running_stats = false});
  BOOST_TEST(plain.state_dict().empty());
  BOOST_TEST(names(nn::GroupNorm(2, 4).named_parameters()) == "weight bias");
  BOOST_TEST(names(nn::LayerNorm({3, 4}).named_parameters()) == "weight bias");
  BOOST_TEST(names(nn::LayerNorm(3, {.bias = false}).named_parameters()) == "weight");
  BOOST_TEST(nn::LayerNorm(3, {.elementwise_affine = false}).parameters().empty());
  BOOST_TEST(nn::InstanceNorm1d(3).state_dict().empty());
}

BOOST_AUTO_TEST_CASE(batch_norm_in_training_and_in_evaluation) {
  manual_seed(1);
  nn::BatchNorm1d bn(2);
  const Tensor x = randn({8, 2}) * 3 + 5;
  const Tensor y = bn(x);
  for (int c = 0; c < 2; ++c) {
    const auto [mean, var] = moments(y.select(1, c).to_vector<double>());
    BOOST_TEST(std::abs(mean) < 1e-6);
    BOOST_TEST(std::abs(var - 1) < 1e-4);
    const auto [m, v] = moments(x.select(1, c).to_vector<double>());
    BOOST_TEST(std::abs(bn.running_mean[c].item() - 0.1 * m) < 1e-5);
    BOOST_TEST(std::abs(bn.running_var[c].item() - (0.9 + 0.1 * v * 8 / 7)) < 1e-5);
  }
  BOOST_TEST(bn.num_batches_tracked.item<std::int64_t>() == 1);
  bn.eval();
  const Tensor before = bn.running_mean.clone(), z = bn(x);
  BOOST_TEST(same_bits(before, bn.running_mean));
  BOOST_TEST(bn.num_batches_tracked.item<std::int64_t>() == 1);
  BOOST_TEST(allclose(z, (x - bn.running_mean) / sqrt(bn.running_var + 1e-5), 1e-5, 1e-6));
  BOOST_TEST(bn(randn({1, 2})).shape() == (Shape{1, 2}));  // one value is enough in evaluation
}

BOOST_AUTO_TEST_CASE(without_momentum_statistics_are_averages) {
  nn::BatchNorm1d bn(1, {.momentum = std::nullopt});
  bn(tensor({{0.0}, {2.0}}));
  bn(tensor({{4.0}, {6.0}}));
  bn(tensor({{9.0}, {9.0}}));
  check_close(bn.running_mean, {(1 + 5 + 9) / 3.0});
  check_close(bn.running_var, {(2 + 2 + 0) / 3.0});
  BOOST_TEST(bn.num_batches_tracked.item<std::int64_t>() == 3);
}

BOOST_AUTO_TEST_CASE(equal_and_large_values) {
  // Deviations are taken before squares: nothing is left of equal values, and a large mean does no harm.
  const Tensor same = full({4, 3, 50}, 1e4), y = layer_norm(same, {50});
  BOOST_TEST(y.to_vector<double>() == std::vector<double>(600, 0.0), boost::test_tools::per_element());
  std::vector<double> v(5000);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = 1e4 + static_cast<double>(i % 2);
  const Tensor z = layer_norm(from_vector(v, {1, 5000}).to(kFloat32), {5000});
  const auto [mean, var] = moments(z.to_vector<double>());
  BOOST_TEST(std::abs(mean) < 1e-5);
  BOOST_TEST(std::abs(var - 1) < 1e-3);
}

BOOST_AUTO_TEST_CASE(a_batch_of_nothing_changes_nothing) {
  nn::BatchNorm2d bn(3);
  const Tensor y = bn(zeros({0, 3, 4, 4}));
  BOOST_TEST(y.shape() == (Shape{0, 3, 4, 4}));
  check_close(bn.running_mean, {0, 0, 0});
  check_close(bn.running_var, {1, 1, 1});
  y.sum().backward();
  check_close(bn.weight.grad(), {0, 0, 0});
}

BOOST_AUTO_TEST_CASE(refused_batches_leave_the_statistics_alone) {
  nn::BatchNorm1d bn(3);
  expect<ValueError>({"more than 1 value per channel needed in training", "(1, 3)"}, [&] { bn(zeros({1, 3})); });
  expect<ShapeError>({"expected 3 channels, got 4"}, [&] { bn(zeros({2, 4})); });
  expect<ShapeError>({"expected 2 or 3 dimensions, got 4"}, [&] { bn(zeros({2, 3, 4, 4})); });
  expect<DTypeError>({"float64"}, [&] { bn(zeros({2, 3}, {kFloat64})); });
  BOOST_TEST(bn.num_batches_tracked.item<std::int64_t>() == 0);
  check_close(bn.running_mean, {0, 0, 0});
  expect<ShapeError>({"expected 4 dimensions, got 2"}, [] { nn::BatchNorm2d(3)(zeros({2, 3})); });
  expect<ValueError>({"5 channels are not divisible by 2 groups"}, [] { nn::GroupNorm(2, 5); });
  expect<ShapeError>({"expected 4 channels, got 6"}, [] { nn::GroupNorm(2, 4)(zeros({2, 6})); });
  expect<ShapeError>({"normalized_shape [4]", "[2, 3]"}, [] { nn::LayerNorm(4)(zeros({2, 3})); });
  expect<ShapeError>({"expected 3 or 4 dimensions, got 2"}, [] { nn::InstanceNorm2d(3)(zeros({2, 3})); });
  expect<ValueError>({"num_features must not be negative"}, [] { nn::BatchNorm1d(-1); });
}

BOOST_AUTO_TEST_CASE(running_statistics_may_move_on_before_the_backward_pass) {
  nn::BatchNorm1d bn(2);
  bn.eval();
  Tensor x = ones({3, 2}).requires_grad_();
  const Tensor y = bn(x);
  bn.train();
  bn(randn({4, 2}));
  y.sum().backward();
  BOOST_TEST(x.grad().defined());
}

BOOST_AUTO_TEST_CASE(casting_reaches_the_buffers) {
  nn::BatchNorm1d bn(2);
  bn.to(kFloat64);
  bn(randn({4, 2}, {kFloat64}));
  BOOST_TEST((bn.running_var.dtype() == kFloat64 && bn.num_batches_tracked.dtype() == kInt64));
  nn::BatchNorm1d other(2);
  other.load_state_dict(bn.state_dict());
  BOOST_TEST(other.num_batches_tracked.item<std::int64_t>() == 1);
}

BOOST_AUTO_TEST_CASE(instance_norm_is_group_norm_of_single_channels) {
  const Tensor x = randn({2, 3, 4, 5});
  nn::InstanceNorm2d in(3, {.affine = true, .track_running_stats = true});
  BOOST_TEST(allclose(in(x), group_norm(x, 3), 1e-5, 1e-6));
  BOOST_TEST(allclose(in(x[0]), in(x)[0], 1e-5, 1e-6));
  const Tensor means = x.mean({2, 3}).mean({0});
  nn::InstanceNorm2d once(3, {.track_running_stats = true});
  once(x);
  BOOST_TEST(allclose(once.running_mean, means * 0.1, 1e-4, 1e-6));
  const Tensor expected = var(x, {2, 3}).mean({0}) * 0.1 + 0.9;
  BOOST_TEST(allclose(once.running_var, expected, 1e-4, 1e-5));
  once.eval();
  BOOST_TEST(allclose(once(x), batch_norm(x, once.running_mean, once.running_var), 1e-5, 1e-6));
}

BOOST_AUTO_TEST_CASE(double_backward_through_a_penalty) {
  // The gradient of a gradient's square, against differences of the gradient.
  manual_seed(5);
  nn::BatchNorm1d bn(3);
  bn.to(kFloat64);
  const Tensor x = randn({5, 3}, {kFloat64});
  const auto penalty = [&](const Tensor& w) {
    Tensor in = x.clone().requires_grad_();
    const Tensor y = batch_norm(in, Tensor(), Tensor(), w, Tensor(), true);
    return square(grad({(y * y * y).sum()}, {in}, {}, {.create_graph = true})[0]).sum();
  };
  Tensor w = tensor({0.5, 1.0, 2.0}, {kFloat64}).requires_grad_();
  penalty(w).backward();
  for (int i = 0; i < 3; ++i) {
    const double h = 1e-6;
    Tensor up = w.detach().clone(), down = w.detach().clone();
    up[i] += h;
    down[i] += -h;
    const double slope = (penalty(up.requires_grad_()).item() - penalty(down.requires_grad_()).item()) / (2 * h);
    BOOST_TEST(std::abs(w.grad()[i].item() - slope) < 1e-4 * (1 + std::abs(slope)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(embeddings)

BOOST_AUTO_TEST_CASE(rows_and_their_gradients) {
  nn::Embedding e(4, 2, {.padding_idx = 1});
  BOOST_TEST(names(e.named_parameters()) == "weight");
  BOOST_TEST(e.label() == "Embedding(4, 2, padding_idx=1)");
  check_close(e.weight[1], {0, 0});
  const Tensor index = tensor({{2, 1}, {2, 0}});
  const Tensor y = e(index);
  BOOST_TEST(y.shape() == (Shape{2, 2, 2}));
  BOOST_TEST(same_bits(y[0][0].clone(), e.weight[2].clone()));
  y.sum().backward();
  check_close(e.weight.grad(), {1, 1, 0, 0, 2, 2, 0, 0});
}

BOOST_AUTO_TEST_CASE(gradients_by_frequency_and_of_padding) {
  Tensor w = ones({3, 2}, {kFloat64}).requires_grad_();
  const Tensor index = tensor({2, 0, 2, 1, 1});
  embedding(index, w, {.padding_idx = -1, .scale_grad_by_freq = true}).sum().backward();
  check_close(w.grad(), {1, 1, 1, 1, 0, 0});
  // The backward pass is linear: its own gradient has the same factors.
  Tensor seed = ones({5, 2}, {kFloat64}).requires_grad_();
  const Tensor g = grad({embedding(index, w, {.padding_idx = 0})}, {w}, {seed}, {.create_graph = true})[0];
  check_close(grad({(g * g).sum()}, {seed})[0], {4, 4, 0, 0, 4, 4, 4, 4, 4, 4});
}

BOOST_AUTO_TEST_CASE(options_of_embeddings) {
  const Tensor table = tensor({{3.0, 4.0}, {0.3, 0.4}, {30.0, 40.0}});
  nn::Embedding e = nn::Embedding::from_pretrained(table.clone(), true, {.max_norm = 1.0});
  BOOST_TEST(!e.weight.requires_grad());
  e(tensor({0, 1}));
  check_close(e.weight, {0.6, 0.8, 0.3, 0.4, 30, 40});
  expect<IndexError>({"index 3 out of range for 3 rows"}, [&] { e(tensor({2, 3})); });
  check_close(e.weight[2], {30, 40});  // nothing changed
  expect<IndexError>({"padding_idx 5"}, [] { nn::Embedding(3, 2, {.padding_idx = 5}); });
  expect<DTypeError>({"int64"}, [&] { e(tensor({0.5})); });
  expect<ValueError>({"must not be negative"}, [] { nn::Embedding(-1, 2); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(padding_and_activations)

BOOST_AUTO_TEST_CASE(padding_layers) {
  const Tensor x = tensor({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}).reshape({1, 1, 2, 3});
  BOOST_TEST(nn::ZeroPad2d(1)(x).shape() == (Shape{1, 1, 4, 5}));
  check_close(nn::ConstantPad2d({1, 0, 0, 0}, 7)(x), {7, 1, 2, 3, 7, 4, 5, 6});
  check_close(nn::ReflectionPad2d({2, 0, 0, 1})(x), {3, 2, 1, 2, 3, 6, 5, 4, 5, 6, 3, 2, 1, 2, 3});
  check_close(nn::ReplicationPad2d({1, 0, 1, 0})(x), {1, 1, 2, 3, 1, 1, 2, 3, 4, 4, 5, 6});
  check_close(nn::CircularPad1d(1)(x[0]), {3, 1, 2, 3, 1, 6, 4, 5, 6, 4});
  BOOST_TEST(nn::ReflectionPad1d(2).label() == "ReflectionPad1d(2)");
  BOOST_TEST(nn::ConstantPad2d(2, 0.5).label() == "ConstantPad2d(2, value=0.5)");
  expect<ShapeError>({"padding must be 1 or 4 numbers, got 2"}, [] { nn::ZeroPad2d({1, 2}); });
  expect<ShapeError>({"expected 2 or 3 dimensions, got 4"}, [&] { nn::ReflectionPad1d(1)(x); });
  expect<ShapeError>({"padding 3 must be less than size 3 of dim 2"}, [] { nn::ReflectionPad1d(3)(zeros({1, 1, 3})); });
  check_close(nn::Upsample({.scale_factor = {2}})(tensor({1.0, 2.0}).reshape({1, 1, 2})), {1, 1, 2, 2});
  expect<ValueError>({"sizes must be positive"}, [&] { interpolate(x, {.size = {0}}); });
}

BOOST_AUTO_TEST_CASE(activations_with_state) {
  nn::PReLU p({.num_parameters = 2});
  BOOST_TEST(names(p.named_parameters()) == "weight");
  check_close(p(tensor({{-4.0, 8.0}})), {-1, 8});
  check_close(nn::Maxout(2)(tensor({{1.0, 3.0, 2.0, -1.0}})), {3, 2});
  check_close(nn::Step()(tensor({-1.0, 0.0, 2.0})), {0, 1, 1});
  check_close(nn::Step({.at_zero = 0})(tensor({-1.0, 0.0, 2.0})), {0, 0, 1});
  check_close(nn::Threshold(0.5, -1)(tensor({0.5, 0.6})), {-1, 0.6});
  expect<ValueError>({"num_parameters must be positive"}, [] { nn::PReLU({.num_parameters = 0}); });
  expect<ValueError>({"p must be in [0, 1]"}, [] { nn::Dropout2d(2); });
  nn::Dropout2d drop(0.5);
  const Tensor y = drop(ones({50, 4, 3})).reshape({200, 3});
  for (const Tensor& row : unbind(y))
    BOOST_TEST((row[0].item() == row[2].item() && (row[0].item() == 0 || row[0].item() == 2)));
  drop.eval();
  const Tensor x = ones({2, 2});
  BOOST_TEST(drop(x).is_same(x));
  manual_seed(1);
  nn::RReLU r;
  const Tensor z = r(full({1000}, -1.0));
  BOOST_TEST(
      (min(z).item() >= -1. / 3 - 1e-6 && max(z).item() <= -1. / 8 + 1e-6 && max(z).item() - min(z).item() > 0.15));
}

BOOST_AUTO_TEST_SUITE_END()
