// Checks optimizers.hpp against xgrad::optim, step by step.
#include <cmath>
#include <stdexcept>

#include <optimizers.hpp>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/sgd.hpp>

#include "checker.hpp"
#include "graphs.hpp"

namespace {

using course::array;
using course::both;
using course::Check;
using course::Library;
using course::Numbers;
using course::some;
using course::Teller;
using xgrad::Tensor;

// Sums of few powers of 2: 1 - β has no long tail of digits in the pictures.
constexpr double kRate = 0.125, kMomentum = 0.75, kBeta1 = 0.75, kBeta2 = 0.875, kEps = 0.0625;

// One name for your function and xgrad's. It is always written with both_ways::, so that functions of your own may have
// the same names.
namespace both_ways {
Tensor add_decay(const Tensor& g, const Tensor& theta, double lambda) { return g + theta * lambda; }
Tensor moment(const Tensor& m, double beta, const Tensor& x) { return m * beta + x * (1 - beta); }
Tensor corrected(const Tensor& m, double beta, int t) { return m / (1 - std::pow(beta, t)); }
Array add_decay(const Array& g, const Array& theta, double lambda) { return ::add_decay(g, theta, lambda); }
Array moment(const Array& m, double beta, const Array& x) { return ::moment(m, beta, x); }
Array corrected(const Array& m, double beta, int t) { return ::corrected(m, beta, t); }
}  // namespace both_ways

// Your optimizer of these parameters, whatever the order of its members, and with a constructor or without.
template <class Optimizer>
Optimizer made(const std::vector<Var>& parameters) {
  if constexpr (std::is_default_constructible_v<Optimizer>) {
    Optimizer o{};
    o.parameters = parameters;
    return o;
  } else {
    return Optimizer(parameters);
  }
}

Numbers theta0() { return some({3}); }
Numbers gradient_of_step(int t) { return some({3}, 3 * t); }

std::string numbered(const std::string& name, int t) { return name + "[" + std::to_string(t) + "]"; }

// What is checked is the last of the parameters. Others have other sizes, and gradients of ones. (Members, so that
// functions of your own may have the same names.)
struct Given {
  static std::vector<Var> with_others(const Var& p, int others) {
    std::vector<Var> all;
    for (int i = 0; i < others; ++i) all.push_back(leaf(array(some({2}, i))));
    all.push_back(p);
    return all;
  }
  static void set_gradients(const std::vector<Var>& all, int t) {
    for (const Var& other : all) other->grad = Array(other->value.shape, 1);
    all.back()->grad = array(gradient_of_step(t));
  }
  static Numbers state_of_last(const std::vector<Array>& state, const std::vector<Var>& all) {
    return state.size() < all.size() ? Numbers() : course::numbers(state[all.size() - 1]);
  }
};

// xgrad's own optimizer must come to the same parameters as the formula in the picture.
template <class Make>
void require_same(const Tensor& by_formula, int steps, Make make) {
  Library library;
  Tensor theta = library.leaf("θ", theta0());
  auto optimizer = make(theta);
  for (int t = 1; t <= steps; ++t) {
    theta.set_grad(xgrad::from_vector(gradient_of_step(t).data));
    optimizer.step();
  }
  const xgrad::NoGradGuard compare;
  if ((theta - by_formula).abs().max().item() > 1e-12) throw std::logic_error("the formula is not xgrad's");
}

Check sgd(const std::string& title, const std::string& formula, int steps, double momentum, double decay,
          int others = 0) {
  Check c{.title = title, .formula = formula, .function = "Sgd::step"};
  c.backward = false;
  c.mine = [=](Teller& teller) {
    const Var p = leaf(array(theta0()));
    const std::vector<Var> all = Given::with_others(p, others);
    Sgd optimizer = made<Sgd>(all);
    optimizer.lr = kRate, optimizer.momentum = momentum, optimizer.weight_decay = decay;
    for (int t = 1; t <= steps; ++t) {
      Given::set_gradients(all, t);
      if (t == steps) {
        teller.value(numbered("θ", t - 1), course::numbers(p->value));
        teller.value(numbered("g", t), gradient_of_step(t));
        if (t > 1) teller.value(numbered("v", t - 1), Given::state_of_last(optimizer.v, all));
      }
      optimizer.step();
    }
    if (momentum != 0) teller.value(numbered("v", steps), Given::state_of_last(optimizer.v, all));
    teller.value(numbered("θ", steps), course::numbers(p->value));
    teller.forward_ended();
  };
  c.library = [=](Library& e) {
    Tensor theta = xgrad::from_vector(theta0().data), v;
    const auto step = [&](const Tensor& g) {
      const Tensor d = decay != 0 ? both_ways::add_decay(g, theta, decay) : g;
      v = v.defined() ? v * momentum + d : d + 0;
    };
    for (int t = 1; t < steps; ++t) {
      step(xgrad::from_vector(gradient_of_step(t).data));
      theta = theta - v * kRate;
    }
    theta = e.leaf(numbered("θ", steps - 1), course::numbers_of(theta));
    // Leaves, so that what is computed from them is in the picture.
    const Tensor g = e.leaf(numbered("g", steps), gradient_of_step(steps));
    if (steps > 1) v = e.leaf(numbered("v", steps - 1), course::numbers_of(v));
    step(g);
    if (momentum != 0) e.name(numbered("v", steps), v);
    const Tensor result = e.name(numbered("θ", steps), theta - v * kRate);
    require_same(result, steps, [=](const Tensor& p) {
      return xgrad::optim::SGD({p}, {.lr = kRate, .momentum = momentum, .weight_decay = decay});
    });
    return result;
  };
  return c;
}

// after_another: behind three steps of another optimizer, which must leave nothing behind for this one.
Check adamw(const std::string& title, const std::string& formula, int steps, double decay, int others = 0,
            bool after_another = false) {
  Check c{.title = title, .formula = formula, .function = "AdamW::step"};
  c.backward = false;
  c.mine = [=](Teller& teller) {
    const Var p = leaf(array(theta0()));
    const std::vector<Var> all = Given::with_others(p, others);
    if (after_another) {
      const std::vector<Var> its_own = Given::with_others(leaf(array(theta0())), others);
      AdamW another = made<AdamW>(its_own);
      for (int t = 1; t <= 3; ++t) {
        Given::set_gradients(its_own, t);
        another.step();
      }
    }
    AdamW optimizer = made<AdamW>(all);
    optimizer.lr = kRate, optimizer.beta1 = kBeta1, optimizer.beta2 = kBeta2, optimizer.eps = kEps;
    optimizer.weight_decay = decay;
    const auto tell = [&](int t) {
      teller.value(numbered("m", t), Given::state_of_last(optimizer.m, all));
      teller.value(numbered("s", t), Given::state_of_last(optimizer.s, all));
    };
    for (int t = 1; t <= steps; ++t) {
      Given::set_gradients(all, t);
      if (t == steps) {
        teller.value(numbered("θ", t - 1), course::numbers(p->value));
        teller.value(numbered("g", t), gradient_of_step(t));
        if (t > 1) tell(t - 1);
      }
      optimizer.step();
    }
    tell(steps);
    teller.value(numbered("θ", steps), course::numbers(p->value));
    teller.forward_ended();
  };
  c.library = [=](Library& e) {
    Tensor theta = xgrad::from_vector(theta0().data), m = theta * 0, s = theta * 0;
    const auto moments = [&](const Tensor& g) {
      m = both_ways::moment(m, kBeta1, g);
      s = both_ways::moment(s, kBeta2, g * g);
    };
    const auto moved = [&](int t) {
      const Tensor kept = decay != 0 ? theta * (1 - kRate * decay) : theta;
      return kept - both_ways::corrected(m, kBeta1, t).set_name("m corrected") * kRate /
                        (sqrt(both_ways::corrected(s, kBeta2, t).set_name("s corrected")) + kEps);
    };
    for (int t = 1; t < steps; ++t) {
      moments(xgrad::from_vector(gradient_of_step(t).data));
      theta = moved(t);
    }
    theta = e.leaf(numbered("θ", steps - 1), course::numbers_of(theta));
    const Tensor g = e.leaf(numbered("g", steps), gradient_of_step(steps));
    if (steps > 1) {
      m = e.leaf(numbered("m", steps - 1), course::numbers_of(m));
      s = e.leaf(numbered("s", steps - 1), course::numbers_of(s));
    }
    moments(g);
    e.name(numbered("m", steps), m);
    e.name(numbered("s", steps), s);
    const Tensor result = e.name(numbered("θ", steps), moved(steps));
    require_same(result, steps, [=](const Tensor& p) {
      return xgrad::optim::AdamW({p}, {.lr = kRate, .betas = {kBeta1, kBeta2}, .eps = kEps, .weight_decay = decay});
    });
    return result;
  };
  return c;
}

// Two passes, with zero_grad() between them: the second must leave its own gradient alone.
Check cleared() {
  Check c{.title = "zero_grad",
          .formula = "L = Σ (w x + b); backward, zero_grad, backward",
          .function = "zero_grad",
          .passes = 2,
          .hint = "what the pass before left in the gradient of every parameter must go"};
  const auto expression = [](auto& e) {
    auto w = e.leaf("w", some({3}));
    auto b = e.leaf("b", some({3}, 4));
    auto x = e.data("x", some({3}, 2));
    auto z = e.name("z", add(mul(w, x), b));
    return e.name("L", sum(z));
  };
  c.library = [expression](Library& e) { return expression(e); };
  c.mine = [](Teller& teller) {
    const Var w = leaf(array(some({3}))), b = leaf(array(some({3}, 4))), x = leaf(array(some({3}, 2)));
    const Var z = add(mul(w, x), b), L = sum(z);
    const std::vector<std::pair<const char*, Var>> nodes{{"w", w}, {"b", b}, {"x", x}, {"z", z}, {"L", L}};
    for (const auto& [node, v] : nodes) teller.value(node, course::numbers(v->value));
    teller.forward_ended();
    backward(L);
    zero_grad(std::vector<Var>{w, b});
    backward(L);
    for (const auto& [node, v] : nodes) teller.gradient(node, course::numbers(v->grad));
    teller.backward_ended();
  };
  return c;
}

const course::Lab checked_lab{
    5,
    "optimizers",
    "optimizers.hpp",
    {
        cleared(),
        both<course::Arrays>(
            {.title = "add_decay", .formula = "d = g + λθ", .function = "add_decay", .backward = false},
            [](auto& e) {
              auto theta = e.leaf("θ", some({3})), g = e.leaf("g", some({3}, 4));
              return e.name("d", both_ways::add_decay(g, theta, 0.25));
            }),
        sgd("a step of SGD", "θ ← θ - η g", 1, 0, 0),
        sgd("momentum, first step", "v = g, θ ← θ - η v", 1, kMomentum, 0),
        sgd("momentum, second step", "v ← μ v + g, θ ← θ - η v", 2, kMomentum, 0),
        sgd("momentum and decay", "v ← μ v + g + λθ, θ ← θ - η v", 3, kMomentum, 0.25),
        sgd("two parameters", "the second of them; each has its own v", 2, kMomentum, 0.25, 1),
        both<course::Arrays>(
            {.title = "moment", .formula = "m₂ = β m₁ + (1 - β) g", .function = "moment", .backward = false},
            [](auto& e) {
              auto m = e.leaf("m₁", some({3})), g = e.leaf("g", some({3}, 4));
              return e.name("m₂", both_ways::moment(m, 0.75, g));
            }),
        both<course::Arrays>(
            {.title = "corrected", .formula = "m / (1 - βᵗ), t = 3", .function = "corrected", .backward = false},
            [](auto& e) { return e.name("corrected", both_ways::corrected(e.leaf("m", some({3})), 0.75, 3)); }),
        adamw("a step of Adam", "λ = 0", 1, 0),
        adamw("Adam, second step", "λ = 0", 2, 0),
        adamw("AdamW, first step", "λ = 0.5", 1, 0.5),
        adamw("AdamW, third step", "λ = 0.5", 3, 0.5),
        adamw("AdamW, two parameters", "the second of them; each has its own m and s, t counts steps", 2, 0.5, 1),
        adamw("two optimizers", "the second of them, first step; each counts its own t", 1, 0.5, 0, true),
    }};

}  // namespace

int main(int argc, char** argv) { return course::run(checked_lab, argc, argv); }
