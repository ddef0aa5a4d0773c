// Lab 6, right in another way: one loop over a number that is taken apart, a class for the layer's sizes.
#pragma once

#include <cstddef>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline double& at(Array& a, int n, int c, int i, int j) {
  std::size_t k = 0;
  const int index[] = {n, c, i, j};
  for (std::size_t d = 0; d < 4; ++d) k = k * std::size_t(a.shape[d]) + std::size_t(index[d]);
  return a.data.at(k);
}
inline double at(const Array& a, int n, int c, int i, int j) {
  std::size_t k = 0;
  const int index[] = {n, c, i, j};
  for (std::size_t d = 0; d < 4; ++d) k = k * std::size_t(a.shape[d]) + std::size_t(index[d]);
  return a.data.at(k);
}
inline int places(int n, int k, int stride, int padding) {
  if (stride == 1) return n - k + 1 + 2 * padding;
  const double exact = double(n - k + 2 * padding) / double(stride);
  return int(exact) + 1;
}
template <class F>
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F&& f) {
  const std::vector<int> sizes{y[0], y[1], y[2], y[3], x[1], w[2], w[3]};
  int total = 1;
  for (int s : sizes) total *= s;
  for (int k = 0; k < total; ++k) {
    int rest = k;
    std::vector<int> at(7);
    for (std::size_t d = 7; d-- > 0;) at[d] = rest % sizes[d], rest /= sizes[d];
    const int row = at[2] * stride + at[5] - padding, column = at[3] * stride + at[6] - padding;
    const bool outside = row < 0 || column < 0 || row >= x[2] || column >= x[3];
    if (!outside) f(at[0], at[1], at[4], at[2], at[3], at[5], at[6], row, column);
  }
}
struct Sizes {
  int stride, padding;
  Shape of_result(const Array& x, const Array& w) const {
    return {x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
            places(x.shape[3], w.shape[3], stride, padding)};
  }
  Array forward(const Array& x, const Array& w, const Array& b) const {
    Array y{of_result(x, w), 0.0};
    for (std::size_t k = 0; k < y.data.size(); ++k)
      y.data[k] = b.data[k / std::size_t(y.shape[2] * y.shape[3]) % std::size_t(y.shape[1])];
    for_each_product(y.shape, x.shape, w.shape, stride, padding,
                     [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                       at(y, n, o, i, j) += at(w, o, c, u, v) * at(x, n, c, row, column);
                     });
    return y;
  }
};
inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  return Sizes{stride, padding}.forward(x, w, b);
}
// Both gradients in one pass; each function gives one of them.
struct Both {
  Array x, w;
};
inline Both conv_grads(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Both d{Array{x.shape, 0.0}, Array{w.shape, 0.0}};
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     const double arrived = at(g, n, o, i, j);
                     at(d.x, n, c, row, column) += arrived * at(w, o, c, u, v);
                     at(d.w, o, c, u, v) += arrived * at(x, n, c, row, column);
                   });
  return d;
}
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  return conv_grads(g, x, w, stride, padding).x;
}
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  return conv_grads(g, x, w, stride, padding).w;
}
inline Array conv_grad_b(const Array& g) {
  Array d{{g.shape[1]}, 0.0};
  for (int o = 0; o < g.shape[1]; ++o) {
    double s = 0;
    for (int n = 0; n < g.shape[0]; ++n)
      for (int i = 0; i < g.shape[2]; ++i)
        for (int j = 0; j < g.shape[3]; ++j) s += at(g, n, o, i, j);
    d.data[std::size_t(o)] = s;
  }
  return d;
}
inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), {x, w, b}, [=](const Array& g) {
    const Both d = conv_grads(g, x->value, w->value, stride, padding);
    accumulate(x, d.x), accumulate(w, d.w), accumulate(b, conv_grad_b(g));
  });
}
