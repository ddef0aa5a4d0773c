// Lab 5, right in another way: number by number, in place.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline void zero_grad(const std::vector<Var>& parameters) {
  for (const auto& p : parameters) {
    p->grad.shape.clear();
    p->grad.data.clear();
  }
}

inline Array add_decay(const Array& g, const Array& theta, double lambda) {
  Array d = g;
  for (std::size_t k = 0; k < d.data.size(); k++) d.data[k] += lambda * theta.data[k];
  return d;
}

struct Sgd {
  std::vector<Var> parameters;
  double lr = 0.1, momentum = 0, weight_decay = 0;
  std::vector<Array> v;

  void step() {
    v.resize(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); i++) {
      Array& theta = parameters[i]->value;
      const Array d = add_decay(parameters[i]->grad, theta, weight_decay);
      const bool first = v[i].data.empty();
      if (first) v[i] = d;
      for (std::size_t k = 0; k < theta.data.size(); k++) {
        if (!first) v[i].data[k] = momentum * v[i].data[k] + d.data[k];
        theta.data[k] -= lr * v[i].data[k];
      }
    }
  }
};

inline Array moment(const Array& m, double beta, const Array& x) {
  Array r = x;
  for (std::size_t k = 0; k < r.data.size(); k++) r.data[k] += beta * (m.data[k] - x.data[k]);
  return r;
}
inline Array corrected(const Array& m, double beta, int t) {
  double left = 1;
  for (int i = 0; i < t; i++) left *= beta;
  Array r = m;
  for (double& x : r.data) x /= 1 - left;
  return r;
}

struct AdamW {
  std::vector<Var> parameters;
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  std::vector<Array> m, s;
  // βᵗ, in the place of t
  double power1 = 1, power2 = 1;

  void step() {
    power1 *= beta1, power2 *= beta2;
    for (std::size_t i = 0; i < parameters.size(); i++) {
      const Array& g = parameters[i]->grad;
      Array& theta = parameters[i]->value;
      if (m.size() == i) m.push_back(Array(g.shape, 0.0)), s.push_back(Array(g.shape, 0.0));
      for (std::size_t k = 0; k < g.data.size(); k++) {
        double &mean = m[i].data[k], &square = s[i].data[k];
        mean = beta1 * mean + (1 - beta1) * g.data[k];
        square = beta2 * square + (1 - beta2) * g.data[k] * g.data[k];
        const double decayed = theta.data[k] * (1 - lr * weight_decay);
        theta.data[k] = decayed - lr / (1 - power1) * mean / (std::sqrt(square / (1 - power2)) + eps);
      }
    }
  }
};
