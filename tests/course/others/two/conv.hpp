// Lab 6, right in another way: templates, one place of a picture as a struct, the bias added afterwards.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "engine.hpp"
#include "todo.hpp"

// An array, constant or not.
template <class A>
decltype(auto) at(A&& a, int n, int c, int i, int j) {
  const int place = ((n * a.shape[1] + c) * a.shape[2] + i) * a.shape[3] + j;
  return (std::forward<A>(a).data[std::size_t(place)]);
}

template <class I>
I places(I n, I k, I stride, I padding) {
  return I(1) + (n - k + padding + padding) / stride;
}

// The first number of a side that a place reads, and how many of its kernel are inside.
struct Side {
  int start, from, to;
  Side(int place, int stride, int padding, int kernel, int size)
      : start(place * stride - padding), from(std::max(0, -start)), to(std::min(kernel, size - start)) {}
};
template <class F>
void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding, F&& f) {
  for (int i = 0; i < y[2]; ++i)
    for (int j = 0; j < y[3]; ++j) {
      const Side down(i, stride, padding, w[2], x[2]), across(j, stride, padding, w[3], x[3]);
      for (int u = down.from; u < down.to; ++u)
        for (int v = across.from; v < across.to; ++v)
          for (int n = 0; n < x[0]; ++n)
            for (int o = 0; o < w[0]; ++o)
              for (int c = 0; c < w[1]; ++c) f(n, o, c, i, j, u, v, down.start + u, across.start + v);
    }
}

inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  Array y(Shape{x.shape[0], w.shape[0], places(x.shape[2], w.shape[2], stride, padding),
                places(x.shape[3], w.shape[3], stride, padding)},
          0);
  for_each_product(y.shape, x.shape, w.shape, stride, padding, [&](int n, int o, int c, int i, int j, auto... rest) {
    const auto [u, v, row, column] = std::array{rest...};
    at(y, n, o, i, j) += at(w, o, c, u, v) * at(x, n, c, row, column);
  });
  return y + broadcast_to(Array({w.shape[0], 1, 1}, b.data), {w.shape[0], y.shape[2], y.shape[3]});
}
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d = Array({}, 0) * x;
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, n, c, row, column) += at(w, o, c, u, v) * at(g, n, o, i, j);
                   });
  return d;
}
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  Array d = Array({}, 0) * w;
  for_each_product(g.shape, x.shape, w.shape, stride, padding,
                   [&](int n, int o, int c, int i, int j, int u, int v, int row, int column) {
                     at(d, o, c, u, v) += at(x, n, c, row, column) * at(g, n, o, i, j);
                   });
  return d;
}
inline Array conv_grad_b(const Array& g) { return Array({g.shape[1]}, sum_to(g, {g.shape[1], 1, 1}).data); }

inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), std::vector{x, w, b}, [=](const Array& g) {
    accumulate(b, conv_grad_b(g));
    accumulate(w, conv_grad_w(g, x->value, w->value, stride, padding));
    accumulate(x, conv_grad_x(g, x->value, w->value, stride, padding));
  });
}
