// Lab 2, right in another way: cases written out for up to two dimensions, loops everywhere, no helper.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include "todo.hpp"

using Shape = std::vector<int>;
struct Array {
  Shape shape;
  std::vector<double> data;
  Array() {}
  Array(Shape s, std::vector<double> v) : shape(std::move(s)), data(std::move(v)) {}
  Array(Shape s, double v) : shape(std::move(s)) {
    std::size_t n = 1;
    for (std::size_t i = 0; i < shape.size(); i++) n = n * static_cast<std::size_t>(shape[i]);
    data.resize(n, v);
  }
};
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape x = a, y = b, z;
  while (x.size() < y.size()) x.insert(x.begin(), 1);
  while (y.size() < x.size()) y.insert(y.begin(), 1);
  for (std::size_t i = 0; i < x.size(); i++) {
    if (x[i] == y[i])
      z.push_back(x[i]);
    else if (x[i] == 1)
      z.push_back(y[i]);
    else if (y[i] == 1)
      z.push_back(x[i]);
    else
      throw std::invalid_argument("these shapes cannot be broadcast");
  }
  return z;
}
// As a matrix: rows and columns, 1 where there are none.
inline int rows_of(const Shape& s) { return s.size() > 1 ? s[s.size() - 2] : 1; }
inline int columns_of(const Shape& s) { return s.empty() ? 1 : s.back(); }
inline Array broadcast_to(const Array& a, const Shape& shape) {
  Array r(shape, 0.0);
  const int m = rows_of(shape), n = columns_of(shape), am = rows_of(a.shape), an = columns_of(a.shape);
  const int blocks = m * n == 0 ? 0 : static_cast<int>(r.data.size()) / (m * n);
  const int own = am * an == 0 ? 0 : static_cast<int>(a.data.size()) / (am * an);
  for (int k = 0; k < blocks; k++)
    for (int i = 0; i < m; i++)
      for (int j = 0; j < n; j++) {
        const int from = ((own == 1 ? 0 : k) * am + (am == 1 ? 0 : i)) * an + (an == 1 ? 0 : j);
        r.data[static_cast<std::size_t>((k * m + i) * n + j)] = a.data[static_cast<std::size_t>(from)];
      }
  return r;
}
inline Array sum_to(const Array& g, const Shape& shape) {
  Array r(shape, 0.0);
  const int m = rows_of(g.shape), n = columns_of(g.shape), am = rows_of(shape), an = columns_of(shape);
  const int blocks = m * n == 0 ? 0 : static_cast<int>(g.data.size()) / (m * n);
  const int own = static_cast<int>(r.data.size()) / (am * an);
  for (int k = 0; k < blocks; k++)
    for (int i = 0; i < m; i++)
      for (int j = 0; j < n; j++) {
        const int to = ((own == 1 ? 0 : k) * am + (am == 1 ? 0 : i)) * an + (an == 1 ? 0 : j);
        r.data[static_cast<std::size_t>(to)] += g.data[static_cast<std::size_t>((k * m + i) * n + j)];
      }
  return r;
}
inline Array add(const Array& a, const Array& b) {
  const Shape s = broadcast_shape(a.shape, b.shape);
  Array x = broadcast_to(a, s), y = broadcast_to(b, s);
  for (std::size_t i = 0; i < x.data.size(); i++) x.data[i] += y.data[i];
  return x;
}
inline Array mul(const Array& a, const Array& b) {
  const Shape s = broadcast_shape(a.shape, b.shape);
  Array x = broadcast_to(a, s), y = broadcast_to(b, s);
  for (std::size_t i = 0; i < x.data.size(); i++) x.data[i] *= y.data[i];
  return x;
}
inline Array sum(const Array& a) {
  double s = 0;
  for (double v : a.data) s += v;
  return Array({}, s);
}
inline Array matmul(const Array& a, const Array& b) {
  if (a.shape.size() != 2) throw std::invalid_argument("a is no matrix");
  if (b.shape.size() != 2) throw std::invalid_argument("b is no matrix");
  if (a.shape.at(1) != b.shape.at(0)) throw std::invalid_argument("inner sizes differ");
  const std::size_t m = static_cast<std::size_t>(a.shape[0]), k = static_cast<std::size_t>(a.shape[1]),
                    n = static_cast<std::size_t>(b.shape[1]);
  Array c({a.shape[0], b.shape[1]}, 0.0);
  for (std::size_t i = 0; i < m; i++)
    for (std::size_t p = 0; p < k; p++)
      for (std::size_t j = 0; j < n; j++) c.data[i * n + j] += a.data[i * k + p] * b.data[p * n + j];
  return c;
}
inline Array transpose(const Array& a) {
  Array t({a.shape[1], a.shape[0]}, 0.0);
  std::size_t from = 0;
  for (int i = 0; i < a.shape[0]; i++)
    for (int j = 0; j < a.shape[1]; j++) t.data[static_cast<std::size_t>(j * a.shape[0] + i)] = a.data[from++];
  return t;
}
struct Gradients {
  Array a, b;
};
inline Array sum_backward(const Array& g, const Array& a) { return Array(a.shape, g.data[0]); }
inline Gradients add_backward(const Array& g, const Array& a, const Array& b) {
  Gradients d;
  d.a = sum_to(g, a.shape);
  d.b = sum_to(g, b.shape);
  return d;
}
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  Array to_a = broadcast_to(b, g.shape), to_b = broadcast_to(a, g.shape);
  for (std::size_t i = 0; i < g.data.size(); i++) to_a.data[i] *= g.data[i], to_b.data[i] *= g.data[i];
  return {sum_to(to_a, a.shape), sum_to(to_b, b.shape)};
}
// Each product of the sum sends to both of its factors.
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  Gradients d{Array(a.shape, 0.0), Array(b.shape, 0.0)};
  const int m = a.shape[0], k = a.shape[1], n = b.shape[1];
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++)
      for (int p = 0; p < k; p++) {
        const std::size_t at_a = static_cast<std::size_t>(i * k + p), at_b = static_cast<std::size_t>(p * n + j);
        const double gc = g.data[static_cast<std::size_t>(i * n + j)];
        d.a.data[at_a] += gc * b.data[at_b];
        d.b.data[at_b] += gc * a.data[at_a];
      }
  return d;
}
