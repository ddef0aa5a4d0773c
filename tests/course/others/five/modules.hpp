// Lab 4, right in another way: layers behind a common base, gradients by finite rules in small functions.
#pragma once

#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline Var transpose(const Var& a) {
  return make(transpose(a->value), {a}, [a](const Array& g) { accumulate(a, transpose(g)); });
}
inline Var relu(const Var& x) {
  Array z = x->value;
  for (auto& v : z.data) v = (v + std::fabs(v)) / 2;
  return make(z, {x}, [x, z](const Array& g) {
    Array d(g.shape, 0);
    for (std::size_t i = 0; i < d.size(); ++i)
      if (z.data[i] != 0) d.data[i] = g.data[i];
    accumulate(x, d);
  });
}
// Its own gradients: Gᵀ X, G W, the sum over the rows.
inline Var linear(const Var& X, const Var& W, const Var& b) {
  return make(add(matmul(X->value, transpose(W->value)), b->value), {X, W, b}, [X, W, b](const Array& g) {
    accumulate(W, matmul(transpose(g), X->value));
    accumulate(X, matmul(g, W->value));
    accumulate(b, sum_to(g, b->value.shape));
  });
}
inline Array minus(const Array& a, const Array& b) { return add(a, mul(Array(Shape(), -1), b)); }
inline Var mse_loss(const Var& a, const Array& y) {
  const Array d = minus(a->value, y);
  const double share = 1.0 / static_cast<double>(d.size());
  const Array loss = mul(sum(mul(d, d)), Array(Shape(), share));
  return make(loss, {a}, [a, d, share](const Array& g) { accumulate(a, mul(mul(d, Array(Shape(), 2 * share)), g)); });
}
inline Array softmax(const Array& z) {
  Array p(z.shape, 0);
  const int columns = z.shape[1];
  for (int i = 0; i < z.shape[0]; ++i) {
    const double* row = z.data.data() + i * columns;
    double* out = p.data.data() + i * columns;
    // pⱼ = 1 / Σₖ exp(zₖ - zⱼ)
    for (int j = 0; j < columns; ++j) {
      double sum = 0;
      for (int k = 0; k < columns; ++k) sum += std::exp(row[k] - row[j]);
      out[j] = 1 / sum;
    }
  }
  return p;
}
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Array p = softmax(z->value);
  const auto columns = static_cast<std::size_t>(p.shape[1]);
  double product = 1;
  for (std::size_t i = 0; i < y.size(); ++i) product *= p.data[i * columns + static_cast<std::size_t>(y[i])];
  return make(Array(Shape(), -std::log(product) / static_cast<double>(y.size())), {z},
              [z, p, y, columns](const Array& g) {
                Array d(p.shape, 0);
                const double factor = g.data[0] / static_cast<double>(y.size());
                for (std::size_t i = 0; i < d.size(); ++i) {
                  const bool right = static_cast<int>(i % columns) == y[i / columns];
                  d.data[i] = factor * (right ? p.data[i] - 1 : p.data[i]);
                }
                accumulate(z, d);
              });
}
struct Layer {
  virtual ~Layer() = default;
  virtual Var operator()(const Var& X) const = 0;
};
struct Linear : Layer {
  Var weight, bias;
  Linear(int inputs, int outputs, std::mt19937& random) {
    bias = leaf(Array({outputs}, 0));
    Array w({outputs, inputs}, 0);
    for (auto& v : w.data) v = (2.0 * random() / std::mt19937::max() - 1) / std::sqrt(inputs);
    weight = leaf(w);
  }
  Var operator()(const Var& X) const override { return linear(X, weight, bias); }
};
struct Tanh : Layer {
  Var operator()(const Var& X) const override { return tanh(X); }
};
struct Mlp {
  Linear fc1;
  Tanh act;
  Linear fc2;
  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc1(inputs, hidden, random), act(), fc2(hidden, outputs, random) {}
  Var operator()(const Var& X) const {
    Var h = X;
    for (const Layer* l : std::initializer_list<const Layer*>{&fc1, &act, &fc2}) h = (*l)(h);
    return h;
  }
  const std::vector<Var> parameters() const { return {fc1.weight, fc1.bias, fc2.weight, fc2.bias}; }
};
