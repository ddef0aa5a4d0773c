// Lab 4, right in another way: losses made of operations of the engine, a logarithm of sums, helper functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline Var constant(Array a) { return leaf(std::move(a)); }
inline Var scaled(const Var& a, double k) { return mul(a, constant(Array(Shape{}, k))); }
inline Var transpose(const Var& a) {
  return make(transpose(a->value), {a}, [a](const Array& g) { accumulate(a, transpose(g)); });
}
// x times the step function of x.
inline Var relu(const Var& x) {
  Array step = x->value;
  for (double& v : step.data) v = v > 0;
  return mul(x, constant(step));
}
inline Var linear(const Var& X, const Var& W, const Var& b) { return add(b, transpose(matmul(W, transpose(X)))); }
inline Var mse_loss(const Var& a, const Array& y) {
  const Var d = add(a, scaled(constant(y), -1));
  return scaled(sum(mul(d, d)), 1. / double(y.data.size()));
}
inline double log_of_sum(std::vector<double>::const_iterator from, std::vector<double>::const_iterator to) {
  const double most = *std::max_element(from, to);
  return most + std::log(std::accumulate(from, to, 0., [most](double s, double v) { return s + std::exp(v - most); }));
}
inline Array log_softmax(const Array& z) {
  Array out = z;
  for (auto row = out.data.begin(); row != out.data.end(); row += z.shape[1]) {
    const double s = log_of_sum(row, row + z.shape[1]);
    std::transform(row, row + z.shape[1], row, [s](double v) { return v - s; });
  }
  return out;
}
inline Array softmax(const Array& z) {
  Array p = log_softmax(z);
  for (double& v : p.data) v = std::exp(v);
  return p;
}
inline Array one_hot(const std::vector<int>& y, int classes) {
  Array a({int(y.size()), classes}, 0.);
  for (std::size_t i = 0; i < y.size(); ++i) a.data[i * std::size_t(classes) + std::size_t(y[i])] = 1;
  return a;
}
inline Var log_softmax(const Var& z) {
  const Array l = log_softmax(z->value);
  return make(l, {z}, [z, p = softmax(z->value)](const Array& g) {
    const Array rows = sum_to(g, {g.shape[0], 1});  // of each row
    accumulate(z, add(g, mul(mul(p, rows), Array(Shape{}, -1.))));
  });
}
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Var right = mul(log_softmax(z), constant(one_hot(y, z->value.shape[1])));
  return scaled(sum(right), -1. / double(y.size()));
}
inline Array uniform(const Shape& shape, double limit, std::mt19937& random) {
  std::uniform_real_distribution<double> u(-limit, limit);
  Array a(shape, 0.);
  std::generate(a.data.begin(), a.data.end(), [&] { return u(random); });
  return a;
}
class Linear {
 public:
  Linear(int inputs, int outputs, std::mt19937& random)
      : bias(leaf(Array({outputs}, 0.))),
        weight(leaf(uniform({outputs, inputs}, 1 / std::sqrt(double(inputs)), random))) {}
  Var bias, weight;
  Var operator()(const Var& X) const { return linear(X, weight, bias); }
};
class Mlp {
 public:
  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc1(inputs, hidden, random), fc2(hidden, outputs, random) {}
  Linear fc1, fc2;
  auto operator()(const Var& X) const { return fc2(tanh(fc1(X))); }
  auto parameters() const {
    std::vector<Var> all;
    for (const Linear& l : {fc1, fc2}) all.insert(all.end(), {l.weight, l.bias});
    return all;
  }
};
