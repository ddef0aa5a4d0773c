// Using the tape: grad(), seeds, misuse, exceptions half-way, who owns gradients, memory, threads, DetectAnomaly, and
// the recorder behind pictures.
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
Tensor ones_of(const Shape& s) { return ones(s, {kFloat64}); }

// x, with a backward pass that throws while `broken`.
bool broken = false;
Tensor fragile(const Tensor& x) {
  return record("fragile", x.detach() * 1, {x}, {}, [](const Saved&, const Tensor& g) -> Grads {
    if (broken) throw ValueError("fragile broke");
    return {g};
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tape_use)

// ---- asking about a view whose base changed in place ----
namespace {
std::uint64_t newest_number() { return tape::collect(number(1) * 2).nodes.back().sequence; }
}  // namespace

BOOST_AUTO_TEST_CASE(asking_whether_a_view_requires_grad_records_nothing) {
  Tensor base = leaf({1, 2, 3, 4}) * 1, piece = base.slice(0, 1, 3);
  const Tensor x = leaf({2, 3});
  base.mul_(x.sum());  // piece now belongs to a node that is not recorded yet
  const std::uint64_t before = newest_number();
  BOOST_TEST(piece.requires_grad());
  BOOST_TEST(!piece.detach().requires_grad());
  BOOST_CHECK_THROW(piece.mutable_data<double>(), AutogradError);
  BOOST_TEST(newest_number() == before + 1);

  piece.sum().backward();
  check_close(x.grad(), {5, 5}, 0);
}

BOOST_AUTO_TEST_CASE(a_view_without_gradient_takes_one_when_its_base_does) {
  Tensor base = tensor({1., 2., 3.}, {kFloat64}), piece = base.slice(0, 0, 2);
  BOOST_TEST(!piece.requires_grad());
  const Tensor x = leaf({3});
  base.mul_(x);
  BOOST_TEST(piece.requires_grad());
  BOOST_TEST(!piece.is_leaf());
  BOOST_TEST(std::string(piece.grad_fn_name()) == "as_strided");
  BOOST_TEST(std::string(tape::collect(piece).nodes.back().op) == "as_strided");
  BOOST_TEST(grad({piece}, {x}, {ones_of({2})})[0].item() == 3);
}

BOOST_AUTO_TEST_CASE(a_view_of_a_changed_base_keeps_what_was_asked_of_it) {
  Tensor base = leaf({1, 2, 3}) * 1, piece = base.slice(0, 0, 2);
  base.mul_(2);
  double seen = 0;
  piece.register_hook([&seen](const Tensor& g) { return seen = g.sum().item(), Tensor(); });
  piece.retain_grad();
  piece.set_name("piece");
  BOOST_TEST(tape::collect(piece).nodes.back().names[0] == "piece");
  (piece * 3).sum().backward();
  BOOST_TEST(seen == 6);
  check_close(piece.grad(), {3, 3}, 0);
}

// ---- grad() ----
BOOST_AUTO_TEST_CASE(grad_leaves_dot_grad_alone) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const std::vector<Tensor> g = grad({(x * w).sum()}, {w, x});
  check_close(g[0], {1, 2}, 0);
  check_close(g[1], {3, 4}, 0);
  BOOST_TEST(!x.grad().defined());
  BOOST_TEST(!w.grad().defined());
  BOOST_TEST(!g[0].requires_grad());
}

BOOST_AUTO_TEST_CASE(grad_of_inner_values) {
  const Tensor x = leaf({1, 2}), y = x * 2, z = y * y;
  const std::vector<Tensor> g = grad({z.sum()}, {y, x, z, y});
  check_close(g[0], {4, 8}, 0);
  check_close(g[1], {8, 16}, 0);
  check_close(g[2], {1, 1}, 0);
  check_close(g[3], {4, 8}, 0);
}

BOOST_AUTO_TEST_CASE(grad_of_an_output_by_itself) {
  const Tensor x = number(2), y = x * 3;
  check_close(grad({y}, {y})[0], {1}, 0);
  check_close(grad({x}, {x})[0], {1}, 0);
}

BOOST_AUTO_TEST_CASE(grad_visits_only_what_is_needed) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  broken = true;
  const Tensor loss = (fragile(w) * x).sum();
  check_close(grad({loss}, {x})[0], {3, 4}, 0);
  broken = false;
}

BOOST_AUTO_TEST_CASE(grad_of_an_unused_input) {
  const Tensor x = leaf({1, 2}), other = leaf({1, 2});
  expect_op<AutogradError>("grad", {"input 1 is not part of the graph", "allow_unused"}, [&] {
    grad({x.sum()}, {x, other});
  });
  const std::vector<Tensor> g = grad({x.sum()}, {x, other}, {}, {.allow_unused = true});
  check_close(g[0], {1, 1}, 0);
  BOOST_TEST(!g[1].defined());
  expect_op<AutogradError>("grad", {"input 0 does not require grad"}, [&] { grad({x.sum()}, {ones_of({2})}); });
  expect_op<ValueError>("grad", {"undefined"}, [&] { grad({x.sum()}, {Tensor()}); });
  expect_op<ValueError>("grad", {"undefined"}, [&] { grad({Tensor()}, {x}); });
}

BOOST_AUTO_TEST_CASE(grad_with_seeds) {
  const Tensor x = leaf({1, 2}), y = x * x;
  check_close(grad({y}, {x}, {tensor({10., 100.}, {kFloat64})}, {.retain_graph = true})[0], {20, 400}, 0);
  check_close(grad({y * 1, y * 2}, {x}, {ones_of({2}), ones_of({2})})[0], {6, 12}, 0);
  expect<ValueError>({"1 outputs but 2 gradients"}, [&] { grad({y}, {x}, {ones_of({2}), ones_of({2})}); });
}

// ---- seeds and misuse ----
BOOST_AUTO_TEST_CASE(backward_of_more_than_one_element) {
  const Tensor x = leaf({1, 2}), y = x * 2;
  expect_op<AutogradError>("backward", {"needs a scalar or a seed; shape is (2)", "sum()"}, [&] { y.backward(); });
  y.backward(tensor({1., 10.}, {kFloat64}));
  check_close(x.grad(), {2, 20}, 0);
  const Tensor one = x.slice(0, 0, 1).view({1, 1});
  one.backward();
  check_close(x.grad(), {3, 20}, 0);
}

BOOST_AUTO_TEST_CASE(seeds) {
  const Tensor x = leaf({1, 2}), y = x * 2;
  expect_op<ShapeError>("backward", {"seed shape (3) differs from output shape (2)"},
                        [&] { y.backward(ones_of({3})); });
  expect_op<ShapeError>("backward", {"seed shape () differs from output shape (2)"}, [&] { y.backward(ones_of({})); });
  BOOST_TEST(!x.grad().defined());
  y.backward(ones({2}, {kFloat32}));  // cast to the output's type
  check_close(x.grad(), {2, 2}, 0);
  BOOST_TEST((x.grad().dtype() == kFloat64));
}

BOOST_AUTO_TEST_CASE(nothing_to_differentiate) {
  expect_op<AutogradError>("backward", {"does not require grad"}, [] { ones_of({}).backward(); });
  const Tensor x = number(1);
  expect_op<AutogradError>("backward", {"does not require grad"}, [&] { x.detach().backward(); });
  expect_op<ValueError>("backward", {"undefined"}, [] { Tensor().backward(); });
}

BOOST_AUTO_TEST_CASE(gradients_set_by_hand) {
  Tensor x = leaf({1, 2});
  expect_op<ShapeError>("set_grad", {"(3)", "(2)"}, [&] { x.set_grad(ones_of({3})); });
  expect_op<DTypeError>("set_grad", {"dtype"}, [&] { x.set_grad(ones({2}, {kFloat32})); });
  x.set_grad(ones_of({2}));
  x.sum().backward();
  check_close(x.grad(), {2, 2}, 0);
  x.set_grad(Tensor());
  BOOST_TEST(!x.grad().defined());
}

// The elements of an expanded gradient share one place, which cannot take three sums.
BOOST_AUTO_TEST_CASE(a_gradient_set_from_an_expanded_view) {
  Tensor x = leaf({1, 1, 1});
  const Tensor one = ones_of({1}), factors = tensor({1., 2., 3.}, {kFloat64});
  x.set_grad(one.expand({3}));
  (x * factors).sum().backward();
  check_close(x.grad(), {2, 3, 4}, 0);
  check_close(one, {1}, 0);
  (x * factors).sum().backward();
  check_close(x.grad(), {3, 5, 7}, 0);
  x.set_grad(one.expand({3}));
  (x * factors).sum().backward({.create_graph = true});
  check_close(x.grad(), {2, 3, 4}, 0);
}

// A seed that is another view of the gradient it is added to.
BOOST_AUTO_TEST_CASE(a_seed_from_the_gradient_itself) {
  Tensor x = tensor({{1., 2.}, {3., 4.}}, {kFloat64}).requires_grad_();
  x.set_grad(tensor({{1., 10.}, {100., 1000.}}, {kFloat64}));
  (x + 0).backward(x.grad().transpose(0, 1));
  check_close(x.grad(), {2, 110, 110, 2000}, 0);
}

// ---- wrong backward functions ----
BOOST_AUTO_TEST_CASE(wrong_number_of_gradients) {
  const Tensor x = leaf({1, 2});
  const Tensor y =
      record("short", x.detach() + 0, {x, x}, {}, [](const Saved&, const Tensor& g) -> Grads { return {g}; });
  expect<AutogradError>({"xgrad: short: ", "returned 1 gradients for 2 inputs"}, [&] { y.sum().backward(); });
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_CASE(wrong_shape_of_a_gradient) {
  const Tensor x = leaf({1, 2});
  const Tensor y = record("bent", x.detach() + 0, {x}, {},
                          [](const Saved&, const Tensor&) -> Grads { return {ones({3}, {kFloat64})}; });
  expect<AutogradError>({"xgrad: bent: ", "shape (3)", "shape (2)"}, [&] { y.sum().backward(); });
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_custom_backward_is_what_runs) {
  const Tensor x = leaf({1, 2});
  const Tensor y = record("cube_by_mistake", x.detach() * x.detach(), {x}, {x},
                          [](const Saved& s, const Tensor& g) -> Grads { return {g * s[0] * 3}; });
  y.sum().backward();
  check_close(x.grad(), {3, 6}, 0);
}

// ---- a pass that throws ----
BOOST_AUTO_TEST_CASE(an_exception_changes_no_gradient) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  w.sum().backward();
  const Tensor loss = (fragile(x * 2) * w + exp(w) + x).sum();
  broken = true;
  expect<ValueError>({"fragile broke"}, [&] { loss.backward({.retain_graph = true}); });
  BOOST_TEST(!x.grad().defined());
  check_close(w.grad(), {1, 1}, 0);
  broken = false;
  loss.backward();  // nothing stayed pending
  check_close(x.grad(), {7, 9}, 1e-15);
  check_close(w.grad(), {1 + 2 + std::exp(3), 1 + 4 + std::exp(4)}, 1e-15);
}

BOOST_AUTO_TEST_CASE(a_leaf_hook_that_throws_changes_no_gradient) {
  Tensor x = number(1), w = number(2);
  int calls = 0;
  w.register_hook([&](const Tensor&) -> Tensor {
    if (calls++ == 0) throw ValueError("hook broke");
    return {};
  });
  const Tensor loss = x * 3 + w;
  expect<ValueError>({"hook broke"}, [&] { loss.backward(); });
  BOOST_TEST(!x.grad().defined());
  BOOST_TEST(!w.grad().defined());
  loss.backward();
  check_close(x.grad(), {3}, 0);
  check_close(w.grad(), {1}, 0);
}

BOOST_AUTO_TEST_CASE(backward_inside_its_own_backward) {
  Tensor x = number(2), e = exp(x), y = x * x;
  const Tensor loss = y * 3 + e;
  bool endless = true, inside = false;
  y.register_hook([&](const Tensor& g) {
    if (!endless && inside) return g;
    inside = true;
    (endless ? y : loss).backward({.retain_graph = true});
    inside = false;
    return g;
  });
  expect<AutogradError>({"nested too deeply"}, [&] { y.backward({.retain_graph = true}); });
  endless = inside = false;
  // e waits in the outer pass while y's hook runs.
  expect<AutogradError>({"xgrad: exp: ", "being differentiated already"},
                        [&] { loss.backward({.retain_graph = true}); });
  BOOST_TEST(!x.grad().defined());
  inside = true;  // a hook that does nothing: the graph is as it was
  loss.backward();
  check_close(x.grad(), {12 + std::exp(2)}, 1e-15);
}

// ---- who owns a gradient ----
BOOST_AUTO_TEST_CASE(a_gradient_never_shares_memory_with_what_the_user_holds) {
  for (const bool create_graph : {false, true}) {
    const Tensor x = leaf({1, 2}), y = leaf({1, 2});
    Tensor seed = ones_of({2});
    (x + y).backward(seed, {.create_graph = create_graph});
    (x + y).backward(seed);  // adds in place
    seed.fill_(100);
    check_close(x.grad(), {2, 2}, 0);
    check_close(y.grad(), {2, 2}, 0);
    const NoGradGuard off;
    x.grad().fill_(7);
    check_close(y.grad(), {2, 2}, 0);
    Tensor z = leaf({1, 2}), root_seed = ones_of({2});
    {
      const GradModeGuard on(true);
      z.backward(root_seed, {.create_graph = create_graph});
      z.backward(root_seed);
    }
    check_close(root_seed, {1, 1}, 0);
    check_close(z.grad(), {2, 2}, 0);
  }
}

BOOST_AUTO_TEST_CASE(retained_gradients_are_copies) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 1, seed = ones_of({2});
  Tensor z = y + 0;
  y.retain_grad();
  z.retain_grad();
  z.backward(seed);
  z.grad().fill_(7);
  check_close(y.grad(), {1, 1}, 0);
  check_close(seed, {1, 1}, 0);
  check_close(x.grad(), {1, 1}, 0);
}

BOOST_AUTO_TEST_CASE(a_held_gradient_grows_with_the_next_pass) {
  Tensor x = leaf({1, 2});
  x.sum().backward();
  const Tensor held = x.grad();
  x.sum().backward();
  BOOST_TEST(held.is_same(x.grad()));  // one buffer, added to in place
  check_close(held, {2, 2}, 0);
  x.zero_grad();
  x.sum().backward();
  check_close(held, {2, 2}, 0);
}

BOOST_AUTO_TEST_CASE(saved_values_are_not_used_as_buffers) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const Tensor y = x * w, loss = (y + y + x).sum();
  loss.backward({.retain_graph = true});
  loss.backward();
  check_close(x, {1, 2}, 0);
  check_close(w, {3, 4}, 0);
  check_close(x.grad(), {14, 18}, 0);
}

// ---- memory ----
void use_the_engine() {
  Tensor x = leaf({1, 2, 3}), w = leaf({3, 4, 5});
  Tensor y = x * w;
  y.retain_grad();
  y.register_hook([](const Tensor& g) { return g * 2; });
  Tensor z = y.slice(0, 0, 2);
  z.mul_(3);
  const Tensor loss = (exp(y * 0.1) + softmax(y, 0)).sum();
  loss.backward({.retain_graph = true, .create_graph = true});
  grad({x.grad().sum()}, {w}, {}, {.retain_graph = true, .allow_unused = true});
  x.zero_grad();  // its gradient is on a tape that holds x
  w.zero_grad();
  y.zero_grad();
  try {
    broken = true;
    fragile(exp(x * w)).sum().backward();
  } catch (const ValueError&) {
  }
  broken = false;
}

BOOST_AUTO_TEST_CASE(everything_is_released) {
  use_the_engine();
  const std::int64_t bytes = memory_stats().live_bytes;
  for (int i = 0; i < 20; ++i) use_the_engine();
  BOOST_TEST(memory_stats().live_bytes == bytes);
}

BOOST_AUTO_TEST_CASE(backward_frees_what_was_saved) {
  const Tensor x = leaf({1, 2});
  Tensor big = zeros({1000, 1000}, {kFloat64});
  const Tensor loss = (x.sum() * big).sum();
  const std::int64_t before = memory_stats().live_bytes;
  big = Tensor();
  loss.backward();
  BOOST_TEST(memory_stats().live_bytes <= before - 8000000 + 10000);
}

// ---- threads ----
BOOST_AUTO_TEST_CASE(threads_share_parameters) {
  const Tensor w = leaf({1, 2, 3}), v = leaf({4, 5, 6});
  constexpr int kThreads = 4, kSteps = 300;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kSteps; ++i) (w * v * (t + 1)).sum().backward();
    });
  for (std::thread& t : threads) t.join();
  const double n = kSteps * (1 + 2 + 3 + 4);
  check_close(w.grad(), {4 * n, 5 * n, 6 * n}, 0);
  check_close(v.grad(), {1 * n, 2 * n, 3 * n}, 0);
}

BOOST_AUTO_TEST_CASE(threads_read_without_gradients) {
  const Tensor w = leaf({1, 2, 3});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const NoGradGuard off;
      for (int i = 0; i < 300; ++i) {
        const Tensor y = (w * 2 + w).sum();
        if (y.requires_grad() || y.item() != 18) ++wrong;
      }
    });
  for (std::thread& t : threads) t.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(grad_enabled());
}

BOOST_AUTO_TEST_CASE(a_graph_may_move_between_threads) {
  const Tensor x = number(2);
  Tensor y;
  for (int i = 0; i < 100; ++i) (void)(x * 1);  // this thread's counter runs ahead
  std::thread([&] { y = x * x; }).join();
  Tensor z = y * x;
  std::thread([&] { z = z + y; }).join();
  std::thread([&] { z.backward(); }).join();  // 3 x^2 + 2 x
  check_close(x.grad(), {16}, 0);
}

// ---- DetectAnomaly ----
BOOST_AUTO_TEST_CASE(anomaly_in_the_forward_pass) {
  const Tensor x = tensor({-1., 2.}, {kFloat64, true});
  const DetectAnomaly detect;
  expect_op<ValueError>("log", {"non-finite", "range"}, [&] { log(x); });
  expect_op<ValueError>("div", {"non-finite"}, [&] { x / zeros({2}, {kFloat64}); });
  const NoGradGuard off;
  expect_op<ValueError>("log", {"non-finite"}, [&] { log(x); });
}

BOOST_AUTO_TEST_CASE(anomaly_in_the_backward_pass) {
  const Tensor x = tensor({0., 2.}, {kFloat64, true});
  const std::string made = next_line();
  const Tensor y = sqrt(x);
  {
    const DetectAnomaly detect;
    expect<ValueError>({"xgrad: sqrt: ", "backward produced a non-finite gradient for input 0", made},
                       [&] { y.sum().backward({.retain_graph = true}); });
  }
  BOOST_TEST(!x.grad().defined());
  y.sum().backward();  // off again
  BOOST_TEST(std::isinf(x.grad()[0].item()));
}

// ---- the recorder and the walk ----
BOOST_AUTO_TEST_CASE(collect) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const std::string made = next_line();
  const Tensor y = x * w;
  const Tensor z = y + x, loss = z.sum();
  const tape::Graph g = tape::collect(loss);
  BOOST_REQUIRE(g.nodes.size() == 3u);
  BOOST_TEST(g.nodes[0].op == "mul");
  BOOST_TEST(g.nodes[1].op == "add");
  BOOST_TEST(g.nodes[2].op == "sum");
  BOOST_TEST(g.root == 2);
  BOOST_TEST(file_and_line(g.nodes[0].at) == made);
  BOOST_TEST(g.nodes[0].inputs[0].leaf.is_same(x));
  BOOST_TEST(g.nodes[0].inputs[1].leaf.is_same(w));
  BOOST_TEST(g.nodes[1].inputs[0].node == 0);
  BOOST_TEST(g.nodes[1].inputs[1].leaf.is_same(x));
  BOOST_TEST((g.nodes[1].shapes[0] == Shape{2}));
  BOOST_TEST(g.nodes[0].saved.size() == 2u);
  BOOST_TEST(g.nodes[0].values.empty());
  BOOST_TEST(!g.nodes[0].freed);
  loss.backward();
  BOOST_TEST(tape::collect(loss).nodes[0].freed);
  BOOST_TEST(tape::collect(loss).nodes[0].saved.empty());
  BOOST_TEST(tape::collect(x).nodes.empty());
  BOOST_TEST(tape::collect(ones({2})).nodes.empty());
}

BOOST_AUTO_TEST_CASE(recorder) {
  const Tensor x = leaf({1, 2}), c = tensor({3., 4.}, {kFloat64});
  Tensor loss;
  {
    const TapeRecorder recorder;
    loss = (x * c).sum();
    loss.backward();
  }
  const tape::Graph g = tape::collect(loss);
  BOOST_REQUIRE(g.nodes.size() == 2u);
  check_close(g.nodes[0].values.at(0), {3, 8}, 0);
  check_close(g.nodes[0].grads.at(0), {1, 1}, 0);
  check_close(g.nodes[0].constants.at(1), {3, 4}, 0);
  BOOST_TEST(!g.nodes[0].constants.at(0).defined());
  BOOST_TEST(g.nodes[0].edge_norms.at(0) == 5);
  BOOST_TEST(g.nodes[0].edge_norms.at(1) == -1);
  check_close(g.nodes[1].values.at(0), {11}, 0);
  BOOST_TEST(tape::collect((x * c).sum()).nodes[0].values.empty());  // recording ended with the guard
}

// What the walk knows without a recorder.
BOOST_AUTO_TEST_CASE(inputs_as_they_were_read) {
  Tensor x = leaf({1, 2}).set_name("x"), c = tensor({3., 4.}, {kFloat64}).set_name("c");
  Tensor y = (x * c).set_name("y");
  const Tensor loss = (y * 1.5 + x).sum();
  loss.backward();
  {
    const NoGradGuard off;
    c.fill_(7);
  }
  tape::Graph g = tape::collect(loss);
  BOOST_REQUIRE(g.nodes.size() == 4u);
  BOOST_TEST(g.backward_ran);
  BOOST_TEST(g.nodes[0].names[0] == "y");
  BOOST_TEST(g.nodes[1].numbers == std::vector<double>{1.5});
  const tape::Input &of_x = g.nodes[0].inputs[0], &of_c = g.nodes[0].inputs[1];
  BOOST_TEST(of_x.reached);
  BOOST_TEST(of_x.norm == -1);  // one of two uses
  BOOST_TEST(of_x.source->id == g.nodes[2].inputs[1].source->id);
  check_close(of_x.source->value, {1, 2}, 0);
  check_close(of_x.source->grad, {5.5, 7}, 0);
  BOOST_TEST(of_c.source->name == "c");
  BOOST_TEST(of_c.source->overwritten);
  BOOST_TEST(!of_c.source->value.defined());
  BOOST_TEST(!of_c.reached);
  c = Tensor();
  g = {};
  g = tape::collect(loss);
  BOOST_TEST(g.nodes[0].inputs[1].source->name == "c");
  BOOST_TEST(!g.nodes[0].inputs[1].source->tensor.defined());
}

BOOST_AUTO_TEST_SUITE_END()
