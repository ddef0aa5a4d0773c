// Layers as Keras has them: Dense, penalties and constraints of weights, worked out by hand; stacks from sizes; lazy
// normalisations.
#include <xgrad/data/safetensors.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// weight ((3, 4), (0, -2)), bias (1, -1)
nn::Linear known(nn::WeightOptions options) {
  nn::Linear fc(2, 2);
  const NoGradGuard off;
  fc.weight.copy_(tensor({{3., 4.}, {0., -2.}}));
  fc.bias.copy_(tensor({1., -1.}));
  return nn::with_weight_options(fc, std::move(options));
}
void close(double got, double want, double tolerance = 1e-6, Location at = Location::current()) {
  BOOST_TEST(std::fabs(got - want) <= tolerance, file_and_line(at) << ": " << got << " is not " << want);
}
double penalty(const nn::Module& m) { return nn::regularization_loss(m).item(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(dense)

BOOST_AUTO_TEST_CASE(penalties_of_weights) {
  close(penalty(known({.kernel_regularizer = nn::L1()})), 0.01 * 9);
  close(penalty(known({.kernel_regularizer = nn::L2()})), 0.01 * 29);
  close(penalty(known({.kernel_regularizer = nn::L1L2(0.1, 0.01)})), 0.9 + 0.29);
  close(penalty(known({.kernel_regularizer = nn::L1L2()})), 0);
  close(penalty(known({.bias_regularizer = nn::L2(0.5)})), 1);
  close(penalty(known({.kernel_regularizer = [](const Tensor& w) { return w.max(); }})), 4);
  const nn::Linear fc = known({.kernel_regularizer = nn::L2(0.5), .bias_regularizer = nn::L1(0.5)});
  nn::regularization_loss(fc).backward();
  check_close(fc.weight.grad(), {3, 4, 0, -2});
  check_close(fc.bias.grad(), {0.5, -0.5});
  nn::Linear frozen = known({.kernel_regularizer = nn::L2()});
  frozen.weight.requires_grad_(false);
  BOOST_TEST(penalty(frozen) == 0);
  BOOST_TEST(penalty(nn::Linear(2, 2)) == 0);
  // Of everything below, shared layers once.
  const nn::Sequential net(fc, nn::Tanh(), fc, known({.kernel_regularizer = nn::L1(1)}));
  close(penalty(net), 0.5 * 29 + 0.5 * 2 + 9);
  BOOST_TEST(to_string(fc) == "Linear(2 → 2, kernel_regularizer=L2(0.5), bias_regularizer=L1(0.5))");
}

BOOST_AUTO_TEST_CASE(penalties_of_results) {
  const nn::Linear fc = known({.activity_regularizer = nn::L1(0.1)});
  const Tensor x = ones({1, 2});
  fc(x);  // (8, -3)
  close(penalty(fc), 1.1);
  close(penalty(fc), 1.1);  // the same until the next call
  fc(x), fc(2 * x);         // (15, -5)
  close(penalty(fc), 1.1 + 2);
  {
    const NoGradGuard off;
    fc(x);
  }
  close(penalty(fc), 3.1);  // evaluation does not count
  const nn::Linear copy = fc.clone();
  copy(x);
  close(penalty(copy), 1.1);
  close(penalty(fc), 3.1);
  fc(x);
  nn::regularization_loss(fc).backward();
  check_close(fc.bias.grad(), {0.1, -0.1});
  const nn::Linear bad = known({.activity_regularizer = [](const Tensor& y) { return y; }});
  expect<ValueError>({"activity_regularizer must give one number"}, [&] { bad(x); });
}

BOOST_AUTO_TEST_CASE(constraints) {
  const auto constrained = [](nn::Constraint c) {
    const nn::Linear fc = known({.kernel_constraint = std::move(c)});
    nn::apply_constraints(fc);
    check_close(fc.bias, {1, -1});
    return fc.weight.detach();
  };
  check_close(constrained(nn::MaxNorm()), {1.2, 1.6, 0, -2}, 1e-6);
  check_close(constrained(nn::MaxNorm(2, {0})), {2, 4 * 2 / std::sqrt(20), 0, -2 * 2 / std::sqrt(20)}, 1e-6);
  check_close(constrained(nn::NonNeg()), {3, 4, 0, 0}, 0);
  check_close(constrained(nn::UnitNorm()), {0.6, 0.8, 0, -1}, 1e-6);
  check_close(constrained(nn::MinMaxNorm({.min_value = 3, .max_value = 4, .rate = 0.5})), {2.7, 3.6, 0, -2.5}, 1e-6);
  check_close(constrained([](const Tensor& w) { return -w; }), {-3, -4, 0, 2}, 0);
  const nn::Linear fc = known({.bias_constraint = nn::UnitNorm()});
  nn::apply_constraints(fc);
  check_close(fc.bias, {std::sqrt(0.5), -std::sqrt(0.5)}, 1e-6);
  // Of kernels of convolutions: of the weights into a channel.
  nn::Conv2d conv = nn::with_weight_options(
      nn::Conv2d(2, 3, 2), {.kernel_initializer = nn::init::ones_, .kernel_constraint = nn::UnitNorm()});
  nn::apply_constraints(conv);
  check_close(conv.weight, std::vector<double>(24, 1 / std::sqrt(8.)), 1e-6);
  // All or nothing.
  const nn::Sequential net(known({.kernel_constraint = nn::NonNeg()}),
                           known({.kernel_constraint = [](const Tensor& w) { return w.sum(); }}));
  expect<ValueError>({"the constraint of 'weight' gave another shape", "(2, 2)"}, [&] { nn::apply_constraints(net); });
  check_close(net[0].as<nn::Linear>()->weight, {3, 4, 0, -2}, 0);
}

BOOST_AUTO_TEST_CASE(mistakes_of_options) {
  expect_op<ValueError>("L2", {"l2", "-1"}, [] { nn::L2(-1); });
  expect_op<ValueError>("MaxNorm", {"max_value", "nan"}, [] { nn::MaxNorm(NAN); });
  expect_op<ValueError>("MinMaxNorm", {"min_value must not exceed max_value"},
                        [] { nn::MinMaxNorm({.min_value = 3, .max_value = 2}); });
  expect_op<ValueError>("MinMaxNorm", {"rate", "2"}, [] { nn::MinMaxNorm({.rate = 2}); });
  expect_op<ValueError>("with_weight_options", {"Tanh has no parameter 'weight'"},
                        [] { nn::with_weight_options(nn::Tanh(), {.kernel_regularizer = nn::L2()}); });
  expect_op<ValueError>("with_weight_options", {"no parameter 'bias'"}, [] {
    nn::with_weight_options(nn::Linear(2, 2, {.bias = false}), {.bias_regularizer = nn::L2()});
  });
  expect_op<ValueError>("with_weight_options", {"already"}, [] {
    nn::with_weight_options(known({.kernel_regularizer = nn::L2()}), {.bias_regularizer = nn::L2()});
  });
  expect_op<ValueError>("with_weight_options", {"before the first call"},
                        [] { nn::with_weight_options(nn::LazyLinear(2), {.kernel_initializer = nn::init::ones_}); });
}

BOOST_AUTO_TEST_CASE(a_dense_layer) {
  manual_seed(1);
  nn::Dense fc(2, {.activation = relu, .kernel_initializer = nn::init::ones_});
  BOOST_TEST(fc.weight.numel() == 0);
  check_close(fc(tensor({{1., 2., 3.}, {-1., -1., -1.}})), {6, 6, 0, 0}, 0);
  BOOST_TEST((fc.weight.shape() == Shape{2, 3} && fc.bias.shape() == Shape{2}));
  expect<ShapeError>({"linear", "(1, 2)"}, [&] { fc(ones({1, 2})); });
  nn::Dense usual(200);  // Glorot uniform, zeros
  usual(ones({1, 100}));
  close(usual.weight.abs().max().item(), std::sqrt(6. / 300), 1e-3);
  BOOST_TEST(usual.bias.abs().max().item() == 0);
  // A state gives the shapes, too.
  nn::Dense loaded(2);
  loaded.load_state_dict(fc.state_dict());
  check_close(loaded(ones({1, 3})), {3, 3}, 0);
  BOOST_TEST(nn::Dense(2, {.use_bias = false, .bias_regularizer = nn::L2()}).parameters().size() == 1u);
  expect_op<ShapeError>("Dense", {"-1"}, [] { nn::Dense(-1); });
  expect_op<ValueError>("Dense", {"lora_rank", "0"}, [] { nn::Dense(2, {.lora_rank = 0}); });
  expect_op<ValueError>("Dense", {"lora_alpha needs lora_rank"}, [] { nn::Dense(2, {.lora_alpha = 1}); });
  expect_op<ShapeError>("Dense", {"no features"}, [] { nn::Dense(2)(tensor(1.)); });
}

BOOST_AUTO_TEST_CASE(low_rank_updates_of_a_dense_layer) {
  manual_seed(1);
  nn::Dense fc(2, {.kernel_regularizer = nn::L2(1), .lora_rank = 1, .lora_alpha = 3});
  const Tensor x = tensor({{1., 2.}});
  const Tensor before = fc(x).detach();
  check_close(before, matmul(x, fc.weight.detach().t()).to_vector<double>(), 1e-6);  // lora_B is 0
  BOOST_TEST((!fc.weight.requires_grad() && fc.lora_A.requires_grad() && fc.lora_A.shape() == Shape{1, 2}));
  {
    const NoGradGuard off;
    fc.weight.copy_(tensor({{1., 0.}, {0., 1.}}));
    fc.lora_A.copy_(tensor({{1., -1.}}));
    fc.lora_B.copy_(tensor({{2.}, {1.}}));
  }
  check_close(fc(x), {1 - 3 * 2, 2 - 3}, 1e-6);  // A x = -1
  close(penalty(fc), 2 + 5);                     // of A and B, not of the frozen weight
  fc.merge_lora();
  check_close(fc.weight, {7, -6, 3, -2}, 1e-6);
  check_close(fc(x), {-5, -1}, 1e-6);
  expect_op<ValueError>("merge_lora", {"no lora_rank"}, [] { nn::Dense(2).merge_lora(); });
  expect_op<ValueError>("merge_lora", {"before its first call"}, [] { nn::Dense(2, {.lora_rank = 1}).merge_lora(); });
  // Of a Linear that has it by parametrization: A and B count there, too.
  nn::Linear adapted = known({.kernel_regularizer = nn::L2(1)});
  nn::utils::parametrizations::lora(adapted, {.rank = 1});
  double sum = 0;
  for (const auto& [name, p] : adapted.named_parameters())
    if (name.find("lora_") != std::string::npos) sum += square(p.detach()).sum().item();
  close(penalty(adapted), sum);
}

BOOST_AUTO_TEST_CASE(a_constrained_network_learns) {
  manual_seed(3);
  nn::Sequential net(nn::Dense(16, {.activation = xgrad::tanh, .kernel_regularizer = nn::L2(1e-4)}),
                     nn::Dense(1, {.kernel_constraint = nn::MaxNorm(1.5)}));
  const Tensor x = randn({64, 2}), y = x.select(1, 0).unsqueeze(1) * 0.5;
  optim::Adam opt(net.parameters(), {.lr = 0.02});
  double first = 0, last = 0;
  for (int step = 0; step < 150; ++step) {
    opt.zero_grad();
    const Tensor loss = mse_loss(net(x), y) + nn::regularization_loss(net);
    loss.backward();
    opt.step();
    nn::apply_constraints(net);
    (step == 0 ? first : last) = loss.item();
  }
  BOOST_TEST(last < 0.1 * first);
  BOOST_TEST(net[1].as<nn::Dense>()->weight.norm().item() <= 1.5 + 1e-5);
}

BOOST_AUTO_TEST_CASE(stacks_from_sizes) {
  BOOST_TEST(to_string(nn::MLP(2, {16, 1})) ==
             "Sequential(\n  (0): Linear(2 → 16)\n  (1): ReLU\n  (2): Dropout(0)\n  (3): Linear(16 → 1)\n"
             "  (4): Dropout(0)\n)");
  const nn::Sequential net = nn::MLP(2, {4, 4, 3},
                                     {.norm_layer = [](std::int64_t n) { return nn::BatchNorm1d(n); },
                                      .activation_layer = nn::PReLU(),
                                      .bias = false,
                                      .dropout = 0.1});
  BOOST_TEST(to_string(net) ==
             "Sequential(\n  (0): Linear(2 → 4, bias=false)\n  (1): BatchNorm1d(4)\n  (2): PReLU(1)\n"
             "  (3): Dropout(0.1)\n  (4): Linear(4 → 4, bias=false)\n  (5): BatchNorm1d(4)\n  (6): PReLU(1)\n"
             "  (7): Dropout(0.1)\n  (8): Linear(4 → 3, bias=false)\n  (9): Dropout(0.1)\n)");
  BOOST_TEST(!net[2].as<nn::PReLU>()->weight.is_same(net[6].as<nn::PReLU>()->weight));
  BOOST_TEST((net(ones({5, 2})).shape() == Shape{5, 3}));
  expect_op<ValueError>("MLP", {"hidden_channels must not be empty"}, [] { nn::MLP(2, {}); });
}

BOOST_AUTO_TEST_CASE(lazy_normalisations) {
  manual_seed(1);
  nn::LazyBatchNorm2d lazy;
  nn::BatchNorm2d known_size(3);
  optim::SGD opt(lazy.parameters(), {.lr = 0.1});  // may be made before
  const Tensor x = randn({2, 3, 4, 4});
  check_close(lazy(x), known_size(x).to_vector<double>(), 0);
  BOOST_TEST(same_bits(lazy.state_dict(), known_size.state_dict()));
  BOOST_TEST(same_bits(lazy.named_buffers(), known_size.named_buffers()));
  lazy(x).square().sum().backward();
  opt.step();
  expect_op<ShapeError>("LazyBatchNorm2d", {"expected 3 channels, got 2"}, [&] { lazy(randn({2, 2, 4, 4})); });
  expect_op<ShapeError>("LazyBatchNorm2d", {"expected 4 dimensions"}, [&] { nn::LazyBatchNorm2d()(randn({2, 2})); });
  // A state gives the shapes, buffers as well; a wrong one gives none.
  nn::LazyBatchNorm2d loaded;
  expect<ValueError>({"running_mean"}, [&] { loaded.load_state_dict({{"weight", ones({3})}, {"bias", ones({3})}}); });
  BOOST_TEST(loaded.weight.numel() == 0);
  loaded.load_state_dict(lazy.state_dict());
  loaded.eval(), lazy.eval();
  check_close(loaded(x), lazy(x).to_vector<double>(), 0);
  const nn::LazyInstanceNorm1d instance({.affine = true});
  check_close(instance(x.select(0, 0).select(1, 0)),
              nn::InstanceNorm1d(3)(x.select(0, 0).select(1, 0)).to_vector<double>(), 1e-6);
  BOOST_TEST(instance.weight.numel() == 3);
  BOOST_TEST((nn::LazyInstanceNorm2d()(x).shape() == x.shape()));
}

BOOST_AUTO_TEST_SUITE_END()
