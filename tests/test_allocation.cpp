// Memory that runs out: whichever request fails, once or for good, an exception arrives, nothing half done is left, and
// the same call gives the same bits afterwards.
#include <algorithm>
#include <memory>
#include <thread>

#include <xgrad/xgrad.hpp>

#include "failing_memory.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

template <class... T>
std::string all_bits(const T&... t) {
  NamedTensors all;
  (all.emplace_back("", t), ...);
  return bits(all);
}

}  // namespace

#ifdef XGRAD_NO_FAILING_MEMORY
BOOST_AUTO_TEST_CASE(the_sanitizer_has_malloc) { BOOST_TEST_MESSAGE("not run: memory cannot be made to fail here"); }
#else

// ---- the engine ----
namespace {

struct Graph {
  Tensor a = full({3}, 2, {kFloat64, true}), b = full({3}, 3, {kFloat64, true}), c = ones({3}, {kFloat64, true});
  Tensor middle, loss;
  Graph() {
    middle = a * b * 2 + c * b + a;
    middle.retain_grad();
    std::vector<Tensor> parts = chunk(middle, 3, 0);
    loss = (parts[0] * 2).sum() + parts[1].sum() * parts[2].sum();
  }
  std::string gradients() const { return all_bits(a.grad(), b.grad(), c.grad(), middle.grad()); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(backward_after_a_failed_backward) {
  Graph reference;
  reference.loss.backward();
  const std::string expected = reference.gradients();
  sweep(
      "backward", [] { return Graph(); }, [](Graph& g) { g.loss.backward({.retain_graph = true}); },
      [&](Graph& g, bool failed) {
        if (failed) {
          BOOST_TEST(g.gradients().empty());
          g.loss.backward({.retain_graph = true});
        }
        BOOST_TEST(bool(g.gradients() == expected));
      });
}

BOOST_AUTO_TEST_CASE(gradients_are_added_all_or_none) {
  const auto make = [] {
    Graph g;
    g.loss.backward({.retain_graph = true});
    return g;
  };
  Graph reference = make();
  const std::string before = reference.gradients();
  reference.loss.backward({.retain_graph = true});
  const std::string after = reference.gradients();
  for (const bool create_graph : {false, true})
    sweep(
        create_graph ? "second backward, recorded" : "second backward", make,
        [&](Graph& g) { g.loss.backward({.retain_graph = true, .create_graph = create_graph}); },
        [&](Graph& g, bool failed) {
          BOOST_TEST(bool(g.gradients() == (failed ? before : after)));
          if (failed) g.loss.backward({.retain_graph = true, .create_graph = create_graph});
          BOOST_TEST(bool(g.gradients() == after));
        });
}

BOOST_AUTO_TEST_CASE(gradients_of_inputs) {
  Graph reference;
  const std::string expected = all_bits(grad({reference.loss}, {reference.a, reference.c})[0]);
  sweep(
      "grad", [] { return Graph(); },
      [](Graph& g) {
        grad({g.loss}, {g.a, g.c}, {}, {.retain_graph = true});
      },
      [&](Graph& g, bool failed) {
        if (failed) BOOST_TEST(!g.middle.grad().defined());
        BOOST_TEST(bool(all_bits(grad({g.loss}, {g.a, g.c})[0]) == expected));
      });
}

BOOST_AUTO_TEST_CASE(recording_for_a_picture) {
  sweep(
      "recorder",
      [] {
        return full({3}, 2.0, {kFloat64, true});
      },
      [](Tensor& x) {
        const TapeRecorder recorder;
        (x * x + 1).sum().backward();
      },
      [](Tensor& x, bool failed) {
        if (failed) BOOST_TEST(!x.grad().defined());
        x.zero_grad();
        (x * x + 1).sum().backward();
        BOOST_TEST(x.grad().to_vector<double>() == std::vector<double>(3, 4.0), boost::test_tools::per_element());
      });
}

// Memory is gone for good while a graph exists: it is destroyed all the same.
BOOST_AUTO_TEST_CASE(graphs_are_destroyed_without_memory) {
  const Tensor x = ones({3}, {kFloat64, true});
  BOOST_CHECK_THROW(
      {
        Tensor y = x;
        for (int i = 0; i < 20000; ++i) y = y * 1.0001 + x;
        Tensor z = y.sum();
        FailingMemory::arm(1, Failing::from_then_on);
        const std::unique_ptr<char[]> mine(new char[100]);
      },
      std::bad_alloc);
  FailingMemory::disarm();
}

// The first tensor of a thread, without memory: also an exception.
BOOST_AUTO_TEST_CASE(first_use_in_a_thread) {
  const Tensor x = ones({3}, {kFloat64, true});
  for (long k = 1; k < 6; ++k) {
    bool ended = false;
    std::thread([&] {
      FailingMemory::arm(k, Failing::from_then_on);
      try {
        (x * 2).sum().backward();
      } catch (const std::bad_alloc&) {
      } catch (const Error&) {
      }
      FailingMemory::disarm();
      ended = true;
    }).join();
    BOOST_TEST(ended);
  }
}

// ---- operations in place ----
namespace {

// y changed by `act`, as a result on the tape and as a piece of one, kept and not.
template <class Act>
void sweep_in_place(const std::string& name, const Act& act) {
  struct World {
    Tensor x = tensor({1, 2, 3, 4}, {kFloat64, true}), w = tensor({2, 2, 2, 2}, {kFloat64, true});
    Tensor base, y;
  };
  for (const bool view : {false, true}) {
    const auto make = [&] {
      World s;
      s.base = s.x * 3;
      s.y = view ? s.base.narrow(0, 0, 4) : s.base;
      s.y.retain_grad();
      return s;
    };
    const auto gradients = [](World& s) {
      s.x.zero_grad();
      s.w.zero_grad();
      (s.base * s.base).sum().backward({.retain_graph = true});
      return all_bits(s.base, s.y, s.x.grad(), s.w.grad());
    };
    World same = make(), changed = make();
    act(changed.y, changed.w);
    const std::string before = gradients(same), after = gradients(changed);
    sweep(
        name + (view ? " through a view" : ""), make, [&](World& s) { act(s.y, s.w); },
        [&](World& s, bool failed) {
          BOOST_TEST(bool(gradients(s) == (failed ? before : after)));
          if (!failed) return;
          World again = make();
          act(again.y, again.w);
          BOOST_TEST(bool(gradients(again) == after));
          BOOST_TEST(s.y.version() == make().y.version());
        });
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(in_place_values_and_tape_go_together) {
  sweep_in_place("add_", [](Tensor& y, const Tensor& w) { y.add_(w); });
  sweep_in_place("mul_", [](Tensor& y, const Tensor& w) { y.mul_(w); });
  sweep_in_place("div_ by a number", [](Tensor& y, const Tensor&) { y.div_(4); });
  sweep_in_place("clamp_", [](Tensor& y, const Tensor&) { y.clamp_(4, 7); });
  sweep_in_place("fill_", [](Tensor& y, const Tensor&) { y.fill_(2); });
  sweep_in_place("copy_", [](Tensor& y, const Tensor& w) { y.copy_(w); });
  sweep_in_place("copy_ of another type", [](Tensor& y, const Tensor& w) { y.copy_(w.to(kFloat32)); });
  sweep_in_place("copy_ onto itself, shifted",
                 [](Tensor& y, const Tensor&) { y.narrow(0, 0, 3).copy_(y.narrow(0, 1, 3)); });
}

BOOST_AUTO_TEST_CASE(in_place_without_the_tape) {
  for (const DType type : {kFloat32, kInt64})
    sweep(
        "add_ off the tape", [&] { return ones({4}, {type}); },
        [](Tensor& x) { x.narrow(0, 0, 3).add_(x.narrow(0, 1, 3)); },
        [](Tensor& x, bool failed) {
          BOOST_TEST(x.sum().item() == (failed ? 4 : 7));
          BOOST_TEST(x.version() == (failed ? 0u : 1u));
        });
}

// ---- training ----
namespace {

struct Net : nn::Layer<Net> {
  nn::Conv2d conv = register_module("conv", nn::Conv2d(1, 4, 3, {.padding = 1}));
  nn::BatchNorm2d norm = register_module("norm", nn::BatchNorm2d(4));
  nn::Linear out = register_module("out", nn::Linear(4 * 6 * 6, 3));
  Tensor forward(const Tensor& x) const { return out(relu(norm(conv(x))).flatten(1)); }
};

struct Training {
  Net net;
  optim::Adam opt{net.parameters(), {.lr = 0.01}};
  Tensor x = randn({8, 1, 6, 6}), target = tensor({0, 1, 2, 0, 1, 2, 0, 1}, {kInt64});
  Tensor loss;
  void forward() { loss = cross_entropy(net(x), target); }
  std::string state() const { return bits(net.state_dict()) + bits(opt.state_dict()); }
};
std::unique_ptr<Training> make_training() {
  manual_seed(7);
  return std::make_unique<Training>();
}
std::string parameters(const Training& t) { return bits(t.net.named_parameters()) + bits(t.opt.state_dict()); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_training_step) {
  const auto step = [](std::unique_ptr<Training>& t) {
    t->opt.zero_grad();
    t->forward();
    t->loss.backward();
    t->opt.step();
    t->loss = Tensor();
  };
  auto reference = make_training();
  const std::string before = parameters(*reference);
  step(reference);
  const std::string after = parameters(*reference);
  sweep("a training step", make_training, step, [&](std::unique_ptr<Training>& t, bool failed) {
    BOOST_TEST(bool(parameters(*t) == (failed ? before : after)));
    if (failed) step(t);
    BOOST_TEST(bool(parameters(*t) == after));
  });
}

BOOST_AUTO_TEST_CASE(running_statistics) {
  struct World {
    nn::BatchNorm1d norm{3};
    Tensor x = tensor({1, 2, 3, 4, 5, 7}, {kFloat32}).reshape({2, 3});
    std::string state() const { return bits(norm.state_dict()); }
  };
  World reference;
  const std::string before = reference.state();
  reference.norm(reference.x);
  const std::string after = reference.state();
  sweep(
      "batch_norm", [] { return World(); }, [](World& w) { w.norm(w.x); },
      [&](World& w, bool failed) {
        BOOST_TEST(bool(w.state() == (failed ? before : after)));
        if (failed) w.norm(w.x);
        BOOST_TEST(bool(w.state() == after));
      });
}

// ---- optimizers ----
namespace {

template <class Make>
void sweep_steps(const std::string& name, const Make& make_optimizer) {
  using Made = decltype(make_optimizer(std::vector<Tensor>()));
  struct World {
    Tensor a = ones({5}, {kFloat32, true}), b = ones({2, 3}, {kFloat64, true}).t().detach().requires_grad_();
    Made opt;
    explicit World(const Make& make) : opt(make({a, b})) { set(); }
    void set() {
      a.set_grad(full({5}, 0.25, {kFloat32}));
      b.set_grad(full({3, 2}, 0.5, {kFloat64}));
    }
    std::string state() const { return all_bits(a, b) + bits(opt->state_dict()); }
  };
  const auto make = [&] { return World(make_optimizer); };
  World reference = make();
  const std::string start = reference.state();
  reference.opt->step();
  const std::string first = reference.state();
  reference.opt->step();
  const std::string second = reference.state();
  sweep(
      name, make, [](World& w) { w.opt->step(); },
      [&](World& w, bool failed) {
        BOOST_TEST(bool(w.state() == (failed ? start : first)));
        if (failed) w.opt->step();
        BOOST_TEST(bool(w.state() == first));
        w.opt->step();
        BOOST_TEST(bool(w.state() == second));
      });
  // The state of the second step into an optimizer that has none.
  const NamedTensors saved = reference.opt->state_dict();
  const std::string loaded = bits(saved);
  sweep(
      name + "::load_state_dict", make, [&](World& w) { w.opt->load_state_dict(saved); },
      [&](World& w, bool failed) {
        if (failed) BOOST_TEST(bool(w.state() == start));
        w.opt->load_state_dict(saved);
        BOOST_TEST(bool(bits(w.opt->state_dict()) == loaded));
      });
}

template <class Optimizer, class Options>
auto maker(Options options) {
  return [options](const std::vector<Tensor>& p) { return std::make_unique<Optimizer>(p, options); };
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_are_whole) {
  using namespace optim;
  sweep_steps("SGD", maker<SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.5}));
  sweep_steps("Adam", maker<Adam>(AdamOptions{.amsgrad = true}));
  sweep_steps("AdamW", maker<AdamW>(AdamWOptions{}));
  sweep_steps("Adagrad", maker<Adagrad>(AdagradOptions{}));
  sweep_steps("Adadelta", maker<Adadelta>(AdadeltaOptions{}));
  sweep_steps("Adamax", maker<Adamax>(AdamaxOptions{}));
  sweep_steps("NAdam", maker<NAdam>(NAdamOptions{}));
  sweep_steps("RAdam", maker<RAdam>(RAdamOptions{}));
  sweep_steps("ASGD", maker<ASGD>(ASGDOptions{}));
  sweep_steps("Rprop", maker<Rprop>(RpropOptions{}));
  sweep_steps("RMSprop", maker<RMSprop>(RMSpropOptions{.momentum = 0.9, .centered = true}));
}

// An iteration of LBFGS is whole: the parameters are at a point that it reaches with memory enough, and it arrives.
BOOST_AUTO_TEST_CASE(iterations_of_lbfgs_are_whole) {
  struct World {
    Tensor x = full({2, 1}, -1.2, {kFloat64}).t().detach().requires_grad_(), y = ones({}, {kFloat64, true});
    optim::LBFGS opt{{x, y}, {.max_iter = 6, .line_search_fn = optim::LineSearch::strong_wolfe}};
    Tensor loss() const { return square(1 - x).sum() + 100 * square(y - square(x)).sum(); }
    void step() {
      opt.step([&] {
        opt.zero_grad();
        Tensor l = loss();
        l.backward();
        return l;
      });
    }
    std::string state() const { return all_bits(x, y); }
  };
  std::vector<std::string> path{World().state()};
  for (std::int64_t n = 1; n <= 6; ++n) {
    World w;
    w.opt.options().max_iter = n;
    w.step();
    path.push_back(w.state());
  }
  sweep(
      "LBFGS", [] { return World(); }, [](World& w) { w.step(); },
      [&](World& w, bool failed) {
        BOOST_TEST(bool(std::ranges::find(path, w.state()) != path.end()));
        BOOST_TEST((failed || w.state() == path.back()));
        for (int i = 0; i < 20; ++i) w.step();
        BOOST_TEST(w.loss().item() < 1e-12);
      });
}

// A refusal must not leave the options tried on.
BOOST_AUTO_TEST_CASE(options_that_are_refused) {
  const Tensor p = ones({2}, {kFloat32, true});
  NamedTensors bad = optim::SGD({p}, {.lr = 0.5}).state_dict();
  for (auto& [name, t] : bad)
    if (name == "group.0.lr") t = full({}, -1.0, {kFloat64});
  sweep(
      "a refused state",
      [&] { return std::make_unique<optim::SGD>(std::vector<Tensor>{p}, optim::SGDOptions{.lr = 0.1}); },
      [&](auto& opt) {
        try {
          opt->load_state_dict(bad);
        } catch (const ValueError&) {
        }
      },
      [](auto& opt, bool) { BOOST_TEST(opt->lr() == 0.1); });
}

BOOST_AUTO_TEST_CASE(schedules) {
  using namespace optim;
  struct World {
    Tensor p = ones({2}, {kFloat32, true}), q = ones({2}, {kFloat32, true});
    SGD opt{{{{p}, {.lr = 0.1}}, {{q}, {.lr = 0.2}}}, {.lr = 0.1, .momentum = 0.9}};
    ChainedScheduler both{{ExponentialLR(opt, 0.5), ExponentialLR(opt, 0.9)}};
    std::string state() const { return fmt::format("{} {}", opt.lr(0), opt.lr(1)) + bits(both.state_dict()); }
  };
  const auto make = [] { return std::make_unique<World>(); };
  auto reference = make();
  const std::string before = reference->state();
  reference->both.step();
  const std::string after = reference->state();
  const NamedTensors saved = reference->both.state_dict();
  sweep(
      "ChainedScheduler", make, [](auto& w) { w->both.step(); },
      [&](auto& w, bool failed) {
        BOOST_TEST(bool(w->state() == (failed ? before : after)));
        if (failed) w->both.step();
        BOOST_TEST(bool(w->state() == after));
      });
  sweep(
      "ChainedScheduler::load_state_dict", make, [&](auto& w) { w->both.load_state_dict(saved); },
      [&](auto& w, bool failed) {
        if (failed) BOOST_TEST(bool(w->state() == before));
        w->both.load_state_dict(saved);
        BOOST_TEST(bool(bits(w->both.state_dict()) == bits(saved)));
      });
}

// ---- modules ----
BOOST_AUTO_TEST_CASE(states_of_modules) {
  manual_seed(3);
  const NamedTensors saved = Net().state_dict();
  const auto make = [] {
    manual_seed(4);
    return Net();
  };
  const std::string before = bits(make().state_dict()), after = bits(saved);
  sweep(
      "Module::load_state_dict", make, [&](Net& n) { n.load_state_dict(saved); },
      [&](Net& n, bool failed) {
        BOOST_TEST(bool(bits(n.state_dict()) == (failed ? before : after)));
        n.load_state_dict(saved);
        BOOST_TEST(bool(bits(n.state_dict()) == after));
      });
  sweep(
      "Module::to", make, [](Net& n) { n.to(kFloat64); },
      [](Net& n, bool failed) {
        for (const Tensor& p : n.parameters()) BOOST_TEST((p.dtype() == (failed ? kFloat32 : kFloat64)));
      });
  const Tensor values = arange(nn::parameters_to_vector(make().parameters()).numel()).to(kFloat32);
  sweep(
      "vector_to_parameters", make, [&](Net& n) { nn::vector_to_parameters(values, n.parameters()); },
      [&](Net& n, bool failed) {
        BOOST_TEST((nn::parameters_to_vector(n.parameters()).sum().item() == values.sum().item()) == !failed);
        if (failed) BOOST_TEST(bool(bits(n.state_dict()) == before));
      });
}

BOOST_AUTO_TEST_CASE(the_best_state_is_kept) {
  const Net net;
  sweep(
      "EarlyStopping", [&] { return train::EarlyStopping({.patience = 3}); },
      [&](train::EarlyStopping& s) { s.step(1.0, net); },
      [&](train::EarlyStopping& s, bool failed) {
        Net other;
        BOOST_TEST(s.restore(other) == !failed);
        BOOST_TEST(!s.step(0.5, net));
        BOOST_TEST(s.restore(other));
        BOOST_TEST(bool(bits(other.state_dict()) == bits(net.state_dict())));
      });
}
#endif
