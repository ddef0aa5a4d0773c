// Lab 6, right in another way: limits of the kernel in the place of a test, a list of products that is made once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine.hpp"
#include "todo.hpp"

inline std::size_t index4(const Array& a, int n, int c, int i, int j) {
  std::size_t k = static_cast<std::size_t>(n);
  k = k * static_cast<std::size_t>(a.shape[1]) + static_cast<std::size_t>(c);
  k = k * static_cast<std::size_t>(a.shape[2]) + static_cast<std::size_t>(i);
  return k * static_cast<std::size_t>(a.shape[3]) + static_cast<std::size_t>(j);
}
inline double& at(Array& a, int n, int c, int i, int j) { return a.data[index4(a, n, c, i, j)]; }
inline double at(const Array& a, int n, int c, int i, int j) { return a.data[index4(a, n, c, i, j)]; }

inline int places(int n, int k, int stride, int padding) {
  const int room = n + padding + padding - k;
  return (room - room % stride) / stride + 1;
}
template <class F>
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F f) {
  for (int n = 0; n < y[0]; ++n)
    for (int i = 0; i < y[2]; ++i)
      for (int j = 0; j < y[3]; ++j) {
        const int top = i * stride - padding, left = j * stride - padding;
        const int u0 = std::max(0, -top), u1 = std::min(w[2], x[2] - top);
        const int v0 = std::max(0, -left), v1 = std::min(w[3], x[3] - left);
        for (int o = 0; o < y[1]; ++o)
          for (int c = 0; c < w[1]; ++c)
            for (int u = u0; u < u1; ++u)
              for (int v = v0; v < v1; ++v) f(n, o, c, i, j, u, v, top + u, left + v);
      }
}
struct Triple {
  std::size_t y, w, x;
};
inline std::vector<Triple> products(const Array& y, const Array& x, const Array& w, int stride, int padding) {
  std::vector<Triple> all;
  for_each_product(y.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     all.push_back({index4(y, n, o, i, j), index4(w, o, c, u, v), index4(x, n, c, row, column)});
                   });
  return all;
}
inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  const Shape s{x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
                places(x.shape[3], w.shape[3], stride, padding)};
  Array y = broadcast_to(Array({w.shape[0], 1, 1}, b.data), s);
  for (const auto& p : products(y, x, w, stride, padding)) y.data[p.y] += w.data[p.w] * x.data[p.x];
  return y;
}
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d(x.shape, 0);
  for (const auto& p : products(g, x, w, stride, padding)) d.data[p.x] += w.data[p.w] * g.data[p.y];
  return d;
}
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d(w.shape, 0);
  for (const auto& p : products(g, x, w, stride, padding)) d.data[p.w] += x.data[p.x] * g.data[p.y];
  return d;
}
inline Array conv_grad_b(const Array& g) {
  Array d = sum_to(g, {g.shape[1], 1, 1});
  d.shape = {g.shape[1]};
  return d;
}
inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  const Array y = conv_forward(x->value, w->value, b->value, stride, padding);
  return make(y, {x, w, b}, [x, w, b, list = products(y, x->value, w->value, stride, padding)](const Array& g) {
    Array dx(x->value.shape, 0), dw(w->value.shape, 0);
    for (const auto& p : list) {
      dx.data[p.x] += w->value.data[p.w] * g.data[p.y];
      dw.data[p.w] += x->value.data[p.x] * g.data[p.y];
    }
    accumulate(x, dx);
    accumulate(w, dw);
    accumulate(b, conv_grad_b(g));
  });
}
