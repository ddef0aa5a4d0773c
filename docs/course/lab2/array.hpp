// Lab 2: arrays, broadcasting, and the gradients of sums and products.
// Fill the places with todo(); README.md beside this file tells what belongs there.
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
  // TODO
  course::todo("broadcast_shape: compare the sizes from the right");
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
  // TODO
  course::todo("broadcast_to: every element of the result is one of a");
}

// The way back: the sum of all elements of g that come from the same element of an array of shape `shape`.
inline Array sum_to(const Array& g, const Shape& shape) {
  // TODO
  course::todo("sum_to: the same loop, the other way");
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
  // TODO
  course::todo("matmul: refuse shapes that do not fit, then three loops");
}

// (m, n) becomes (n, m).
inline Array transpose(const Array& a) {
  // TODO
  course::todo("transpose: two loops");
}

// ∂L/∂a and ∂L/∂b, each in the shape of a and of b.
struct Gradients {
  Array a, b;
};

// Of s = sum(a), with g = ∂L/∂s. (A number has one gradient for all that was added up.)
inline Array sum_backward(const Array& g, const Array& a) { return broadcast_to(g, a.shape); }

// Of c = a + b, with g = ∂L/∂c in the shape of c.
inline Gradients add_backward(const Array& g, const Array& a, const Array& b) {
  // TODO
  course::todo("add_backward: g, in the shape of a and in that of b");
}

// Of c = a b, element by element.
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  // TODO
  course::todo("mul_backward: the product rule, then the shapes");
}

// Of C = A B, the matrix product.
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  // TODO
  course::todo("matmul_backward: two matrix products");
}
