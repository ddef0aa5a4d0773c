// Lab 2, right in another way: indices as lists, strides, recursion over dimensions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

#include "todo.hpp"

using Shape = std::vector<int>;
inline std::size_t count(const Shape& s) {
  return std::accumulate(s.begin(), s.end(), std::size_t{1}, [](std::size_t n, int k) { return n * std::size_t(k); });
}
struct Array {
  Array() = default;
  Array(const Shape& s, const std::vector<double>& v) : data(v), shape(s) {
    if (v.size() != count(s)) throw std::invalid_argument("numbers");
  }
  Array(const Shape& s, double v) : data(count(s), v), shape(s) {}
  std::vector<double> data;  // (the other order)
  Shape shape;
};
// How far apart neighbours lie along each dimension of `large` in an array of shape `small`; 0: they are one.
inline std::vector<std::size_t> strides(const Shape& small, const Shape& large) {
  std::vector<std::size_t> out(large.size(), 0);
  std::size_t step = 1;
  for (std::size_t k = 0; k < small.size(); ++k) {
    const std::size_t d = small.size() - 1 - k;
    if (small[d] != 1) out[large.size() - 1 - k] = step;
    step *= std::size_t(small[d]);
  }
  return out;
}
using Visit = std::function<void(std::size_t)>;
inline void walk(const Shape& shape, const std::vector<std::size_t>& by, std::size_t d, std::size_t place,
                 const Visit& visit) {
  if (d == shape.size()) return visit(place);
  for (int i = 0; i < shape[d]; ++i) walk(shape, by, d + 1, place + std::size_t(i) * by[d], visit);
}
inline Shape broadcast_shape(Shape a, Shape b) {
  if (a.size() < b.size()) std::swap(a, b);
  std::transform(b.rbegin(), b.rend(), a.rbegin(), a.rbegin(), [](int n, int m) {
    if (m != n && m != 1 && n != 1) throw std::invalid_argument("broadcast");
    return n == 1 ? m : n;
  });
  return a;
}
inline Array broadcast_to(const Array& a, const Shape& shape) {
  Array r(shape, std::vector<double>(count(shape)));
  auto to = r.data.begin();
  walk(shape, strides(a.shape, shape), 0, 0, [&](std::size_t from) { *to++ = a.data[from]; });
  return r;
}
inline Array sum_to(const Array& g, const Shape& shape) {
  Array r(shape, 0.);
  auto from = g.data.begin();
  walk(g.shape, strides(shape, g.shape), 0, 0, [&](std::size_t to) { r.data[to] += *from++; });
  return r;
}
inline Array combined(const Array& a, const Array& b, double (*f)(double, double)) {
  const Shape s = broadcast_shape(a.shape, b.shape);
  Array x = broadcast_to(a, s), y = broadcast_to(b, s);
  std::transform(x.data.begin(), x.data.end(), y.data.begin(), x.data.begin(), f);
  return x;
}
inline Array add(const Array& a, const Array& b) {
  return combined(a, b, [](double x, double y) { return x + y; });
}
inline Array mul(const Array& a, const Array& b) {
  return combined(a, b, [](double x, double y) { return x * y; });
}
inline Array sum(const Array& a) { return Array(Shape{}, std::accumulate(a.data.begin(), a.data.end(), 0.)); }
inline std::vector<double> column(const Array& a, int j) {
  std::vector<double> c;
  for (int i = 0; i < a.shape[0]; ++i) c.push_back(a.data[std::size_t(i * a.shape[1] + j)]);
  return c;
}
inline Array matmul(const Array& a, const Array& b) {
  const bool fits = a.shape.size() == 2 && b.shape.size() == 2 && a.shape.back() == b.shape.front();
  if (!fits) throw std::invalid_argument("matmul");
  Array c({a.shape[0], b.shape[1]}, 0.);
  for (int j = 0; j < b.shape[1]; ++j) {
    const std::vector<double> right = column(b, j);
    for (int i = 0; i < a.shape[0]; ++i)
      c.data[std::size_t(i * b.shape[1] + j)] =
          std::inner_product(right.begin(), right.end(), a.data.begin() + i * a.shape[1], 0.);
  }
  return c;
}
inline Array transpose(const Array& a) {
  Array t({a.shape[1], a.shape[0]}, 0.);
  auto to = t.data.begin();
  for (int j = 0; j < a.shape[1]; ++j) {
    const auto c = column(a, j);
    to = std::copy(c.begin(), c.end(), to);
  }
  return t;
}
struct Gradients {
  Array b, a;  // the other order
};
inline Array sum_backward(const Array& g, const Array& a) { return broadcast_to(g, a.shape); }
inline Gradients add_backward(const Array& g, const Array& a, const Array& b) {
  return {.b = sum_to(g, b.shape), .a = sum_to(g, a.shape)};
}
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  return {.b = sum_to(mul(a, g), b.shape), .a = sum_to(mul(b, g), a.shape)};
}
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  return {.b = matmul(transpose(a), g), .a = transpose(matmul(b, transpose(g)))};
}
