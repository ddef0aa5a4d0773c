// Schedules at the borders of their options, and exactly at their turning points.
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using optim::LRScheduler;

namespace {

struct Fixture {
  Tensor p = ones({1}, {.requires_grad = true});
  optim::SGD opt{std::vector<Tensor>{p}, {.lr = 1, .momentum = 0.9}};

  std::vector<double> rates(LRScheduler& s, int n) {
    std::vector<double> out{opt.lr()};
    for (int e = 0; e < n; ++e) {
      s.step();
      BOOST_TEST(s.last_lr()[0] == opt.lr());
      out.push_back(opt.lr());
    }
    return out;
  }
};

void close(const std::vector<double>& got, const std::vector<double>& want, Location at = Location::current()) {
  check_close(from_vector(got), want, 1e-12, at);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schedule_borders)

BOOST_AUTO_TEST_CASE(a_milestone_of_zero_starts_with_the_second) {
  Fixture f;
  optim::SequentialLR s(
      f.opt, {optim::ConstantLR(f.opt, {.factor = 0.5, .total_iters = 9}), optim::ExponentialLR(f.opt, 0.9)}, {0});
  close(f.rates(s, 2), {1, 0.9, 0.81});
}

BOOST_AUTO_TEST_CASE(of_equal_milestones_the_last_counts) {
  const auto parts = [](optim::Optimizer& o) {
    return std::vector<optim::SchedulerPart>{optim::ConstantLR(o, {.factor = 0.5, .total_iters = 9}),
                                             optim::ConstantLR(o, {.factor = 0.25, .total_iters = 9}),
                                             optim::ExponentialLR(o, 0.9)};
  };
  Fixture f, g, h;
  optim::SequentialLR both_zero(f.opt, parts(f.opt), {0, 0});
  close(f.rates(both_zero, 2), {1, 0.9, 0.81});
  optim::SequentialLR both_two(g.opt, parts(g.opt), {2, 2});
  close(g.rates(both_two, 4), {0.5, 0.5, 1, 0.9, 0.81});
  optim::SequentialLR first_zero(h.opt, parts(h.opt), {0, 1});
  close(h.rates(first_zero, 2), {0.25, 1, 0.9});
}

// A sequence that resumes from a state, and one inside another.
BOOST_AUTO_TEST_CASE(sequences_of_sequences) {
  const auto make = [](optim::Optimizer& o) {
    return optim::SequentialLR(
        o,
        {optim::SequentialLR(o, {optim::ConstantLR(o, {.factor = 0.5, .total_iters = 9}), optim::ExponentialLR(o, 0.5)},
                             {1}),
         optim::ChainedScheduler(
             {optim::ConstantLR(o, {.factor = 0.1, .total_iters = 2}), optim::ExponentialLR(o, 0.5)}),
         optim::SequentialLR(o, {optim::ExponentialLR(o, 0.9), optim::ConstantLR(o, {.factor = 0.2, .total_iters = 9})},
                             {2})},
        {3, 6});
  };
  const std::vector<double> want{0.5, 1, 0.5, 0.1, 0.05, 0.25, 1, 0.9, 0.2, 0.2};
  Fixture f, g;
  auto s = make(f.opt);
  close(f.rates(s, 9), want);
  auto early = make(f.opt);
  for (int i = 0; i < 4; ++i) early.step();
  auto resumed = make(g.opt);
  g.opt.load_state_dict(f.opt.state_dict());
  resumed.load_state_dict(early.state_dict());
  close(g.rates(resumed, 5), {want.begin() + 4, want.end()});
}

BOOST_AUTO_TEST_CASE(parts_that_cannot_be_stepped) {
  Fixture f;
  const auto plateau = [&] { return std::make_shared<optim::ReduceLROnPlateau>(f.opt); };
  expect_op<ValueError>("SequentialLR", {"schedule 1 is a ReduceLROnPlateau"}, [&] {
    optim::SequentialLR(f.opt, {optim::ExponentialLR(f.opt, 0.9), plateau()}, {2});
  });
  expect_op<ValueError>("ChainedScheduler", {"schedule 0 is a ReduceLROnPlateau"},
                        [&] { optim::ChainedScheduler({plateau()}); });
  expect_op<ValueError>("SequentialLR", {"milestones must be >= 0, got -1"}, [&] {
    optim::SequentialLR(f.opt, {optim::ExponentialLR(f.opt, 0.9), optim::ExponentialLR(f.opt, 0.9)}, {-1});
  });
  expect_op<ValueError>("MultiStepLR", {"milestones must be >= 0, got -3"}, [&] {
    optim::MultiStepLR(f.opt, {5, -3});
  });
}

BOOST_AUTO_TEST_CASE(nothing_to_do) {
  Fixture constant, multi, once, exponential, plateau;
  optim::ConstantLR c(constant.opt, {.factor = 0.5, .total_iters = 0});
  close(constant.rates(c, 2), {1, 1, 1});
  optim::MultiStepLR m(multi.opt, {0, 0, 2}, {.gamma = 0.5});
  close(multi.rates(m, 2), {0.25, 0.25, 0.125});
  optim::OneCycleLR o(once.opt, 0.5, {.total_steps = 1});
  BOOST_TEST(std::isfinite(once.opt.lr()));
  optim::ExponentialLR e(exponential.opt, 0);
  close(exponential.rates(e, 2), {1, 0, 0});
  optim::ReduceLROnPlateau p(plateau.opt, {.factor = 0, .patience = 0, .eps = 0});
  p.step(1.0);
  BOOST_TEST(plateau.opt.lr() == 1);
  p.step(1.0);
  BOOST_TEST(plateau.opt.lr() == 0);
}

BOOST_AUTO_TEST_CASE(a_cycle_longer_than_can_be_counted) {
  Fixture f;
  expect_op<ValueError>("OneCycleLR", {"epochs", "steps_per_epoch"},
                        [&] { optim::OneCycleLR(f.opt, 0.1, {.epochs = INT64_MAX, .steps_per_epoch = 2}); });
}

BOOST_AUTO_TEST_CASE(exactly_at_a_restart) {
  const std::pair<std::int64_t, double> cases[] = {{3, 121}, {10, 111}};  // T_mult, restart in units of T_0
  for (const auto& [mult, restart] : cases)
    for (const std::int64_t first : {1, 7, 1000}) {
      Fixture f;
      optim::CosineAnnealingWarmRestarts s(f.opt, first, {.T_mult = mult, .eta_min = 0.01});
      s.step(restart * static_cast<double>(first));
      BOOST_TEST(f.opt.lr() == 1);
    }
}

// All restarts: the rate of a jump is that of the steps.
BOOST_AUTO_TEST_CASE(jumps_and_steps_agree) {
  for (std::int64_t mult = 1; mult <= 12; ++mult)
    for (const std::int64_t first : {1, 2, 3, 5, 10}) {
      Fixture f, g;
      optim::CosineAnnealingWarmRestarts s(f.opt, first, {.T_mult = mult}), jump(g.opt, first, {.T_mult = mult});
      for (int e = 0; e < 1200; ++e) {
        jump.step(static_cast<double>(e));
        BOOST_TEST((f.opt.lr() == g.opt.lr() && s.last_epoch() == jump.last_epoch()), mult << ' ' << first << ' ' << e);
        s.step();
      }
      double restart = 0, period = static_cast<double>(first);
      for (; mult > 1 && restart + period < 0x1p53; period *= static_cast<double>(mult)) {
        restart += period;
        jump.step(restart);
        BOOST_TEST(g.opt.lr() == 1, mult << ' ' << first << ' ' << restart);
      }
    }
}

BOOST_AUTO_TEST_CASE(epochs_out_of_range) {
  Fixture f;
  optim::CosineAnnealingWarmRestarts s(f.opt, 2, {.T_mult = 2});
  s.step(2.5);
  const double rate = f.opt.lr();
  close({rate}, {(1 + std::cos(3.14159265358979324 * 0.125)) / 2});
  for (const double bad : std::vector<double>{-1, std::nan(""), 1e300, INFINITY})
    expect_op<ValueError>("CosineAnnealingWarmRestarts", {"epoch"}, [&] { s.step(bad); });
  BOOST_TEST(f.opt.lr() == rate);
}

BOOST_AUTO_TEST_SUITE_END()
