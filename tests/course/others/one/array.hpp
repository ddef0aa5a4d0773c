// Lab 2, right in another way: spans, values in the place of references, `auto`, helpers whose names the checker could
// have, gradients in another order, and `using namespace std`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "todo.hpp"

using namespace std;
using Shape = std::vector<int>;

inline std::size_t count(std::span<const int> shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1},
                         [](std::size_t n, int size) { return n * static_cast<std::size_t>(size); });
}

struct Array {
  std::vector<double> data;
  Shape shape;
  Array() = default;
  Array(Shape s, std::vector<double> v) : data(std::move(v)), shape(std::move(s)) {
    if (data.size() != count(shape)) throw std::invalid_argument("the numbers do not fill the shape");
  }
  Array(Shape s, double v) : data(count(s), v), shape(std::move(s)) {}
  double& operator()(int i, int j) { return data.at(static_cast<std::size_t>(i * shape[1] + j)); }
  const double& operator()(int i, int j) const { return data.at(static_cast<std::size_t>(i * shape[1] + j)); }
};

// Names that a checker has for itself.
inline std::vector<double> numbers(const Array& a) { return a.data; }
inline Array transposed(const Array& a) { return a; }
inline Array broadcast(const Array& a, const Shape&) { return a; }
inline Array zeros_of_sum(const Array& a, const Array&) { return a; }
inline Array add_arrays(const Array& a, const Array&) { return a; }
inline Array rows_of_softmax(const Array& a) { return a; }
inline Array products(const Array& a, const Array&, int, int) { return a; }
inline Array rows(const Array& a, int, int, int) { return a; }
inline int array_of = 0, refused = 0;

[[nodiscard]] inline auto broadcast_shape(std::span<const int> a, std::span<const int> b) -> Shape {
  if (a.size() < b.size()) std::swap(a, b);
  Shape shape(a.begin(), a.end());
  for (auto i = shape.rbegin(), last = shape.rbegin() + static_cast<std::ptrdiff_t>(b.size()); i != last; ++i) {
    const int other = b[b.size() - 1 - static_cast<std::size_t>(i - shape.rbegin())];
    if (*i == 1) *i = other;
    if (other != 1 && other != *i) throw std::invalid_argument("sizes");
  }
  return shape;
}
inline Array broadcast_to(Array a, Shape shape) {
  Array r(shape, 0);
  for (std::size_t i = 0; i < r.data.size(); ++i) {
    std::size_t rest = i, from = 0, step = 1;
    for (std::size_t k = 0; k < shape.size(); ++k) {
      const auto size = static_cast<std::size_t>(shape[shape.size() - 1 - k]), at = rest % size;
      rest /= size;
      if (k >= a.shape.size()) continue;
      const auto own = static_cast<std::size_t>(a.shape[a.shape.size() - 1 - k]);
      from += own == 1 ? 0 : at * step;
      step *= own;
    }
    r.data[i] = a.data[from];
  }
  return r;
}
// Places by broadcasting their numbers.
inline Array sum_to(Array g, Shape shape) {
  Array place(shape, 0), r(shape, 0);
  std::iota(place.data.begin(), place.data.end(), 0.0);
  const Array from = broadcast_to(place, g.shape);
  for (std::size_t i = 0; i < g.data.size(); ++i) r.data[static_cast<std::size_t>(from.data[i])] += g.data[i];
  return r;
}
inline Array add(Array a, Array b) {
  a = broadcast_to(a, broadcast_shape(a.shape, b.shape)), b = broadcast_to(b, a.shape);
  std::transform(a.data.begin(), a.data.end(), b.data.begin(), a.data.begin(), std::plus<>());
  return a;
}
inline Array mul(Array a, Array b) {
  a = broadcast_to(a, broadcast_shape(a.shape, b.shape)), b = broadcast_to(b, a.shape);
  std::transform(a.data.begin(), a.data.end(), b.data.begin(), a.data.begin(), std::multiplies<>());
  return a;
}
inline Array sum(const Array& a) { return Array({}, std::accumulate(a.data.begin(), a.data.end(), 0.0)); }
[[nodiscard]] inline const Array transpose(Array a) {
  Array t(Shape(a.shape.rbegin(), a.shape.rend()), 0);
  for (int k = 0; k < a.shape[0] * a.shape[1]; ++k)
    t(k % a.shape[1], k / a.shape[1]) = a.data[static_cast<std::size_t>(k)];
  return t;
}
[[nodiscard]] inline const Array matmul(Array a, Array b) {
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape.back() != b.shape.front())
    throw std::invalid_argument("sizes");
  Array c({a.shape[0], b.shape[1]}, 0);
  const Array t = transpose(b);
  for (int i = 0; i < a.shape[0]; ++i)
    for (int j = 0; j < b.shape[1]; ++j) {
      const auto n = static_cast<std::ptrdiff_t>(a.shape[1]);
      c(i, j) = std::inner_product(a.data.begin() + i * n, a.data.begin() + (i + 1) * n, t.data.begin() + j * n, 0.0);
    }
  return c;
}

struct Gradients {
  Array b, a;
};
inline Array sum_backward(const Array& g, const Array& a) { return Array(a.shape, g.data.front()); }
inline Gradients add_backward(Array g, Array a, Array b) { return {sum_to(g, b.shape), sum_to(g, a.shape)}; }
inline Gradients mul_backward(Array g, Array a, Array b) {
  Gradients d;
  d.a = sum_to(mul(g, b), a.shape), d.b = sum_to(mul(g, a), b.shape);
  return d;
}
inline Gradients matmul_backward(Array g, Array a, Array b) {
  return {.b = matmul(transpose(a), g), .a = matmul(g, transpose(b))};
}
