// Lab 6, right in another way: one loop over numbers of places, gradients from one function, sums in another order.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "engine.hpp"
#include "todo.hpp"

inline std::size_t place(std::span<const int> s, int n, int c, int i, int j) {
  return static_cast<std::size_t>(((n * s[1] + c) * s[2] + i) * s[3] + j);
}
inline double& at(Array& a, int n, int c, int i, int j) { return a.data[place(a.shape, n, c, i, j)]; }
inline const double& at(const Array& a, int n, int c, int i, int j) { return a.data[place(a.shape, n, c, i, j)]; }

inline auto places(const int n, const int k, const int stride, const int padding) {
  int count = 0;
  for (int begin = -padding; begin + k <= n + padding; begin += stride) ++count;
  return count;
}

inline void for_each_product(std::span<const int> y, std::span<const int> x, std::span<const int> w, int stride,
                             int padding, auto&& f) {
  const std::array<int, 7> sizes{w[3], w[2], x[1], y[3], y[2], y[1], y[0]};
  int all = 1;
  for (int n : sizes) all *= n;
  for (int number = 0; number < all; ++number) {
    std::array<int, 7> at{};
    for (int rest = number, d = 0; d < 7; rest /= sizes[static_cast<std::size_t>(d)], ++d)
      at[static_cast<std::size_t>(d)] = rest % sizes[static_cast<std::size_t>(d)];
    const auto [v, u, c, j, i, o, n] = at;
    const int row = i * stride + u - padding, column = j * stride + v - padding;
    if (row < 0 || column < 0 || row >= x[2] || column >= x[3]) continue;
    f(n, o, c, i, j, u, v, row, column);
  }
}

inline auto conv_forward(Array x, Array w, Array b, int stride, int padding) {
  Array y({x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
           places(x.shape[3], w.shape[3], stride, padding)},
          0);
  for_each_product(y.shape, x.shape, w.shape, stride, padding,
                   [&](auto n, auto o, auto c, auto i, auto j, auto u, auto v, auto row, auto column) {
                     at(y, n, o, i, j) += at(w, o, c, u, v) * at(x, n, c, row, column);
                   });
  b.shape = {1, y.shape[1], 1, 1};
  return add(y, b);
}
struct ConvGradients {
  Array x, w;
};
inline ConvGradients both_gradients(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  ConvGradients d{Array(x.shape, 0), Array(w.shape, 0)};
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d.x, n, c, row, column) += at(g, n, o, i, j) * at(w, o, c, u, v);
                     at(d.w, o, c, u, v) += at(g, n, o, i, j) * at(x, n, c, row, column);
                   });
  return d;
}
inline const Array conv_grad_x(Array g, Array x, Array w, int stride, int padding) {
  return both_gradients(g, x, w, stride, padding).x;
}
inline Array conv_grad_w(Array g, Array x, Array w, int stride, int padding) {
  return both_gradients(g, x, w, stride, padding).w;
}
inline Array conv_grad_b(Array g) {
  Array d = sum_to(g, {1, g.shape[1], 1, 1});
  d.shape = {g.shape[1]};
  return d;
}
inline auto conv2d(Var x, Var w, Var b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), {x, w, b}, [=](const Array& g) {
    const auto [dx, dw] = both_gradients(g, x->value, w->value, stride, padding);
    accumulate(x, dx), accumulate(w, dw), accumulate(b, conv_grad_b(g));
  });
}
