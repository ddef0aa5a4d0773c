// Lab 4, right in another way: losses made of operations, spans, `auto`, a log-sum-exp, layers as lists.
#pragma once

#include <cmath>
#include <random>
#include <ranges>
#include <span>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline auto transpose(Var a) {
  return make(transpose(a->value), {a}, [a](const Array& g) { accumulate(a, transpose(g)); });
}
inline auto relu(Var x) {
  Array passes(x->value.shape, 0);
  for (std::size_t i = 0; i < passes.data.size(); ++i) passes.data[i] = x->value.data[i] > 0;
  return mul(x, leaf(passes));
}
inline const Var linear(Var X, Var W, Var b) { return add(b, matmul(X, transpose(W))); }
inline auto mse_loss(Var a, Array y) {
  for (double& v : y.data) v = -v;
  const auto d = add(a, leaf(y));
  return mul(sum(mul(d, d)), leaf(Array({}, 1 / static_cast<double>(y.data.size()))));
}

inline double log_of_sum(std::span<const double> row) {
  const double top = *std::max_element(row.begin(), row.end());
  double total = 0;
  for (double v : row) total += std::exp(v - top);
  return top + std::log(total);
}
inline std::span<const double> row_of(const Array& z, int i) {
  const auto n = static_cast<std::size_t>(z.shape[1]);
  return std::span(z.data).subspan(static_cast<std::size_t>(i) * n, n);
}
[[nodiscard]] inline const Array softmax(Array z) {
  const Array from = z;
  for (int i = 0; i < z.shape[0]; ++i)
    for (int j = 0; j < z.shape[1]; ++j) z(i, j) = std::exp(from(i, j) - log_of_sum(row_of(from, i)));
  return z;
}
inline auto cross_entropy(Var z, std::span<const int> y) {
  const double m = z->value.shape[0];
  double loss = 0;
  Array hot(z->value.shape, 0);
  for (int i = 0; i < z->value.shape[0]; ++i) {
    const int c = y[static_cast<std::size_t>(i)];
    loss += log_of_sum(row_of(z->value, i)) - z->value(i, c);
    hot(i, c) = -1;
  }
  return make(Array({}, loss / m), {z}, [z, hot, m](const Array& g) {
    accumulate(z, mul(mul(g, Array({}, 1 / m)), add(softmax(z->value), hot)));
  });
}

struct Linear {
  Var bias{}, weight{};
  Linear(int inputs, int outputs, std::mt19937& random) {
    std::uniform_real_distribution<double> uniform(-1 / std::sqrt(inputs), 1 / std::sqrt(inputs));
    Array w({outputs, inputs}, 0);
    std::ranges::generate(w.data, [&] { return uniform(random); });
    weight = leaf(std::move(w)), bias = leaf(Array({outputs}, 0));
  }
  Var operator()(Var X) { return linear(X, weight, bias); }
};
struct Mlp {
  Linear fc2, fc1;
  Mlp(int inputs, int hidden, int outputs, std::mt19937& random)
      : fc2(hidden, outputs, random), fc1(inputs, hidden, random) {}
  auto operator()(Var X) {
    X = fc1(X);
    X = tanh(X);
    return fc2(X);
  }
  std::vector<Var> parameters() {
    std::vector<Var> all;
    for (const Linear& l : {fc1, fc2}) all.push_back(l.weight), all.push_back(l.bias);
    return all;
  }
};
