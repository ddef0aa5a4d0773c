// Lab 6, right in another way: windows as the rows of a matrix, so that all is matrix products.
#pragma once

#include <cstddef>
#include <functional>

#include "engine.hpp"
#include "todo.hpp"

inline std::size_t place(const Shape& s, int n, int c, int i, int j) {
  return std::size_t(((n * s[1] + c) * s[2] + i) * s[3] + j);
}
inline double& at(Array& a, int n, int c, int i, int j) { return a.data[place(a.shape, n, c, i, j)]; }
inline const double& at(const Array& a, int n, int c, int i, int j) { return a.data[place(a.shape, n, c, i, j)]; }
inline int places(int n, int k, int stride, int padding) { return 1 + (n + 2 * padding - k) / stride; }

using Product = std::function<void(int, int, int, int, int, int, int, int, int)>;
inline void for_each_product(const Shape& y, const Shape& x, const Shape& w, int stride, int padding,
                             const Product& f) {
  const auto inside = [](int k, int n) { return k >= 0 && k < n; };
  for (int n = 0; n < x[0]; ++n)
    for (int c = 0; c < x[1]; ++c)
      for (int i = 0; i < y[2]; ++i)
        for (int u = 0; u < w[2]; ++u) {
          const int row = i * stride - padding + u;
          for (int j = 0; j < y[3] && inside(row, x[2]); ++j)
            for (int v = 0; v < w[3]; ++v) {
              const int column = j * stride - padding + v;
              for (int o = 0; o < w[0] && inside(column, x[3]); ++o) f(n, o, c, i, j, u, v, row, column);
            }
        }
}
struct Geometry {
  Shape y, x, w;
  int stride, padding;
  Geometry(const Shape& picture, const Shape& kernel, int s, int p)
      : y{picture[0], kernel[0], places(picture[2], kernel[2], s, p), places(picture[3], kernel[3], s, p)},
        x(picture),
        w(kernel),
        stride(s),
        padding(p) {}
  int windows() const { return y[0] * y[2] * y[3]; }
  int size() const { return w[1] * w[2] * w[3]; }
  // f(number in the matrix of windows, number in the picture) for all that is inside.
  template <class F>
  void each(F f) const {
    Shape one = w;
    one[0] = 1;
    for_each_product(y, x, one, stride, padding,
                     [&](int n, int, int c, int i, int j, int u, int v, int row, int column) {
                       const int window = (n * y[2] + i) * y[3] + j, element = (c * w[2] + u) * w[3] + v;
                       f(std::size_t(window * size() + element), place(x, n, c, row, column));
                     });
  }
  Array unrolled(const Array& picture) const {
    Array m({windows(), size()}, 0.);
    each([&](std::size_t to, std::size_t from) { m.data[to] = picture.data[from]; });
    return m;
  }
  Array kernel(const Array& a) const { return Array({w[0], size()}, a.data); }
  // (n, o, i, j) as a row for each window, and back.
  Array rows(const Array& g) const {
    Array m({windows(), w[0]}, 0.);
    moved([&](std::size_t in_y, std::size_t in_m) { m.data[in_m] = g.data[in_y]; });
    return m;
  }
  Array picture(const Array& m) const {
    Array g(y, 0.);
    moved([&](std::size_t in_y, std::size_t in_m) { g.data[in_y] = m.data[in_m]; });
    return g;
  }
  template <class F>
  void moved(F f) const {
    for (int n = 0; n < y[0]; ++n)
      for (int o = 0; o < y[1]; ++o)
        for (int i = 0; i < y[2]; ++i)
          for (int j = 0; j < y[3]; ++j) f(place(y, n, o, i, j), std::size_t(((n * y[2] + i) * y[3] + j) * y[1] + o));
  }
};
inline Array conv_forward(const Array& x, const Array& w, const Array& b, int stride, int padding) {
  const Geometry geo(x.shape, w.shape, stride, padding);
  return geo.picture(add(matmul(geo.unrolled(x), transpose(geo.kernel(w))), b));
}
inline Array conv_grad_x(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  const Geometry geo(x.shape, w.shape, stride, padding);
  const Array m = matmul(geo.rows(g), geo.kernel(w));
  Array d(x.shape, 0.);
  geo.each([&](std::size_t from, std::size_t to) { d.data[to] += m.data[from]; });
  return d;
}
inline Array conv_grad_w(const Array& g, const Array& x, const Array& w, int stride, int padding) {
  const Geometry geo(x.shape, w.shape, stride, padding);
  return Array(w.shape, matmul(transpose(geo.rows(g)), geo.unrolled(x)).data);
}
inline Array conv_grad_b(const Array& g) {
  const Array summed = sum_to(g, {1, g.shape[1], 1, 1});
  return Array({g.shape[1]}, summed.data);
}
inline Var conv2d(const Var& x, const Var& w, const Var& b, int stride, int padding) {
  return make(conv_forward(x->value, w->value, b->value, stride, padding), {x, w, b},
              [x, w, b, stride, padding](const Array& g) {
                accumulate(x, conv_grad_x(g, x->value, w->value, stride, padding));
                accumulate(w, conv_grad_w(g, x->value, w->value, stride, padding));
                accumulate(b, conv_grad_b(g));
              });
}
