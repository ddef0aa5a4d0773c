// Lab 4, right in another way: everything by loops, the losses with their own softmax in steps.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline Var transpose(const Var& a) {
  return make(transpose(a->value), {a}, [=](const Array& g) { accumulate(a, transpose(g)); });
}
inline Var relu(const Var& x) {
  Array z = x->value, mask = x->value;
  for (std::size_t i = 0; i < z.data.size(); i++) {
    if (z.data[i] > 0) {
      mask.data[i] = 1;
    } else {
      mask.data[i] = 0;
      z.data[i] = 0;
    }
  }
  return make(z, {x}, [=](const Array& g) { accumulate(x, mul(g, mask)); });
}
inline Var linear(const Var& X, const Var& W, const Var& b) {
  const Var Wt = transpose(W);
  const Var XWt = matmul(X, Wt);
  return add(XWt, b);
}
inline Var mse_loss(const Var& a, const Array& y) {
  Array d = a->value;
  double s = 0;
  for (std::size_t i = 0; i < d.data.size(); i++) {
    d.data[i] = d.data[i] - y.data[i];
    s = s + d.data[i] * d.data[i];
  }
  const double n = static_cast<double>(d.data.size());
  return make(Array({}, s / n), {a}, [=](const Array& g) {
    Array sent = d;
    for (double& v : sent.data) v = v * 2 / n * g.data[0];
    accumulate(a, sent);
  });
}
inline Array softmax(const Array& z) {
  Array p = z;
  const std::size_t rows = static_cast<std::size_t>(z.shape[0]), columns = static_cast<std::size_t>(z.shape[1]);
  for (std::size_t i = 0; i < rows; i++) {
    double most = p.data[i * columns];
    for (std::size_t j = 0; j < columns; j++)
      if (p.data[i * columns + j] > most) most = p.data[i * columns + j];
    double total = 0;
    for (std::size_t j = 0; j < columns; j++) total += std::exp(p.data[i * columns + j] - most);
    for (std::size_t j = 0; j < columns; j++)
      p.data[i * columns + j] = std::exp(p.data[i * columns + j] - most) / total;
  }
  return p;
}
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  Array d = softmax(z->value);
  const std::size_t m = y.size(), columns = static_cast<std::size_t>(d.shape[1]);
  double loss = 0;
  for (std::size_t i = 0; i < m; i++) loss -= std::log(d.data[i * columns + static_cast<std::size_t>(y[i])]);
  for (std::size_t i = 0; i < m; i++) d.data[i * columns + static_cast<std::size_t>(y[i])] -= 1;
  for (double& v : d.data) v /= static_cast<double>(m);
  return make(Array({}, loss / static_cast<double>(m)), {z}, [=](const Array& g) { accumulate(z, mul(g, d)); });
}
struct Linear {
  Var weight;
  Var bias;
  Linear(int inputs, int outputs, std::mt19937& random) {
    const double limit = 1 / std::sqrt(static_cast<double>(inputs));
    std::uniform_real_distribution<double> draw(-limit, limit);
    Array w({outputs, inputs}, 0.0);
    for (double& v : w.data) v = draw(random);
    weight = leaf(w);
    bias = leaf(Array({outputs}, 0.0));
  }
  Var operator()(const Var& X) const { return linear(X, weight, bias); }
};
struct Mlp {
  Linear fc1;
  Linear fc2;
  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc1(inputs, hidden, random), fc2(hidden, outputs, random) {}
  Var operator()(const Var& X) const {
    const Var z1 = fc1(X);
    const Var a1 = tanh(z1);
    return fc2(a1);
  }
  std::vector<Var> parameters() const {
    std::vector<Var> all;
    all.push_back(fc1.weight);
    all.push_back(fc1.bias);
    all.push_back(fc2.weight);
    all.push_back(fc2.bias);
    return all;
  }
};
