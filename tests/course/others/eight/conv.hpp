// Lab 6, right in another way: the picture is copied into a larger one with zeros around it, and places are counted.
#pragma once

#include <cstddef>

#include "engine.hpp"
#include "todo.hpp"

inline std::size_t place_of(const Array& a, int n, int c, int i, int j) {
  int place = n;
  place = place * a.shape[1] + c;
  place = place * a.shape[2] + i;
  place = place * a.shape[3] + j;
  return static_cast<std::size_t>(place);
}
inline double& at(Array& a, int n, int c, int i, int j) { return a.data[place_of(a, n, c, i, j)]; }
inline double at(const Array& a, int n, int c, int i, int j) { return a.data[place_of(a, n, c, i, j)]; }

inline int places(int n, int k, int stride, int padding) {
  int count = 0;
  for (int start = -padding; start + k <= n + padding; start += stride) count++;
  return count;
}

inline bool inside(int i, int n) { return 0 <= i && i < n; }
template <class F>
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F f) {
  int n, o, c, i, j, u, v;
  for (n = 0; n < y[0]; n++)
    for (c = 0; c < x[1]; c++)
      for (u = 0; u < w[2]; u++)
        for (v = 0; v < w[3]; v++)
          for (i = 0; i < y[2]; i++) {
            if (!inside(i * stride + u - padding, x[2])) continue;
            for (j = 0; j < y[3]; j++) {
              if (!inside(j * stride + v - padding, x[3])) continue;
              for (o = 0; o < y[1]; o++) f(n, o, c, i, j, u, v, i * stride + u - padding, j * stride + v - padding);
            }
          }
}

// x with p zeros around each picture, and back.
inline Array padded(const Array& x, int p) {
  Array large({x.shape[0], x.shape[1], x.shape[2] + 2 * p, x.shape[3] + 2 * p}, 0.0);
  for (int n = 0; n < x.shape[0]; n++)
    for (int c = 0; c < x.shape[1]; c++)
      for (int i = 0; i < x.shape[2]; i++)
        for (int j = 0; j < x.shape[3]; j++) at(large, n, c, i + p, j + p) = at(x, n, c, i, j);
  return large;
}
inline Array cut(const Array& large, const Shape& shape, int p) {
  Array x(shape, 0.0);
  for (int n = 0; n < shape[0]; n++)
    for (int c = 0; c < shape[1]; c++)
      for (int i = 0; i < shape[2]; i++)
        for (int j = 0; j < shape[3]; j++) at(x, n, c, i, j) = at(large, n, c, i + p, j + p);
  return x;
}

inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  const Array large = padded(x, padding);
  const int rows = places(x.shape[2], w.shape[2], stride, padding);
  const int columns = places(x.shape[3], w.shape[3], stride, padding);
  Array y({x.shape[0], w.shape[0], rows, columns}, 0.0);
  for (int n = 0; n < x.shape[0]; n++)
    for (int o = 0; o < w.shape[0]; o++)
      for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
          double z = b.data[static_cast<std::size_t>(o)];
          for (int c = 0; c < w.shape[1]; c++)
            for (int u = 0; u < w.shape[2]; u++)
              for (int v = 0; v < w.shape[3]; v++)
                z += at(w, o, c, u, v) * at(large, n, c, i * stride + u, j * stride + v);
          at(y, n, o, i, j) = z;
        }
  return y;
}

inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d = padded(Array(x.shape, 0.0), padding);
  for_each_product(g.shape, d.shape, w.shape, stride, 0,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, n, c, row, column) += at(g, n, o, i, j) * at(w, o, c, u, v);
                   });
  return cut(d, x.shape, padding);
}

inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  const Array large = padded(x, padding);
  Array d(w.shape, 0.0);
  for_each_product(g.shape, large.shape, w.shape, stride, 0,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, o, c, u, v) += at(g, n, o, i, j) * at(large, n, c, row, column);
                   });
  return d;
}

inline Array conv_grad_b(const Array& g) {
  const std::size_t outputs = static_cast<std::size_t>(g.shape[1]), each = g.data.size() / outputs;
  const std::size_t run = each / static_cast<std::size_t>(g.shape[0]);  // places of one picture
  Array d({g.shape[1]}, 0.0);
  for (std::size_t k = 0; k < g.data.size(); k++) d.data[k / run % outputs] += g.data[k];
  return d;
}

inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), {x, w, b}, [=](const Array& g) {
    accumulate(x, conv_grad_x(g, x->value, w->value, stride, padding));
    accumulate(w, conv_grad_w(g, x->value, w->value, stride, padding));
    accumulate(b, conv_grad_b(g));
  });
}
