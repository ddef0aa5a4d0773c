// Lab 4: layers, losses, and a network made of them.
// Fill the places with todo(); README.md beside this file tells what belongs there.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

// Aᵀ
inline Var transpose(const Var& a) {
  // TODO
  course::todo("transpose: the value, and what it sends");
}

// z = x where x > 0, else 0.
inline Var relu(const Var& x) {
  // TODO
  course::todo("relu: the value, and what it sends");
}

// Z = X Wᵀ + b: one example per row of X (m, inputs), W (outputs, inputs), b (outputs).
inline Var linear(const Var& X, const Var& W, const Var& b) {
  // TODO
  course::todo("linear: made of operations that you have");
}

// The mean of (a - y)² over all n elements; y has the shape of a.
inline Var mse_loss(const Var& a, const Array& y) {
  // TODO
  course::todo("mse_loss: the value, and what it sends");
}

// softmax(z)ᵢⱼ = exp(zᵢⱼ) / Σₖ exp(zᵢₖ), row by row. The largest of a row is taken off first, or exp(1000) is infinite.
inline Array softmax(const Array& z) {
  // TODO
  course::todo("softmax: row by row, of what the largest number was taken off");
}

// The mean over the m rows of -log softmax(z)ᵢ,ᵧ₍ᵢ₎; y[i] is the class of row i.
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  // TODO
  course::todo("cross_entropy: the value, and what it sends");
}

// A layer owns its parameters. Weights begin uniform in ±1/√inputs, biases at 0.
struct Linear {
  Var weight, bias;

  Linear(int inputs, int outputs, std::mt19937& random) : bias(leaf(Array({outputs}, 0))) {
    const double limit = 1 / std::sqrt(inputs);
    Array w({outputs, inputs}, 0);
    for (double& v : w.data) v = std::uniform_real_distribution<double>(-limit, limit)(random);
    weight = leaf(w);
  }
  Var operator()(const Var& X) const { return linear(X, weight, bias); }
};

// Linear, tanh, Linear.
struct Mlp {
  Linear fc1, fc2;

  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc1(inputs, hidden, random), fc2(hidden, outputs, random) {}

  Var operator()(const Var& X) const {
    // TODO
    course::todo("Mlp: first layer, tanh, second layer");
  }

  // All that is learned: fc1.weight, fc1.bias, fc2.weight, fc2.bias.
  std::vector<Var> parameters() const {
    // TODO
    course::todo("Mlp::parameters: the four of them");
  }
};
