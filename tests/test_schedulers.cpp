// Learning-rate schedules against their formulas; states; errors. The reference records hold PyTorch's sequences.
#include <numbers>

#include <xgrad/data/safetensors.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using optim::LRScheduler;

namespace {

struct Fixture {
  Tensor a = ones({2}, {.requires_grad = true}), b = ones({2}, {.requires_grad = true});
  optim::SGD opt{{{{a}, {.lr = 0.1}}, {{b}, {.lr = 0.02}}}, {.momentum = 0.9}};

  // The rate of group 0 in epochs 0..n.
  std::vector<double> rates(LRScheduler& s, int n) {
    std::vector<double> out{opt.lr()};
    for (int e = 0; e < n; ++e) {
      s.step();
      out.push_back(opt.lr());
      BOOST_TEST((s.last_lr()[0] == opt.lr(0) && s.last_lr()[1] == opt.lr(1)));
      BOOST_TEST(s.last_epoch() == e + 1);
    }
    return out;
  }
};

void close(const std::vector<double>& got, const std::vector<double>& want, Location at = Location::current()) {
  check_close(from_vector(got), want, 1e-12, at);
}

template <class F>
void formula(LRScheduler& s, Fixture& f, const F& rate, Location at = Location::current()) {
  for (int e = 0; e < 30; ++e) {
    close({f.opt.lr(0), f.opt.lr(1)}, {rate(0.1, e), rate(0.02, e)}, at);
    s.step();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schedulers)

BOOST_AUTO_TEST_CASE(formulas) {
  const auto run = [](auto make, auto rate, Location at = Location::current()) {
    Fixture f;
    auto s = make(f.opt);
    formula(s, f, rate, at);
  };
  using O = optim::Optimizer;
  run([](O& o) { return optim::StepLR(o, 7, {.gamma = 0.3}); },
      [](double b, int e) { return b * std::pow(0.3, e / 7); });
  run(
      [](O& o) {
        return optim::MultiStepLR(o, {20, 3, 8, 8}, {.gamma = 0.5});
      },
      [](double b, int e) { return b * std::pow(0.5, (e >= 3) + 2 * (e >= 8) + (e >= 20)); });
  run([](O& o) { return optim::ConstantLR(o, {.factor = 0.25, .total_iters = 4}); },
      [](double b, int e) { return e < 4 ? b / 4 : b; });
  run([](O& o) { return optim::LinearLR(o, {.start_factor = 0.5, .end_factor = 0.9, .total_iters = 8}); },
      [](double b, int e) { return b * (0.5 + 0.4 * std::min(e, 8) / 8.0); });
  // Down to 0, which the steps reach only up to rounding.
  run([](O& o) { return optim::LinearLR(o, {.start_factor = 0.1, .end_factor = 0, .total_iters = 5}); },
      [](double b, int e) { return b * 0.1 * (1 - std::min(e, 5) / 5.0); });
  run([](O& o) { return optim::ExponentialLR(o, 0.9); }, [](double b, int e) { return b * std::pow(0.9, e); });
  run([](O& o) { return optim::PolynomialLR(o, {.total_iters = 12, .power = 2}); },
      [](double b, int e) { return b * std::pow(1 - std::min(e, 12) / 12.0, 2); });
  run([](O& o) { return optim::InvScalingLR(o, {.power_t = 0.25, .samples = 3}); },
      [](double b, int e) { return b / std::pow(3 * e + 1, 0.25); });
  run([](O& o) { return optim::SWALR(o, 0.05, {.anneal_epochs = 8, .anneal_strategy = optim::Anneal::linear}); },
      [](double b, int e) { return b + (0.05 - b) * std::min(1.0, e / 8.0); });
  run([](O& o) { return optim::SWALR(o, 0.05, {.anneal_epochs = 5}); },
      [](double b, int e) {
        const double way = (1 - std::cos(std::numbers::pi * std::min(1.0, e / 5.0))) / 2;
        return b + (0.05 - b) * way;
      });
  run([](O& o) { return optim::CosineAnnealingLR(o, 9, {.eta_min = 0.01}); },
      [](double b, int e) { return 0.01 + (b - 0.01) * (1 + std::cos(std::numbers::pi * e / 9)) / 2; });
  run([](O& o) { return optim::LambdaLR(o, [](std::int64_t e) { return 1.0 / static_cast<double>(e + 1); }); },
      [](double b, int e) { return b / (e + 1); });
  run([](O& o) { return optim::MultiplicativeLR(o, [](std::int64_t e) { return e % 2 ? 0.5 : 2.0; }); },
      [](double b, int e) { return e % 2 ? b / 2 : b; });
  run([](O& o) { return optim::CosineAnnealingWarmRestarts(o, 2, {.T_mult = 2, .eta_min = 0.001}); },
      [](double b, int e) {
        int length = 2, at = e;
        while (at >= length) at -= length, length *= 2;
        return 0.001 + (b - 0.001) * (1 + std::cos(std::numbers::pi * at / length)) / 2;
      });
}

BOOST_AUTO_TEST_CASE(warm_restarts_between_epochs) {
  Fixture f;
  optim::CosineAnnealingWarmRestarts s(f.opt, 4, {.T_mult = 2});
  s.step(1.5);
  close({f.opt.lr()}, {0.05 * (1 + std::cos(std::numbers::pi * 1.5 / 4))});
  s.step(7.0);  // the second period, of 8, began at 4
  close({f.opt.lr()}, {0.05 * (1 + std::cos(std::numbers::pi * 3 / 8))});
  BOOST_TEST(s.last_epoch() == 7);
  s.step();
  close({f.opt.lr()}, {0.05 * (1 + std::cos(std::numbers::pi * 4 / 8))});
  expect_op<ValueError>("CosineAnnealingWarmRestarts", {"epoch", "-1"}, [&] { s.step(-1.0); });
}

BOOST_AUTO_TEST_CASE(cycles_of_rate_and_momentum) {
  Fixture f;
  optim::CyclicLR s(f.opt, 0.01, {0.1, 0.05},
                    {.step_size_up = 2, .step_size_down = 4, .mode = optim::CyclicMode::triangular2});
  const std::vector<double> height{0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0.25, 0.5, 0.375};
  for (const double h : height) {
    close({f.opt.lr(0), f.opt.lr(1), f.opt.momentum(0)}, {0.01 + 0.09 * h, 0.01 + 0.04 * h, 0.9 - 0.1 * h});
    s.step();
  }
  Tensor p = ones({1}, {.requires_grad = true});
  optim::AdamW adam(std::vector<Tensor>{p}, {.lr = 1});
  optim::OneCycleLR one(
      adam, 0.5, {.epochs = 2, .steps_per_epoch = 5, .pct_start = 0.5, .anneal_strategy = optim::Anneal::linear});
  close({adam.lr(), adam.momentum(), adam.options().betas[1]}, {0.02, 0.95, 0.999});
  for (int i = 0; i < 4; ++i) one.step();
  close({adam.lr(), adam.momentum()}, {0.5, 0.85});
  for (int i = 0; i < 5; ++i) one.step();
  close({adam.lr(), adam.momentum()}, {0.02 / 1e4, 0.95});
  one.step();  // PyTorch allows one more
  const double last = adam.lr();
  BOOST_TEST(last == 0);
  expect<ValueError>({"OneCycleLR", "11", "total_steps = 10"}, [&] { one.step(); });
  BOOST_TEST((adam.lr() == last && one.last_epoch() == 10));
}

BOOST_AUTO_TEST_CASE(sequences_and_chains) {
  Fixture f;
  optim::SequentialLR s(f.opt,
                        {optim::ConstantLR(f.opt, {.factor = 0.5, .total_iters = 9}), optim::ExponentialLR(f.opt, 0.5),
                         optim::StepLR(f.opt, 1, {.gamma = 0.1})},
                        {2, 4});
  close(f.rates(s, 6), {0.05, 0.05, 0.1, 0.05, 0.1, 0.01, 0.001});
  Fixture g;
  optim::ChainedScheduler c(
      {optim::ConstantLR(g.opt, {.factor = 0.5, .total_iters = 2}), optim::ExponentialLR(g.opt, 0.5)});
  close(g.rates(c, 3), {0.05, 0.025, 0.025, 0.0125});
  Fixture h;
  expect_op<ValueError>("SequentialLR", {"2 milestones for 2"}, [&] {
    optim::SequentialLR(h.opt, {optim::LinearLR(h.opt), optim::LinearLR(h.opt)}, {1, 2});
  });
  expect_op<ValueError>("SequentialLR", {"not in order"}, [&] {
    optim::SequentialLR(h.opt, {optim::LinearLR(h.opt), optim::LinearLR(h.opt), optim::LinearLR(h.opt)}, {2, 1});
  });
  expect_op<ValueError>("ChainedScheduler", {"another optimizer"}, [&] {
    optim::ChainedScheduler({optim::LinearLR(h.opt), optim::LinearLR(f.opt)});
  });
  expect_op<ValueError>("ChainedScheduler", {"no schedules"}, [&] { optim::ChainedScheduler({}); });
}

BOOST_AUTO_TEST_CASE(plateaus) {
  Fixture f;
  optim::ReduceLROnPlateau s(f.opt, {.factor = 0.5, .patience = 1, .cooldown = 1, .min_lr = {0.0, 0.015}});
  std::vector<double> first, second;
  for (const double loss : {1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.95, std::nan("")}) {
    s.step(loss);
    first.push_back(f.opt.lr(0));
    second.push_back(f.opt.lr(1));
  }
  close(first, {0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025});
  close(second, {0.02, 0.02, 0.02, 0.015, 0.015, 0.015, 0.015, 0.015});
  BOOST_TEST(s.best() == 0.9);
  expect_op<ValueError>("ReduceLROnPlateau", {"step(validation_loss)"}, [&] { s.step(); });
  Fixture g;
  optim::ReduceLROnPlateau up(
      g.opt,
      {.mode = optim::PlateauMode::max, .patience = 0, .threshold = 0.1, .threshold_mode = optim::ThresholdMode::abs});
  up.step(0.5);
  up.step(0.7);
  BOOST_TEST(g.opt.lr() == 0.1);
  up.step(0.79);
  close({g.opt.lr()}, {0.01});
}

// scikit-learn's rule: the best loss counts even when it is not better by tol.
BOOST_AUTO_TEST_CASE(adaptive_rates) {
  Fixture f, g;
  optim::AdaptiveLR s(f.opt, {.tol = 0.1, .n_iter_no_change = 1, .min_lr = 0.01}),
      t(g.opt, {.tol = 0.1, .n_iter_no_change = 1, .min_lr = 0.01});
  std::vector<double> first;
  std::vector<bool> over;
  for (const double loss : {1.0, 0.95, 0.9, 0.9, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75}) {
    over.push_back(s.step(loss));
    first.push_back(f.opt.lr());
    t.step(loss);
    optim::AdaptiveLR resumed(g.opt);
    resumed.load_state_dict(t.state_dict());
    t.load_state_dict(resumed.state_dict());
    BOOST_TEST(g.opt.lr() == f.opt.lr());
  }
  close(first, {0.1, 0.1, 0.02, 0.02, 0.02, 0.02, 0.004, 0.004, 0.004, 0.004, 0.004});
  BOOST_TEST((over == std::vector<bool>{false, false, false, false, false, false, false, false, true, true, true}));
  expect_op<ValueError>("AdaptiveLR", {"step(loss)"}, [&] { s.step(); });
  expect_op<ValueError>("AdaptiveLR", {"factor", "1"}, [&] { optim::AdaptiveLR(f.opt, {.factor = 1}); });
}

namespace {

// The same rates from a schedule that was saved and loaded as from one that went on.
template <class Make>
void check_resume(const Make& make, Location at = Location::current()) {
  const TempDir dir;
  Fixture f, g;
  auto s = make(f.opt);
  for (int i = 0; i < 5; ++i) s.step();
  save_safetensors(s.state_dict(), dir / "s");
  save_safetensors(f.opt.state_dict(), dir / "o");
  auto t = make(g.opt);
  g.opt.load_state_dict(load_safetensors(dir / "o"));
  t.load_state_dict(load_safetensors(dir / "s"));
  for (int i = 0; i < 12; ++i) {
    const std::string where = file_and_line(at);
    BOOST_TEST((f.opt.lr(0) == g.opt.lr(0) && f.opt.lr(1) == g.opt.lr(1) && f.opt.momentum(1) == g.opt.momentum(1)),
               where);
    s.step();
    t.step();
  }
  BOOST_TEST(same_bits(s.state_dict(), t.state_dict()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(resuming_is_exact) {
  using O = optim::Optimizer;
  check_resume([](O& o) { return optim::StepLR(o, 3); });
  check_resume([](O& o) { return optim::MultiStepLR(o, {3, 7}); });
  check_resume([](O& o) { return optim::ConstantLR(o, {.total_iters = 7}); });
  check_resume([](O& o) { return optim::LinearLR(o, {.total_iters = 7}); });
  check_resume([](O& o) { return optim::ExponentialLR(o, 0.9); });
  check_resume([](O& o) { return optim::PolynomialLR(o, {.total_iters = 9}); });
  check_resume([](O& o) { return optim::CosineAnnealingLR(o, 6); });
  check_resume([](O& o) { return optim::CosineAnnealingWarmRestarts(o, 2, {.T_mult = 2}); });
  check_resume([](O& o) { return optim::InvScalingLR(o); });
  check_resume([](O& o) { return optim::SWALR(o, 0.01, {.anneal_epochs = 8}); });
  check_resume([](O& o) { return optim::OneCycleLR(o, 0.3, {.total_steps = 20}); });
  check_resume([](O& o) { return optim::CyclicLR(o, 0.01, 0.2, {.step_size_up = 3}); });
  check_resume(
      [](O& o) { return optim::LambdaLR(o, [](std::int64_t e) { return std::pow(0.9, static_cast<double>(e)); }); });
  check_resume([](O& o) { return optim::SequentialLR(o, {optim::LinearLR(o), optim::CosineAnnealingLR(o, 9)}, {7}); });
  check_resume([](O& o) { return optim::ChainedScheduler({optim::LinearLR(o), optim::ExponentialLR(o, 0.9)}); });
}

BOOST_AUTO_TEST_CASE(plateaus_resume) {
  Fixture f, g;
  optim::ReduceLROnPlateau s(f.opt, {.patience = 3}), t(g.opt, {.patience = 1});
  for (const double v : {1.0, 2.0, 2.0}) s.step(v);
  t.load_state_dict(s.state_dict());
  BOOST_TEST((t.best() == 1 && t.num_bad_epochs() == 2));
  for (const double v : {2.0, 2.0}) s.step(v), t.step(v);
  BOOST_TEST((f.opt.lr() == g.opt.lr() && f.opt.lr() < 0.011));
}

BOOST_AUTO_TEST_CASE(states_that_do_not_fit) {
  Fixture f;
  optim::StepLR s(f.opt, 3);
  s.step();
  const NamedTensors good = s.state_dict();
  optim::ExponentialLR e(f.opt, 0.9);
  expect_op<ValueError>("ExponentialLR", {"unexpected", "step_size"}, [&] { e.load_state_dict(good); });
  NamedTensors bad = good;
  for (auto& [key, t] : bad) {
    if (key == "base_lrs") t = ones({3});
    if (key == "gamma") key = "gama";
  }
  expect_op<ValueError>("StepLR", {"nothing was loaded", "missing", "gamma", "unexpected", "gama", "base_lrs"},
                        [&] { s.load_state_dict(bad); });
  BOOST_TEST(same_bits(s.state_dict(), good));
}

BOOST_AUTO_TEST_CASE(options_out_of_range) {
  Fixture f;
  expect_op<ValueError>("StepLR", {"step_size", "0"}, [&] { optim::StepLR(f.opt, 0); });
  expect_op<ValueError>("ConstantLR", {"factor", "1.5"}, [&] { optim::ConstantLR(f.opt, {.factor = 1.5}); });
  expect_op<ValueError>("LinearLR", {"start_factor", "0"}, [&] { optim::LinearLR(f.opt, {.start_factor = 0}); });
  expect_op<ValueError>("LinearLR", {"end_factor", "2"}, [&] { optim::LinearLR(f.opt, {.end_factor = 2}); });
  expect_op<ValueError>("ExponentialLR", {"gamma", "-1"}, [&] { optim::ExponentialLR(f.opt, -1); });
  expect_op<ValueError>("PolynomialLR", {"total_iters", "0"}, [&] { optim::PolynomialLR(f.opt, {.total_iters = 0}); });
  expect_op<ValueError>("CosineAnnealingLR", {"T_max", "0"}, [&] { optim::CosineAnnealingLR(f.opt, 0); });
  expect_op<ValueError>("CosineAnnealingWarmRestarts", {"T_0"}, [&] { optim::CosineAnnealingWarmRestarts(f.opt, 0); });
  expect_op<ValueError>("LambdaLR", {"1 functions for 2 groups"}, [&] {
    optim::LambdaLR(f.opt, std::vector<optim::LambdaLR::Lambda>{[](std::int64_t) { return 1.0; }});
  });
  expect_op<ValueError>("OneCycleLR", {"total_steps"}, [&] { optim::OneCycleLR(f.opt, 0.1, {}); });
  expect_op<ValueError>("OneCycleLR", {"pct_start", "2"},
                        [&] { optim::OneCycleLR(f.opt, 0.1, {.total_steps = 5, .pct_start = 2}); });
  expect_op<ValueError>("OneCycleLR", {"max_lr", "3 values for 2 groups"}, [&] {
    optim::OneCycleLR(f.opt, {0.1, 0.2, 0.3}, {.total_steps = 5});
  });
  expect_op<ValueError>("CyclicLR", {"step_size_up"}, [&] { optim::CyclicLR(f.opt, 0.1, 0.2, {.step_size_up = 0}); });
  expect_op<ValueError>("ReduceLROnPlateau", {"factor", "1"}, [&] { optim::ReduceLROnPlateau(f.opt, {.factor = 1}); });
  expect_op<ValueError>("InvScalingLR", {"samples", "0"}, [&] { optim::InvScalingLR(f.opt, {.samples = 0}); });
  expect_op<ValueError>("SWALR", {"swa_lr", "3 values for 2 groups"}, [&] { optim::SWALR(f.opt, {1, 2, 3}); });
  expect_op<ValueError>("SWALR", {"anneal_epochs", "-1"}, [&] { optim::SWALR(f.opt, 1, {.anneal_epochs = -1}); });
  Tensor p = ones({1}, {.requires_grad = true});
  optim::Adagrad none(std::vector<Tensor>{p});
  expect_op<ValueError>("CyclicLR", {"Adagrad", "momentum", "cycle_momentum = false"},
                        [&] { optim::CyclicLR(none, 0.1, 0.2); });
  BOOST_TEST((f.opt.lr(0) == 0.1 && f.opt.momentum() == 0.9 && std::isnan(f.opt.initial_lr())));
}

BOOST_AUTO_TEST_CASE(a_schedule_of_ones_own) {
  struct Halving : LRScheduler {
    explicit Halving(optim::Optimizer& o) : LRScheduler(o, "Halving", Location::current()) {
      start(Location::current());
    }
    std::vector<double> get_lr() override {
      return from_base([&](double b) { return b / std::pow(2.0, static_cast<double>(last_epoch())); });
    }
  };
  Fixture f;
  Halving s(f.opt);
  close(f.rates(s, 3), {0.1, 0.05, 0.025, 0.0125});
}

BOOST_AUTO_TEST_SUITE_END()
