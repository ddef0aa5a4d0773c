// Lab 6: a convolution.
#pragma once

#include <cstddef>

#include "engine.hpp"
#include "todo.hpp"

// Element (n, c, i, j) of an array of four dimensions.
inline double& at(Array& a, int n, int c, int i, int j) {
  return a.data[static_cast<std::size_t>(((n * a.shape[1] + c) * a.shape[2] + i) * a.shape[3] + j)];
}
inline double at(const Array& a, int n, int c, int i, int j) {
  return a.data[static_cast<std::size_t>(((n * a.shape[1] + c) * a.shape[2] + i) * a.shape[3] + j)];
}

// How many places a kernel of size k has on n pixels with padding on both sides: (n + 2 padding - k) / stride + 1.
inline int places(int n, int k, int stride, int padding) { return (n + 2 * padding - k) / stride + 1; }

// Calls f(n, o, c, i, j, u, v, row, column) for each product of the sum
//   y[n, o, i, j] = b[o] + Σ over c, u, v of w[o, c, u, v] x[n, c, row, column],
//   row = i stride + u - padding,  column = j stride + v - padding,
// leaving out those with row or column outside of the picture. y is the shape of the result, x that of the picture.
template <class F>
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F f) {
  for (int n = 0; n < y[0]; ++n)
    for (int o = 0; o < y[1]; ++o)
      for (int i = 0; i < y[2]; ++i)
        for (int j = 0; j < y[3]; ++j)
          for (int c = 0; c < x[1]; ++c)
            for (int u = 0; u < w[2]; ++u)
              for (int v = 0; v < w[3]; ++v) {
                const int row = i * stride + u - padding, column = j * stride + v - padding;
                if (row >= 0 && row < x[2] && column >= 0 && column < x[3]) f(n, o, c, i, j, u, v, row, column);
              }
}

// x (m, channels, height, width), w (outputs, channels, k, l), b (outputs) -> y (m, outputs, places, places).
inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  Array y({x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
           places(x.shape[3], w.shape[3], stride, padding)},
          0);
  for (int n = 0; n < y.shape[0]; ++n)
    for (int o = 0; o < y.shape[1]; ++o)
      for (int i = 0; i < y.shape[2]; ++i)
        for (int j = 0; j < y.shape[3]; ++j) at(y, n, o, i, j) = b.data[static_cast<std::size_t>(o)];
  for_each_product(y.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(y, n, o, i, j) += at(w, o, c, u, v) * at(x, n, c, row, column);
                   });
  return y;
}

// ∂L/∂x, in the shape of x; g = ∂L/∂y.
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d(x.shape, 0);
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, n, c, row, column) += at(g, n, o, i, j) * at(w, o, c, u, v);
                   });
  return d;
}

// ∂L/∂w, in the shape of w.
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d(w.shape, 0);
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, o, c, u, v) += at(g, n, o, i, j) * at(x, n, c, row, column);
                   });
  return d;
}

// ∂L/∂b, one number for each output.
inline Array conv_grad_b(const Array& g) {
  Array d({g.shape[1]}, 0);
  for (int n = 0; n < g.shape[0]; ++n)
    for (int o = 0; o < g.shape[1]; ++o)
      for (int i = 0; i < g.shape[2]; ++i)
        for (int j = 0; j < g.shape[3]; ++j) d.data[static_cast<std::size_t>(o)] += at(g, n, o, i, j);
  return d;
}

// The four of them as one operation of the engine.
inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), {x, w, b},
              [x, w, b, stride, padding](const Array& g) {
                accumulate(x, conv_grad_x(g, x->value, w->value, stride, padding));
                accumulate(w, conv_grad_w(g, x->value, w->value, stride, padding));
                accumulate(b, conv_grad_b(g));
              });
}
