// Modules: registration, names, state, modes, hooks, layers against formulas, first values against their laws.
#include <algorithm>
#include <numeric>
#include <sstream>

#include <xgrad/autograd.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

struct Block : nn::Layer<Block> {
  nn::Linear fc = register_module("fc", nn::Linear(2, 2));
  Tensor steps = register_buffer("steps", zeros({}, {kInt64}));
  Tensor gain = register_parameter("gain", ones({2}));
  Tensor forward(const Tensor& x) const { return fc(x) * gain; }
};

struct Net : nn::Layer<Net> {
  Block first = register_module("first", Block());
  nn::Dropout drop = register_module("drop", nn::Dropout(0.5));
  nn::Linear last = register_module("last", nn::Linear(2, 1, {.bias = false}));
  Tensor shift = register_parameter("shift", zeros({1}), false);
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return last(drop(first(x, at), at), at) + shift;
  }
};

// A plain Module: forward only, several inputs.
struct Pair : nn::Module {
  nn::Linear left = register_module("left", nn::Linear(2, 3)), right = register_module("right", nn::Linear(2, 3));
  Tensor forward(const Tensor& a, const Tensor& b) const { return left(a) + right(b); }
};

template <class List>
std::string names(const List& list) {
  std::string s;
  for (const auto& [name, value] : list) s += (s.empty() ? "" : " ") + name;  // the root's "" leaves no trace
  return s;
}

NamedTensors copy_of(const NamedTensors& state) {
  NamedTensors out;
  for (const auto& [name, t] : state) out.emplace_back(name, t.clone());
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nn_modules)

BOOST_AUTO_TEST_CASE(names_in_order_of_registration) {
  const Net net;
  BOOST_TEST(names(net.named_parameters()) == "shift first.gain first.fc.weight first.fc.bias last.weight");
  BOOST_TEST(names(net.named_parameters(false)) == "shift");
  BOOST_TEST(names(net.named_buffers()) == "first.steps");
  BOOST_TEST(names(net.named_children()) == "first drop last");
  BOOST_TEST(names(net.named_modules()) == "first first.fc drop last");
  BOOST_TEST((net.named_modules()[0].first.empty() && net.named_modules()[0].second.is_same(net)));
  BOOST_TEST(names(net.state_dict()) == "shift first.gain first.steps first.fc.weight first.fc.bias last.weight");
  BOOST_TEST(net.parameters().size() == 5u);
  BOOST_TEST(net.num_parameters() == 1 + 2 + 6 + 2);
  BOOST_TEST(net.num_parameters(true) == 2 + 6 + 2);
  BOOST_TEST(net.first.fc.weight.name() == "first.fc.weight");
  BOOST_TEST(net.first.fc.name() == "fc");
  BOOST_TEST(net.first.fc.label() == "Linear(2 → 2)");
  BOOST_TEST(net.first.label() == "Block");
  for (const Tensor& p : net.first.parameters()) BOOST_TEST((p.requires_grad() && p.is_leaf()));
  BOOST_TEST(!net.shift.requires_grad());
}

BOOST_AUTO_TEST_CASE(modules_print_what_they_consist_of) {
  nn::Sequential body(nn::Linear(4, 8), nn::Tanh());
  const nn::Sequential net(body, nn::Linear(8, 2));
  std::ostringstream text;
  text << net << " and " << nn::Linear(1, 2) << " and " << Shape{2, 3};
  BOOST_TEST(text.str() ==
             "Sequential(\n  (0): Sequential(\n    (0): Linear(4 → 8)\n    (1): Tanh\n  )\n  (1): Linear(8 → 2)\n) and "
             "Linear(1 → 2) and (2, 3)");
}

BOOST_AUTO_TEST_CASE(names_are_checked) {
  Net net;
  expect<ValueError>({"shift", "already registered"}, [&] { net.register_parameter("shift", Tensor()); });
  expect<ValueError>({"first", "already registered"}, [&] { net.register_buffer("first", Tensor()); });
  expect<ValueError>({"last", "already registered"}, [&] { net.register_module("last", nn::Identity()); });
  expect<ValueError>({"a.b"}, [&] { net.register_buffer("a.b", Tensor()); });
  expect<ValueError>({"not empty"}, [&] { net.register_parameter("", Tensor()); });
  expect<ValueError>({"itself"}, [&] { net.register_module("self", net); });
  expect<ValueError>({"itself"}, [&] { net.last.register_module("above", net); });
  BOOST_TEST(names(net.named_modules()) == "first first.fc drop last");
}

BOOST_AUTO_TEST_CASE(shared_parameters_and_modules_appear_once) {
  struct Tied : nn::Module {
    nn::Linear a = register_module("a", nn::Linear(2, 2));
    nn::Linear again = register_module("again", a);
    Tensor w = register_parameter("w", a.weight);
  };
  const Tied m;
  BOOST_TEST(names(m.named_parameters()) == "w a.bias");
  BOOST_TEST(names(m.named_modules()) == "a");
  BOOST_TEST(m.num_parameters() == 6);
  optim::SGD sgd(m.parameters());  // no parameter twice
  Tied other;
  other.load_state_dict(m.state_dict());
  BOOST_TEST(same_bits(other.a.weight, m.a.weight));
}

BOOST_AUTO_TEST_CASE(undefined_parameters_are_absent) {
  nn::Linear fc(3, 2, {.bias = false});
  fc.register_parameter("later", Tensor());
  BOOST_TEST(names(fc.named_parameters()) == "weight");
  BOOST_TEST(names(fc.state_dict()) == "weight");
}

BOOST_AUTO_TEST_CASE(state_dict_shares_memory_and_loads_by_name) {
  Net a, b;
  const NamedTensors state = a.state_dict();
  {
    NoGradGuard off;
    a.last.weight.fill_(7);
  }
  check_close(state.back().second, {7, 7});
  BOOST_TEST(!state.back().second.requires_grad());
  NamedTensors reversed(state.rbegin(), state.rend());
  const nn::LoadReport report = b.load_state_dict(reversed);
  BOOST_TEST((report.missing.empty() && report.unexpected.empty()));
  BOOST_TEST(same_bits(a.state_dict(), b.state_dict()));
  BOOST_TEST((b.last.weight.requires_grad() && b.last.weight.is_leaf()));
  NamedTensors wide = copy_of(state);
  for (auto& [name, t] : wide) t = t.to(kFloat64);
  b.load_state_dict(wide);
  BOOST_TEST((b.last.weight.dtype() == kFloat32));
}

BOOST_AUTO_TEST_CASE(one_report_of_all_misfits_and_nothing_changed) {
  Net net;
  const NamedTensors before = copy_of(net.state_dict());
  NamedTensors state = copy_of(before);
  for (auto& [name, t] : state) t.fill_(9);
  std::erase_if(state, [](const auto& p) { return p.first == "first.gain" || p.first == "first.fc.bias"; });
  state.emplace_back("extra", ones({1}));
  for (auto& [name, t] : state)
    if (name == "last.weight") t = ones({2, 1});
  expect_op<ValueError>("load_state_dict",
                        {"missing", "first.gain, first.fc.bias", "unexpected", "extra", "last.weight (2, 1) vs (1, 2)"},
                        [&] { net.load_state_dict(state); });
  expect_op<ValueError>("load_state_dict", {"last.weight (2, 1) vs (1, 2)"},
                        [&] { net.load_state_dict(state, false); });
  BOOST_TEST(same_bits(net.state_dict(), before));
  std::erase_if(state, [](const auto& p) { return p.first == "last.weight"; });
  const nn::LoadReport report = net.load_state_dict(state, false);
  BOOST_TEST(report.missing == (std::vector<std::string>{"first.gain", "first.fc.bias", "last.weight"}),
             boost::test_tools::per_element());
  BOOST_TEST(report.unexpected == std::vector<std::string>{"extra"}, boost::test_tools::per_element());
  check_close(net.shift, {9});
  check_close(net.first.gain, {1, 1});
}

BOOST_AUTO_TEST_CASE(an_undefined_tensor_in_a_state_changes_nothing) {
  nn::Linear fc(2, 2);
  const NamedTensors before = copy_of(fc.state_dict());
  NamedTensors state{{"weight", ones({2, 2})}, {"bias", Tensor()}};
  expect<ValueError>({}, [&] { fc.load_state_dict(state); });
  BOOST_TEST(same_bits(fc.state_dict(), before));
}

BOOST_AUTO_TEST_CASE(casting_keeps_handles_and_optimizers) {
  Net net;
  optim::Adam adam(net.parameters(), {.lr = 0.1});
  const auto step = [&](DType d) {
    adam.zero_grad();
    net(ones({4, 2}, {d})).sum().backward();
    adam.step();
  };
  net.eval();
  step(kFloat32);  // its buffers are float32
  net.to(kFloat64);
  BOOST_TEST((net.first.fc.weight.dtype() == kFloat64 && net.shift.dtype() == kFloat64));
  BOOST_TEST((net.first.steps.dtype() == kInt64));
  BOOST_TEST(net.first.fc.weight.requires_grad());
  const Tensor before = net.last.weight.detach().clone();
  step(kFloat64);
  step(kFloat64);
  BOOST_TEST(!same_bits(net.last.weight, before));
  BOOST_TEST((adam.params()[0].dtype() == kFloat64));
  net.to(kFloat32);
  step(kFloat32);
  BOOST_TEST((net.last.weight.grad().dtype() == kFloat32));
  expect<DTypeError>({"int64"}, [&] { net.to(kInt64); });
}

BOOST_AUTO_TEST_CASE(modes_reach_every_part) {
  Net net;
  BOOST_TEST(net.is_training());
  net.eval();
  for (const auto& [name, m] : net.named_modules()) BOOST_TEST(!m.is_training(), name);
  const Tensor x = randn({5, 2});
  BOOST_TEST(same_bits(net(x), net(x)));
  net.drop.train();
  BOOST_TEST((net.drop.is_training() && !net.is_training()));
  net.train();
  BOOST_TEST(net.first.fc.is_training());
  net.requires_grad_(false);
  for (const Tensor& p : net.parameters()) BOOST_TEST(!p.requires_grad());
  BOOST_TEST(!net(x).requires_grad());
}

BOOST_AUTO_TEST_CASE(a_copy_is_another_handle) {
  const Net net;
  const Net copy = net;  // NOLINT: the copy is the point
  BOOST_TEST(copy.is_same(net));
  BOOST_TEST(copy.last.weight.is_same(net.last.weight));
  NoGradGuard off;
  Tensor w = copy.last.weight;
  w.fill_(3);
  check_close(net.last.weight, {3, 3});
  BOOST_TEST(!Net().is_same(net));
}

BOOST_AUTO_TEST_CASE(zero_grad_clears_or_zeroes) {
  nn::Linear fc(2, 1);
  fc(ones({1, 2})).sum().backward();
  check_close(fc.weight.grad(), {1, 1});
  fc.zero_grad(false);
  check_close(fc.weight.grad(), {0, 0});
  fc.zero_grad();
  BOOST_TEST(!fc.weight.grad().defined());
}

BOOST_AUTO_TEST_CASE(apply_visits_children_first) {
  Net net;
  std::string order;
  net.apply([&](nn::Module& m) { order += m.name() + " "; });
  BOOST_TEST(order.starts_with("fc first drop last "), order);
  net.apply([](nn::Module& m) {
    for (Tensor p : m.parameters(false)) nn::init::constant_(p, 2);
  });
  check_close(net.first.fc.bias, {2, 2});
}

BOOST_AUTO_TEST_CASE(forward_hooks) {
  nn::Linear fc(2, 1);
  int calls = 0;
  const auto seen = fc.register_forward_hook([&](const nn::Module& m, const Tensor& x, const Tensor& y) {
    calls += m.is_same(fc) && x.size(1) == 2 && y.size(1) == 1;
    return Tensor();
  });
  const auto twice = fc.register_forward_hook([](const nn::Module&, const Tensor&, const Tensor& y) { return y * 2; });
  const Tensor x = ones({1, 2}), plain = fc.forward(x);
  check_close(fc(x), {2 * plain.item()});
  BOOST_TEST(calls == 1);
  twice.remove();
  check_close(fc(x), {plain.item()});
  seen.remove();
  fc(x);
  BOOST_TEST(calls == 2);
  HookHandle once;
  once = fc.register_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
    ++calls;
    once.remove();
    return Tensor();
  });
  fc(x), fc(x);
  BOOST_TEST(calls == 3);
}

BOOST_AUTO_TEST_CASE(sequential_takes_modules_callables_and_names) {
  const nn::Linear a(2, 3), b(3, 1);
  const nn::Sequential net(
      a, [](const Tensor& x) { return relu(x); }, b);
  BOOST_TEST(net.size() == 3u);
  BOOST_TEST(names(net.named_parameters()) == "0.weight 0.bias 2.weight 2.bias");
  const Tensor x = randn({4, 2});
  BOOST_TEST(same_bits(net(x), b(relu(a(x)))));
  nn::Sequential named =
      nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh()).add("fc2", nn::Linear(3, 1));
  named.push_back(nn::Sigmoid());
  BOOST_TEST(names(named.named_modules()) == "fc1 act fc2 3");
  BOOST_TEST((named(x).shape() == Shape{4, 1}));
  expect<ValueError>({"fc1", "already"}, [&] { named.add("fc1", nn::Tanh()); });
  BOOST_TEST(named.size() == 4u);
  const nn::Sequential nested(named, nn::Sequential());
  BOOST_TEST(same_bits(nested(x), named(x)));
  BOOST_TEST(same_bits(nn::Sequential()(x), x));
}

BOOST_AUTO_TEST_CASE(user_defined_modules) {
  const Pair pair;
  const Tensor a = randn({4, 2}), b = randn({4, 2});
  BOOST_TEST(same_bits(pair.forward(a, b), pair.left(a) + pair.right(b)));
  const nn::Sequential net(Net(), [](const Tensor& x) { return x.flatten(); });
  BOOST_TEST((net(a).shape() == Shape{4}));
  BOOST_TEST(net.named_children()[0].second.label() == "Net");
}

BOOST_AUTO_TEST_CASE(linear_flatten_identity) {
  nn::Linear fc(3, 2);
  {
    NoGradGuard off;
    fc.weight.copy_(tensor({{1., 2., 3.}, {4., 5., 6.}}));
    fc.bias.copy_(tensor({0.5, -0.5}));
  }
  check_close(fc(tensor({{1., 0., -1.}, {2., 1., 0.}})), {-1.5, -2.5, 4.5, 12.5});
  check_close(fc(tensor({1., 1., 1.})), {6.5, 14.5});
  BOOST_TEST((fc(ones({2, 5, 3})).shape() == Shape{2, 5, 2}));
  BOOST_TEST((fc(ones({0, 3})).shape() == Shape{0, 2}));
  BOOST_TEST((nn::Flatten()(ones({2, 3, 4})).shape() == Shape{2, 12}));
  BOOST_TEST((nn::Flatten({.start_dim = 0, .end_dim = 1})(ones({2, 3, 4})).shape() == Shape{6, 4}));
  const Tensor x = randn({3});
  BOOST_TEST(nn::Identity()(x).is_same(x));
}

BOOST_AUTO_TEST_CASE(dropout_law) {
  manual_seed(1);
  nn::Dropout drop(0.3);
  const Tensor x = ones({100000});
  const std::vector<double> y = drop(x).to_vector<double>();
  const auto zeros_left = static_cast<double>(std::ranges::count(y, 0.0));
  BOOST_TEST(std::fabs(zeros_left / 1e5 - 0.3) < 5 * std::sqrt(0.3 * 0.7 / 1e5));
  for (const double v : y) BOOST_REQUIRE((v == 0 || std::fabs(v - 1 / 0.7) < 1e-6));
  drop.eval();
  BOOST_TEST(same_bits(drop(x), x));
  check_close(nn::Dropout(1.0)(ones({3})), {0, 0, 0});
  check_close(nn::Dropout(0.0)(ones({3})), {1, 1, 1});
  const Tensor w = ones({50}, {.requires_grad = true});
  drop.train();
  const Tensor z = drop(w);
  z.sum().backward();
  BOOST_TEST(same_bits(w.grad(), z));  // the same mask and scale
}

BOOST_AUTO_TEST_CASE(activations_against_formulas) {
  const std::vector<double> at{-3, -0.5, 0, 0.25, 2, 30};
  const Tensor x = from_vector(at);
  const auto check = [&](const auto& module, auto f) {
    std::vector<double> expected;
    for (const double v : at) expected.push_back(f(v));
    check_close(module(x), expected, 1e-12);
  };
  const auto sigmoid_of = [](double v) { return 1 / (1 + std::exp(-v)); };
  check(nn::ReLU(), [](double v) { return v > 0 ? v : 0; });
  check(nn::Tanh(), [](double v) { return std::tanh(v); });
  check(nn::Sigmoid(), sigmoid_of);
  check(nn::LogSigmoid(), [](double v) { return -std::log1p(std::exp(-v)); });
  check(nn::SiLU(), [&](double v) { return v * sigmoid_of(v); });
  check(nn::LeakyReLU(), [](double v) { return v > 0 ? v : 0.01 * v; });
  check(nn::LeakyReLU({.negative_slope = 0.2}), [](double v) { return v > 0 ? v : 0.2 * v; });
  check(nn::ELU({.alpha = 2}), [](double v) { return v > 0 ? v : 2 * std::expm1(v); });
  check(nn::GELU(), [](double v) { return 0.5 * v * std::erfc(-v / std::sqrt(2.0)); });
  check(nn::GELU({.approximate = Gelu::tanh}),
        [](double v) { return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))); });
  check(nn::Softplus(), [](double v) { return v > 20 ? v : std::log1p(std::exp(v)); });
  check(nn::Softplus({.beta = 2, .threshold = 3}),
        [](double v) { return 2 * v > 3 ? v : std::log1p(std::exp(2 * v)) / 2; });
  double total = 0;
  for (const double v : at) total += std::exp(v);
  check(nn::Softmax({.dim = 0}), [&](double v) { return std::exp(v) / total; });
  check(nn::LogSoftmax(), [&](double v) { return v - std::log(total); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nn_init)

namespace {

struct Moments {
  double mean, deviation, lowest, highest;
};
Moments moments(const Tensor& t) {
  const std::vector<double> v = t.to_vector<double>();
  const double n = static_cast<double>(v.size()), mean = std::accumulate(v.begin(), v.end(), 0.0) / n;
  double squares = 0;
  for (const double x : v) squares += (x - mean) * (x - mean);
  return {mean, std::sqrt(squares / n), *std::ranges::min_element(v), *std::ranges::max_element(v)};
}
void check_uniform(const Tensor& t, double low, double high) {
  const Moments m = moments(t);
  const double deviation = (high - low) / std::sqrt(12.0), n = std::sqrt(static_cast<double>(t.numel()));
  BOOST_TEST(std::fabs(m.mean - (low + high) / 2) < 5 * deviation / n);
  BOOST_TEST(std::fabs(m.deviation / deviation - 1) < 5 / n);
  BOOST_TEST((m.lowest >= low - 1e-7 && m.highest <= high + 1e-7));
  BOOST_TEST((m.lowest < low + 0.01 * (high - low) && m.highest > high - 0.01 * (high - low)));
}
void check_normal(const Tensor& t, double mean, double deviation) {
  const Moments m = moments(t);
  const double n = std::sqrt(static_cast<double>(t.numel()));
  BOOST_TEST(std::fabs(m.mean - mean) < 5 * deviation / n);
  BOOST_TEST(std::fabs(m.deviation / deviation - 1) < 5 / n);
  BOOST_TEST(m.highest > mean + 3 * deviation);  // has tails
}

}  // namespace

BOOST_AUTO_TEST_CASE(laws) {
  using namespace nn::init;
  manual_seed(3);
  Tensor t = empty({200, 100});
  check_uniform(uniform_(t, -2, 1), -2, 1);
  check_normal(normal_(t, 1, 0.5), 1, 0.5);
  check_uniform(xavier_uniform_(t), -std::sqrt(6.0 / 300), std::sqrt(6.0 / 300));
  check_normal(xavier_normal_(t, 2), 0, 2 * std::sqrt(2.0 / 300));
  check_uniform(kaiming_uniform_(t), -std::sqrt(6.0 / 100), std::sqrt(6.0 / 100));
  check_normal(kaiming_normal_(t, 0, FanMode::fan_out, Nonlinearity::relu), 0, std::sqrt(2.0 / 200));
  Tensor kernel = empty({64, 8, 5, 5});
  check_uniform(kaiming_uniform_(kernel), -std::sqrt(6.0 / 200), std::sqrt(6.0 / 200));
  const Moments cut = moments(trunc_normal_(t, 0, 1, -1, 1));
  BOOST_TEST((cut.lowest >= -1 && cut.highest <= 1 && std::fabs(cut.deviation - 0.53956) < 0.01));
  const nn::Linear fc(400, 300);
  check_uniform(fc.weight, -0.05, 0.05);
  check_uniform(fc.bias, -0.05, 0.05);
}

BOOST_AUTO_TEST_CASE(constants_gains_and_errors) {
  using namespace nn::init;
  Tensor t = empty({2, 3}, {.requires_grad = true});
  check_close(constant_(t, 3), {3, 3, 3, 3, 3, 3});
  check_close(ones_(t), {1, 1, 1, 1, 1, 1});
  check_close(zeros_(t), {0, 0, 0, 0, 0, 0});
  check_close(eye_(t), {1, 0, 0, 0, 1, 0});
  BOOST_TEST((t.is_leaf() && t.requires_grad()));
  BOOST_TEST(calculate_gain(Nonlinearity::tanh) == 5.0 / 3);
  BOOST_TEST(calculate_gain(Nonlinearity::leaky_relu, 1) == 1);
  BOOST_TEST((calculate_fan_in_and_fan_out(empty({6, 4, 3})) == std::pair<std::int64_t, std::int64_t>(12, 18)));
  Tensor flat = zeros({3}), whole = zeros({2, 2}, {kInt64});
  expect<ShapeError>({"2 dimensions", "1"}, [&] { xavier_uniform_(flat); });
  expect<DTypeError>({"int64"}, [&] { normal_(whole); });
  expect<ValueError>({"stddev"}, [&] { normal_(flat, 0, -1); });
  expect<ValueError>({"a < b"}, [&] { trunc_normal_(flat, 0, 1, 1, 1); });
  check_close(flat, {0, 0, 0});
}

BOOST_AUTO_TEST_SUITE_END()
