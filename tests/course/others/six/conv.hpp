// Lab 6, right in another way: the gradient of the picture as a convolution of the gradient, stretched by the stride,
// with the kernel turned round.
#pragma once

#include <cstddef>

#include "engine.hpp"
#include "todo.hpp"

inline double& at(Array& a, int n, int c, int i, int j) {
  return a.data[a.product(1, 4) * std::size_t(n) + a.product(2, 4) * std::size_t(c) + std::size_t(i * a.shape[3] + j)];
}
inline double at(const Array& a, int n, int c, int i, int j) { return at(const_cast<Array&>(a), n, c, i, j); }
inline int places(int n, int k, int stride, int padding) {
  int count = 0, last = k - 1 - padding;
  while (last < n + padding) last += stride, ++count;
  return count;
}
template <class F>
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F f) {
  for (int n = y[0] - 1; n >= 0; --n)
    for (int o = y[1] - 1; o >= 0; --o)
      for (int row = 0; row < x[2]; ++row)
        for (int column = 0; column < x[3]; ++column)
          for (int i = 0; i < y[2]; ++i)
            for (int j = 0; j < y[3]; ++j) {
              const int u = row + padding - i * stride, v = column + padding - j * stride;
              if (u < 0 || u >= w[2] || v < 0 || v >= w[3]) continue;
              for (int c = x[1] - 1; c >= 0; --c) f(n, o, c, i, j, u, v, row, column);
            }
}
// Without a bias.
inline Array correlated(const Array& x, const Array& w, int stride, int padding) {
  Array y({x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
           places(x.shape[3], w.shape[3], stride, padding)},
          0);
  for_each_product(y.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(y, n, o, i, j) += at(x, n, c, row, column) * at(w, o, c, u, v);
                   });
  return y;
}
inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  Array bias = b;
  bias.shape = {1, b.shape[0], 1, 1};
  return add(correlated(x, w, stride, padding), bias);
}
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  // Zeros between the places, and around them, so that there is a place for each pixel.
  const int rows = x.shape[2] + w.shape[2] - 1, columns = x.shape[3] + w.shape[3] - 1;
  Array wide({g.shape[0], g.shape[1], rows, columns}, 0);
  for (int n = 0; n < g.shape[0]; ++n)
    for (int o = 0; o < g.shape[1]; ++o)
      for (int i = 0; i < g.shape[2]; ++i)
        for (int j = 0; j < g.shape[3]; ++j) {
          const int row = i * stride + w.shape[2] - 1 - padding, column = j * stride + w.shape[3] - 1 - padding;
          if (row >= 0 && row < rows && column >= 0 && column < columns)
            at(wide, n, o, row, column) = at(g, n, o, i, j);
        }
  Array turned({w.shape[1], w.shape[0], w.shape[2], w.shape[3]}, 0);
  for (int o = 0; o < w.shape[0]; ++o)
    for (int c = 0; c < w.shape[1]; ++c)
      for (int u = 0; u < w.shape[2]; ++u)
        for (int v = 0; v < w.shape[3]; ++v)
          at(turned, c, o, w.shape[2] - 1 - u, w.shape[3] - 1 - v) = at(w, o, c, u, v);
  return correlated(wide, turned, 1, 0);
}
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d(w.shape, 0);
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, o, c, u, v) += at(g, n, o, i, j) * at(x, n, c, row, column);
                   });
  return d;
}
inline Array conv_grad_b(const Array& g) {
  Array d = g;
  for (std::size_t dim : {0, 2, 3}) d = d.summed(dim);
  d.shape = {g.shape[1]};
  return d;
}
inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), {x, w, b}, [=](const Array& g) {
    x->receive(conv_grad_x(g, x->value, w->value, stride, padding));
    w->receive(conv_grad_w(g, x->value, w->value, stride, padding));
    b->receive(conv_grad_b(g));
  });
}
