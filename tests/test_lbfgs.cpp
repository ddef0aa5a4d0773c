// LBFGS: convergence, exact resuming, refusals. The reference records hold PyTorch's trajectories.
#include <xgrad/autograd.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using optim::LBFGS;
using optim::LineSearch;

namespace {

Tensor rosenbrock(const Tensor& x) {
  const Tensor head = x.narrow(0, 0, 3), tail = x.narrow(0, 1, 3);
  return (100 * square(tail - square(head)) + square(1 - head)).sum();
}

struct Problem {
  Tensor x;
  LBFGS opt;
  int calls = 0;
  Problem(DType dtype, optim::LBFGSOptions o)
      : x(tensor({0.7, 1.2, 0.9, 1.3}).to(dtype).requires_grad_()), opt(std::vector<Tensor>{x}, o) {}
  double step() {
    return opt
        .step([&] {
          ++calls;
          opt.zero_grad();
          const Tensor l = rosenbrock(x);
          l.backward();
          return l;
        })
        .item();
  }
};

// A problem of one vector of unknowns, and every point at which it was evaluated.
struct Run {
  Tensor x;
  std::vector<std::vector<double>> path;
  std::vector<double> losses;
  LBFGS opt;
  std::function<Tensor(const Tensor&)> f;
  Run(const std::vector<double>& start, std::function<Tensor(const Tensor&)> loss, optim::LBFGSOptions o,
      DType dtype = kFloat64)
      : x(from_vector(start).to(dtype).requires_grad_()), opt(std::vector<Tensor>{x}, o), f(std::move(loss)) {}
  double step() {
    return opt.step([&] { return evaluate(); }).item<double>();
  }
  Tensor evaluate() {
    opt.zero_grad();
    Tensor l = f(x);
    l.backward();
    path.push_back(x.detach().to_vector<double>());
    losses.push_back(l.item<double>());
    return l;
  }
};

Tensor rosenbrock2(const Tensor& x) {
  const Tensor a = x[0], b = x[1];
  return 100 * square(b - square(a)) + square(1 - a);
}
// Not convex far from its minimum, which is not 0, and with a bound that no step may cross.
Tensor barrier(const Tensor& x) { return (square(square(x) - 2) - 0.1 * log(4 - x)).sum(); }

std::vector<std::vector<double>> scaled(std::vector<std::vector<double>> path, double by) {
  for (auto& p : path)
    for (double& v : p) v *= by;
  return path;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lbfgs)

BOOST_AUTO_TEST_CASE(it_reaches_the_minimum) {
  Problem p(kFloat64, {.max_iter = 100, .line_search_fn = LineSearch::strong_wolfe});
  p.step();
  check_close(p.x, {1, 1, 1, 1}, 1e-6);
  BOOST_TEST(p.calls <= 125 + 25);
  Problem single(kFloat32, {.max_iter = 200, .history_size = 5, .line_search_fn = LineSearch::strong_wolfe});
  single.step();
  single.step();
  check_close(single.x, {1, 1, 1, 1}, 1e-2);
  Problem plain(kFloat64, {.lr = 0.5, .max_iter = 4});
  const double before = rosenbrock(plain.x).item();
  BOOST_TEST(plain.step() == before);
  BOOST_TEST(plain.calls == 4);
  for (int i = 0; i < 100; ++i) plain.step();
  check_close(plain.x, {1, 1, 1, 1}, 1e-3);
}

BOOST_AUTO_TEST_CASE(resuming_is_exact) {
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe}) {
    Problem a(kFloat64, {.lr = 0.8, .max_iter = 3, .history_size = 4, .line_search_fn = search});
    for (int i = 0; i < 3; ++i) a.step();
    Problem b(kFloat64, {.max_iter = 9});
    b.opt.load_state_dict(a.opt.state_dict());
    {
      NoGradGuard off;
      b.x.copy_(a.x);
    }
    for (int i = 0; i < 3; ++i) BOOST_TEST(a.step() == b.step());
    BOOST_TEST(same_bits(a.x, b.x));
    BOOST_TEST(same_bits(a.opt.state_dict(), b.opt.state_dict()));
  }
  // A fresh one too.
  Problem a(kFloat64, {}), b(kFloat64, {});
  b.opt.load_state_dict(a.opt.state_dict());
  BOOST_TEST(a.step() == b.step());
}

BOOST_AUTO_TEST_CASE(refusals) {
  Problem p(kFloat64, {});
  expect<ValueError>({"LBFGS", "closure"}, [&] { static_cast<optim::Optimizer&>(p.opt).step(); });
  expect_op<ValueError>("LBFGS", {"groups"}, [&] { p.opt.add_param_group({{ones({1})}, {}}); });
  expect_op<ValueError>("LBFGS", {"max_iter", "0"}, [&] { LBFGS(std::vector<Tensor>{p.x}, {.max_iter = 0}); });
  expect_op<ValueError>("LBFGS", {"history_size", "0"}, [&] { LBFGS(std::vector<Tensor>{p.x}, {.history_size = 0}); });
  p.step();
  const NamedTensors good = p.opt.state_dict();
  NamedTensors bad = good;
  for (auto& [key, t] : bad)
    if (key == "d") t = ones({9});
  expect_op<ValueError>("LBFGS", {"'d'", "(9)"}, [&] { p.opt.load_state_dict(bad); });
  bad.clear();
  for (const auto& e : good)
    if (e.first != "ro") bad.push_back(e);
  expect_op<ValueError>("LBFGS", {"'ro'"}, [&] { p.opt.load_state_dict(bad); });
  BOOST_TEST(same_bits(p.opt.state_dict(), good));
}

BOOST_AUTO_TEST_CASE(scaling_the_loss_changes_no_step) {
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe})
    for (const auto& f : {rosenbrock2, barrier}) {
      const optim::LBFGSOptions o{.lr = 0.5, .max_iter = 60, .line_search_fn = search};
      Run plain({-1.2, 1}, f, o);
      plain.step();
      for (const int k : {-200, -40, -30, -7, -1, 1, 5, 30, 200}) {
        const double by = std::ldexp(1, k);
        Run run(
            {-1.2, 1}, [&](const Tensor& x) { return by * f(x); }, o);
        run.step();
        const std::size_t common = std::min(plain.path.size(), run.path.size());
        BOOST_TEST(common >= 12);
        for (std::size_t i = 0; i < common; ++i) BOOST_TEST((run.path[i] == plain.path[i]), k << " " << i);
        if (search == LineSearch::none) continue;  // where it stops may differ
        BOOST_TEST(run.path.size() == plain.path.size());
        BOOST_TEST((run.opt.result().end == plain.opt.result().end));
        BOOST_TEST(same_bits(run.x, plain.x));
      }
    }
}

BOOST_AUTO_TEST_CASE(scaling_the_unknowns_scales_the_steps) {
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe}) {
    const optim::LBFGSOptions o{.lr = 0.5, .max_iter = 60, .line_search_fn = search};
    Run plain({-1.2, 1}, rosenbrock2, o);
    plain.step();
    for (const int k : {-200, -40, -30, -10, 10, 20, 30, 200}) {
      const double unit = std::ldexp(1, k);
      Run run(
          {-1.2 * unit, unit}, [&](const Tensor& x) { return rosenbrock2(x / unit); }, o);
      run.step();
      const auto path = scaled(run.path, 1 / unit);
      const std::size_t common = std::min(plain.path.size(), path.size());
      BOOST_TEST(common >= 12);
      for (std::size_t i = 0; i < common; ++i) BOOST_TEST((path[i] == plain.path[i]), k << " " << i);
      if (search == LineSearch::strong_wolfe) BOOST_TEST(path.size() == plain.path.size());
    }
    // Powers that are not of 1024 change the first trial step.
    if (search == LineSearch::strong_wolfe)
      for (const int k : {-33, -5, 3, 14}) {
        const double unit = std::ldexp(1, k);
        Run run({-1.2 * unit, unit}, [&](const Tensor& x) { return rosenbrock2(x / unit); },
                {.max_iter = 100, .line_search_fn = search});
        run.step();
        check_close(run.x / unit, {1, 1}, 1e-7);
      }
  }
}

BOOST_AUTO_TEST_CASE(small_losses_and_small_unknowns_are_solved) {
  for (const double by : {1.0, 1e-9, 1e-12, 1e-30, 1e12}) {
    Run loss({-1.2, 1}, [&](const Tensor& x) { return by * rosenbrock2(x); },
             {.max_iter = 100, .line_search_fn = LineSearch::strong_wolfe});
    loss.step();
    check_close(loss.x, {1, 1}, 1e-6);
    BOOST_TEST(loss.opt.result().converged());
    BOOST_TEST(loss.path.size() < 70u);
    Run units({-1.2 * by, by}, [&](const Tensor& x) { return rosenbrock2(x / by); },
              {.max_iter = 100, .line_search_fn = LineSearch::strong_wolfe});
    units.step();
    check_close(units.x / by, {1, 1}, 1e-6);
    BOOST_TEST(units.path.size() < 70u);
  }
}

BOOST_AUTO_TEST_CASE(it_stays_where_the_loss_is_finite) {
  const auto f = [](const Tensor& x) { return (-log(1 - x) - 5 * x).sum(); };
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe})
    for (const DType dtype : {kFloat64, kFloat32})
      for (const std::int64_t max_iter : {1, 3, 100}) {
        Run run({0}, f, {.max_iter = max_iter, .line_search_fn = search}, dtype);
        for (std::int64_t done = 0; done < 100; done += max_iter) BOOST_TEST(std::isfinite(run.step()));
        check_close(run.x, {0.8}, 1e-3);
        BOOST_TEST(run.path.size() < 250u);
      }
  // A wall very near, where the first step is a million times too long.
  Run near({0, 0}, [](const Tensor& x) { return (-log(1e-6 - x) - 1e7 * x).sum(); },
           {.max_iter = 100, .line_search_fn = LineSearch::strong_wolfe});
  near.step();
  check_close(1e6 * near.x, {0.9, 0.9}, 1e-4);
  // A gradient that is not finite where the loss is.
  Run root({4}, [](const Tensor& x) { return (sqrt(clamp(x, 0, 100)) + 0.01 * square(x - 1)).sum(); },
           {.max_iter = 50, .line_search_fn = LineSearch::strong_wolfe});
  root.step();
  BOOST_TEST(std::isfinite(root.x.item()));
  BOOST_TEST(root.f(root.x).item() < 1.0);
}

BOOST_AUTO_TEST_CASE(a_small_loss_that_starts_at_0_is_not_taken_for_solved) {
  for (const double scale : {1.0, 1e-3, 1e-6, 1e-12}) {
    Run run({0}, [=](const Tensor& x) { return (-log(1 - x) - 5 * x).sum() * scale; }, {.max_iter = 100});
    run.step();
    check_close(run.x, {0.8}, 1e-4);
  }
}

BOOST_AUTO_TEST_CASE(a_start_that_is_not_finite_is_refused) {
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe}) {
    Run run({2, 0.5}, [](const Tensor& x) { return log(1 - x).sum(); }, {.line_search_fn = search});
    run.evaluate();  // a gradient is there, so that what the step leaves can be counted
    expect_op<ValueError>("LBFGS", {"loss is nan", "start"}, [&] { run.opt.step([&] { return run.evaluate(); }); });
    check_close(run.x, {2, 0.5});
    Run slope({0.0}, [](const Tensor& x) { return sqrt(x).sum(); }, {.line_search_fn = search});
    slope.evaluate();
    expect_op<ValueError>("LBFGS", {"gradient", "start"}, [&] { slope.opt.step([&] { return slope.evaluate(); }); });
    check_close(slope.x, {0});
    // Later as well, when it is not the last step that led there.
    Run later({0.0, 0.0}, rosenbrock2, {.max_iter = 2, .line_search_fn = search});
    later.step();
    later.f = [](const Tensor& x) { return (x * std::numeric_limits<double>::quiet_NaN()).sum(); };
    const Tensor before = later.x.detach().clone();
    expect_op<ValueError>("LBFGS", {"loss is nan"}, [&] { later.opt.step([&] { return later.evaluate(); }); });
    BOOST_TEST(same_bits(later.x.detach(), before));
  }
}

BOOST_AUTO_TEST_CASE(it_says_how_it_ended) {
  using optim::LBFGSEnd;
  const auto f = [](const Tensor& x) { return (square(x - 1) * tensor({1.0, 30.0})).sum() + 2; };
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe}) {
    Run run({3, 5}, f, {.max_iter = 2, .max_eval = 99, .line_search_fn = search});
    BOOST_TEST((run.opt.result().end == LBFGSEnd::not_run));
    run.step();
    BOOST_TEST((run.opt.result().end == LBFGSEnd::max_iter));
    BOOST_TEST(run.opt.result().iterations == 2);
    BOOST_TEST(!run.opt.result().converged());
    BOOST_TEST(run.opt.result().evaluations == static_cast<std::int64_t>(run.path.size()));
    BOOST_TEST(run.opt.result().text().find("max_iter reached after 2 iterations") == 0u);
    run.opt.options().max_iter = 100;
    run.step();
    BOOST_TEST(run.opt.result().converged());
    check_close(run.x, {1, 1}, 1e-4);
    Run few({3, 5}, f, {.max_iter = 50, .max_eval = 3, .line_search_fn = search});
    few.step();
    BOOST_TEST((few.opt.result().end == LBFGSEnd::max_eval));
    Run exact({1, 1}, f, {.line_search_fn = search});
    exact.step();
    BOOST_TEST((exact.opt.result().end == LBFGSEnd::gradient));
    BOOST_TEST(exact.opt.result().evaluations == 1);
  }
  // A gradient that points the wrong way: nothing lower along it, and the parameters stay.
  Run wrong({3.0}, [](const Tensor& x) { return (square(x.detach() - 1) + 3 * (x.detach() - x)).sum(); },
            {.line_search_fn = LineSearch::strong_wolfe});
  wrong.step();
  BOOST_TEST((wrong.opt.result().end == LBFGSEnd::no_decrease));
  BOOST_TEST(wrong.x.item() == 3);
  wrong.step();
  BOOST_TEST(wrong.opt.result().evaluations == 1);
}

// A loss that has no minimum is never reported as solved.
BOOST_AUTO_TEST_CASE(a_loss_without_a_minimum_is_not_solved) {
  for (const auto& [start, f] :
       std::vector<std::pair<double, Tensor (*)(const Tensor&)>>{{1, [](const Tensor& x) { return -sum(x * x); }},
                                                                 {1e-3, [](const Tensor& x) { return -sum(x * x); }},
                                                                 {1, [](const Tensor& x) { return -sum(x); }},
                                                                 {1, [](const Tensor& x) { return -sum(exp(x)); }}}) {
    Tensor x = full({1}, start, {kFloat64}).requires_grad_();
    optim::LBFGS opt({x}, {.line_search_fn = LineSearch::strong_wolfe});
    for (int k = 0; k < 3; ++k) {
      opt.step([&] {
        opt.zero_grad();
        Tensor loss = f(x);
        loss.backward();
        return loss;
      });
      BOOST_TEST(!opt.result().converged(), opt.result().text());
      BOOST_TEST(std::isfinite(f(x).item()));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_spoilt_history_is_dropped) {
  Run run({-1.2, 1}, rosenbrock2, {.lr = 0.5, .max_iter = 5, .line_search_fn = LineSearch::strong_wolfe});
  run.step();
  NamedTensors state = run.opt.state_dict();
  for (auto& [key, t] : state)
    if (key == "ro") t = -100 * t;
  run.opt.load_state_dict(state);
  run.opt.options().max_iter = 200;
  run.step();
  check_close(run.x, {1, 1}, 1e-3);
}

BOOST_AUTO_TEST_CASE(states_of_earlier_releases_load) {
  Run run({-1.2, 1}, rosenbrock2, {.lr = 0.5, .max_iter = 5});
  run.step();
  NamedTensors old;
  for (const auto& e : run.opt.state_dict())
    if (e.first != "scales") old.push_back(e);
  Run next(run.x.detach().to_vector<double>(), rosenbrock2, {});
  next.opt.load_state_dict(old);
  BOOST_TEST(next.step() == run.step());
  BOOST_TEST(same_bits(next.x, run.x));
}

BOOST_AUTO_TEST_CASE(single_precision_is_scaled_exactly_too) {
  const optim::LBFGSOptions o{.max_iter = 100, .line_search_fn = LineSearch::strong_wolfe};
  Run plain({-1.2, 1}, rosenbrock2, o, kFloat32);
  plain.step();
  check_close(plain.x, {1, 1}, 1e-2);
  for (const int k : {-30, -7, 30}) {
    Run run(
        {-1.2, 1}, [&](const Tensor& x) { return std::ldexp(1.0, k) * rosenbrock2(x); }, o, kFloat32);
    run.step();
    BOOST_TEST((run.path == plain.path));
  }
}

BOOST_AUTO_TEST_CASE(a_minimum_is_not_left) {
  // A new optimizer at the end of another: without line search nothing would bring it back.
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe})
    for (const double offset : {0.0, 1.0}) {
      const auto f = [&](const Tensor& x) { return rosenbrock2(x) + offset; };
      Run first({-1.2, 1}, f, {.max_iter = 100, .line_search_fn = LineSearch::strong_wolfe});
      first.step();
      Run again(first.x.detach().to_vector<double>(), f, {.max_iter = 1, .line_search_fn = search});
      again.step();
      check_close(again.x, {1, 1}, 0.01);
    }
}

BOOST_AUTO_TEST_CASE(a_closure_that_throws_changes_no_parameter) {
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe})
    for (int at : {1, 2, 3, 6}) {
      Run run({-1.2, 1}, rosenbrock2, {.lr = 0.1, .max_iter = 30, .line_search_fn = search});
      int calls = 0;
      const auto closure = [&] {
        if (++calls == at) throw std::runtime_error("stop");
        return run.evaluate();
      };
      BOOST_CHECK_THROW(run.opt.step(closure), std::runtime_error);
      // At the start, or at a point of which it knows the loss, and no higher.
      const auto now = run.x.detach().to_vector<double>();
      if (at <= 2)
        BOOST_TEST((now == std::vector<double>{-1.2, 1}));
      else
        BOOST_TEST((std::ranges::find(run.path, now) != run.path.end()));
      run.opt.options().lr = 1;
      run.opt.options().line_search_fn = LineSearch::strong_wolfe;
      for (int i = 0; i < 3; ++i) run.step();
      check_close(run.x, {1, 1}, 1e-5);
    }
}

BOOST_AUTO_TEST_CASE(several_parameters_and_parameters_without_gradients) {
  for (const LineSearch search : {LineSearch::none, LineSearch::strong_wolfe}) {
    const Tensor a = tensor({3.0, 4.0}).to(kFloat64).requires_grad_(), unused = ones({2}).requires_grad_(),
                 b = full({}, 2.0, {kFloat32}).requires_grad_();
    LBFGS opt(std::vector<Tensor>{a, unused, b}, {.max_iter = 50, .line_search_fn = search});
    const auto closure = [&] {
      opt.zero_grad();
      const Tensor l = square(a - 1).sum() + square(b.to(kFloat64) + 2) + 1;
      l.backward();
      return l;
    };
    opt.step(closure);
    check_close(a, {1, 1}, 1e-4);
    check_close(b, {-2}, 1e-4);
    check_close(unused, {1, 1}, 0);
    LBFGS none(std::vector<Tensor>{unused}, {.line_search_fn = search});
    expect_op<AutogradError>("LBFGS", {"no parameter has a gradient"}, [&] { none.step(closure); });
  }
}

BOOST_AUTO_TEST_SUITE_END()
