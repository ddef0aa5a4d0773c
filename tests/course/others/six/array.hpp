// Lab 2, right in another way: an Array with methods, free functions that call them; one dimension is stretched at a
// time.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "todo.hpp"

using Shape = std::vector<int>;
class Array {
 public:
  Shape shape;
  std::vector<double> data;
  Array() {}
  Array(Shape s, std::vector<double> v) : shape(std::move(s)), data(std::move(v)) { check(); }
  Array(Shape s, double v) : shape(std::move(s)), data(product(0, shape.size()), v) {}

  std::size_t product(std::size_t from, std::size_t to) const {
    std::size_t n = 1;
    for (; from < to; ++from) n *= std::size_t(shape[from]);
    return n;
  }
  // n times along dimension d, which has size 1.
  Array stretched(std::size_t d, int n) const {
    const std::size_t inner = product(d + 1, shape.size());
    Array r;
    r.shape = shape;
    r.shape[d] = n;
    for (std::size_t outer = 0; outer < product(0, d); ++outer)
      for (int k = 0; k < n; ++k)
        for (std::size_t i = 0; i < inner; ++i) r.data.push_back(data[outer * inner + i]);
    return r;
  }
  // The sum over dimension d, which stays with size 1.
  Array summed(std::size_t d) const {
    const std::size_t inner = product(d + 1, shape.size()), n = std::size_t(shape[d]);
    Shape small = shape;
    small[d] = 1;
    Array r(small, 0);
    for (std::size_t i = 0; i < data.size(); ++i) r.data[i / (n * inner) * inner + i % inner] += data[i];
    return r;
  }
  Array with_rank(std::size_t rank) const {
    Array r = *this;
    r.shape.insert(r.shape.begin(), rank - shape.size(), 1);
    return r;
  }
  Array t() const {
    Array r({shape[1], shape[0]}, 0);
    for (int i = 0; i < shape[0]; ++i)
      for (int j = 0; j < shape[1]; ++j) r.cell(j, i) = cell(i, j);
    return r;
  }
  double& cell(int i, int j) { return data[std::size_t(i) * std::size_t(shape[1]) + std::size_t(j)]; }
  const double& cell(int i, int j) const { return data[std::size_t(i) * std::size_t(shape[1]) + std::size_t(j)]; }
  Array& operator*=(const Array& o) {
    for (std::size_t i = 0; i < data.size(); ++i) data[i] *= o.data[i];
    return *this;
  }
  Array& operator+=(const Array& o) {
    for (std::size_t i = 0; i < data.size(); ++i) data[i] += o.data[i];
    return *this;
  }

 private:
  void check() const {
    if (data.size() != product(0, shape.size())) throw std::invalid_argument("Array");
  }
};
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Shape rest = broadcast_shape(Shape(a.begin(), a.end() - 1), Shape(b.begin(), b.end() - 1));
  const int m = a.back(), n = b.back();
  if (m != n && m != 1 && n != 1)
    throw std::invalid_argument(std::to_string(m) + " and " + std::to_string(n) + " do not fit");
  rest.push_back(m == 1 ? n : m);
  return rest;
}
inline Array broadcast_to(const Array& a, const Shape& shape) {
  Array r = a.with_rank(shape.size());
  for (std::size_t d = 0; d < shape.size(); ++d)
    if (r.shape[d] != shape[d]) r = r.stretched(d, shape[d]);
  return r;
}
inline Array sum_to(const Array& g, const Shape& shape) {
  Array r = g;
  const std::size_t more = g.shape.size() - shape.size();
  for (std::size_t d = 0; d < g.shape.size(); ++d)
    if (d < more || (shape[d - more] == 1 && g.shape[d] != 1)) r = r.summed(d);
  r.shape = shape;
  return r;
}
inline Array add(const Array& a, const Array& b) {
  const Shape s = broadcast_shape(a.shape, b.shape);
  return broadcast_to(a, s) += broadcast_to(b, s);
}
inline Array mul(const Array& a, const Array& b) {
  const Shape s = broadcast_shape(a.shape, b.shape);
  return broadcast_to(a, s) *= broadcast_to(b, s);
}
inline Array sum(const Array& a) { return sum_to(a, {}); }
inline Array transpose(const Array& a) { return a.t(); }
inline Array matmul(const Array& a, const Array& b) {
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[1] != b.shape[0]) throw std::invalid_argument("matmul");
  Array c({a.shape[0], b.shape[1]}, 0);
  for (int i = a.shape[0]; i-- > 0;)
    for (int j = b.shape[1]; j-- > 0;) {
      double s = 0;
      for (int k = a.shape[1]; k-- > 0;) s += a.cell(i, k) * b.cell(k, j);
      c.cell(i, j) = s;
    }
  return c;
}
struct Gradients {
  Array a, b;
};
inline Array sum_backward(const Array& g, const Array& a) { return broadcast_to(g, a.shape); }
inline Gradients add_backward(const Array& g, const Array& a, const Array& b) {
  return Gradients{sum_to(g, a.shape), sum_to(g, b.shape)};
}
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  return Gradients{sum_to(mul(b, g), a.shape), sum_to(mul(a, g), b.shape)};
}
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  return Gradients{matmul(g, b.t()), matmul(a.t(), g)};
}
