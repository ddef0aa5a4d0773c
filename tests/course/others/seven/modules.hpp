// Lab 4, right in another way: operations as callable structs, a Softmax class that remembers, references to members.
#pragma once

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

struct Turn {
  Var a;
  void operator()(const Array& g) const { accumulate(a, transpose(g)); }
};
inline Var transpose(const Var& a) { return make(transpose(a->value), {a}, Turn{a}); }
struct Gate {
  Var x;
  void operator()(const Array& g) const {
    Array d;
    d.shape = g.shape;
    for (std::size_t i = 0; i < g.data.size(); ++i) d.data.push_back(x->value.data[i] > 0 ? g.data[i] : 0.0);
    accumulate(x, d);
  }
};
inline Var relu(const Var& x) {
  Array z;
  z.shape = x->value.shape;
  for (double v : x->value.data) z.data.push_back(v > 0 ? v : 0.0);
  return make(z, {x}, Gate{x});
}
inline Var linear(const Var& X, const Var& W, const Var& b) {
  Var z = transpose(W);
  z = matmul(X, z);
  z = add(z, b);
  return z;
}
struct SquaredError {
  Var a;
  Array y;
  double value() const {
    double s = 0;
    for (std::size_t i = 0; i < y.data.size(); ++i) s += std::pow(a->value.data[i] - y.data[i], 2);
    return s / double(y.data.size());
  }
  void operator()(const Array& g) const {
    Array d = y;
    for (std::size_t i = 0; i < y.data.size(); ++i)
      d.data[i] = 2 * (a->value.data[i] - y.data[i]) * g.data.front() / double(y.data.size());
    accumulate(a, d);
  }
};
inline Var mse_loss(const Var& a, const Array& y) {
  const SquaredError loss{a, y};
  return make(Array{Shape{}, loss.value()}, {a}, loss);
}
class Rows {
 public:
  explicit Rows(const Array& z) : p(z) {
    for (int i = 0; i < z.shape[0]; ++i) {
      double most = at(z, i, 0);
      for (int j = 1; j < z.shape[1]; ++j) most = std::fmax(most, at(z, i, j));
      double total = 0;
      for (int j = 0; j < z.shape[1]; ++j) total += std::exp(at(z, i, j) - most);
      const double norm = most + std::log(total);
      for (int j = 0; j < z.shape[1]; ++j) p.data[std::size_t(i * z.shape[1] + j)] = std::exp(at(z, i, j) - norm);
    }
  }
  Array p;
};
inline Array softmax(const Array& z) { return Rows(z).p; }
inline Var cross_entropy(const Var& z, const std::vector<int>& y) {
  const Rows rows(z->value);
  double loss = 0;
  for (std::size_t i = y.size(); i-- > 0;) loss -= std::log(at(rows.p, int(i), y[i]));
  const double m = double(y.size());
  return make(Array{Shape{}, loss / m}, {z}, [rows, y, z, m](const Array& g) {
    Array d = rows.p;
    for (int i = 0, k = 0; i < d.shape[0]; ++i)
      for (int j = 0; j < d.shape[1]; ++j, ++k) {
        double& v = d.data[std::size_t(k)];
        v = g.data[0] * (v - (j == y[std::size_t(i)])) / m;
      }
    accumulate(z, d);
  });
}
struct Linear {
  int inputs, outputs;
  Var weight, bias;
  Linear(int in, int out, std::mt19937& random) : inputs(in), outputs(out), weight(), bias() {
    auto draw =
        std::bind(std::uniform_real_distribution<double>(-1 / std::sqrt(in), 1 / std::sqrt(in)), std::ref(random));
    weight = leaf(Array{{out, in}, 0.0});
    for (auto& v : weight->value.data) v = draw();
    bias = leaf(Array{{out}, 0.0});
  }
  Var operator()(const Var& X) const { return linear(X, weight, bias); }
};
struct Mlp {
  Linear fc1, fc2;
  template <class Random>
  Mlp(int inputs, int hidden, int outputs, Random& random)
      : fc1(inputs, hidden, random), fc2(hidden, outputs, random) {}
  Var operator()(const Var& X) const { return linear(tanh(linear(X, fc1.weight, fc1.bias)), fc2.weight, fc2.bias); }
  std::vector<Var> parameters() const {
    std::vector<Var> all(4);
    all[3] = fc2.bias, all[2] = fc2.weight, all[1] = fc1.bias, all[0] = fc1.weight;
    return all;
  }
};
