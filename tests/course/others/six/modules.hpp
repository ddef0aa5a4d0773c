// Lab 4, right in another way: the methods of six/array.hpp, operators on Vars, softmax with a long double sum.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline Var operator+(const Var& a, const Var& b) { return add(a, b); }
inline Var transpose(const Var& a) {
  return make(a->value.t(), {a}, [a](const Array& g) { a->receive(g.t()); });
}
inline Var relu(const Var& x) {
  Array z = x->value;
  for (double& v : z.data) v = std::max(v, 0.);
  return make(z, {x}, [x](Array g) {
    auto in = x->value.data.begin();
    for (double& v : g.data)
      if (!(*in++ > 0)) v = 0;
    x->receive(g);
  });
}
inline Var linear(const Var& X, const Var& W, const Var& b) { return matmul(X, transpose(W)) + b; }
inline Var mse_loss(const Var& a, const Array& y) {
  double mean = 0, count = 0;
  for (std::size_t i = 0; i < y.data.size(); ++i) {
    const double d = y.data[i] - a->value.data[i];
    mean += (d * d - mean) / ++count;  // a running mean
  }
  return make(Array({}, mean), {a}, [a, y, count](const Array& g) {
    Array d = y;
    for (std::size_t i = 0; i < d.data.size(); ++i) d.data[i] = -2 * g.data[0] / count * (y.data[i] - a->value.data[i]);
    a->receive(d);
  });
}
inline Array softmax(const Array& z) {
  Array p = z;
  for (int i = 0; i < p.shape[0]; ++i) {
    const auto row = p.data.begin() + i * p.shape[1], end = row + p.shape[1];
    const double most = *std::max_element(row, end);
    long double total = 0;
    std::for_each(row, end, [&](double& v) { total += v = std::exp(v - most); });
    std::for_each(row, end, [&](double& v) { v = double(v / total); });
  }
  return p;
}
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Array p = softmax(z->value);
  double loss = 0;
  for (int i = 0; i < int(y.size()); ++i) loss += -std::log(p.cell(i, y[std::size_t(i)])) / double(y.size());
  return make(Array({}, loss), {z}, [z, p, y](const Array& g) {
    Array d = p;
    for (int i = 0; i < int(y.size()); ++i) d.cell(i, y[std::size_t(i)]) -= 1;
    d = mul(d, Array({}, 1 / double(y.size())));
    z->receive(mul(d, g));
  });
}
struct Linear {
  Var bias, weight;
  explicit Linear(int inputs, int outputs, std::mt19937& random) : bias(leaf(Array({outputs}, 0))) {
    std::uniform_real_distribution<double> u(-1, 1);
    Array w({outputs, inputs}, 0);
    for (int o = 0; o < outputs; ++o)
      for (int i = 0; i < inputs; ++i) w.cell(o, i) = u(random) / std::sqrt(inputs);
    weight = leaf(std::move(w));
  }
  Var operator()(const Var& X) const { return linear(X, weight, bias); }
};
struct Mlp {
  Linear fc1, fc2;
  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc1{inputs, hidden, random}, fc2{hidden, outputs, random} {}
  Var operator()(const Var& X) const {
    auto h = fc1(X);
    h = tanh(h);
    h = fc2(h);
    return h;
  }
  std::vector<Var> parameters() const { return std::vector<Var>({fc1.weight, fc1.bias, fc2.weight, fc2.bias}); }
};
