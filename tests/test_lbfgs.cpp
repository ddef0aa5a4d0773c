// LBFGS: convergence, exact resuming, refusals. The reference records hold PyTorch's trajectories.
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

BOOST_AUTO_TEST_SUITE_END()
