// Lab 5, right in another way: classes with constructors, operators of arrays, a state for each parameter in a map.
#pragma once

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline Array operator*(double k, const Array& a) { return mul(k, a); }
template <class List>
void zero_grad(const List& parameters) {
  for (const auto& p : parameters) p->grad = Array();
}
inline void zero_grad(std::initializer_list<Var> parameters) { zero_grad(std::vector<Var>(parameters)); }
template <class A>
A add_decay(const A& g, const A& theta, double lambda) {
  return g + lambda * theta;
}

class Sgd {
 public:
  std::vector<Var> parameters;
  double lr = 0.1, momentum = 0, weight_decay = 0;
  std::vector<Array> v;
  explicit Sgd(std::vector<Var> all, double rate = 0.1) : parameters(std::move(all)), lr(rate) {
    for (const Var& p : parameters) v.push_back(Array(p->value.shape, 0));
  }
  void step() {
    auto state = v.begin();
    for (const Var& p : parameters) {
      *state = momentum * *state + add_decay(p->grad, p->value, weight_decay);
      p->value = p->value + -lr * *state++;
    }
  }
};

inline Array moment(const Array& m, double beta, const Array& x) { return beta * m + (1 - beta) * x; }
inline Array corrected(const Array& m, double beta, double t) { return 1 / (1 - std::pow(beta, t)) * m; }

class AdamW {
 public:
  std::vector<Var> parameters;
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  int t = 0;
  std::vector<Array> m, s;
  explicit AdamW(const std::vector<Var>& all) : parameters(all) {
    for (const Var& p : all) m.push_back(0 * p->value), s.push_back(0 * p->value);
  }
  void step() {
    t += 1;
    for (std::size_t i = 0; i < parameters.size(); ++i) one(*parameters[i], m[i], s[i]);
  }

 private:
  void one(Node& p, Array& mean, Array& square) {
    mean = moment(mean, beta1, p.grad), square = moment(square, beta2, p.grad * p.grad);
    Array root = corrected(square, beta2, t);
    for (double& v : root.data) v = 1 / (std::sqrt(v) + eps);
    p.value = p.value + -lr * weight_decay * p.value + -lr * corrected(mean, beta1, t) * root;
  }
};
