// Lab 5, right in another way: a class with a constructor for each, one function for every number of an array.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

template <class F>
Array each(const Array& a, const Array& b, F f) {
  Array r = a;
  for (std::size_t i = 0; i < r.data.size(); i++) r.data[i] = f(a.data[i], b.data[i]);
  return r;
}
inline std::vector<Array> zeros_like(const std::vector<Var>& parameters) {
  std::vector<Array> all;
  for (std::size_t i = 0; i < parameters.size(); i++) all.push_back(Array(parameters[i]->value.shape, 0.0));
  return all;
}

inline void zero_grad(const std::vector<Var>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); i++) parameters[i]->grad = Array();
}
inline Array add_decay(const Array& g, const Array& theta, double lambda) {
  return each(g, theta, [=](double x, double y) { return x + lambda * y; });
}
inline Array moment(const Array& m, double beta, const Array& x) {
  return each(m, x, [=](double a, double b) { return beta * a + (1.0 - beta) * b; });
}
inline Array corrected(const Array& m, double beta, int t) {
  return each(m, m, [=](double a, double) { return a / (1.0 - std::pow(beta, t)); });
}

class Sgd {
 public:
  explicit Sgd(std::vector<Var> p) : parameters(p), v(zeros_like(p)) {}
  void step() {
    for (std::size_t i = 0; i < parameters.size(); i++) {
      Var p = parameters[i];
      const Array d = weight_decay == 0 ? p->grad : add_decay(p->grad, p->value, weight_decay);
      v[i] = each(v[i], d, [this](double old, double now) { return momentum * old + now; });
      p->value = each(p->value, v[i], [this](double x, double velocity) { return x - lr * velocity; });
    }
  }
  std::vector<Var> parameters;
  std::vector<Array> v;
  double lr = 0.1, weight_decay = 0, momentum = 0;
};

class AdamW {
 public:
  explicit AdamW(std::vector<Var> p) : parameters(p), m(zeros_like(p)), s(zeros_like(p)) {}
  void step() {
    t++;
    for (std::size_t i = 0; i < parameters.size(); i++) {
      Var p = parameters[i];
      m[i] = moment(m[i], beta1, p->grad);
      s[i] = moment(s[i], beta2, each(p->grad, p->grad, [](double a, double b) { return a * b; }));
      const Array direction = each(corrected(m[i], beta1, t), corrected(s[i], beta2, t),
                                   [this](double mean, double square) { return mean / (std::sqrt(square) + eps); });
      const double kept = 1.0 - lr * weight_decay;
      p->value = each(p->value, direction, [&](double x, double d) { return kept * x - lr * d; });
    }
  }
  std::vector<Var> parameters;
  std::vector<Array> m, s;
  int t = 0;
  double weight_decay = 0, eps = 1e-8, beta2 = 0.999, beta1 = 0.9, lr = 0.001;
};
