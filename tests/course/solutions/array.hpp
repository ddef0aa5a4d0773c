// Lab 2: arrays, broadcasting, and the gradients of sums and products.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "todo.hpp"

using Shape = std::vector<int>;

inline std::size_t count(const Shape& shape) {
  std::size_t n = 1;
  for (int size : shape) n *= static_cast<std::size_t>(size);
  return n;
}

// Numbers in rows: element (i, j) of a 2-d array is data[i * shape[1] + j]. The shape {} is that of a single number.
struct Array {
  Shape shape;
  std::vector<double> data;

  Array() = default;  // no array: no numbers at all
  Array(Shape s, std::vector<double> numbers) : shape(std::move(s)), data(std::move(numbers)) {
    if (data.size() != count(shape)) throw std::invalid_argument("Array: the numbers do not fill the shape");
  }
  Array(Shape s, double value) : shape(std::move(s)), data(count(shape), value) {}

  double& operator()(int i, int j) { return data[static_cast<std::size_t>(i * shape[1] + j)]; }
  double operator()(int i, int j) const { return data[static_cast<std::size_t>(i * shape[1] + j)]; }
};

// The shape of a + b: sizes are compared from the right, and must be equal or 1; a dimension that is not there counts
// as 1. {4, 3} and {3} give {4, 3}; {4, 1} and {3} give {4, 3}; {4} and {3} are a std::invalid_argument.
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()), 1);
  for (std::size_t k = 1; k <= shape.size(); ++k) {  // k-th from the right
    const int m = k <= a.size() ? a[a.size() - k] : 1, n = k <= b.size() ? b[b.size() - k] : 1;
    if (m != n && m != 1 && n != 1) throw std::invalid_argument("shapes do not fit");
    shape[shape.size() - k] = m == 1 ? n : m;
  }
  return shape;
}

// Where the element with number `flat` of an array of shape `large` comes from: its number in an array of shape `small`
// that was broadcast to `large`.
inline std::size_t origin(std::size_t flat, const Shape& large, const Shape& small) {
  std::size_t place = 0, stride = 1;
  for (std::size_t k = 1; k <= large.size(); ++k) {  // k-th dimension from the right
    const std::size_t size = static_cast<std::size_t>(large[large.size() - k]);
    const std::size_t i = flat % size;
    flat /= size;
    if (k > small.size()) continue;
    const std::size_t own = static_cast<std::size_t>(small[small.size() - k]);
    if (own > 1) place += i * stride;
    stride *= own;
  }
  return place;
}

// a, repeated along the dimensions in which `shape` is larger.
inline Array broadcast_to(const Array& a, const Shape& shape) {
  Array result(shape, 0);
  for (std::size_t i = 0; i < result.data.size(); ++i) result.data[i] = a.data[origin(i, shape, a.shape)];
  return result;
}

// The way back: the sum of all elements of g that come from the same element of an array of shape `shape`.
inline Array sum_to(const Array& g, const Shape& shape) {
  Array result(shape, 0);
  for (std::size_t i = 0; i < g.data.size(); ++i) result.data[origin(i, g.shape, shape)] += g.data[i];
  return result;
}

// f(a, b), element by element, both broadcast.
template <class F>
Array zip(const Array& a, const Array& b, F f) {
  Array x = broadcast_to(a, broadcast_shape(a.shape, b.shape));
  const Array y = broadcast_to(b, x.shape);
  for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = f(x.data[i], y.data[i]);
  return x;
}

inline Array add(const Array& a, const Array& b) {
  return zip(a, b, [](double x, double y) { return x + y; });
}
inline Array mul(const Array& a, const Array& b) {
  return zip(a, b, [](double x, double y) { return x * y; });
}
inline Array sum(const Array& a) { return sum_to(a, {}); }

// (m, k) times (k, n) is (m, n). Other shapes are a std::invalid_argument.
inline Array matmul(const Array& a, const Array& b) {
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[1] != b.shape[0])
    throw std::invalid_argument("matmul: shapes do not fit");
  Array c({a.shape[0], b.shape[1]}, 0);
  for (int i = 0; i < a.shape[0]; ++i)
    for (int j = 0; j < b.shape[1]; ++j)
      for (int k = 0; k < a.shape[1]; ++k) c(i, j) += a(i, k) * b(k, j);
  return c;
}

// (m, n) becomes (n, m).
inline Array transpose(const Array& a) {
  Array t({a.shape[1], a.shape[0]}, 0);
  for (int i = 0; i < a.shape[0]; ++i)
    for (int j = 0; j < a.shape[1]; ++j) t(j, i) = a(i, j);
  return t;
}

// ∂L/∂a and ∂L/∂b, each in the shape of a and of b.
struct Gradients {
  Array a, b;
};

// Of s = sum(a), with g = ∂L/∂s. (A number has one gradient for all that was added up.)
inline Array sum_backward(const Array& g, const Array& a) { return broadcast_to(g, a.shape); }

// Of c = a + b, with g = ∂L/∂c in the shape of c.
inline Gradients add_backward(const Array& g, const Array& a, const Array& b) {
  return {sum_to(g, a.shape), sum_to(g, b.shape)};
}

// Of c = a b, element by element.
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  return {sum_to(mul(g, b), a.shape), sum_to(mul(g, a), b.shape)};
}

// Of C = A B, the matrix product.
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  return {matmul(g, transpose(b)), matmul(transpose(a), g)};
}
