// What the tape saves, and how: saved-tensor hooks, checkpoints, inference tensors, views that nothing recorded.
#include <cmath>

#include <xgrad/checkpoint.hpp>
#include <xgrad/functional.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/random.hpp>
#include <xgrad/saved_tensors_hooks.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {
Tensor leaf(std::initializer_list<double> v) { return tensor(v, {kFloat64, true}); }
Tensor number(double v) { return tensor(v, {kFloat64, true}); }
Tensor same(const Tensor& t) { return t; }
}  // namespace

BOOST_AUTO_TEST_SUITE(saved_tensors_hooks)

BOOST_AUTO_TEST_CASE(pack_when_recorded_unpack_when_read) {
  const Tensor x = leaf({1, 2}), w = leaf({3, 4});
  std::vector<std::string> events;
  Tensor y;
  {
    const SavedTensorsHooks hooks(
        [&](const Tensor& t) {
          events.push_back("pack");
          BOOST_TEST(!t.requires_grad());
          BOOST_TEST(!grad_enabled());
          return t.to_vector<double>();
        },
        [&](const std::vector<double>& kept) {
          events.push_back("unpack");
          return tensor(kept, {kFloat64});
        });
    y = (x * w).sum();
    BOOST_TEST(events.size() == 2u);
    const NoGradGuard off;
    exp(x);
    BOOST_TEST(events.size() == 2u);
  }
  exp(x);
  BOOST_TEST(events.size() == 2u);
  y.backward();
  check_close(x.grad(), {3, 4}, 0);
  check_close(w.grad(), {1, 2}, 0);
  BOOST_TEST(events.size() == 4u);
}

BOOST_AUTO_TEST_CASE(unpacked_once_for_each_node_and_pass) {
  const Tensor x = leaf({0.3, 0.7});
  int unpacked = 0;
  Tensor y;
  {
    const SavedTensorsHooks hooks(same, [&](const Tensor& t) { return ++unpacked, t; });
    y = pow(x, x).sum();  // reads what it saved several times
  }
  y.backward({.retain_graph = true});
  const int first = unpacked;
  y.backward();
  BOOST_TEST(unpacked == 2 * first);
  BOOST_TEST(first <= 3);
}

BOOST_AUTO_TEST_CASE(the_innermost_hooks_count) {
  const Tensor x = number(2);
  std::string order;
  const auto pack = [&](const char* who) { return [&order, who](const Tensor& t) { return order += who, t; }; };
  const SavedTensorsHooks outer(pack("o"), same);
  exp(x);
  {
    const SavedTensorsHooks inner(pack("i"), same);
    exp(x);
  }
  exp(x);
  BOOST_TEST(order == "oio");
  auto first = std::make_unique<SavedTensorsHooks>(pack("a"), same);
  auto second = std::make_unique<SavedTensorsHooks>(pack("b"), same);
  first.reset();  // in any order
  exp(x);
  second.reset();
  exp(x);
  BOOST_TEST(order == "oiobo");
}

BOOST_AUTO_TEST_CASE(derivatives_of_every_order_through_packed_tensors) {
  const auto through_copies = [](const std::vector<Tensor>& in) {
    const SavedTensorsHooks hooks([](const Tensor& t) { return t.clone(); }, same);
    const Tensor h = in[0] * in[1];           // leaves
    return (tanh(h) * h + exp(in[1])).sum();  // an own result, another's result
  };
  const auto plain = [](const std::vector<Tensor>& in) {
    const Tensor h = in[0] * in[1];
    return (tanh(h) * h + exp(in[1])).sum();
  };
  const Tensor a = leaf({0.3, -0.8}), b = leaf({1.2, 0.4});
  BOOST_TEST(gradcheck(through_copies, {a, b}));
  BOOST_TEST(gradgradcheck(through_copies, {a, b}));
  const auto third = [&](const auto& f) {
    const Tensor d = grad({f({a, b})}, {a}, {}, {.create_graph = true})[0];
    const Tensor dd = grad({d.sum()}, {b}, {}, {.create_graph = true})[0];
    return grad({dd.sum()}, {a, b});
  };
  const auto x = third(through_copies), y = third(plain);
  for (std::size_t i = 0; i < 2; ++i) BOOST_TEST(same_bits(x[i], y[i]));
}

BOOST_AUTO_TEST_CASE(half_the_size_gives_half_the_digits) {
  const Tensor x = leaf({0.1, 0.2, 0.3});
  Tensor y;
  {
    const SavedTensorsHooks hooks(
        [](const Tensor& t) { return std::pair(t.dtype() == kFloat64 ? t.to(kFloat32) : t, t.dtype()); },
        [](const auto& kept) { return kept.first.to(kept.second); });
    y = exp(x).sum();
  }
  y.backward();
  check_close(x.grad(), {std::exp(0.1), std::exp(0.2), std::exp(0.3)}, 1e-6);
  BOOST_TEST(x.grad().dtype() == kFloat64);
}

BOOST_AUTO_TEST_CASE(errors_of_hooks_leave_everything_as_it_was) {
  const Tensor x = leaf({1, 2});
  Tensor changed = x * 2;
  const std::uint32_t version = changed.version();
  {
    const SavedTensorsHooks hooks([](const Tensor&) -> int { throw std::runtime_error("mine"); },
                                  [](int) { return Tensor(); });
    BOOST_CHECK_THROW(exp(x), std::runtime_error);
    BOOST_CHECK_THROW(changed.mul_(x), std::runtime_error);
    check_close(changed, {2, 4}, 0);
    BOOST_TEST(changed.version() == version);
  }
  const auto unpacked_as = [&](auto make) {
    const SavedTensorsHooks hooks([](const Tensor&) { return 0; }, [make](int) { return make(); });
    return exp(x).sum();
  };
  const Tensor throws = unpacked_as([]() -> Tensor { throw std::runtime_error("mine"); });
  const Tensor wide = unpacked_as([] { return ones({3}, {kFloat64}); });
  const Tensor narrow = unpacked_as([] { return ones({2}); });
  const Tensor none = unpacked_as([] { return Tensor(); });
  BOOST_CHECK_THROW((throws + x.sum()).backward(), std::runtime_error);
  expect<ShapeError>({"exp", "another shape", "packed f64 (2)", "f64 (3)", "test_saved_tensors.cpp"},
                     [&] { (wide + x.sum()).backward(); });
  expect<DTypeError>({"exp", "another type", "f32 (2)"}, [&] { narrow.backward(); });
  expect<AutogradError>({"exp", "undefined"}, [&] { none.backward(); });
  BOOST_TEST(!x.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_pack_hook_must_not_change_the_tensor) {
  const Tensor x = leaf({1, 2});
  const SavedTensorsHooks hooks([](Tensor t) { return t.add_(1), 0; }, [](int) { return Tensor(); });
  expect<AutogradError>({"exp", "pack hook changed in place"}, [&] { exp(x); });
}

BOOST_AUTO_TEST_CASE(hooks_can_be_disabled) {
  const Tensor x = number(1);
  {
    const DisableSavedTensorsHooks off("not in this part");
    expect<AutogradError>({"SavedTensorsHooks", "not in this part"}, [] { SavedTensorsHooks hooks(same, same); });
    expect<AutogradError>({"not in this part"}, [&] { checkpoint([](const Tensor& t) { return exp(t); }, x); });
  }
  const SavedTensorsHooks hooks(same, same);
  expect<AutogradError>({"DisableSavedTensorsHooks", "hooks on saved tensors already", "nor here"},
                        [] { DisableSavedTensorsHooks off("nor here"); });
  exp(x).backward();
  check_close(x.grad(), {std::exp(1)}, 1e-12);
}

BOOST_AUTO_TEST_CASE(what_was_packed_goes_with_the_graph) {
  const auto token = std::make_shared<int>(0);
  const Tensor x = leaf({1, 2});
  Tensor y;
  {
    const SavedTensorsHooks hooks(
        [token](const Tensor& t) { return std::pair(t.clone(), std::make_shared<int>(*token)); },
        [](const auto& kept) { return kept.first; });
    y = exp(x).sum();
  }
  BOOST_TEST(token.use_count() == 2);
  y.backward();
  BOOST_TEST(token.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

// ---- checkpoints ----
BOOST_AUTO_TEST_SUITE(checkpoints)

namespace {

nn::Sequential deep(int layers, std::int64_t width) {
  nn::Sequential net;
  for (int i = 0; i < layers; ++i) {
    net.push_back(nn::Linear(width, width));
    net.push_back(nn::Tanh());
  }
  return net;
}

std::vector<Tensor> gradients(const nn::Module& net, const Tensor& x, const Tensor& y) {
  nn::Module(net).zero_grad();
  Tensor(x).zero_grad();
  y.square().sum().backward();
  std::vector<Tensor> all{x.grad().clone()};
  for (const Tensor& p : net.parameters()) all.push_back(p.grad().clone());
  return all;
}

void same_gradients(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  BOOST_REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) BOOST_TEST(same_bits(a[i], b[i]), "gradient " << i);
}

}  // namespace

BOOST_AUTO_TEST_CASE(gradients_are_those_of_the_plain_run) {
  const nn::Sequential net = deep(4, 16);
  const Tensor x = randn({8, 16}).requires_grad_();
  const Tensor y = net(x), z = checkpoint(net, x);
  BOOST_TEST(same_bits(y, z));
  const auto plain = gradients(net, x, y);
  same_gradients(plain, gradients(net, x, z));
  same_gradients(plain, gradients(net, x, nn::checkpoint_sequential(net, 3, x)));
  same_gradients(plain, gradients(net, x, nn::checkpoint_sequential(net, 8, x)));
  const auto nested = [&](const Tensor& in) {
    Tensor h = in;
    for (const nn::AnyModule& part : net) h = checkpoint(part, h);
    return h;
  };
  same_gradients(plain, gradients(net, x, checkpoint(nested, x)));
  const auto twice = [&](const Tensor& in) { return checkpoint(nested, in); };
  same_gradients(plain, gradients(net, x, checkpoint(twice, x)));
}

BOOST_AUTO_TEST_CASE(random_numbers_are_drawn_again_and_the_generator_goes_on) {
  nn::Sequential net(nn::Linear(16, 16), nn::Dropout(0.5), nn::Tanh(), nn::Dropout(0.3));
  const Tensor x = randn({8, 16}).requires_grad_();
  manual_seed(5);
  const Tensor y = net(x);
  const auto plain = gradients(net, x, y);
  const Tensor after = rand({3});
  manual_seed(5);
  const Tensor z = checkpoint(net, x);
  BOOST_TEST(same_bits(y, z));
  same_gradients(plain, gradients(net, x, z));
  BOOST_TEST(same_bits(after, rand({3})));
}

BOOST_AUTO_TEST_CASE(generators_of_the_program_draw_again_too) {
  const Generator g(7);
  const auto f = [g](const Tensor& t) {
    const auto inner = [g](const Tensor& u) { return u * rand({3}, {.generator = g}) + rand({3}) * u; };
    return checkpoint(inner, t * randn({3}, {.generator = g})) * t;
  };
  const Tensor x = randn({3}).requires_grad_();
  manual_seed(5);
  const Tensor y = f(x), want = grad({y.sum()}, {x})[0], after = rand({2}, {.generator = g});
  manual_seed(5);
  g.manual_seed(7);
  const Tensor z = checkpoint(f, x);
  BOOST_TEST(same_bits(y, z));
  BOOST_TEST(same_bits(after, rand({2}, {.generator = g})));
  BOOST_TEST(same_bits(want, grad({z.sum()}, {x})[0]));
}

BOOST_AUTO_TEST_CASE(checkpoints_in_forward_mode) {
  const auto plain = [](const Tensor& t) { return tanh(t) * t; };
  const auto f = [&](const Tensor& x) { return checkpoint(plain, x); };
  const Tensor x = randn({4}), v = ones({4});
  const auto [y, product] = jvp(f, x, v);
  const auto [z, want] = jvp(plain, x, v);
  BOOST_TEST(same_bits(product, want));
}

BOOST_AUTO_TEST_CASE(several_inputs_and_results) {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4}), c = leaf({5, 6});
  const auto [p, q] = checkpoint([](const Tensor& x, const Tensor& y) { return std::pair(x * y, exp(x)); }, a, b);
  (p.sum() + q.sum()).backward();
  check_close(b.grad(), {1, 2}, 0);
  check_close(a.grad(), {3 + std::exp(1), 4 + std::exp(2)}, 1e-12);
  const auto list = checkpoint(
      [](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{in[0] * in[1], in[2].square()};
      },
      {a, b, c});
  BOOST_TEST(list.size() == 2u);
  list[1].sum().backward();
  check_close(c.grad(), {10, 12}, 0);
  const auto product = [](const auto& u, const auto& v, const auto& w, const auto& s) { return u * v * w * s; };
  Tensor(c).zero_grad();
  checkpoint(product, a, b, c, a).sum().backward();
  check_close(c.grad(), {3, 16}, 0);
  const Tensor none = checkpoint([](const Tensor& x, const Tensor& y) { return y.defined() ? y : x * x; }, a, Tensor());
  BOOST_TEST(none.requires_grad());
}

BOOST_AUTO_TEST_CASE(derivatives_of_every_order) {
  const auto f = [](const std::vector<Tensor>& in) {
    return checkpoint(
               [](const Tensor& x, const Tensor& y) {
                 const Tensor h = checkpoint([](const Tensor& u) { return tanh(u) * u; }, x * y);
                 return exp(h) * y;
               },
               in[0], in[1])
        .sum();
  };
  const Tensor a = leaf({0.3, -0.8}), b = leaf({1.2, 0.4});
  BOOST_TEST(gradcheck(f, {a, b}));
  BOOST_TEST(gradgradcheck(f, {a, b}));
}

BOOST_AUTO_TEST_CASE(a_graph_that_is_kept_is_computed_again_each_time) {
  const Tensor x = number(0.5);
  int runs = 0;
  const Tensor y = checkpoint([&runs](const Tensor& t) { return ++runs, exp(sin(t)); }, x);
  BOOST_TEST(runs == 1);
  y.backward({.retain_graph = true});
  BOOST_TEST(runs == 2);
  y.backward();
  BOOST_TEST(runs == 3);
  check_close(x.grad(), {2 * std::exp(std::sin(0.5)) * std::cos(0.5)}, 1e-12);
}

BOOST_AUTO_TEST_CASE(nothing_is_done_when_nothing_is_recorded) {
  const Tensor x = number(0.5);
  int runs = 0;
  const auto f = [&runs](const Tensor& t) { return ++runs, exp(t); };
  {
    const NoGradGuard off;
    BOOST_TEST(!checkpoint(f, x).requires_grad());
  }
  BOOST_TEST(!checkpoint(f, ones({2})).requires_grad());
  BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(batch_normalisation_counts_a_batch_once) {
  const nn::Sequential net(nn::Linear(4, 4), nn::BatchNorm1d(4), nn::Tanh());
  const nn::Sequential other = nn::clone(net);
  const Tensor x = randn({8, 4}).requires_grad_();
  const auto plain = gradients(net, x, net(x));
  same_gradients(plain, gradients(other, x, checkpoint(other, x)));
  const NamedTensors a = net.named_buffers(), b = other.named_buffers();
  BOOST_TEST(same_bits(a, b));
}

BOOST_AUTO_TEST_CASE(convolutions_too) {
  const nn::Sequential net(nn::Conv2d(3, 16, 3, {.padding = 1}), nn::BatchNorm2d(16), nn::ReLU(),
                           nn::Conv2d(16, 16, 3, {.padding = 1}), nn::ReLU(), nn::MaxPool2d(2));
  const Tensor x = randn({2, 3, 8, 8}).requires_grad_();
  const auto plain = gradients(net, x, net(x));
  same_gradients(plain, gradients(net, x, checkpoint(net, x)));
}

BOOST_AUTO_TEST_CASE(less_memory) {
  constexpr int kLayers = 32;
  const nn::Sequential net = deep(kLayers, 64);
  const Tensor x = randn({2048, 64}).requires_grad_();
  const auto peak_of = [&](const auto& run) {
    nn::Module(net).zero_grad();
    reset_peak_memory_stats();
    const std::int64_t before = memory_stats().live_bytes;
    run(x).sum().backward();
    return memory_stats().peak_bytes - before;
  };
  peak_of(net);  // the pool is warm
  const auto segments = [&](const Tensor& in) { return nn::checkpoint_sequential(net, 8, in); };
  peak_of(segments);
  const std::int64_t plain = peak_of(net), less = peak_of(segments);
  BOOST_TEST(less < plain / 2, less << " bytes with checkpoints, " << plain << " without");
  BOOST_TEST(plain > kLayers * 2048 * 64 * 4);
}

BOOST_AUTO_TEST_CASE(a_function_that_does_something_else) {
  const Tensor x = leaf({1, 2});
  int run = 0;
  const auto fails = [&](const std::vector<std::string>& facts, const std::function<Tensor(const Tensor&)>& f) {
    run = 0;
    const Tensor y = checkpoint(f, x).sum();
    expect<AutogradError>(facts, [&] { y.backward(); });
    BOOST_TEST(!x.grad().defined());
  };
  fails({"checkpoint", "something else", "saved more tensors", "1 tensors", "test_saved_tensors.cpp"},
        [&](const Tensor& t) { return run++ ? exp(exp(t)) : exp(t); });
  fails({"checkpoint", "saved fewer tensors", "2 tensors", "1 tensors"},
        [&](const Tensor& t) { return run++ ? exp(t) : exp(exp(t)); });
  fails({"checkpoint", "saved tensor 0 is of another shape or type", "f64 (2) of exp", "f64 (1) of exp"},
        [&](const Tensor& t) { return exp(run++ ? t.slice(0, 0, 1) : t); });
}

BOOST_AUTO_TEST_CASE(changes_between_the_runs_are_noticed) {
  Tensor w = number(2);
  const Tensor x = leaf({1, 2});
  const auto f = [w](const Tensor& t) { return t * w; };
  const Tensor y = checkpoint(f, x).sum();
  {
    const NoGradGuard off;
    w.add_(1);
  }
  expect<AutogradError>({"mul", "a parameter was changed in place", "optimizer.step()"}, [&] { y.backward(); });
  Tensor h = x * 1;
  const Tensor z = checkpoint([](const Tensor& t) { return exp(t); }, h).sum();
  h.add_(1);
  expect<AutogradError>({"checkpoint", "an input was changed in place"}, [&] { z.backward(); });
  const Tensor u = checkpoint(
                       [](const Tensor& t) {
                         Tensor s = exp(t);
                         s.add_(1);
                         return s;
                       },
                       x)
                       .sum();
  expect<AutogradError>({"exp", "overwritten inside a checkpoint"}, [&] { u.backward(); });
}

BOOST_AUTO_TEST_CASE(a_backward_pass_inside_the_function_is_refused) {
  const Tensor x = number(2);
  expect<AutogradError>({"checkpoint", "a backward pass inside"}, [&] {
    checkpoint([](const Tensor& t) { return grad({exp(t)}, {t}, {}, {.create_graph = true})[0]; }, x);
  });
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_second_run_changes_nothing) {
  const Tensor x = number(2);
  int run = 0;
  manual_seed(1);
  const Tensor y = checkpoint(
      [&](const Tensor& t) {
        if (run++ == 1) throw std::runtime_error("mine");
        return exp(t) * rand({});
      },
      x);
  const auto state = default_generator().get_state();
  BOOST_CHECK_THROW(y.backward(), std::runtime_error);
  BOOST_TEST(!x.grad().defined());
  BOOST_TEST(bool(state == default_generator().get_state()));
  y.backward();
  BOOST_TEST(x.grad().defined());
}

BOOST_AUTO_TEST_SUITE_END()

// ---- inference tensors ----
BOOST_AUTO_TEST_SUITE(inference_mode)

BOOST_AUTO_TEST_CASE(what_is_made_inside_is_an_inference_tensor) {
  const Tensor w = leaf({1, 2});
  Tensor made, view_of_normal, fresh;
  {
    const InferenceMode mode;
    BOOST_TEST(is_inference_mode_enabled());
    BOOST_TEST(!grad_enabled());
    made = w * 2;
    fresh = ones({2}, {kFloat64});
    view_of_normal = w[0];
    const GradModeGuard on(true);
    BOOST_TEST(!(w * 2).requires_grad());
    const InferenceMode no_more(false);
    BOOST_TEST((w * 2).requires_grad());
    BOOST_TEST(!(w * 2).is_inference());
  }
  BOOST_TEST(!is_inference_mode_enabled());
  BOOST_TEST(grad_enabled());
  BOOST_TEST(made.is_inference());
  BOOST_TEST(fresh.is_inference());
  BOOST_TEST(!made.requires_grad());
  BOOST_TEST(!view_of_normal.is_inference());
  BOOST_TEST(!w.is_inference());
  BOOST_TEST(made[0].is_inference());  // views and detached ones, also outside
  BOOST_TEST(made.detach().is_inference());
  BOOST_TEST(!made.clone().is_inference());
  BOOST_TEST(!(made + 1).is_inference());
}

BOOST_AUTO_TEST_CASE(inference_tensors_take_no_part_in_gradients) {
  Tensor w = leaf({1, 2}), fixed;
  {
    const InferenceMode mode;
    fixed = ones({2}, {kFloat64});
    fixed.add_(1);
  }
  expect<AutogradError>({"mul", "made in InferenceMode", "saved", "clone()"}, [&] { w* fixed; });
  expect<AutogradError>({"add_", "made in InferenceMode", "outside the mode"}, [&] { fixed.add_(1); });
  expect<AutogradError>({"requires_grad_", "made in InferenceMode"}, [&] { fixed.requires_grad_(); });
  (w + fixed).sum().backward();  // saves nothing
  check_close(w.grad(), {1, 1}, 0);
  (w * fixed.clone()).sum().backward();
  check_close(w.grad(), {3, 3}, 0);
  check_close(fixed, {2, 2}, 0);
  const InferenceMode again;
  fixed.mul_(2);
  check_close(fixed, {4, 4}, 0);
  w.mul_(2);  // of a normal tensor as under a NoGradGuard
  check_close(w, {2, 4}, 0);
}

BOOST_AUTO_TEST_CASE(a_network_made_and_run_inside) {
  const InferenceMode mode;
  const nn::Linear fc(3, 2);
  BOOST_TEST(fc.weight.is_inference());
  BOOST_TEST(!fc(ones({1, 3})).requires_grad());
}

BOOST_AUTO_TEST_SUITE_END()

// ---- views ----
BOOST_AUTO_TEST_SUITE(unrecorded_views)

BOOST_AUTO_TEST_CASE(a_view_that_nothing_recorded_must_not_change_its_base) {
  const Tensor x = leaf({1, 2, 3}), w = number(5);
  Tensor base = x * 2, view;
  const std::string line = std::to_string(std::source_location::current().line() + 3);
  {
    const NoGradGuard off;
    view = base.slice(0, 0, 2);
  }
  expect<AutogradError>({"mul_", "view that was made while nothing was recorded", "made at line " + line},
                        [&] { view.mul_(w); });
  BOOST_CHECK_THROW(view.copy_(w), AutogradError);
  check_close(base, {2, 4, 6}, 0);
  {
    const NoGradGuard off;
    view.mul_(10);  // here it is as always
  }
  check_close(base, {20, 40, 6}, 0);
}

BOOST_AUTO_TEST_CASE(views_of_what_takes_no_gradient_may) {
  Tensor base = ones({3}, {kFloat64}), view;
  const Tensor w = number(5);
  {
    const NoGradGuard off;
    view = base.slice(0, 0, 2);
  }
  view.mul_(w);
  base.sum().backward();
  check_close(w.grad(), {2}, 0);
}

BOOST_AUTO_TEST_CASE(a_change_through_one_of_several_views_reaches_the_base) {
  const Tensor w = number(5);
  for (const auto& parts_of : std::vector<std::function<std::vector<Tensor>(const Tensor&)>>{
           [](const Tensor& t) { return unbind(t); }, [](const Tensor& t) { return split(t, 1); },
           [](const Tensor& t) { return chunk(t, 3); }}) {
    const Tensor x = leaf({1, 2, 3});
    Tensor base = x * 2;
    std::vector<Tensor> parts = parts_of(base);
    Tensor(w).zero_grad();
    parts[1].mul_(w);
    (base * tensor({1., 10., 100.}, {kFloat64})).sum().backward();
    check_close(x.grad(), {2, 100, 200}, 0);
    check_close(w.grad(), {40}, 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
