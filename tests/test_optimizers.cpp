// All optimizers: published formulas, groups and their defaults, exact resuming; limiting gradients.
#include <functional>
#include <limits>
#include <memory>

#include <xgrad/autograd.hpp>
#include <xgrad/data/safetensors.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/parallel.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr int kSteps = 12;
const std::vector<double> kStart{0.5, -1.5, 2.0, 0.0, -0.25, 3.0, 1e-3};

double slope(double p, std::size_t i) { return p - static_cast<double>(i) + std::cos(p); }

using Rule = std::function<double(double p, double g, int t)>;

void descend(optim::Optimizer& optimizer, Tensor& p, int steps) {
  for (int t = 0; t < steps; ++t) {
    optimizer.zero_grad();
    const Tensor target = arange(0, p.numel(), 1, {p.dtype()});
    (square(p - target) / 2 + sin(p)).sum().backward();
    optimizer.step();
  }
}

Tensor start(DType dtype) { return from_vector(kStart).to(dtype).requires_grad_(); }

template <class O, class Options>
void check_trajectory(const Options& options, const std::function<Rule()>& make, Location at = Location::current()) {
  std::vector<double> expected;
  for (std::size_t i = 0; i < kStart.size(); ++i) {
    const Rule rule = make();
    double p = kStart[i];
    for (int t = 1; t <= kSteps; ++t) p = rule(p, slope(p, i), t);
    expected.push_back(p);
  }
  for (const DType dtype : {kFloat64, kFloat32}) {
    Tensor p = start(dtype);
    O optimizer(std::vector<Tensor>{p}, options);
    descend(optimizer, p, kSteps);
    check_close(p, expected, dtype == kFloat64 ? 1e-11 : 5e-4, at);
  }
}

template <class O>
double prepared(const O& o, double p, double g) {
  return (o.maximize ? -g : g) + o.weight_decay * p;
}

std::function<Rule()> rmsprop(const optim::RMSpropOptions& o) {
  return [o]() -> Rule {
    return [o, v = 0.0, a = 0.0, b = 0.0](double p, double g, int) mutable {
      g = prepared(o, p, g);
      v = o.alpha * v + (1 - o.alpha) * g * g;
      if (o.centered) a = o.alpha * a + (1 - o.alpha) * g;
      b = o.momentum * b + g / (std::sqrt(v - a * a) + o.eps);
      return p - o.lr * b;
    };
  };
}

std::function<Rule()> adagrad(const optim::AdagradOptions& o) {
  return [o]() -> Rule {
    return [o, v = double(o.initial_accumulator_value)](double p, double g, int t) mutable {
      g = prepared(o, p, g);
      v += g * g;
      return p - o.lr / (1 + (t - 1) * o.lr_decay) * g / (std::sqrt(v) + o.eps);
    };
  };
}

std::function<Rule()> adadelta(const optim::AdadeltaOptions& o) {
  return [o]() -> Rule {
    return [o, v = 0.0, u = 0.0](double p, double g, int) mutable {
      g = prepared(o, p, g);
      v = o.rho * v + (1 - o.rho) * g * g;
      const double d = std::sqrt(u + o.eps) / std::sqrt(v + o.eps) * g;
      u = o.rho * u + (1 - o.rho) * d * d;
      return p - o.lr * d;
    };
  };
}

std::function<Rule()> adamax(const optim::AdamaxOptions& o) {
  return [o]() -> Rule {
    return [o, m = 0.0, u = 0.0](double p, double g, int t) mutable {
      g = prepared(o, p, g);
      m = o.betas[0] * m + (1 - o.betas[0]) * g;
      u = std::max(o.betas[1] * u, std::fabs(g) + o.eps);
      return p - o.lr / (1 - std::pow(o.betas[0], t)) * m / u;
    };
  };
}

std::function<Rule()> radam(const optim::RAdamOptions& o) {
  return [o]() -> Rule {
    return [o, m = 0.0, v = 0.0](double p, double g, int t) mutable {
      if (o.decoupled_weight_decay)
        p *= 1 - o.lr * o.weight_decay;
      else
        g += o.weight_decay * p;
      const double b1 = o.betas[0], b2 = o.betas[1], rest = 1 - std::pow(b2, t);
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      const double first = m / (1 - std::pow(b1, t)), most = 2 / (1 - b2) - 1;
      const double r = most - 2 * t * std::pow(b2, t) / rest;
      if (r <= 5) return p - o.lr * first;
      const double rectified = std::sqrt((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r));
      return p - o.lr * first * rectified * std::sqrt(rest) / (std::sqrt(v) + o.eps);
    };
  };
}

std::function<Rule()> asgd(const optim::ASGDOptions& o) {
  return [o]() -> Rule {
    return [o, eta = double(o.lr)](double p, double g, int t) mutable {
      g = prepared(o, p, g);
      p = p * (1 - o.lambd * eta) - eta * g;
      eta = o.lr / std::pow(1 + o.lambd * o.lr * t, o.alpha);
      return p;
    };
  };
}

std::function<Rule()> rprop(const optim::RpropOptions& o) {
  return [o]() -> Rule {
    return [o, before = 0.0, size = double(o.lr)](double p, double g, int) mutable {
      const double product = g * before;
      size *= product > 0 ? o.etas[1] : product < 0 ? o.etas[0] : 1;
      size = std::clamp(size, o.step_sizes[0], o.step_sizes[1]);
      if (product < 0) g = 0;
      before = g;
      return p - (g > 0 ? size : g < 0 ? -size : 0);
    };
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(all_optimizers)

BOOST_AUTO_TEST_CASE(trajectories) {
  for (const optim::RMSpropOptions& o : std::vector<optim::RMSpropOptions>{
           {},
           {.lr = 0.05, .alpha = 0.9, .weight_decay = 0.1},
           {.lr = 0.05, .momentum = 0.8},
           {.lr = 0.05, .centered = true},
           {.lr = 0.02, .alpha = 0.8, .eps = 1e-3, .weight_decay = 0.1, .momentum = 0.5, .centered = true},
           {.lr = 0.02, .maximize = true}})
    check_trajectory<optim::RMSprop>(o, rmsprop(o));
  for (const optim::AdagradOptions& o : std::vector<optim::AdagradOptions>{
           {},
           {.lr = 0.3, .lr_decay = 0.1, .weight_decay = 0.1, .initial_accumulator_value = 0.5},
           {.lr = 0.1, .maximize = true}})
    check_trajectory<optim::Adagrad>(o, adagrad(o));
  for (const optim::AdadeltaOptions& o :
       std::vector<optim::AdadeltaOptions>{{}, {.lr = 0.5, .rho = 0.8, .weight_decay = 0.1}})
    check_trajectory<optim::Adadelta>(o, adadelta(o));
  for (const optim::AdamaxOptions& o :
       std::vector<optim::AdamaxOptions>{{}, {.lr = 0.1, .betas = {0.8, 0.9}, .weight_decay = 0.1}})
    check_trajectory<optim::Adamax>(o, adamax(o));
  for (const optim::RAdamOptions& o :
       std::vector<optim::RAdamOptions>{{.lr = 0.1},
                                        {.lr = 0.05, .betas = {0.8, 0.9}, .weight_decay = 0.1},
                                        {.lr = 0.05, .weight_decay = 0.2, .decoupled_weight_decay = true}})
    check_trajectory<optim::RAdam>(o, radam(o));
  for (const optim::ASGDOptions& o :
       std::vector<optim::ASGDOptions>{{}, {.lr = 0.1, .lambd = 0.1, .alpha = 0.5, .weight_decay = 0.1}})
    check_trajectory<optim::ASGD>(o, asgd(o));
  for (const optim::RpropOptions& o :
       std::vector<optim::RpropOptions>{{}, {.lr = 0.1, .etas = {0.4, 1.3}, .step_sizes = {1e-3, 0.2}}})
    check_trajectory<optim::Rprop>(o, rprop(o));
}

// One step by Dozat's formula: mu = 0.9 (1 - 0.96^0.004 / 2) and next = 0.9 (1 - 0.96^0.008 / 2).
BOOST_AUTO_TEST_CASE(nadam_multiplies_by_mu_once) {
  for (const DType type : {kFloat32, kFloat64}) {
    Tensor p = ones({1}, {type, true});
    p.set_grad(full({1}, 0.3, {type}));
    optim::NAdam opt(std::vector<Tensor>{p}, {.lr = 0.1});
    opt.step();
    check_close(p, {0.894355}, 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(averages_of_asgd) {
  Tensor p = full({1}, 1.0, {kFloat64, true});
  optim::ASGD opt({p}, {.lr = 0.1, .lambd = 0, .t0 = 1});
  double value = 1, mean = 0;
  for (int t = 1; t <= 6; ++t) {
    p.set_grad(full({1}, 2.0, {kFloat64}));
    opt.step();
    value -= 0.2;
    mean += (value - mean) / std::max(1.0, t - 2.0);  // the weight is that of the step before
  }
  for (const auto& [key, t] : opt.state_dict())
    if (key == "0.ax") check_close(t, {mean}, 1e-12);
}

// An optimizer is not copied or moved, and one tensor is no list.
static_assert(!std::is_copy_constructible_v<optim::SGD> && !std::is_move_constructible_v<optim::AdamW> &&
              !std::is_copy_assignable_v<optim::Adam> && !std::is_constructible_v<optim::Adam, Tensor>);

BOOST_AUTO_TEST_CASE(parameters_are_one_argument) {
  const Tensor a = start(kFloat32), b = start(kFloat64);
  const std::vector<Tensor> list{a, b};
  const optim::SGDOptions slow{.lr = 0.01};
  const optim::ParamGroup<optim::SGDOptions> group{{a}, slow};
  BOOST_TEST(optim::SGD(list).params().size() == 2u);
  BOOST_TEST(optim::SGD({a}).params().size() == 1u);
  BOOST_TEST(optim::SGD({a, b}, {.lr = 1}).lr() == 1);
  BOOST_TEST((optim::SGD{{a}, {.lr = 1}}.lr() == 1));
  BOOST_TEST(std::make_unique<optim::SGD>(list, slow)->lr() == 0.01);
  // Groups: written out, or made before.
  BOOST_TEST(optim::SGD({{list}, {{start(kFloat64)}, slow}}, {.lr = 1}).lr(1) == 0.01);
  BOOST_TEST(optim::SGD({{{a}, slow}}).lr() == 0.01);
  BOOST_TEST(optim::SGD({group}).lr() == 0.01);
  const optim::SGD two({group, {{b}, {.momentum = 0.5}}}, {.lr = 1});
  BOOST_TEST((two.lr(0) == 0.01 && two.lr(1) == 1 && two.momentum(1) == 0.5 && two.defaults().lr == 1));
  expect_op<ValueError>("SGD", {"empty parameter list"}, [] { optim::SGD({}); });
  expect_op<ValueError>("SGD", {"empty parameter list"}, [] { optim::SGD(std::vector<Tensor>{}); });
  expect_op<ValueError>("LBFGS", {"no parameter groups"}, [&] { optim::LBFGS({{{a}, {}}, {{b}, {}}}); });
  expect_op<ValueError>("LBFGS", {"no parameter groups"}, [&] { optim::LBFGS({a}).add_param_group({{b}, {}}); });
}

BOOST_AUTO_TEST_CASE(a_group_takes_what_it_leaves_out_from_the_optimizer) {
  Tensor a = start(kFloat64), b = start(kFloat64), c = start(kFloat64);
  optim::AdamW opt({{{a}, {.lr = 0.5}}, {{b}, {.weight_decay = 0}}},
                   {.lr = 0.1, .betas = {0.7, 0.8}, .weight_decay = 0.3});
  BOOST_TEST((opt.lr(0) == 0.5 && opt.lr(1) == 0.1));
  BOOST_TEST((opt.options(0).betas[0] == 0.7 && opt.options(1).betas[1] == 0.8));
  BOOST_TEST((opt.options(0).weight_decay == 0.3 && opt.options(1).weight_decay == 0));
  opt.add_param_group({{c}, {.betas = {0.1, 0.2}}});
  BOOST_TEST(opt.num_groups() == 3u);
  BOOST_TEST((opt.lr(2) == 0.1 && opt.options(2).weight_decay == 0.3 && opt.options(2).betas[0] == 0.1));
  expect_op<ValueError>("AdamW", {"more than one group"}, [&] { opt.add_param_group({{a}, {}}); });
  expect_op<ValueError>("AdamW", {"lr", "-1"}, [&] { opt.add_param_group({{ones({1})}, {.lr = -1}}); });
  BOOST_TEST(opt.num_groups() == 3u);
  // The options are the ones that act.
  optim::SGD sgd({{{a}, {.lr = 1}}, {{b}, {}}}, {.lr = 0.5, .weight_decay = 1});
  for (Tensor* t : {&a, &b}) {
    NoGradGuard off;
    t->fill_(1);
    t->set_grad(zeros({7}, {kFloat64}));
  }
  sgd.step();
  check_close(a, std::vector<double>(7, 0.0));
  check_close(b, std::vector<double>(7, 0.5));
}

namespace {

// Six steps, a trip through a file into an optimizer with other options, six more: the bits of twelve in one go.
template <class O, class Options>
void check_resume(const Options& options, const Options& other, Location at = Location::current()) {
  const TempDir dir;
  Tensor whole = start(kFloat32), rest = start(kFloat32);
  O first({{{whole}, options}, {{rest}, {}}});
  descend(first, whole, 6);  // the second group never has a gradient
  const Tensor half = whole.detach().clone();
  save_safetensors(first.state_dict(), dir / "state");
  descend(first, whole, 6);

  Tensor resumed = half.clone().requires_grad_(), idle = start(kFloat32);
  O second({{{resumed}, other}, {{idle}, other}});
  NamedTensors state = load_safetensors(dir / "state");
  second.check_state_dict(state);
  second.load_state_dict(state);
  descend(second, resumed, 6);
  BOOST_TEST(same_bits(whole, resumed), file_and_line(at) << " differs after resuming");
  BOOST_TEST(same_bits(first.state_dict(), second.state_dict()), file_and_line(at) << " another state");
}

}  // namespace

BOOST_AUTO_TEST_CASE(resuming_is_exact_for_every_optimizer) {
  check_resume<optim::SGD, optim::SGDOptions>({.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1, .nesterov = true},
                                              {.lr = 7, .momentum = 0.1});
  check_resume<optim::Adam, optim::AdamOptions>({.lr = 0.1, .betas = {0.8, 0.7}, .eps = 1e-3, .amsgrad = true},
                                                {.lr = 7});
  check_resume<optim::AdamW, optim::AdamWOptions>({.lr = 0.1, .weight_decay = 0.3}, {.maximize = true});
  check_resume<optim::RMSprop, optim::RMSpropOptions>({.lr = 0.1, .alpha = 0.8, .momentum = 0.5, .centered = true}, {});
  check_resume<optim::Adagrad, optim::AdagradOptions>({.lr = 0.1, .lr_decay = 0.1, .initial_accumulator_value = 0.3},
                                                      {});
  check_resume<optim::Adadelta, optim::AdadeltaOptions>({.rho = 0.8}, {.lr = 7});
  check_resume<optim::Adamax, optim::AdamaxOptions>({.lr = 0.1}, {.lr = 7});
  check_resume<optim::NAdam, optim::NAdamOptions>({.lr = 0.1, .momentum_decay = 0.1}, {.lr = 7});
  check_resume<optim::RAdam, optim::RAdamOptions>({.lr = 0.1, .betas = {0.9, 0.6}}, {.lr = 7});
  check_resume<optim::ASGD, optim::ASGDOptions>({.lr = 0.1, .lambd = 0.1, .t0 = 3}, {.lr = 7});
  check_resume<optim::Rprop, optim::RpropOptions>({.lr = 0.1, .etas = {0.4, 1.5}}, {.lr = 7});
}

BOOST_AUTO_TEST_CASE(one_report_of_everything_that_does_not_fit) {
  Tensor p = start(kFloat32), q = start(kFloat32);
  optim::Adam opt({p, q}, {.lr = 0.1});
  descend(opt, p, 2);
  const NamedTensors good = opt.state_dict();
  NamedTensors bad;
  for (const auto& [key, t] : good) {
    if (key == "0.exp_avg")
      bad.emplace_back(key, ones({2}));
    else if (key == "group.0.eps")
      bad.emplace_back(key, ones({2, 2}));
    else if (key != "0.step" && key != "group.0.betas")
      bad.emplace_back(key, t);
  }
  bad.emplace_back("group.7.lr", full({}, 1.0));
  expect_op<ValueError>(
      "Adam", {"nothing was loaded", "0.step", "group.0.betas", "group.7.lr", "0.exp_avg has shape (2)", "group.0.eps"},
      [&] { opt.load_state_dict(bad); });
  optim::Adam other({{{p}, {}}, {{q}, {}}});
  expect_op<ValueError>("Adam", {"group.0.params is 2, the group has 1", "group.1.params"},
                        [&] { other.load_state_dict(good); });
  optim::SGD sgd({p, q});
  expect_op<ValueError>("SGD", {"unexpected", "0.exp_avg", "group.0.betas", "missing", "group.0.momentum"},
                        [&] { sgd.load_state_dict(good); });
  NamedTensors lost;  // moments of a parameter that has made steps
  for (const auto& e : good)
    if (e.first != "0.exp_avg_sq") lost.push_back(e);
  expect_op<ValueError>("Adam", {"missing", "0.exp_avg_sq"}, [&] { opt.load_state_dict(lost); });
  BOOST_TEST(same_bits(opt.state_dict(), good));
}

BOOST_AUTO_TEST_CASE(closures) {
  Tensor p = start(kFloat64);
  optim::SGD opt(std::vector<Tensor>{p}, {.lr = 0.1});
  const NoGradGuard off;  // the closure records all the same
  const Tensor loss = opt.step([&] {
    opt.zero_grad();
    const Tensor l = square(p).sum();
    l.backward();
    return l;
  });
  BOOST_TEST(std::fabs(loss.item() - 15.562501) < 1e-6);
  check_close(p, {0.4, -1.2, 1.6, 0.0, -0.2, 2.4, 8e-4}, 1e-12);
  expect_op<ValueError>("SGD", {"closure"}, [&] { opt.step(optim::Optimizer::Closure()); });
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_does_not_matter) {
  const int before = get_num_threads();
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    Tensor p = arange(0, 200'003, 1, {kFloat32}).requires_grad_();
    optim::Adam adam({p}, {.lr = 0.5});
    optim::SGD sgd(std::vector<Tensor>{p}, {.lr = 0.5, .momentum = 0.9});
    for (int t = 0; t < 3; ++t) {
      p.set_grad(sin(p.detach()));
      optim::clip_grad_norm_(p, 10);
      adam.step();
      sgd.step();
    }
    results.push_back(p.detach());
  }
  set_num_threads(before);
  BOOST_TEST((same_bits(results[0], results[1]) && same_bits(results[0], results[2])));
}

BOOST_AUTO_TEST_CASE(options_out_of_range) {
  const std::vector<Tensor> one{ones({2}, {.requires_grad = true})};
  expect_op<ValueError>("RMSprop", {"alpha", "-1"}, [&] { optim::RMSprop(one, {.alpha = -1}); });
  expect_op<ValueError>("RMSprop", {"momentum", "nan"}, [&] { optim::RMSprop(one, {.momentum = std::nan("")}); });
  expect_op<ValueError>("Adagrad", {"initial_accumulator_value", "-1"},
                        [&] { optim::Adagrad(one, {.initial_accumulator_value = -1}); });
  expect_op<ValueError>("Adadelta", {"rho", "1.5"}, [&] { optim::Adadelta(one, {.rho = 1.5}); });
  expect_op<ValueError>("Adamax", {"betas"}, [&] { optim::Adamax(one, {.betas = {0.9, 1}}); });
  expect_op<ValueError>("NAdam", {"momentum_decay", "-1"}, [&] { optim::NAdam(one, {.momentum_decay = -1}); });
  expect_op<ValueError>("RAdam", {"lr", "inf"}, [&] { optim::RAdam(one, {.lr = INFINITY}); });
  expect_op<ValueError>("ASGD", {"lambd", "-1"}, [&] { optim::ASGD(one, {.lambd = -1}); });
  expect_op<ValueError>("Rprop", {"etas", "1.2"}, [&] { optim::Rprop(one, {.etas = {1.2, 0.5}}); });
  expect_op<ValueError>("Rprop", {"step_sizes"}, [&] { optim::Rprop(one, {.step_sizes = {5, 1}}); });
  optim::Rprop none(one);
  expect<ValueError>({"Rprop", "momentum"}, [&] { none.momentum(); });
}

// ---- limiting gradients ----

namespace {

std::vector<Tensor> with_gradients(DType dtype) {
  std::vector<Tensor> params;
  for (const auto& g : {std::vector<double>{3, -4}, std::vector<double>{12}}) {
    Tensor p = zeros({static_cast<std::int64_t>(g.size())}, {dtype, true});
    p.set_grad(from_vector(g).to(dtype));
    params.push_back(p);
  }
  params.push_back(zeros({3}, {dtype, true}));  // has none
  return params;
}

}  // namespace

BOOST_AUTO_TEST_CASE(norms) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const DType dtype : {kFloat32, kFloat64}) {
    for (const auto& [type, norm] :
         {std::pair(2.0, 13.0), {1.0, 19.0}, {inf, 12.0}, {3.0, std::cbrt(27.0 + 64 + 1728)}}) {
      auto p = with_gradients(dtype);
      BOOST_TEST(std::fabs(optim::clip_grad_norm_(p, 100, type) - norm) < 1e-6);
      check_close(p[0].grad(), {3, -4});
      BOOST_TEST(std::fabs(nn::utils::clip_grad_norm_(p, 2.6, type) - norm) < 1e-6);
      const double by = 2.6 / (norm + 1e-6);
      check_close(p[0].grad(), {3 * by, -4 * by}, 1e-6);
      check_close(p[1].grad(), {12 * by}, 1e-6);
      BOOST_TEST(!p[2].grad().defined());
    }
    auto p = with_gradients(dtype);
    optim::clip_grad_value_(p, 3.5);
    check_close(p[0].grad(), {3, -3.5});
    check_close(p[1].grad(), {3.5});
  }
  BOOST_TEST(optim::clip_grad_norm_(std::vector<Tensor>{}, 1) == 0);
}

BOOST_AUTO_TEST_CASE(norms_that_are_not_finite) {
  auto p = with_gradients(kFloat32);
  p[0].set_name("body.weight");
  p[0].set_grad(tensor({3., std::nan("")}));
  expect_op<ValueError>("clip_grad_norm_", {"nan", "body.weight"}, [&] { optim::clip_grad_norm_(p, 1, 2, true); });
  check_close(p[1].grad(), {12});
  BOOST_TEST(std::isnan(optim::clip_grad_norm_(p, 1)));
  p = with_gradients(kFloat32);
  p[1].set_grad(tensor({INFINITY}));
  expect_op<ValueError>("clip_grad_norm_", {"inf"}, [&] { optim::clip_grad_norm_(p, 1, 2, true); });
  BOOST_TEST(std::isinf(optim::clip_grad_norm_(p, 1, INFINITY)));
  check_close(p[0].grad(), {0, 0});
  expect_op<ValueError>("clip_grad_norm_", {"max_norm", "-1"}, [&] { optim::clip_grad_norm_(p, -1); });
  expect_op<ValueError>("clip_grad_norm_", {"norm_type", "0"}, [&] { optim::clip_grad_norm_(p, 1, 0); });
  expect_op<ValueError>("clip_grad_value_", {"clip_value", "-1"}, [&] { optim::clip_grad_value_(p, -1); });
}

BOOST_AUTO_TEST_CASE(gradients_that_are_views) {
  Tensor p = zeros({2, 3}, {.requires_grad = true});
  p.set_grad(full({}, 2.0).expand({2, 3}));
  BOOST_TEST(std::fabs(optim::clip_grad_norm_(p, std::sqrt(6.0)) - std::sqrt(24.0)) < 1e-6);
  check_close(p.grad(), std::vector<double>(6, 1.0), 1e-5);
  p.set_grad(arange(0, 6).to(kFloat32).reshape({3, 2}).t());
  optim::clip_grad_value_(p, 2.5);
  check_close(p.grad(), {0, 2, 2.5, 1, 2.5, 2.5});
}

BOOST_AUTO_TEST_SUITE_END()
