// Lab 5: optimizers.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

// k a
inline Array scaled(double k, const Array& a) { return mul(Array({}, k), a); }

// Afterwards no gradient has arrived at any of them.
inline void zero_grad(const std::vector<Var>& parameters) {
  for (const Var& p : parameters) p->grad = Array();
}

// The gradient of J + λ/2 ‖θ‖², given g = ∂J/∂θ: weight decay as a part of the loss.
inline Array add_decay(const Array& g, const Array& theta, double lambda) { return add(g, scaled(lambda, theta)); }

// d = g + λθ,  v ← μ v + d,  θ ← θ - η v. In the first step, v = d.
struct Sgd {
  std::vector<Var> parameters;
  double lr = 0.1;          // η
  double momentum = 0;      // μ
  double weight_decay = 0;  // λ
  std::vector<Array> v = {};

  void step() {
    if (v.empty())
      for (const Var& p : parameters) v.push_back(Array(p->value.shape, 0));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Node& p = *parameters[i];
      v[i] = add(scaled(momentum, v[i]), add_decay(p.grad, p.value, weight_decay));
      p.value = add(p.value, scaled(-lr, v[i]));
    }
  }
};

// A running mean: β m + (1 - β) x.
inline Array moment(const Array& m, double beta, const Array& x) { return add(scaled(beta, m), scaled(1 - beta, x)); }

// What takes back that m began with zeros: m / (1 - βᵗ), in step t = 1, 2, ...
inline Array corrected(const Array& m, double beta, int t) { return scaled(1 / (1 - std::pow(beta, t)), m); }

// θ ← θ - η λ θ,  m ← β₁ m + (1 - β₁) g,  s ← β₂ s + (1 - β₂) g²,
// θ ← θ - η m̂ / (√ŝ + ε), with m̂ and ŝ corrected. Weight decay is no part of g: that is the W of AdamW.
struct AdamW {
  std::vector<Var> parameters;
  double lr = 0.001;                              // η
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;  // β₁, β₂, ε
  double weight_decay = 0;                        // λ
  int t = 0;                                      // steps so far
  std::vector<Array> m = {}, s = {};

  void step() {
    if (m.empty())
      for (const Var& p : parameters) m.push_back(Array(p->value.shape, 0)), s.push_back(Array(p->value.shape, 0));
    ++t;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Node& p = *parameters[i];
      p.value = scaled(1 - lr * weight_decay, p.value);
      m[i] = moment(m[i], beta1, p.grad);
      s[i] = moment(s[i], beta2, mul(p.grad, p.grad));
      const Array mean = corrected(m[i], beta1, t), square = corrected(s[i], beta2, t);
      for (std::size_t k = 0; k < p.value.data.size(); ++k)
        p.value.data[k] -= lr * mean.data[k] / (std::sqrt(square.data[k]) + eps);
    }
  }
};
