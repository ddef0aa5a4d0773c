// Lab 2, right in another way: templates, overloads, operators, strides.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "todo.hpp"

using Shape = std::vector<int>;

template <class S>
std::size_t count(const S& shape) {
  std::size_t n = 1;
  for (auto size : shape) n *= std::size_t(size);
  return n;
}

struct Array {
  Shape shape{};
  std::vector<double> data{};
  Array() {}
  explicit Array(const Shape& s, const std::vector<double>& v) : shape(s), data(v) {
    if (count(s) != v.size()) throw std::invalid_argument("the numbers do not fill the shape");
  }
  explicit Array(const Shape& s, double v) : shape(s), data(count(s), v) {}
  template <class I>
  double& operator()(I i, I j) {
    return data[std::size_t(i * shape[1] + j)];
  }
  template <class I>
  double operator()(I i, I j) const {
    return data[std::size_t(i * shape[1] + j)];
  }
  bool operator==(const Array&) const = default;
};

inline int size_from_right(const Shape& s, std::size_t k) { return k < s.size() ? s[s.size() - 1 - k] : 1; }
template <class A, class B>
Shape broadcast_shape(const A& a, const B& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const int m = size_from_right(a, k), n = size_from_right(b, k);
    if (m != n && std::min(m, n) != 1) throw std::invalid_argument("broadcast_shape");
    *(shape.rbegin() + std::ptrdiff_t(k)) = m == 1 ? n : m;
  }
  return shape;
}
// f(number in `large`, number in `small`) for all elements of `large`.
template <class F>
void pairs(const Shape& large, const Shape& small, F f) {
  std::vector<int> at(large.size(), 0);
  const std::size_t n = count(large);
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t place = 0;
    for (std::size_t d = large.size() - small.size(); d < large.size(); ++d) {
      const int own = small[d - (large.size() - small.size())];
      place = place * std::size_t(own) + std::size_t(own == 1 ? 0 : at[d]);
    }
    f(i, place);
    for (std::size_t d = large.size(); d-- > 0;) {
      if (++at[d] < large[d]) break;
      at[d] = 0;
    }
  }
}
inline Array broadcast_to(const Array& a, const Shape& shape) {
  Array r(shape, 0);
  pairs(shape, a.shape, [&](std::size_t i, std::size_t from) { r.data[i] = a.data[from]; });
  return r;
}
inline Array sum_to(const Array& g, const Shape& shape) {
  Array r(shape, 0);
  pairs(g.shape, shape, [&](std::size_t i, std::size_t to) { r.data[to] += g.data[i]; });
  return r;
}
template <class F>
Array zip(const Array& a, const Array& b, F f) {
  Array r(broadcast_shape(a.shape, b.shape), 0);
  pairs(r.shape, a.shape, [&](std::size_t i, std::size_t from) { r.data[i] = a.data[from]; });
  pairs(r.shape, b.shape, [&](std::size_t i, std::size_t from) { r.data[i] = f(r.data[i], b.data[from]); });
  return r;
}
inline Array operator+(const Array& a, const Array& b) { return zip(a, b, std::plus<double>()); }
inline Array operator*(const Array& a, const Array& b) { return zip(a, b, std::multiplies<double>()); }
inline Array add(const Array& a, const Array& b) { return a + b; }
inline Array mul(const Array& a, const Array& b) { return a * b; }
inline Array mul(double k, const Array& a) { return Array({}, k) * a; }  // overloads
inline Array add(double k, const Array& a) { return Array({}, k) + a; }
inline Array sum(const Array& a) { return sum_to(a, {}); }

template <class A>
A matmul(const A& a, const A& b) {
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape[1] != b.shape[0]) throw std::invalid_argument("matmul");
  A c({a.shape[0], b.shape[1]}, 0);
  for (int k = 0; k < a.shape[1]; ++k)
    for (int i = 0; i < a.shape[0]; ++i)
      for (int j = 0; j < b.shape[1]; ++j) c(i, j) += a(i, k) * b(k, j);
  return c;
}
template <class A>
A transpose(const A& a) {
  A t({a.shape[1], a.shape[0]}, 0);
  for (int j = 0; j < a.shape[1]; ++j)
    for (int i = 0; i < a.shape[0]; ++i) t(j, i) = a(i, j);
  return t;
}

struct Gradients {
  Array a{}, b{};
};
inline Array sum_backward(const Array& g, const Array& a) { return broadcast_to(g, a.shape); }
template <class A>
auto add_backward(const A& g, const A& a, const A& b) {
  return Gradients{sum_to(g, a.shape), sum_to(g, b.shape)};
}
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  return {sum_to(g * b, a.shape), sum_to(g * a, b.shape)};
}
inline Gradients mul_backward(double g, const Array& a, const Array& b) { return mul_backward(Array({}, g), a, b); }
// The same for all three: template, overloaded, and a variable.
inline const auto matmul_backward = [](const Array& g, const Array& a, const Array& b) {
  return Gradients{matmul(g, transpose(b)), matmul(transpose(a), g)};
};
