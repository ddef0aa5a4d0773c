// Lab 5, right in another way: members in another order, spans, states in maps, loops over numbers.
#pragma once

#include <cmath>
#include <span>
#include <tuple>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline void zero_grad(std::vector<Var> parameters) {
  for (auto& p : parameters) p->grad.data.clear(), p->grad.shape.clear();
}
inline auto add_decay(Array g, Array theta, double lambda) {
  for (std::size_t i = 0; i < g.data.size(); ++i) g.data[i] += lambda * theta.data[i];
  return g;
}

struct Sgd {
  double weight_decay = 0, momentum = 0, lr = 0.1;
  std::vector<Array> v{};
  std::vector<Var> parameters{};

  void step() {
    v.resize(parameters.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
      auto d = add_decay(parameters[i]->grad, parameters[i]->value, weight_decay);
      if (v[i].data.empty()) v[i] = Array(d.shape, 0);
      for (std::size_t k = 0; k < d.data.size(); ++k) {
        v[i].data[k] = momentum * v[i].data[k] + d.data[k];
        parameters[i]->value.data[k] -= lr * v[i].data[k];
      }
    }
  }
};

inline const Array moment(Array m, double beta, Array x) {
  for (std::size_t k = 0; k < m.data.size(); ++k) m.data[k] += (1 - beta) * (x.data[k] - m.data[k]);
  return m;
}
inline Array corrected(Array m, double beta, int t) {
  double power = 1;
  while (t-- > 0) power *= beta;
  for (double& v : m.data) v /= 1 - power;
  return m;
}

struct AdamW {
  std::vector<Array> s{}, m{};
  int t{0};
  double eps = 1e-8, beta2 = 0.999, beta1 = 0.9, weight_decay = 0, lr = 0.001;
  std::vector<Var> parameters{};

  void step() {
    if (t++ == 0)
      for (const auto& p : parameters) m.emplace_back(p->value.shape, 0.0), s.emplace_back(p->value.shape, 0.0);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto [theta, g] = std::tie(parameters[i]->value, parameters[i]->grad);
      m[i] = moment(m[i], beta1, g), s[i] = moment(s[i], beta2, mul(g, g));
      const double a = lr / (1 - std::pow(beta1, t)), b = 1 - std::pow(beta2, t);
      for (std::size_t k = 0; k < theta.data.size(); ++k)
        theta.data[k] =
            theta.data[k] * (1 - lr * weight_decay) - a * m[i].data[k] / (std::sqrt(s[i].data[k] / b) + eps);
    }
  }
};
