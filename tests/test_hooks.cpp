// Hooks and their handles: on tensors, on leaves after accumulation, on nodes; backward() into chosen tensors; walking
// over the graph.
#include <xgrad/autograd.hpp>
#include <xgrad/graph_node.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {
Tensor leaf(std::initializer_list<double> v) { return tensor(v, {kFloat64, true}); }
Tensor number(double v) { return tensor(v, {kFloat64, true}); }
const auto see = [](int& calls) {
  return [&calls](const Tensor&) {
    ++calls;
    return Tensor();
  };
};
}  // namespace

BOOST_AUTO_TEST_SUITE(hooks_and_graph)

// ---- backward(inputs) ----
BOOST_AUTO_TEST_CASE(backward_into_chosen_leaves) {
  const Tensor a = number(2), b = number(3), c = number(5);
  const Tensor y = a * b * c;
  y.backward({.retain_graph = true, .inputs = {b}});
  BOOST_TEST(!a.grad().defined());
  BOOST_TEST(!c.grad().defined());
  check_close(b.grad(), {10}, 0);
  y.backward({.retain_graph = true, .inputs = std::vector<Tensor>{a, b}});
  check_close(a.grad(), {15}, 0);
  check_close(b.grad(), {20}, 0);
  backward({y}, {}, {.inputs = c});
  check_close(c.grad(), {6}, 0);
  check_close(b.grad(), {20}, 0);
}

BOOST_AUTO_TEST_CASE(backward_into_results) {
  const Tensor x = leaf({1, 2});
  const Tensor h = x * 2;
  const Tensor y = (h * h).sum();
  y.backward({.inputs = {h, h}});
  check_close(h.grad(), {4, 8}, 0);  // once, named twice or not
  BOOST_TEST(h.retains_grad());
  BOOST_TEST(!x.grad().defined());

  const Tensor unused = number(1);
  const Tensor z = x.sum();
  z.backward({.inputs = {unused, x}});  // as in PyTorch: no gradient, no error
  BOOST_TEST(!unused.grad().defined());
  check_close(x.grad(), {1, 1}, 0);
}

BOOST_AUTO_TEST_CASE(backward_into_chosen_tensors_with_create_graph) {
  Tensor x = number(3);
  const Tensor w = number(2);
  pow(x, 3).mul(w).backward({.create_graph = true, .inputs = {x}});
  check_close(x.grad(), {54}, 1e-12);
  const Tensor second = grad({x.grad()}, {x})[0];
  check_close(second, {36}, 1e-12);
  x.zero_grad();
}

BOOST_AUTO_TEST_CASE(wrong_inputs_of_backward_change_nothing) {
  const Tensor x = number(1), plain = ones({1});
  const Tensor y = x * 2;
  const Tensor h = y * 3;
  expect<ValueError>({"backward", "list of inputs is empty"}, [&] { h.backward({.inputs = std::vector<Tensor>()}); });
  expect<AutogradError>({"backward", "input 1 does not require grad"}, [&] { h.backward({.inputs = {y, plain}}); });
  expect<ValueError>({"backward", "undefined"}, [&] { h.backward({.inputs = {Tensor()}}); });
  BOOST_TEST(!y.retains_grad());
  BOOST_TEST(!x.grad().defined());
  h.backward();
  check_close(x.grad(), {6}, 0);
}

BOOST_AUTO_TEST_CASE(grad_gives_zeros_for_what_is_not_used) {
  const Tensor x = number(2), unused = leaf({1, 2, 3});
  const auto zero = grad({x * x}, {x, unused}, {}, {.materialize_grads = true});
  check_close(zero[0], {4}, 0);
  check_close(zero[1], {0, 0, 0}, 0);
  BOOST_TEST(!zero[1].requires_grad());
  BOOST_TEST(grad({x * x}, {x, unused}, {}, {.create_graph = true, .materialize_grads = true})[1].requires_grad());
  BOOST_CHECK_THROW(grad({x * x}, {x, unused}), AutogradError);
}

// ---- handles ----
BOOST_AUTO_TEST_CASE(a_handle_removes_its_hook_alone_and_once) {
  const Tensor x = number(1);
  int first = 0, second = 0;
  const HookHandle a = Tensor(x).register_hook(see(first)), b = Tensor(x).register_hook(see(second));
  const HookHandle copy = a;
  BOOST_TEST(a.id() == copy.id());
  BOOST_TEST(a.id() != b.id());
  (x * 2).backward();
  copy.remove();
  a.remove();
  copy.remove();
  (x * 2).backward();
  BOOST_TEST(first == 1);
  BOOST_TEST(second == 2);
  HookHandle().remove();
}

BOOST_AUTO_TEST_CASE(a_handle_outlives_its_tensor) {
  HookHandle of_leaf, of_result, of_module, after;
  {
    Tensor x = number(1), y = x * 2;
    int calls = 0;
    of_leaf = x.register_hook(see(calls));
    of_result = y.register_hook(see(calls));
    after = x.register_post_accumulate_grad_hook([](const Tensor&) {});
    nn::Linear fc(1, 1);
    of_module = fc.register_forward_hook([](const nn::Module&, const Tensor&, const Tensor&) { return Tensor(); });
  }
  for (const HookHandle& h : {of_leaf, of_result, of_module, after}) h.remove();
}

BOOST_AUTO_TEST_CASE(removing_a_hook_frees_what_it_holds) {
  Tensor x = number(1);
  const auto token = std::make_shared<int>(0);
  const HookHandle h = x.register_hook([token](const Tensor&) { return Tensor(); });
  BOOST_TEST(token.use_count() == 2);
  h.remove();
  BOOST_TEST(token.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(a_hook_may_remove_itself_or_register_another) {
  Tensor x = number(1);
  int once = 0, later = 0;
  HookHandle self;
  self = x.register_hook([&](const Tensor&) {
    ++once;
    self.remove();
    x.register_hook(see(later));
    return Tensor();
  });
  (x * 2).backward();
  BOOST_TEST(once == 1);
  BOOST_TEST(later == 0);
  (x * 2).backward();
  BOOST_TEST(once == 1);
  BOOST_TEST(later == 1);
}

BOOST_AUTO_TEST_CASE(a_hook_stays_with_the_value_when_the_tensor_changes_in_place) {
  const Tensor x = number(3);
  Tensor y = x * 2;
  std::vector<double> seen;
  const HookHandle h = y.register_hook([&](const Tensor& g) {
    seen.push_back(g.item());
    return Tensor();
  });
  y.mul_(5);
  y.backward({.retain_graph = true});
  BOOST_TEST(seen == std::vector<double>{5}, boost::test_tools::per_element());
  h.remove();
  y.backward();
  BOOST_TEST(seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_hooks_of_a_copy_of_a_module_are_its_own) {
  const nn::Linear fc(1, 1);
  int calls = 0;
  const HookHandle h = nn::Linear(fc).register_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
    ++calls;
    return Tensor();
  });
  const nn::Linear copy = nn::clone(fc);
  h.remove();
  fc(ones({1, 1}));
  BOOST_TEST(calls == 0);
  copy(ones({1, 1}));
  BOOST_TEST(calls == 1);
}

// ---- after accumulation ----
BOOST_AUTO_TEST_CASE(a_hook_after_accumulation_sees_the_gradient_and_may_use_it) {
  Tensor w = leaf({1, 2});
  int calls = 0;
  w.register_post_accumulate_grad_hook([&](Tensor& p) {
    ++calls;
    BOOST_TEST(p.is_same(w));
    BOOST_TEST(!grad_enabled());
    p.sub_(p.grad(), 0.5);
    p.zero_grad();
  });
  (w * 4).sum().backward();
  BOOST_TEST(calls == 1);
  check_close(w, {-1, 0}, 0);
  BOOST_TEST(!w.grad().defined());
  grad({(w * 4).sum()}, {w});
  BOOST_TEST(calls == 1);  // nothing was accumulated
  const Tensor other = number(1);
  (w.sum() * other).backward({.inputs = {other}});
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(a_hook_after_accumulation_that_throws_leaves_the_gradients) {
  Tensor a = number(2), b = number(3);
  a.register_post_accumulate_grad_hook([](Tensor&) { throw std::runtime_error("mine"); });
  BOOST_CHECK_THROW((a * b).backward(), std::runtime_error);
  check_close(a.grad(), {3}, 0);
  check_close(b.grad(), {2}, 0);
}

BOOST_AUTO_TEST_CASE(only_leaves_have_hooks_after_accumulation) {
  Tensor x = number(1), y = x * 2, plain = ones({1});
  const auto nothing = [](Tensor&) {};
  expect<AutogradError>({"register_post_accumulate_grad_hook", "only a leaf", "register_hook()"},
                        [&] { y.register_post_accumulate_grad_hook(nothing); });
  expect<AutogradError>({"register_post_accumulate_grad_hook", "does not require grad"},
                        [&] { plain.register_post_accumulate_grad_hook(nothing); });
  expect<ValueError>({"register_post_accumulate_grad_hook", "empty"},
                     [&] { x.register_post_accumulate_grad_hook({}); });
  expect<ValueError>({"holds the tensor"}, [&] { x.register_post_accumulate_grad_hook([x](Tensor& p) { p = x; }); });
}

// ---- order ----
BOOST_AUTO_TEST_CASE(hooks_run_in_the_order_of_pytorch) {
  Tensor x = number(1), y = x * 2;
  std::string order;
  const auto add = [&](const char* what) {
    return [&order, what](const Tensor&) {
      order += std::string(what) + " ";
      return Tensor();
    };
  };
  y.grad_fn().register_hook([&](const std::vector<Tensor>& in, const std::vector<Tensor>& out) {
    check_close(in[0], {2}, 0);
    check_close(out[0], {1}, 0);
    order += "node ";
    return std::vector<Tensor>();
  });
  y.grad_fn().register_prehook([&](const std::vector<Tensor>& out) {
    BOOST_TEST(out.size() == 1u);
    order += "prehook ";
    return std::vector<Tensor>();
  });
  y.register_hook(add("tensor1"));
  y.register_hook(add("tensor2"));
  x.register_post_accumulate_grad_hook([&](Tensor&) { order += "after"; });
  x.register_hook(add("leaf"));
  y.backward();
  BOOST_TEST(order == "tensor1 tensor2 prehook node leaf after");
}

BOOST_AUTO_TEST_CASE(hooks_of_nodes_replace_gradients) {
  const Tensor a = number(2), b = number(3), y = a * b;
  GraphNode mul = y.grad_fn();
  const HookHandle pre =
      mul.register_prehook([](const std::vector<Tensor>& g) { return std::vector<Tensor>{g[0] * 10}; });
  const HookHandle post = mul.register_hook([](const std::vector<Tensor>& in, const std::vector<Tensor>&) {
    return std::vector<Tensor>{in[0] + 1, Tensor()};
  });
  y.backward({.retain_graph = true});
  check_close(a.grad(), {31}, 0);
  BOOST_TEST(!b.grad().defined());
  pre.remove(), post.remove();
  y.backward({.retain_graph = true});
  check_close(a.grad(), {34}, 0);
  check_close(b.grad(), {2}, 0);

  const HookHandle few = mul.register_hook([](const auto&, const auto&) { return std::vector<Tensor>(1); });
  expect<AutogradError>({"mul", "returned 1 gradients for 2"}, [&] { y.backward({.retain_graph = true}); });
  few.remove();
  const HookHandle wide = mul.register_prehook([](const auto&) { return std::vector<Tensor>{ones({4}, {kFloat64})}; });
  expect<AutogradError>({"mul", "another shape"}, [&] { y.backward({.retain_graph = true}); });
  check_close(b.grad(), {2}, 0);
}

// ---- the graph ----
BOOST_AUTO_TEST_CASE(walking_over_the_graph) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  const Tensor h = x * w;
  const Tensor y = 1.5 * h;
  const GraphNode scale = y.grad_fn();
  BOOST_TEST(scale.name() == y.grad_fn_name());
  BOOST_TEST(scale.number().value() == 1.5);
  BOOST_TEST(bool(scale == y.grad_fn()));
  BOOST_TEST(scale.sequence_nr() > h.grad_fn().sequence_nr());
  BOOST_TEST(std::string(scale.location().file_name()).ends_with("test_hooks.cpp"));
  BOOST_TEST(bool(scale.input_shapes() == std::vector<Shape>{{2}}));
  BOOST_TEST(bool(scale.output_shapes() == std::vector<Shape>{{2}}));
  const auto next = scale.next_functions();
  BOOST_TEST(bool(next.at(0).first == h.grad_fn()));
  BOOST_TEST(next[0].second == 0u);
  const GraphNode mul = next[0].first;
  BOOST_TEST(!mul.number());
  const auto leaves = mul.next_functions();
  BOOST_TEST(leaves.size() == 2u);
  BOOST_TEST(leaves[1].first.name() == "AccumulateGrad");
  BOOST_TEST(leaves[1].first.variable().is_same(w));
  BOOST_TEST(leaves[1].first.next_functions().empty());
  BOOST_TEST(!mul.variable().defined());
  BOOST_TEST(mul.saved_count() == 2u);
  BOOST_TEST(mul.saved_tensor(0).is_same(x));
  BOOST_TEST(!x.grad_fn());
  BOOST_TEST(bool(x.grad_fn() == GraphNode()));
  const GraphNode one_sided = (x * ones({2}, {kFloat64})).grad_fn();
  BOOST_TEST(!one_sided.next_functions()[1].first);
}

BOOST_AUTO_TEST_CASE(a_node_knows_its_module_and_keeps_what_the_program_gives_it) {
  struct Net : nn::Layer<Net> {
    nn::Linear fc = register_module("fc", nn::Linear(2, 1));
    Tensor forward(const Tensor& x) const { return fc(x); }
  };
  GraphNode n = Net()(ones({1, 2})).grad_fn();
  BOOST_TEST(n.module_path().ends_with(".fc"));
  BOOST_TEST(!n.metadata("mine").has_value());
  n.set_metadata("mine", 1);
  n.set_metadata("mine", std::string("two"));
  BOOST_TEST(std::any_cast<std::string>(GraphNode(n).metadata("mine")) == "two");
}

BOOST_AUTO_TEST_CASE(a_node_keeps_its_graph_and_several_outputs_are_told_apart) {
  GraphNode kept;
  {
    const Tensor x = leaf({3, 1, 2});
    kept = (x * 2).grad_fn();
  }
  BOOST_TEST(kept.next_functions()[0].first.variable().size(0) == 3);
  const Tensor x = leaf({3, 1, 2});
  const std::vector<Tensor> parts = unbind(x * 2);
  const auto next = (parts[2] * 2).grad_fn().next_functions();
  BOOST_TEST(bool(next[0].first == parts[2].grad_fn()));
}

BOOST_AUTO_TEST_CASE(misuse_of_nodes) {
  const Tensor x = number(1);
  const Tensor y = exp(x);
  const GraphNode node = y.grad_fn(), leaf_node = node.next_functions()[0].first, none;
  expect<AutogradError>({"name", "is none"}, [&] { none.name(); });
  expect<AutogradError>({"next_functions", "is none"}, [&] { none.next_functions(); });
  expect<IndexError>({"saved_tensor", "index 1", "exp saved 1"}, [&] { node.saved_tensor(1); });
  expect<AutogradError>({"register_hook", "AccumulateGrad", "register_post_accumulate_grad_hook"},
                        [&] { GraphNode(leaf_node).register_hook([](const auto& in, const auto&) { return in; }); });
  expect<ValueError>({"register_prehook", "empty"}, [&] { GraphNode(node).register_prehook({}); });
  y.backward();
  expect<AutogradError>({"exp", "already freed"}, [&] { node.saved_tensor(0); });
}

BOOST_AUTO_TEST_SUITE_END()
