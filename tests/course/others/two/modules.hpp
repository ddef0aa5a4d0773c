// Lab 4, right in another way: one function for all that works element by element, the logarithm of the sum in the
// place of the softmax, members in another order.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline Var transpose(const Var& a) {
  return make(transpose(a->value), std::vector{a}, [a](const Array& g) { accumulate(a, transpose(g)); });
}

template <class F, class Slope>
Var elementwise(const Var& x, F f, Slope slope) {
  Array z = x->value;
  std::transform(z.data.begin(), z.data.end(), z.data.begin(), f);
  return make(std::move(z), std::vector{x}, [x, slope](const Array& g) {
    Array d = x->value;
    std::transform(d.data.begin(), d.data.end(), d.data.begin(), slope);
    accumulate(x, d * g);
  });
}
inline Var relu(const Var& x) {
  return elementwise(
      x, [](double v) { return std::max(v, 0.0); }, [](double v) { return v > 0 ? 1.0 : 0.0; });
}

inline Var linear(const Var& X, const Var& W, const Var& b) { return matmul(X, transpose(W)) + b; }

inline Var mse_loss(const Var& a, const Array& y) {
  const Array difference = a->value + Array({}, -1) * y;
  const double share = 1 / static_cast<double>(count(y.shape));
  return make(Array({}, share) * sum(difference * difference), std::vector{a},
              [a, difference, share](const Array& g) { accumulate(a, g * Array({}, 2 * share) * difference); });
}

// log Σ exp of row i.
inline double log_sum_exp(const Array& z, int i) {
  const auto row = z.data.begin() + std::ptrdiff_t(i) * z.shape[1], end = row + z.shape[1];
  const double largest = *std::max_element(row, end);
  const auto add_one = [largest](double sum, double v) { return sum + std::exp(v - largest); };
  return largest + std::log(std::accumulate(row, end, 0.0, add_one));
}
template <class A>
A softmax(const A& z) {
  A p = z;
  for (int i = 0; i < z.shape[0]; ++i)
    for (int j = 0; j < z.shape[1]; ++j) p(i, j) = std::exp(z(i, j) - log_sum_exp(z, i));
  return p;
}
inline Var cross_entropy(const Var& z, std::vector<int> y) {
  double loss = 0;
  for (int i = 0; i < int(y.size()); ++i) loss += log_sum_exp(z->value, i) - z->value(i, y[std::size_t(i)]);
  const double m = double(y.size());
  return make(Array({}, loss / m), std::vector{z}, [z, y = std::move(y), m](const Array& g) {
    Array wanted(z->value.shape, 0);
    for (int i = 0; i < z->value.shape[0]; ++i) wanted(i, y[std::size_t(i)]) = -1;
    accumulate(z, (softmax(z->value) + wanted) * Array({}, g.data[0] / m));
  });
}

class Linear {
 public:
  Linear(int inputs, int outputs, std::mt19937& random)
      : bias(leaf(Array({outputs}, 0))), weight(leaf(Array({outputs, inputs}, 0))) {
    std::uniform_real_distribution<> uniform(-1 / std::sqrt(inputs), 1 / std::sqrt(inputs));
    std::generate(weight->value.data.begin(), weight->value.data.end(), [&] { return uniform(random); });
  }
  Var operator()(const Var& X) const { return linear(X, weight, bias); }
  Var bias, weight;
};

class Mlp {
 public:
  explicit Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc2(hidden, outputs, random), fc1(inputs, hidden, random) {}
  template <class V>
  V operator()(const V& X) const {
    const V a = tanh(fc1(X));
    return fc2(a);
  }
  std::vector<Var> parameters() const {
    std::vector<Var> all;
    for (const Linear* layer : {&fc1, &fc2}) all.insert(all.end(), {layer->weight, layer->bias});
    return all;
  }
  Linear fc2, fc1;
};
