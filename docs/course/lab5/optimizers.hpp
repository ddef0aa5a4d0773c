// Lab 5: optimizers.
// Fill the places with todo(); README.md beside this file tells what belongs there.
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
  // TODO
  course::todo("zero_grad: an array without numbers for each");
}

// The gradient of J + λ/2 ‖θ‖², given g = ∂J/∂θ: weight decay as a part of the loss.
inline Array add_decay(const Array& g, const Array& theta, double lambda) {
  // TODO
  course::todo("add_decay: g + λθ");
}

// d = g + λθ,  v ← μ v + d,  θ ← θ - η v. In the first step, v = d.
struct Sgd {
  std::vector<Var> parameters;
  double lr = 0.1;          // η
  double momentum = 0;      // μ
  double weight_decay = 0;  // λ
  std::vector<Array> v = {};

  void step() {
    // TODO
    course::todo("Sgd::step: v begins with zeros; then for each parameter the three formulas");
  }
};

// A running mean: β m + (1 - β) x.
inline Array moment(const Array& m, double beta, const Array& x) {
  // TODO
  course::todo("moment: β m + (1 - β) x");
}

// What takes back that m began with zeros: m / (1 - βᵗ), in step t = 1, 2, ...
inline Array corrected(const Array& m, double beta, int t) {
  // TODO
  course::todo("corrected: m / (1 - βᵗ)");
}

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
    // TODO
    course::todo("AdamW::step: m and s begin with zeros, t counts from 1");
  }
};
