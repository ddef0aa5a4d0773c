// scan: cells of all kinds, what they read from outside, hooks in them.
#include <xgrad/checkpoint.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/saved_tensors_hooks.hpp>

#include "scan_support.hpp"

namespace xgrad::test::scans {

BOOST_AUTO_TEST_SUITE(scan_cells)

BOOST_AUTO_TEST_CASE(what_the_cell_reads_from_outside) {
  manual_seed(3);
  const Tensor xs = parameter({4, 3}), h0 = parameter({3}), w = parameter({3});
  const Tensor twice = w * 2;  // an operation outside
  const auto cell = [&](const Tensor& h, const Tensor& x) {
    return Pair(tanh(h * twice + x * w), h + h0 + xs.sum({0}));
  };
  compare(cell, xs, h0, {xs, h0, w});
  compare_twice(cell, xs, h0, {xs, h0, w});
  Tensor cached;  // computed by the first step, on nothing that is carried
  const auto caching = [&](const Tensor& h, const Tensor& x) {
    if (!cached.defined()) cached = exp(w);
    return Pair(h * cached, x * cached);
  };
  const List found = [&] {
    cached = Tensor();
    return grad(loss_of(scan(caching, xs, h0)), {xs, h0, w});
  }();
  cached = Tensor();
  const List expected = grad(loss_of(loop(caching, xs, h0)), {xs, h0, w});
  for (std::size_t i = 0; i < found.size(); ++i) check_near(found[i], expected[i]);
}

namespace {

struct Cube : Function<Cube> {
  static Tensor forward(Context& ctx, const Tensor& x) {
    ctx.save_for_backward(x);
    return x * x * x;
  }
  static List backward(Context& ctx, const List& g) { return {g[0] * 3 * ctx.saved(0) * ctx.saved(0)}; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(cells_of_all_kinds) {
  manual_seed(7);
  const Tensor xs = parameter({6, 4}), h0 = parameter({4}), w = parameter({4, 4});
  const List by{xs, h0, w};
  const auto both = [&](const auto& cell, Location at = Location::current()) {
    compare(cell, xs, h0, by, false, at);
    compare_twice(cell, xs, h0, by, at);
  };
  both([&](const Tensor& h, const Tensor& x) {  // other operations from step to step
    const Tensor y = x.sum().item() > 0 ? tanh(h + x) : sigmoid(h * x) + 1;
    return Pair(matmul(w, y), y);
  });
  int step = 0;
  both([&](const Tensor& h, const Tensor& x) {  // another number in each
    const Tensor y = h * (1. + step++ % 6) + x;
    return Pair(tanh(y), matmul(w, y));
  });
  both([&](const Tensor& h, const Tensor& x) {  // views of what is computed
    const Tensor all = cat({h * x, x}), a = all.slice(0, 0, 4), b = all.slice(0, 4, 8);
    return Pair(tanh(a) * b.flip({0}), matmul(w.t(), a.reshape({4, 1})).squeeze());
  });
  both([&](const Tensor& h, const Tensor& x) {  // in place
    Tensor y = matmul(w, h);
    y.mul_(x);
    y[0] = x[1];
    return Pair(y, y * y);
  });
  both([&](const Tensor& h, const Tensor& x) { return Pair(Cube::apply(h) * 0.1 + x, Cube::apply(x * h)); });
  const auto formula = elementwise("soft", [](auto a, auto b) { return a * exp(-b * b) + sin(b); });
  both([&](const Tensor& h, const Tensor& x) { return Pair(formula(h, x), formula(x, matmul(w, h))); });
  both([&](const Tensor& h, const Tensor& x) {  // nothing of the state goes on
    return Pair(x * 2, h.detach() * x);
  });
  both([&](const Tensor& h, const Tensor& x) { return Pair(h, x); });
  both([&](const Tensor& h, const Tensor&) { return Pair(h.detach(), w * 1.); });
  both([&](const Tensor& h, const Tensor& x) {  // a scan in a scan
    const auto [inner, ys] =
        scan([&](const Tensor& a, const Tensor& row) { return Pair(tanh(a * h + row.sum() * x), a * x); }, w, x);
    return Pair(inner + h, ys.sum({0}));
  });
  compare([&](const Tensor& h,
              const Tensor& x) { return Pair(dropout(h, 0.5, true) + x, matmul(w, dropout(x, 0.3, true))); },
          xs, h0, by);
  compare(
      [&](const Tensor& h, const Tensor& x) {
        const Tensor y = checkpoint([&](const Tensor& a, const Tensor& b) { return tanh(matmul(w, a * b)); }, h, x);
        return Pair(y, y + x);
      },
      xs, h0, by);
}

BOOST_AUTO_TEST_CASE(layers) {
  manual_seed(8);
  nn::LSTMCell lstm(3, 4);
  nn::Linear out(4, 2);
  const Tensor xs = randn({6, 2, 3}), h0 = zeros({2, 4}), c0 = zeros({2, 4});
  const auto run = [&](bool by_scan) {
    lstm.zero_grad();
    out.zero_grad();
    Tensor ys;
    if (by_scan) {
      ys = scan(
               [&](const Pair& s, const Tensor& x) {
                 const auto next = lstm(x, {s.first, s.second});
                 const auto& [h, c] = next;
                 return std::pair(Pair(h, c), out(h));
               },
               xs, Pair(h0, c0))
               .second;
    } else {
      Tensor h = h0, c = c0;
      List list;
      for (std::int64_t t = 0; t < 6; ++t) {
        auto next = lstm(xs[t], {h, c});
        auto& [h1, c1] = next;
        h = h1, c = c1;
        list.push_back(out(h));
      }
      ys = stack(list);
    }
    ys.square().sum().backward();
    List grads{ys};
    for (const Tensor& p : lstm.parameters()) grads.push_back(p.grad().clone());
    for (const Tensor& p : out.parameters()) grads.push_back(p.grad().clone());
    return grads;
  };
  const List expected = run(false), found = run(true);
  BOOST_TEST(same_bits(found[0], expected[0]));
  for (std::size_t i = 1; i < found.size(); ++i) check_close(found[i], expected[i].to_vector<double>(), 1e-5);
}

BOOST_AUTO_TEST_CASE(hooks) {
  manual_seed(9);
  const Tensor xs = parameter({4, 3}), h0 = parameter({3});
  int seen = 0;
  const auto hooked = [&](const Tensor& h, const Tensor& x) {
    Tensor y = h * x;
    y.register_hook([&](const Tensor& g) {
      ++seen;
      return g * 2;
    });
    return Pair(tanh(y), y);
  };
  compare(hooked, xs, h0, {xs, h0});
  BOOST_TEST(seen == 8);
  const Pair r = scan(hooked, xs, h0);
  expect<AutogradError>({"scan", "step", "hooks"}, [&] { grad(loss_of(r), {h0}, {}, {.create_graph = true}); });
  {
    const SavedTensorsHooks doubles([](const Tensor& t) { return t.clone(); }, [](const Tensor& t) { return t; });
    compare([](const Tensor& h, const Tensor& x) { return Pair(tanh(h * x), h + x); }, xs, h0, {xs, h0});
  }
  // Hooks of what a step is given.
  const auto of_state = [](const Tensor& h, const Tensor& x) {
    Tensor before = h;
    before.register_hook([](const Tensor& g) { return g * 0.5; });
    return Pair(tanh(before * x), x * x);
  };
  // The loop's first state is the caller's leaf, where its hook would stay.
  compare(of_state, xs, h0 * 1., {xs});
  // Hooks of what a scan gives, and of what it takes.
  Tensor y = scan([](const Tensor& h, const Tensor& x) { return Pair(h * x, h); }, xs, h0).second;
  int of_result = 0, of_leaf = 0;
  y.register_hook([&](const Tensor&) { ++of_result; });
  Tensor start = h0;
  auto handle = start.register_hook([&](const Tensor&) { ++of_leaf; });
  y.sum().backward();
  BOOST_TEST(of_result == 1);
  BOOST_TEST(of_leaf == 1);
  handle.remove();
}

BOOST_AUTO_TEST_CASE(leaves_of_steps_stay_inside) {
  manual_seed(13);
  const Tensor xs = parameter({3, 2}), h0 = parameter({2}), w = parameter({2});
  Tensor kept;
  const auto forgetful = [&](const Tensor& h, const Tensor& x) {
    const Tensor y = tanh(h * w) + x;
    kept = y * 2;  // for somebody to look at
    return Pair(y, y * w);
  };
  compare(forgetful, xs, h0, {xs, h0, w});
  compare_twice(forgetful, xs, h0, {xs, h0, w});
  scan(forgetful, xs, h0);
  BOOST_CHECK_THROW(kept.sum().backward(), AutogradError);
  scan(forgetful, xs, h0);
  BOOST_CHECK_EXCEPTION(grad(kept.sum(), w), AutogradError, [](const AutogradError& e) {
    return std::string(e.what()).find("inside a scan") != std::string::npos;
  });
  kept = Tensor();
  // A derivative inside of the cell.
  const auto descends = [&](const Tensor& h, const Tensor& x) {
    const Tensor energy = (tanh(h * w) - x).square().sum();
    const Tensor next = h - grad(energy, h, {}, {.create_graph = true})[0] * 0.1;
    return Pair(next, energy);
  };
  compare(descends, xs, h0, {xs, h0, w});
  compare_twice(descends, xs, h0, {xs, h0, w});

  Tensor before;
  const auto carries = [&](const Tensor& h, const Tensor& x) {
    const Tensor y = before.defined() ? h * before : h * x;
    before = y;
    return Pair(y, y);
  };
  BOOST_CHECK_EXCEPTION(scan(carries, xs, h0), AutogradError, [](const AutogradError& e) {
    const std::string text = e.what();
    return text.find("an earlier step") != std::string::npos && text.find("step 1:") != std::string::npos;
  });
  before = Tensor();
  const auto carries_input = [&](const Tensor& h, const Tensor& x) {
    const Tensor y = before.defined() ? h * before : h * x;
    before = x;
    return Pair(y, y);
  };
  BOOST_CHECK_THROW(scan(carries_input, xs, h0), AutogradError);
}

// A buffer that the cell writes over in every step: the outputs are what it held when each step returned it.
BOOST_AUTO_TEST_CASE(outputs_that_later_steps_write_over) {
  const auto totals = [] {
    Tensor total = zeros({1});
    const auto cell = [&](const Tensor& h, const Tensor& x) {
      total.add_(x);
      return Pair(h, total);
    };
    return scan(cell, ones({3, 1}), zeros({1})).second;
  };
  check_close(totals(), {1., 2., 3.});
  NoGradGuard off;
  check_close(totals(), {1., 2., 3.});
}

BOOST_AUTO_TEST_CASE(a_state_that_is_handed_on_does_not_share_memory) {
  const Tensor xs = parameter({3, 2}), h0 = parameter({2});
  const Tensor before = h0.detach().clone();
  const auto [last, ys] = scan([](const Tensor& h, const Tensor& x) { return Pair(h, h * x); }, xs, h0);
  last.detach().fill_(7);
  check_close(h0.detach() - before, {0., 0.});
}

// The same operations, written at two places.
BOOST_AUTO_TEST_CASE(backward_errors_name_the_line_of_their_step) {
  const Tensor xs = parameter({2, 3}), h0 = parameter({3});
  Tensor factor = ones({3}, {kFloat64});
  int step = 0, line_of_last = 0;
  const auto cell = [&](const Tensor& h, const Tensor&) {
    if (step++ == 0) return Pair(h * factor, h);
    line_of_last = __LINE__ + 1;
    return Pair(h * factor, h);
  };
  const Tensor last = scan(cell, xs, h0).first;
  factor.add_(1);
  expect<AutogradError>({"step 1 of 2, backward", "test_scan_cells.cpp:" + std::to_string(line_of_last)},
                        [&] { last.sum().backward(); });
}

BOOST_AUTO_TEST_CASE(checkpoints_in_a_cell) {
  manual_seed(16);
  const Tensor xs = parameter({3, 2}), h0 = parameter({2}), w = parameter({2});
  const auto cell = [&](const Tensor& h, const Tensor& x) {
    const Tensor y = checkpoint([&](const Tensor& a, const Tensor& b) { return tanh(a * w + b); }, h, x);
    return Pair(y, y * x);
  };
  compare(cell, xs, h0, {xs, h0, w});
  expect<AutogradError>({"scan", "checkpoint", "cannot be recorded"},
                        [&] { grad(loss_of(scan(cell, xs, h0)), w, {}, {.create_graph = true}); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace xgrad::test::scans
