// Lab 4, right in another way: losses and activations that are made of operations, as far as there are some.
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline Var transpose(const Var& a) {
  Var t = make(transpose(a->value), {a}, nullptr);
  t->send = [a](const Array& g) {
    Array back(a->value.shape, 0.0);
    for (int i = 0; i < back.shape[0]; i++)
      for (int j = 0; j < back.shape[1]; j++) back(i, j) = g(j, i);
    accumulate(a, back);
  };
  return t;
}

// x times 1 where it is positive, times 0 elsewhere.
inline Var relu(const Var& x) {
  Array open(x->value.shape, 0.0);
  for (std::size_t i = 0; i < open.data.size(); i++)
    if (x->value.data[i] > 0) open.data[i] = 1.0;
  return mul(x, leaf(open));
}

// Row by row, each weight in its place.
inline Var linear(const Var& X, const Var& W, const Var& b) {
  const int m = X->value.shape[0], inputs = X->value.shape[1], outputs = W->value.shape[0];
  Array Z({m, outputs}, 0.0);
  for (int i = 0; i < m; i++)
    for (int o = 0; o < outputs; o++) {
      Z(i, o) = b->value.data[static_cast<std::size_t>(o)];
      for (int k = 0; k < inputs; k++) Z(i, o) += W->value(o, k) * X->value(i, k);
    }
  return make(Z, {X, W, b}, [=](const Array& g) {
    accumulate(b, sum_to(g, b->value.shape));
    accumulate(W, matmul(transpose(g), X->value));
    accumulate(X, matmul(g, W->value));
  });
}

inline Var mse_loss(const Var& a, const Array& y) {
  Array minus_y = y;
  for (double& v : minus_y.data) v = -v;
  const Var d = add(a, leaf(minus_y));
  return mul(sum(mul(d, d)), leaf(Array({}, 1.0 / static_cast<double>(y.data.size()))));
}

inline Array softmax(const Array& z) {
  std::vector<double> p;
  for (int i = 0; i < z.shape[0]; i++)
    for (int j = 0; j < z.shape[1]; j++) {
      // 1 / Σ exp(zᵢₖ - zᵢⱼ): what overflows makes 0
      double total = 0;
      for (int k = 0; k < z.shape[1]; k++) total += std::exp(z(i, k) - z(i, j));
      p.push_back(1 / total);
    }
  return Array(z.shape, p);
}

inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Array p = softmax(z->value);
  Array slope = p;
  double loss = 0;
  for (int i = 0; i < p.shape[0]; i++) {
    const int right = y[static_cast<std::size_t>(i)];
    loss = loss - std::log(p(i, right));
    slope(i, right) = p(i, right) - 1;
  }
  const double m = p.shape[0];
  for (double& v : slope.data) v /= m;
  const auto kept = std::make_shared<Array>(slope);
  return make(Array({}, loss / m), {z}, [z, kept](const Array& g) { accumulate(z, mul(g, *kept)); });
}

struct Linear {
  Linear(int inputs, int outputs, std::mt19937& random) {
    std::vector<double> w(static_cast<std::size_t>(inputs * outputs));
    for (double& v : w)
      v = (2 * std::uniform_real_distribution<double>()(random) - 1) / std::sqrt(static_cast<double>(inputs));
    weight = leaf(Array({outputs, inputs}, w));
    bias = leaf(Array({outputs}, std::vector<double>(static_cast<std::size_t>(outputs), 0.0)));
  }
  Var weight;
  Var bias;
};

struct Mlp {
  Linear fc1, fc2;
  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc1(Linear(inputs, hidden, random)), fc2(Linear(hidden, outputs, random)) {}
  std::vector<Var> parameters() const {
    std::vector<Var> p;
    p.push_back(fc1.weight);
    p.push_back(fc1.bias);
    p.push_back(fc2.weight);
    p.push_back(fc2.bias);
    return p;
  }
  Var operator()(const Var& X) const { return linear(tanh(linear(X, fc1.weight, fc1.bias)), fc2.weight, fc2.bias); }
};
