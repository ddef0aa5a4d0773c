// The engine: order and accumulation, graphs kept and freed, higher derivatives, long chains, hooks.
#include <chrono>
#include <cmath>
#include <thread>

#include <xgrad/autograd.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/record.hpp>
#include <xgrad/tape.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

Tensor leaf(std::initializer_list<double> v) { return tensor(v, {kFloat64, true}); }
Tensor number(double v) { return tensor(v, {kFloat64, true}); }
double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engine)

// ---- order and accumulation ----
BOOST_AUTO_TEST_CASE(diamond) {
  const Tensor x = number(3), a = x * 2, b = a * a, c = a * 5;
  (b * c).backward();  // 40 x^3
  check_close(x.grad(), {1080}, 1e-15);
}

BOOST_AUTO_TEST_CASE(late_use_of_an_early_value) {
  const Tensor x = number(2), early = x * 3;
  Tensor y = early;
  for (int i = 0; i < 50; ++i) y = y + 1;
  (y * early).backward();  // (3x + 50) 3x
  check_close(x.grad(), {18 * 2 + 150}, 1e-15);
}

BOOST_AUTO_TEST_CASE(fan_out) {
  const Tensor x = leaf({1, 2, 3});
  Tensor total = x.sum();
  for (int i = 1; i <= 1000; ++i) total = total + (x * i).sum();
  total.backward();
  check_close(x.grad(), {500501, 500501, 500501}, 1e-15);
}

BOOST_AUTO_TEST_CASE(fan_out_of_an_inner_value_leaves_its_gradients_apart) {
  const Tensor x = leaf({1, 2}), y = x * 1;
  const Tensor a = y + 0, b = y + 0, c = y.expand({2, 2}), d = y.view({2, 1});
  (a * 2 + b * 3 + c.sum() + d.sum()).sum().backward();  // the scalars are broadcast over both elements
  check_close(x.grad(), {2 + 3 + 4 + 2, 2 + 3 + 4 + 2}, 1e-15);
}

BOOST_AUTO_TEST_CASE(broadcast_gradients_are_summed_and_cast) {
  const Tensor row = ones({4}, {kFloat32, true}), column = ones({3, 1}, {kFloat64, true}),
               one = ones({}, {kFloat32, true});
  (row * column * one).sum().backward();
  check_close(row.grad(), {3, 3, 3, 3});
  check_close(column.grad(), {4, 4, 4});
  check_close(one.grad(), {12});
  BOOST_TEST((row.grad().dtype() == kFloat32));
  BOOST_TEST((column.grad().dtype() == kFloat64));
  BOOST_TEST((column.grad().shape() == Shape{3, 1}));
  BOOST_TEST(one.grad().dim() == 0);
}

BOOST_AUTO_TEST_CASE(gradients_add_up_over_passes) {
  Tensor x = leaf({-1.5, 0.5});
  (x * x).sum().backward();
  (x * 3).sum().backward();
  check_close(x.grad(), {0, 4}, 1e-15);
  x.zero_grad(false);
  check_close(x.grad(), {0, 0}, 0);
  (x * 3).sum().backward();
  check_close(x.grad(), {3, 3}, 0);
  x.zero_grad();
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_leaf_is_its_own_root) {
  const Tensor x = number(3);
  x.backward();
  check_close(x.grad(), {1}, 0);
}

BOOST_AUTO_TEST_CASE(only_what_is_used_gets_a_gradient) {
  const Tensor x = leaf({1, 2}), unused = leaf({1, 2}), zero = leaf({1, 2});
  (x.sum() * 2 + zero.sum() * 0).backward();
  BOOST_TEST(!unused.grad().defined());
  check_close(zero.grad(), {0, 0}, 0);
}

BOOST_AUTO_TEST_CASE(several_roots) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4}), y = x * w;
  backward({y.sum(), (y * y).sum()});
  check_close(x.grad(), {3 + 2 * 3 * 3, 4 + 2 * 8 * 4}, 1e-15);
  const Tensor z = leaf({1, 2}), r = z * 2;
  backward({r, r}, {ones({2}, {kFloat64}), full({2}, 10, {kFloat64})});
  check_close(z.grad(), {22, 22}, 0);
  expect<ValueError>({"2 outputs but 1 gradients"}, [&] { backward({z * 1, z * 1}, {ones({2}, {kFloat64})}); });
}

// ---- graphs kept and freed ----
BOOST_AUTO_TEST_CASE(retain_graph) {
  const Tensor x = leaf({1, 2}), y = (x * x * x).sum();
  y.backward({.retain_graph = true});
  y.backward();
  check_close(x.grad(), {6, 24}, 1e-15);
}

BOOST_AUTO_TEST_CASE(second_backward_names_the_operation) {
  const Tensor x = leaf({1, 2});
  const std::string made = next_line();
  const Tensor y = exp(x);
  const Tensor loss = y.sum();
  loss.backward();
  const std::string text =
      expect<AutogradError>({"xgrad: exp: ", "graph already freed", "retain_graph", made}, [&] { loss.backward(); });
  check_close(x.grad(), {std::exp(1), std::exp(2)}, 1e-15);
  expect<AutogradError>({"graph already freed"}, [&] { grad({loss}, {x}); });
}

BOOST_AUTO_TEST_CASE(nothing_saved_nothing_freed) {
  const Tensor x = leaf({1, 2}), y = (x + 1).sum();
  y.backward();
  y.backward();
  check_close(x.grad(), {2, 2}, 0);
}

// ---- higher derivatives ----
BOOST_AUTO_TEST_CASE(third_order) {
  const Tensor x = number(2);
  const Tensor y = x * x * x * x * x;
  const Tensor d1 = grad({y}, {x}, {}, {.create_graph = true})[0];
  const Tensor d2 = grad({d1}, {x}, {}, {.create_graph = true})[0];
  const Tensor d3 = grad({d2}, {x}, {}, {.create_graph = true})[0];
  check_close(d1, {5 * 16}, 1e-14);
  check_close(d2, {20 * 8}, 1e-14);
  check_close(d3, {60 * 4}, 1e-14);
  d3.backward();
  check_close(x.grad(), {120 * 2}, 1e-14);
}

BOOST_AUTO_TEST_CASE(sine_to_the_tenth_order) {
  const Tensor x = number(0.7);
  Tensor y = sin(x);
  for (int k = 1; k <= 10; ++k) {
    y = grad({y}, {x}, {}, {.create_graph = true})[0];
    check_close(y, {std::sin(0.7 + k * std::acos(-1.0) / 2)}, 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(backward_through_a_gradient_into_grad) {
  const Tensor x = leaf({-1.5, 0.5}), b = tensor({2., 3.}, {kFloat64});
  const Tensor g = grad({(x * x * x).sum()}, {x}, {}, {.create_graph = true})[0];
  (g * b).sum().backward();
  check_close(x.grad(), {6 * -1.5 * 2, 6 * 0.5 * 3}, 1e-14);
}

BOOST_AUTO_TEST_CASE(create_graph_keeps_the_gradient_on_the_tape) {
  Tensor x = number(3);
  (x * x * x).backward({.create_graph = true});
  BOOST_TEST(x.grad().requires_grad());
  const Tensor g = x.grad();
  x.zero_grad();
  g.backward();
  check_close(x.grad(), {18}, 1e-15);
  x.zero_grad();
}

BOOST_AUTO_TEST_CASE(once_differentiable) {
  const Tensor x = number(3);
  auto once = [](const Tensor& t) {
    return record_once("once", t.detach() * 2, {t}, {}, [](const Saved&, const Tensor& g) -> Grads { return {g * 2}; });
  };
  check_close(grad({once(x)}, {x})[0], {2}, 0);
  expect<AutogradError>({"xgrad: once: ", "differentiable only once"},
                        [&] { grad({once(x)}, {x}, {}, {.create_graph = true}); });
}

// ---- long and wide graphs ----
BOOST_AUTO_TEST_CASE(chain_of_a_million) {
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t bytes = memory_stats().live_bytes;
  {
    const Tensor x = number(1);
    Tensor y = x;
    for (int i = 0; i < 500000; ++i) y = y * 1.000001 + 1e-9;
    BOOST_TEST((memory_stats().live_bytes - bytes) / 1e6 <= 200);  // bytes per node
    y.backward();
    check_close(x.grad(), {std::pow(1.000001, 500000)}, 1e-9);
  }
  {
    const Tensor x = number(1);
    Tensor y = x;
    for (int i = 0; i < 1000000; ++i) y = sin(y);  // saves its input; destroyed without a backward pass
  }
  {
    const Tensor x = number(1);
    Tensor y = x;
    for (int i = 0; i < 300000; ++i) y = y.view({1}).view({});
    check_close(grad({y}, {x})[0], {1}, 0);
  }
  BOOST_TEST(memory_stats().live_bytes == bytes);
  BOOST_TEST(seconds_since(start) < 60);  // well under a second where nothing else runs
}

BOOST_AUTO_TEST_CASE(a_node_with_many_inputs) {
  const Tensor x = leaf({1, 2});
  std::vector<Tensor> parts;
  for (int i = 0; i < 5000; ++i) parts.push_back(x * i);
  cat(parts).sum().backward();
  check_close(x.grad(), {12497500, 12497500}, 1e-15);
}

// ---- what is recorded ----
BOOST_AUTO_TEST_CASE(no_grad) {
  const Tensor x = leaf({1, 2});
  Tensor y;
  {
    const NoGradGuard off;
    BOOST_TEST(!grad_enabled());
    y = x * 2;
    {
      const GradModeGuard on(true);
      BOOST_TEST((x * 2).requires_grad());
    }
    BOOST_TEST(!(x * 2).requires_grad());
  }
  BOOST_TEST(grad_enabled());
  BOOST_TEST(!y.requires_grad());
  BOOST_TEST(y.is_leaf());
  (x * y).sum().backward();
  check_close(x.grad(), {2, 4}, 0);
}

BOOST_AUTO_TEST_CASE(requires_grad_spreads) {
  const Tensor x = leaf({1, 2}), w = ones({2}, {kFloat64}), y = x * w;
  BOOST_TEST(y.requires_grad());
  BOOST_TEST(!y.is_leaf());
  BOOST_TEST(y.grad_fn_name() == std::string("mul"));
  BOOST_TEST(x.is_leaf());
  BOOST_TEST(!(w * 2).requires_grad());
  BOOST_TEST((w * 2).is_leaf());
  expect<DTypeError>({"only floating tensors take gradients"}, [] { ones({2}, {kInt64}).requires_grad_(); });
  expect<AutogradError>({"cannot be unset"}, [&] { (x * 2).requires_grad_(false); });
}

BOOST_AUTO_TEST_CASE(detach) {
  const Tensor x = leaf({1, 2});
  (x.detach() * 3 + x).sum().backward();
  check_close(x.grad(), {1, 1}, 0);
  Tensor d = x.detach();
  d.fill_(7);
  check_close(x, {7, 7}, 0);
}

// ---- retain_grad and hooks ----
BOOST_AUTO_TEST_CASE(retain_grad) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 2;
  BOOST_TEST(!y.grad().defined());
  y.retain_grad();
  const Tensor loss = (y * y).sum();
  loss.backward({.retain_graph = true});
  check_close(y.grad(), {4, 8}, 0);
  loss.backward();
  check_close(y.grad(), {8, 16}, 0);
  expect<AutogradError>({"retain_grad", "does not require grad"}, [] { ones({2}).retain_grad(); });
}

BOOST_AUTO_TEST_CASE(retain_grad_of_a_tensor_that_is_gone) {
  const Tensor x = leaf({1, 2});
  Tensor z;
  {
    Tensor y = x * 2;
    y.retain_grad();
    z = y * 3;
  }
  z.sum().backward();
  check_close(x.grad(), {6, 6}, 0);
}

BOOST_AUTO_TEST_CASE(retain_grad_follows_a_change_in_place) {
  const Tensor x = leaf({1, 2});
  Tensor z;
  {
    Tensor y = x * 2;
    y.retain_grad();
    y.add_(1);
    z = y * 3;
    z.sum().backward({.retain_graph = true});
    check_close(y.grad(), {3, 3}, 0);
  }
  z.sum().backward();
  check_close(x.grad(), {12, 12}, 0);
}

BOOST_AUTO_TEST_CASE(hooks) {
  Tensor x = leaf({1, 2}), y = x * 2;
  std::vector<std::string> order;
  y.register_hook([&](const Tensor& g) {
    order.push_back("scale");
    check_close(g, {1, 1}, 0);
    return g * 10;
  });
  y.register_hook([&](const Tensor& g) {
    order.push_back("see");
    check_close(g, {10, 10}, 0);
    return Tensor();
  });
  const HookHandle hook = x.register_hook([&](const Tensor& g) {
    order.push_back("leaf");
    return g + 1;
  });
  y.sum().backward({.retain_graph = true});
  check_close(x.grad(), {21, 21}, 0);
  const std::vector<std::string> expected{"scale", "see", "leaf"};
  BOOST_TEST(order == expected, boost::test_tools::per_element());
  hook.remove();
  x.zero_grad();
  y.sum().backward();
  check_close(x.grad(), {20, 20}, 0);
  expect<AutogradError>({"register_hook", "does not require grad"},
                        [] { ones({2}).register_hook([](const Tensor& g) { return g; }); });
}

BOOST_AUTO_TEST_CASE(a_leaf_hook_sees_the_total) {
  Tensor x = number(1);
  int calls = 0;
  x.register_hook([&](const Tensor& g) {
    ++calls;
    check_close(g, {5}, 0);
    return Tensor();
  });
  (x * 2 + x * 3).backward();
  BOOST_TEST(calls == 1);
  check_close(grad({x * 2 + x * 3}, {x})[0], {5}, 0);
}

BOOST_AUTO_TEST_CASE(a_hook_of_the_wrong_shape) {
  Tensor x = leaf({1, 2}), y = x * 2;
  y.register_hook([](const Tensor&) { return ones({3}, {kFloat64}); });
  expect<AutogradError>({"hook"}, [&] { y.sum().backward(); });
  BOOST_TEST(!x.grad().defined());
  Tensor z = leaf({1, 2});
  z.register_hook([](const Tensor&) { return ones({3}, {kFloat64}); });
  expect<AutogradError>({"hook"}, [&] { (z * 2).sum().backward(); });
  expect<AutogradError>({"hook"}, [&] { grad({(z * 2).sum()}, {z}); });
}

// Each pass of grad() marks what it needs. One from a hook marks a part of the same graph that has yet to run.
BOOST_AUTO_TEST_CASE(a_hook_may_differentiate_what_has_not_run_yet) {
  const Tensor x = number(3), w = number(5);
  Tensor a = x * w, b = sin(a), c = exp(b);
  double inner = 0;
  const HookHandle hook = b.register_hook([&](const Tensor& g) {
    inner = grad({a}, {w}, {}, {.retain_graph = true})[0].item();
    return g;
  });
  const double slope = std::exp(std::sin(15.0)) * std::cos(15.0);
  check_close(grad({c}, {x})[0], {5 * slope}, 1e-14);
  check_close(tensor(inner, {kFloat64}), {3}, 0);
  BOOST_TEST(!w.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_hook_of_backward_with_inputs_may_differentiate_what_has_not_run_yet) {
  const Tensor x = number(3), w = number(5);
  Tensor a = x * w, b = sin(a), c = exp(b);
  const HookHandle hook = b.register_hook([&](const Tensor& g) {
    for (int i = 0; i < 2; ++i) (void)grad({a}, {w}, {}, {.retain_graph = true});
    return g;
  });
  c.backward({.inputs = {x}});
  check_close(x.grad(), {5 * std::exp(std::sin(15.0)) * std::cos(15.0)}, 1e-14);
  BOOST_TEST(!w.grad().defined());
}

// More leaves, and results, than a small table holds, each used several times and out of order.
BOOST_AUTO_TEST_CASE(gradients_of_many_tensors_at_once) {
  constexpr int n = 500;
  std::vector<Tensor> leaves, results, wanted;
  for (int i = 0; i < n; ++i) leaves.push_back(number(i));
  for (int i = 0; i < n; ++i) results.push_back(leaves[static_cast<std::size_t>(i)] * 2);
  Tensor sum = number(0);
  for (int i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(i * 7 % n);
    sum = sum + results[k] * i + leaves[k];
  }
  for (std::size_t i = 0; i < n; ++i) wanted.push_back(i % 3 == 0 ? results[i] : leaves[i]);
  const std::vector<Tensor> got = grad({sum}, wanted, {}, {.retain_graph = true});
  sum.backward();
  for (int i = 0; i < n; ++i) {
    const int k = i * 7 % n;
    const auto at = static_cast<std::size_t>(k);
    check_close(got[at], {k % 3 == 0 ? double(i) : 2.0 * i + 1}, 0);
    check_close(leaves[at].grad(), {2.0 * i + 1}, 0);
  }
}

BOOST_AUTO_TEST_CASE(a_hook_may_differentiate_another_graph) {
  Tensor x = number(2);
  const Tensor w = number(5);
  Tensor y = x * 3;
  y.register_hook([&](const Tensor& g) {
    const GradModeGuard on(true);
    (w * w).backward();
    return g;
  });
  (y * y).backward();
  check_close(x.grad(), {36}, 0);
  check_close(w.grad(), {10}, 0);
}

BOOST_AUTO_TEST_SUITE_END()
