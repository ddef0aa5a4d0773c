// Optimizers against plain loops over doubles that follow the published formulas, ten steps each, for all options.
#include <functional>
#include <optional>

#include <xgrad/data/safetensors.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using optim::AdamOptions;
using optim::AdamWOptions;
using optim::SGDOptions;

namespace {

constexpr int kSteps = 10;
const std::vector<double> kStart{0.5, -1.5, 2.0, 0.0, -0.25, 3.0, 1e-3};

// The gradient of sum((p - i)^2 / 2 + sin(p)) at element i: neither constant nor linear.
double slope(double p, std::size_t i) { return p - static_cast<double>(i) + std::cos(p); }

// One element's life, step by step.
using Rule = std::function<double(double p, double g, int t)>;
std::vector<double> reference(const std::function<Rule()>& make) {
  std::vector<double> out;
  for (std::size_t i = 0; i < kStart.size(); ++i) {
    const Rule rule = make();
    double p = kStart[i];
    for (int t = 1; t <= kSteps; ++t) p = rule(p, slope(p, i), t);
    out.push_back(p);
  }
  return out;
}

void descend(optim::Optimizer& optimizer, Tensor& p, int steps) {
  for (int t = 0; t < steps; ++t) {
    optimizer.zero_grad();
    const Tensor target = arange(0, p.numel(), 1, {p.dtype()});
    (square(p - target) / 2 + sin(p)).sum().backward();
    optimizer.step();
  }
}

Tensor start(DType dtype) {
  Tensor p = from_vector(kStart).to(dtype);
  return p.requires_grad_();
}

template <class O, class Options>
void check_trajectory(const Options& options, const std::function<Rule()>& rule, Location at = Location::current()) {
  const std::vector<double> expected = reference(rule);
  for (const DType dtype : {kFloat64, kFloat32}) {
    Tensor p = start(dtype);
    O optimizer(std::vector<Tensor>{p}, options);
    descend(optimizer, p, kSteps);
    check_close(p, expected, dtype == kFloat64 ? 1e-12 : 2e-5, at);
  }
}

std::function<Rule()> sgd(const SGDOptions& o) {
  return [o]() -> Rule {
    return [o, b = std::optional<double>()](double p, double g, int) mutable {
      if (o.maximize) g = -g;
      g += o.weight_decay * p;
      if (o.momentum != 0) {
        b = b ? o.momentum * *b + (1 - o.dampening) * g : g;
        g = o.nesterov ? g + o.momentum * *b : *b;
      }
      return p - o.lr * g;
    };
  };
}

template <class Options>
std::function<Rule()> adam(const Options& o, bool decoupled) {
  return [o, decoupled]() -> Rule {
    return [o, decoupled, m = 0.0, v = 0.0, top = 0.0](double p, double g, int t) mutable {
      if (o.maximize) g = -g;
      if (decoupled)
        p -= o.lr * o.weight_decay * p;
      else
        g += o.weight_decay * p;
      m = o.betas[0] * m + (1 - o.betas[0]) * g;
      v = o.betas[1] * v + (1 - o.betas[1]) * g * g;
      top = std::max(top, v);
      const double first = m / (1 - std::pow(o.betas[0], t));
      const double second = (o.amsgrad ? top : v) / (1 - std::pow(o.betas[1], t));
      return p - o.lr * first / (std::sqrt(second) + o.eps);
    };
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizers)

BOOST_AUTO_TEST_CASE(sgd_trajectories) {
  for (const SGDOptions& o :
       std::vector<SGDOptions>{{.lr = 0.1},
                               {.lr = 0},
                               {.lr = 0.1, .weight_decay = 0.3},
                               {.lr = 0.1, .maximize = true},
                               {.lr = 0.1, .momentum = 0.9},
                               {.lr = 0.1, .momentum = 0.9, .dampening = 0.4},
                               {.lr = 0.1, .momentum = 0.9, .dampening = 1},
                               {.lr = 0.1, .momentum = 0.8, .nesterov = true},
                               {.lr = 0.05, .momentum = 0.8, .weight_decay = 0.1, .nesterov = true},
                               {.lr = 0.02, .momentum = 0.8, .dampening = 0.2, .weight_decay = 0.1, .maximize = true}})
    check_trajectory<optim::SGD>(o, sgd(o));
}

BOOST_AUTO_TEST_CASE(adam_trajectories) {
  for (const AdamOptions& o :
       std::vector<AdamOptions>{{},
                                {.lr = 0.1},
                                {.lr = 0.1, .betas = {0.5, 0.6}},
                                {.lr = 0.1, .betas = {0, 0}},
                                {.lr = 0.1, .eps = 0.1},
                                {.lr = 0.1, .weight_decay = 0.3},
                                {.lr = 0.3, .betas = {0.9, 0.5}, .amsgrad = true},
                                {.lr = 0.1, .maximize = true},
                                {.lr = 0.1, .weight_decay = 0.1, .amsgrad = true, .maximize = true}})
    check_trajectory<optim::Adam>(o, adam(o, false));
}

BOOST_AUTO_TEST_CASE(adamw_trajectories) {
  for (const AdamWOptions& o :
       std::vector<AdamWOptions>{{},
                                 {.lr = 0.1},
                                 {.lr = 0.1, .weight_decay = 0.5},
                                 {.lr = 0.1, .weight_decay = 0},
                                 {.lr = 0.2, .betas = {0.8, 0.7}, .eps = 1e-3, .weight_decay = 0.2, .amsgrad = true},
                                 {.lr = 0.1, .weight_decay = 0.2, .maximize = true}})
    check_trajectory<optim::AdamW>(o, adam(o, true));
}

BOOST_AUTO_TEST_CASE(large_parameters_take_the_threaded_path) {
  Tensor p = full({300001}, 2.0, {kFloat64, true});
  optim::Adam opt({p}, {.lr = 0.5});
  p.set_grad(full({300001}, 3.0, {kFloat64}));
  opt.step();
  const std::vector<double> v = p.to_vector<double>();
  for (const double x : v) BOOST_REQUIRE(std::fabs(x - 1.5) < 1e-8);
}

BOOST_AUTO_TEST_CASE(strided_parameters_and_gradients) {
  Tensor base = arange(0, 6, 1, {kFloat64}).reshape({2, 3});
  Tensor p = base.detach().t();
  p.requires_grad_();
  optim::SGD opt({p}, {.lr = 1});
  p.set_grad(tensor({{1., 2., 3.}, {4., 5., 6.}}, {kFloat64}).t());
  opt.step();
  check_close(p, {-1, -1, -1, -1, -1, -1}, 1e-12);
  Tensor q = ones({2}, {.requires_grad = true});
  optim::Adam second({q}, {.lr = 0.1});
  q.expand({3, 2}).sum().backward();
  second.step();
  check_close(q, {0.9, 0.9});
}

BOOST_AUTO_TEST_CASE(parameters_without_gradient_stay) {
  Tensor used = ones({2}, {.requires_grad = true}), unused = ones({2}, {.requires_grad = true}), frozen = ones({2});
  optim::AdamW opt({used, unused, frozen}, {.lr = 0.1, .weight_decay = 0.5});
  (used * 1).sum().backward();
  opt.step();
  check_close(unused, {1, 1});
  check_close(frozen, {1, 1});
  BOOST_TEST((used.is_leaf() && used.requires_grad()));
  BOOST_TEST(used.to_vector<double>()[0] < 0.9);
  opt.zero_grad(false);
  check_close(used.grad(), {0, 0});
  opt.zero_grad();
  BOOST_TEST(!used.grad().defined());
}

BOOST_AUTO_TEST_CASE(groups_have_their_own_options) {
  Tensor a = start(kFloat64), b = start(kFloat64);
  const SGDOptions fast{.lr = 0.1, .momentum = 0.5}, slow{.lr = 0.01};
  optim::SGD opt(std::vector<optim::ParamGroup<SGDOptions>>{{{a}, fast}, {{b}, slow}});
  BOOST_TEST(opt.num_groups() == 2u);
  BOOST_TEST((opt.lr(0) == 0.1 && opt.lr(1) == 0.01));
  BOOST_TEST((opt.params(1).size() == 1 && opt.params(1)[0].is_same(b)));
  const Tensor target = arange(0, a.numel(), 1, {kFloat64});
  for (int t = 0; t < kSteps; ++t) {
    opt.zero_grad();
    for (const Tensor& p : {a, b}) (square(p - target) / 2 + sin(p)).sum().backward();
    opt.step();
  }
  check_close(a, reference(sgd(fast)), 1e-12);
  check_close(b, reference(sgd(slow)), 1e-12);
  expect<IndexError>({"group 2"}, [&] { opt.params(2); });
}

BOOST_AUTO_TEST_CASE(learning_rate_changes) {
  Tensor p = start(kFloat64);
  optim::SGD opt(std::vector<Tensor>{p}, {.lr = 0.1});
  descend(opt, p, 3);
  opt.set_lr(0.02);
  BOOST_TEST(opt.lr() == 0.02);
  descend(opt, p, kSteps - 3);
  const auto rule = []() -> Rule { return [](double x, double g, int t) { return x - (t <= 3 ? 0.1 : 0.02) * g; }; };
  check_close(p, reference(rule), 1e-12);
  expect<ValueError>({"lr", ">= 0", "-1"}, [&] { opt.set_lr(-1); });
  expect<ValueError>({"nan"}, [&] { opt.set_lr(std::nan("")); });
  expect<IndexError>({"group 1"}, [&] { opt.set_lr(1, 0.1); });
  BOOST_TEST(opt.lr() == 0.02);
}

namespace {

// Ten steps in one go, and six, a trip through a file, and four more: the same bits.
template <class O, class Options>
void check_resume(const Options& options) {
  const TempDir dir;
  for (const DType dtype : {kFloat32, kFloat64}) {
    Tensor whole = start(dtype);
    O first(std::vector<Tensor>{whole}, options);
    descend(first, whole, 6);
    NamedTensors saved = first.state_dict();
    saved.emplace_back("p", whole.detach().clone());
    save_safetensors(saved, dir / "state");
    first.set_lr(options.lr * 0.5);
    descend(first, whole, 4);

    NamedTensors state = load_safetensors(dir / "state");
    const auto at = std::find_if(state.begin(), state.end(), [](const auto& e) { return e.first == "p"; });
    Tensor resumed = at->second;
    resumed.requires_grad_();
    state.erase(at);
    Options other = options;
    other.lr = 77;  // comes from the state
    O second(std::vector<Tensor>{resumed}, other);
    second.load_state_dict(state);
    BOOST_TEST(second.lr() == options.lr);
    second.set_lr(options.lr * 0.5);
    descend(second, resumed, 4);
    BOOST_TEST(same_bits(whole, resumed));
    BOOST_TEST(same_bits(first.state_dict(), second.state_dict()));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(resuming_is_exact) {
  check_resume<optim::SGD>(SGDOptions{.lr = 0.1});
  check_resume<optim::SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.5, .weight_decay = 0.1});
  check_resume<optim::Adam>(AdamOptions{.lr = 0.1});
  check_resume<optim::Adam>(AdamOptions{.lr = 0.1, .betas = {0.9, 0.4}, .amsgrad = true});
  check_resume<optim::AdamW>(AdamWOptions{.lr = 0.1});
}

BOOST_AUTO_TEST_CASE(a_state_is_a_copy) {
  Tensor p = start(kFloat64);
  optim::Adam opt(std::vector<Tensor>{p}, {.lr = 0.1});
  descend(opt, p, 2);
  const NamedTensors state = opt.state_dict();
  const Tensor moment = state[1].second.clone();
  descend(opt, p, 2);
  BOOST_TEST(state[1].first == "0.exp_avg");
  BOOST_TEST(same_bits(state[1].second, moment));
}

BOOST_AUTO_TEST_CASE(states_that_do_not_fit_change_nothing) {
  Tensor p = start(kFloat32), q = start(kFloat32);
  optim::Adam opt({p, q}, {.lr = 0.1});
  descend(opt, p, 2);
  const NamedTensors good = opt.state_dict();
  const auto with = [&](const std::string& key, const Tensor& t) {
    NamedTensors s;
    for (const auto& e : good)
      if (e.first != key) s.push_back(e);
    if (t.defined()) s.emplace_back(key, t);
    return s;
  };
  expect_op<ValueError>("Adam", {"0.exp_avg", "(2)", "(7)"},
                        [&] { opt.load_state_dict(with("0.exp_avg", ones({2}))); });
  expect_op<ValueError>("Adam", {"0.momentum_buffer"},
                        [&] { opt.load_state_dict(with("0.momentum_buffer", ones({7}))); });
  expect_op<ValueError>("Adam", {"2.step"}, [&] { opt.load_state_dict(with("2.step", full({}, 1))); });
  expect_op<ValueError>("Adam", {"group.1.lr"}, [&] { opt.load_state_dict(with("group.1.lr", full({}, 1.0))); });
  expect_op<ValueError>("Adam", {"rubbish"}, [&] { opt.load_state_dict(with("rubbish", full({}, 1.0))); });
  expect_op<ValueError>("Adam", {"-1.step"}, [&] { opt.load_state_dict(with("-1.step", full({}, 1))); });
  expect_op<ValueError>("Adam", {"99999999999999999999.step"},
                        [&] { opt.load_state_dict(with("99999999999999999999.step", full({}, 1))); });
  expect_op<ValueError>("Adam", {"missing", "group.0.lr"}, [&] { opt.load_state_dict(with("group.0.lr", Tensor())); });
  expect_op<ValueError>("Adam", {"1.step"}, [&] { opt.load_state_dict(with("1.step", Tensor())); });
  expect_op<ValueError>("Adam", {"0.step", "-1"}, [&] { opt.load_state_dict(with("0.step", full({}, -1))); });
  expect<ValueError>({}, [&] { opt.load_state_dict(with("0.step", ones({2}, {kInt64}))); });
  expect<ValueError>({"group.0", "lr", "nan"},
                     [&] { opt.load_state_dict(with("group.0.lr", full({}, std::nan("")))); });
  BOOST_TEST(same_bits(opt.state_dict(), good));
}

BOOST_AUTO_TEST_CASE(construction_errors) {
  const Tensor w = ones({2}, {.requires_grad = true});
  const Tensor result = w * 2, whole = ones({2}, {kInt64});
  const std::vector<Tensor> one{w};
  expect_op<ValueError>("SGD", {"lr", "-1"}, [&] { optim::SGD(one, {.lr = -1}); });
  expect_op<ValueError>("SGD", {"momentum", "-0.5"}, [&] { optim::SGD(one, {.momentum = -0.5}); });
  expect_op<ValueError>("SGD", {"weight_decay", "-0.5"}, [&] { optim::SGD(one, {.weight_decay = -0.5}); });
  expect_op<ValueError>("SGD", {"nesterov", "momentum"}, [&] { optim::SGD(one, {.nesterov = true}); });
  expect_op<ValueError>("SGD", {"nesterov", "dampening"},
                        [&] { optim::SGD(one, {.momentum = 0.9, .dampening = 0.1, .nesterov = true}); });
  expect_op<ValueError>("Adam", {"betas", "1"}, [&] { optim::Adam(one, {.betas = {0.9, 1}}); });
  expect_op<ValueError>("Adam", {"betas", "-0.1"}, [&] { optim::Adam(one, {.betas = {-0.1, 0.9}}); });
  expect_op<ValueError>("Adam", {"eps", "-1"}, [&] { optim::Adam(one, {.eps = -1}); });
  expect_op<ValueError>("AdamW", {"lr", "nan"}, [&] { optim::AdamW(one, {.lr = std::nan("")}); });
  expect_op<ValueError>("AdamW", {"empty"}, [] { optim::AdamW(std::vector<optim::ParamGroup<AdamWOptions>>{}); });
  expect_op<ValueError>("SGD", {"0", "leaves"}, [&] { optim::SGD(std::vector<Tensor>{result}); });
  expect_op<ValueError>("SGD", {"int64", "floating"}, [&] { optim::SGD(std::vector<Tensor>{whole}); });
  expect_op<ValueError>("SGD", {"undefined"}, [&] { optim::SGD(std::vector<Tensor>{Tensor()}); });
}

BOOST_AUTO_TEST_CASE(it_minimises) {
  manual_seed(0);
  const nn::Sequential net(nn::Linear(2, 8), nn::Tanh(), nn::Linear(8, 1));
  const Tensor x = tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}}), y = tensor({0., 1., 1., 0.}).unsqueeze(1);
  optim::Adam opt(net.parameters(), {.lr = 0.05});
  double loss = 1;
  for (int i = 0; i < 400; ++i) {
    opt.zero_grad();
    const Tensor l = mse_loss(net(x), y);
    l.backward();
    opt.step();
    loss = l.item();
  }
  BOOST_TEST(loss < 1e-3);
}

BOOST_AUTO_TEST_SUITE_END()
