// Lab 4: layers, losses, and a network made of them.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

// Aᵀ
inline Var transpose(const Var& a) {
  return make(transpose(a->value), {a}, [a](const Array& g) { accumulate(a, transpose(g)); });
}

// z = x where x > 0, else 0.
inline Var relu(const Var& x) {
  Array z = x->value;
  for (double& v : z.data) v = v > 0 ? v : 0;
  return make(z, {x}, [x](const Array& g) {
    Array d = g;
    for (std::size_t i = 0; i < d.data.size(); ++i)
      if (x->value.data[i] <= 0) d.data[i] = 0;
    accumulate(x, d);
  });
}

// Z = X Wᵀ + b: one example per row of X (m, inputs), W (outputs, inputs), b (outputs).
inline Var linear(const Var& X, const Var& W, const Var& b) { return add(matmul(X, transpose(W)), b); }

// The mean of (a - y)² over all n elements; y has the shape of a.
inline Var mse_loss(const Var& a, const Array& y) {
  const double n = static_cast<double>(a->value.data.size());
  double sum = 0;
  for (std::size_t i = 0; i < y.data.size(); ++i)
    sum += (a->value.data[i] - y.data[i]) * (a->value.data[i] - y.data[i]);
  return make(Array({}, sum / n), {a}, [a, y, n](const Array& g) {
    Array d = a->value;
    for (std::size_t i = 0; i < d.data.size(); ++i) d.data[i] = g.data[0] * 2 * (a->value.data[i] - y.data[i]) / n;
    accumulate(a, d);
  });
}

// softmax(z)ᵢⱼ = exp(zᵢⱼ) / Σₖ exp(zᵢₖ), row by row. The largest of a row is taken off first, or exp(1000) is infinite.
inline Array softmax(const Array& z) {
  Array p = z;
  for (int i = 0; i < z.shape[0]; ++i) {
    double largest = z(i, 0), total = 0;
    for (int j = 1; j < z.shape[1]; ++j) largest = std::max(largest, z(i, j));
    for (int j = 0; j < z.shape[1]; ++j) total += p(i, j) = std::exp(z(i, j) - largest);
    for (int j = 0; j < z.shape[1]; ++j) p(i, j) /= total;
  }
  return p;
}

// The mean over the m rows of -log softmax(z)ᵢ,ᵧ₍ᵢ₎; y[i] is the class of row i.
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Array p = softmax(z->value);
  const double m = p.shape[0];
  double loss = 0;
  for (int i = 0; i < p.shape[0]; ++i) loss -= std::log(p(i, y[static_cast<std::size_t>(i)])) / m;
  return make(Array({}, loss), {z}, [z, p, y, m](const Array& g) {
    Array d = p;
    for (int i = 0; i < p.shape[0]; ++i) d(i, y[static_cast<std::size_t>(i)]) -= 1;
    for (double& v : d.data) v *= g.data[0] / m;
    accumulate(z, d);
  });
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

  Var operator()(const Var& X) const { return fc2(tanh(fc1(X))); }

  // All that is learned: fc1.weight, fc1.bias, fc2.weight, fc2.bias.
  std::vector<Var> parameters() const { return {fc1.weight, fc1.bias, fc2.weight, fc2.bias}; }
};
