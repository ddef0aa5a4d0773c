// Layers as Keras has them: Dense, penalties and constraints of weights, worked out by hand; stacks from sizes; lazy
// normalisations.
#include <thread>

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
  fc(x), fc(2 * x);       // (15, -5)
  close(penalty(fc), 2);  // of the last call
  const nn::Sequential twice(fc, nn::Tanh(), fc);
  const Tensor result = twice(x);
  close(penalty(twice), 1.1 + 0.1 * result.abs().sum().item());  // each result of it
  const nn::Linear copy = fc.clone();
  copy(x), fc(2 * x);
  close(penalty(copy), 1.1);
  close(penalty(fc), 2);
  fc(x);
  nn::regularization_loss(fc).backward();
  check_close(fc.bias.grad(), {0.1, -0.1});
  const nn::Linear bad = known({.activity_regularizer = [](const Tensor& y) { return y; }});
  expect<ValueError>({"activity_regularizer must give one number"}, [&] { bad(x); });
}

BOOST_AUTO_TEST_CASE(penalties_of_results_belong_to_one_loss) {
  const nn::Linear fc = known({.kernel_regularizer = nn::L2(1), .activity_regularizer = nn::L1(0.1)});
  const Tensor x = ones({1, 2});
  const auto refused = [&](const std::string& why) {
    expect_op<ValueError>("regularization_loss", {why, "call the net first, in a statement of its own"},
                          [&] { nn::regularization_loss(fc); });
  };
  refused("there was none");  // before the first call
  fc(x);
  close(penalty(fc), 29 + 1.1);
  refused("there was none");  // once for each call
  const auto last = [&] { return nn::regularization_loss(fc); };
  fc(x).sum().backward();
  refused("has been differentiated already");
  Tensor y = fc(x);
  y.sum().backward({.retain_graph = true});  // the graph stays
  close(last().item(), 29 + 1.1);
  y = fc(x);
  {
    const NoGradGuard off;
    Tensor(fc.bias).mul_(2);
  }
  refused("came before the parameters changed");
  {
    const NoGradGuard off;
    fc(x);
    close(penalty(fc), 29 + 0.1 * (9 + 4));  // of an evaluation, for that
    fc(x);
  }
  refused("was made while nothing was recorded");
  // Whichever side of the + comes first, the value is right or there is an error, at every step.
  optim::SGD opt(fc.parameters(), {.lr = 0.01});
  fc(2 * x).sum().backward();
  opt.step();
  for (int step = 0; step < 3; ++step) {
    refused("");  // the right side first
    y = fc(x);
    const Tensor loss = y.sum() + nn::regularization_loss(fc);
    close(loss.item(), y.sum().item() + 0.1 * y.abs().sum().item() + fc.weight.square().sum().item(), 1e-5);
    loss.backward();
    opt.step();
  }
  // Layers that the last call of the net passed by have no part in it; those of nets of their own have.
  struct Branches : nn::Layer<Branches> {
    nn::Linear a = register_module("a", known({.activity_regularizer = nn::L1(0.1)}));
    nn::Linear b = register_module("b", known({.activity_regularizer = nn::L1(1)}));
    Tensor forward(const Tensor& in, bool both) const { return both ? a(in) + b(in) : b(in); }
  };
  const Branches net;
  net(x, true), net(x, false);
  close(penalty(net), 11);
  net.a(x), net.b(x);
  close(penalty(net), 12.1);
  // Each thread has its own.
  fc(x);
  std::thread other([&] { refused("there was none"); });
  other.join();
  last();
}

BOOST_AUTO_TEST_CASE(penalties_of_lazy_layers) {
  nn::Dense fc(2, {.kernel_regularizer = nn::L2(1), .bias_regularizer = nn::L1(1)});
  expect_op<ValueError>("regularization_loss", {"'weight', which has no values yet", "Dense(2", "call the net first"},
                        [&] { nn::regularization_loss(fc); });
  fc(ones({1, 3}));
  close(penalty(fc), fc.weight.square().sum().item());
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

BOOST_AUTO_TEST_CASE(initializers_that_assign_or_fail) {
  const nn::Initializer wrong = [](Tensor& w) { w = zeros({1}); };
  const nn::Initializer right = [](Tensor& w) { w = full(w.shape(), 2.); };
  const Tensor x = ones({1, 3});
  nn::Dense bad(2, {.kernel_initializer = wrong});
  expect_op<ShapeError>("Dense", {"kernel_initializer gave another shape", "(2, 3)", "(1)"}, [&] { bad(x); });
  BOOST_TEST(bad.weight.numel() == 0);
  check_close(nn::Dense(2, {.kernel_initializer = right, .bias_initializer = right})(x), {8, 8}, 0);
  // All or nothing.
  const auto unchanged = [](nn::Linear fc, nn::WeightOptions o) {
    const Tensor before = fc.weight.detach().clone();
    BOOST_CHECK_THROW(nn::with_weight_options(fc, std::move(o)), Error);
    BOOST_TEST(equal(before, fc.weight.detach()));
    BOOST_TEST(to_string(fc).find("regularizer") == std::string::npos);
  };
  const nn::Initializer ones_of = nn::init::ones_, zeros_of = nn::init::zeros_;
  unchanged(nn::Linear(3, 2, {.bias = false}), {.kernel_initializer = ones_of, .bias_initializer = zeros_of});
  unchanged(nn::Linear(3, 2), {.kernel_initializer = ones_of, .bias_initializer = wrong});
  check_close(nn::with_weight_options(nn::Linear(3, 2), {.kernel_initializer = right}).weight,
              std::vector<double>(6, 2), 0);
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

BOOST_AUTO_TEST_CASE(parts_of_a_state_in_lazy_layers) {
  manual_seed(1);
  const Tensor x = ones({1, 3}), w = tensor({{1., 2., 3.}, {4., 5., 6.}}), b = tensor({7., 8.});
  // The low-rank part is made by the first call, and trained.
  nn::Dense adapted(2, {.lora_rank = 1});
  adapted.load_state_dict({{"weight", w}, {"bias", b}}, false);
  expect_op<ValueError>("merge_lora", {"before its first call"}, [&] { adapted.merge_lora(); });
  const Tensor y = adapted(x);
  check_close(y, {13, 23}, 1e-6);
  BOOST_TEST((adapted.lora_A.shape() == Shape{1, 3} && adapted.lora_B.shape() == Shape{2, 1}));
  BOOST_TEST(adapted.lora_A.abs().max().item() > 0);
  y.sum().backward();
  BOOST_TEST(adapted.lora_B.grad().abs().max().item() > 0);
  // What was given stays, in whichever order it comes.
  const auto parts = [&](auto make) {
    for (const auto& [key, value] : NamedTensors{{"weight", w}, {"bias", b}}) {
      auto layer = make();
      layer.load_state_dict({{key, value}}, false);
      layer(x);
      BOOST_TEST((layer.weight.shape() == w.shape() && layer.bias.shape() == b.shape()));
      BOOST_TEST(equal(layer.get_parameter(key).detach(), value.to(kFloat32)));
    }
  };
  parts([] { return nn::Dense(2); });
  parts([] { return nn::LazyLinear(2); });
  nn::LazyConv1d conv(2, 1);
  conv.load_state_dict({{"bias", b}}, false);
  conv(ones({1, 3, 4}));
  check_close(conv.bias, {7, 8}, 0);
  nn::LazyBatchNorm1d norm;
  norm.load_state_dict({{"weight", b}}, false);
  expect_op<ShapeError>("LazyBatchNorm1d", {"expected 2 channels, got 3"}, [&] { norm(ones({4, 3})); });
  norm(ones({4, 2}));
  BOOST_TEST((norm.bias.shape() == Shape{2} && norm.running_var.shape() == Shape{2}));
  check_close(norm.weight, {7, 8}, 0);
}

BOOST_AUTO_TEST_CASE(states_that_lazy_layers_cannot_have) {
  const auto refused = [](auto layer, const NamedTensors& state, const std::vector<std::string>& words) {
    const auto before = layer.state_dict();
    expect<ShapeError>({"load_state_dict", "nothing was loaded"}, [&] { layer.load_state_dict(state, false); });
    for (const std::string& word : words) expect<ShapeError>({word}, [&] { layer.load_state_dict(state, false); });
    expect<ShapeError>({words[0]}, [&] { static_cast<void>(layer.prepare_state_dict(state, false)); });
    for (const auto& [key, t] : layer.state_dict()) BOOST_TEST((t.numel() == 0 || key == "num_batches_tracked"));
    BOOST_TEST(before.size() == layer.state_dict().size());
  };
  refused(nn::Dense(5), {{"weight", ones({2, 3})}}, {"weight", "(2, 3), but Dense(5) has (5, any)"});
  refused(nn::Dense(5), {{"weight", ones({5, 3})}, {"bias", ones({2})}}, {"bias", "(2), but Dense(5) has (5)"});
  refused(nn::Dense(2, {.lora_rank = 1}), {{"lora_A", ones({2, 3})}, {"lora_B", ones({2, 2})}},
          {"lora_A", "(2, 3), but", "(1, any)", "lora_B", "(2, 2), but", "(2, 1)"});
  // One number of inputs for all of them.
  refused(nn::Dense(2, {.lora_rank = 1}), {{"weight", ones({2, 3})}, {"lora_A", ones({1, 4})}},
          {"lora_A", "(1, 4), but", "(1, 3)"});
  nn::Dense half(2, {.lora_rank = 1});
  half.load_state_dict({{"weight", ones({2, 3})}}, false);
  expect<ShapeError>({"lora_A", "(1, 3)"}, [&] { half.load_state_dict({{"lora_A", ones({1, 4})}}, false); });
  refused(nn::LazyLinear(5), {{"weight", ones({5, 3, 1})}}, {"weight", "(5, any)"});
  refused(nn::LazyConv2d(4, 3, {.groups = 2}), {{"weight", ones({4, 3, 3, 5})}}, {"weight", "(4, any, 3, 3)"});
  refused(nn::LazyConvTranspose1d(4, 3, {.groups = 2}), {{"weight", ones({6, 4, 3})}}, {"weight", "(any, 2, 3)"});
  refused(nn::LazyBatchNorm2d(), {{"weight", ones({3})}, {"bias", ones({4})}}, {"bias", "(4), but", "(3)"});
  nn::LazyConvTranspose1d good(4, 3, {.groups = 2});
  good.load_state_dict({{"weight", ones({6, 2, 3})}, {"bias", zeros({4})}});
  BOOST_TEST((good(ones({1, 6, 5})).shape() == Shape{1, 4, 7}));
  // A state from before the first call gives nothing, and is no mistake.
  nn::Dense unshaped(5);
  unshaped.load_state_dict(nn::Dense(5).state_dict());
  BOOST_TEST(unshaped.weight.numel() == 0);
}

BOOST_AUTO_TEST_CASE(a_first_call_that_fails_gives_no_shapes) {
  const auto try_out = [](auto layer, const Tensor& bad, const Tensor& good) {
    manual_seed(5);
    const auto generator = default_generator().get_state();
    BOOST_CHECK_THROW(layer(bad), Error);
    for (const auto& [key, t] : layer.named_parameters()) BOOST_TEST(t.numel() == 0, key);
    for (const auto& [key, t] : layer.named_buffers()) BOOST_TEST((t.dim() == 0 ? t.item() : t.numel()) == 0, key);
    BOOST_TEST((default_generator().get_state() == generator));
    const Tensor y = layer(good);
    for (const auto& [key, t] : layer.named_parameters()) BOOST_TEST(t.numel() > 0, key);
    return y;
  };
  try_out(nn::LazyBatchNorm1d(), ones({1, 5}), randn({4, 3}));  // one value for each channel in training
  try_out(nn::LazyBatchNorm2d(), ones({2, 5, 3, 3}).to(kFloat64), randn({2, 3, 4, 4}));
  try_out(nn::LazyInstanceNorm1d({.affine = true, .track_running_stats = true}), ones({2, 5, 1}), randn({2, 3, 4}));
  try_out(nn::Dense(2), ones({1, 5}).to(kFloat64), ones({1, 3}));
  try_out(nn::Dense(2, {.lora_rank = 1}), ones({1, 5}).to(kFloat64), ones({1, 3}));
  try_out(nn::LazyLinear(2), ones({1, 5}).to(kFloat64), ones({1, 3}));
  try_out(nn::LazyConv2d(2, 3), ones({1, 5, 2, 2}), ones({1, 3, 4, 4}));  // smaller than the kernel
  try_out(nn::LazyConvTranspose1d(2, 3), ones({1, 5, 2}).to(kFloat64), ones({1, 3, 4}));
  // Statistics are those of the one call that went through.
  nn::LazyBatchNorm1d lazy;
  const Tensor x = randn({4, 3});
  try_out(lazy, ones({1, 5}), x);
  nn::BatchNorm1d usual(3);
  usual(x);
  BOOST_TEST(same_bits(lazy.named_buffers(), usual.named_buffers()));
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
    const Tensor out = net(x);
    const Tensor loss = mse_loss(out, y) + nn::regularization_loss(net);
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
