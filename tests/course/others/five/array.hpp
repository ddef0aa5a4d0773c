// Lab 2, right in another way: aligned index lists, a counter that runs through a shape, gradients by explicit sums.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "todo.hpp"

using Shape = std::vector<int>;
struct Array {
  Shape shape;
  std::vector<double> data;
  Array() = default;
  Array(Shape s, std::vector<double> v) : shape(s), data(v) {}
  Array(Shape s, double v) : shape(s), data() {
    int n = 1;
    for (auto k : shape) n *= k;
    data.assign(static_cast<std::size_t>(n), v);
  }
  std::size_t size() const { return data.size(); }
};
class Counter {
 public:
  explicit Counter(const Shape& limits) : index(limits.size(), 0), limits_(limits) {}
  void next() {
    for (auto d = index.size(); d > 0; --d) {
      index[d - 1] += 1;
      if (index[d - 1] != limits_[d - 1]) return;
      index[d - 1] = 0;
    }
  }
  std::size_t in(const Shape& s) const {
    std::size_t place = 0;
    const std::size_t skipped = index.size() - s.size();
    for (std::size_t d = 0; d < s.size(); ++d) {
      place *= static_cast<std::size_t>(s[d]);
      if (s[d] > 1) place += static_cast<std::size_t>(index[skipped + d]);
    }
    return place;
  }
  Shape index;

 private:
  Shape limits_;
};
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  const auto n = a.size() > b.size() ? a.size() : b.size();
  Shape out(n, 0);
  for (std::size_t k = 0; k < n; ++k) {
    int p = 1, q = 1;
    if (n - k <= a.size()) p = a[k + a.size() - n];
    if (n - k <= b.size()) q = b[k + b.size() - n];
    if (!(p == q || p == 1 || q == 1)) throw std::invalid_argument("no common shape");
    out[k] = p == 1 ? q : p;
  }
  return out;
}
inline Array broadcast_to(const Array& a, const Shape& shape) {
  Array out(shape, 0);
  Counter c(shape);
  for (auto& v : out.data) {
    v = a.data[c.in(a.shape)];
    c.next();
  }
  return out;
}
inline Array sum_to(const Array& g, const Shape& shape) {
  Array out(shape, 0);
  Counter c(g.shape);
  for (auto v : g.data) {
    out.data[c.in(shape)] += v;
    c.next();
  }
  return out;
}
inline Array add(const Array& a, const Array& b) {
  Array out(broadcast_shape(a.shape, b.shape), 0);
  Counter c(out.shape);
  for (auto& v : out.data) {
    v = a.data[c.in(a.shape)] + b.data[c.in(b.shape)];
    c.next();
  }
  return out;
}
inline Array mul(const Array& a, const Array& b) {
  Array out(broadcast_shape(a.shape, b.shape), 1);
  Counter c(out.shape);
  for (std::size_t i = 0; i < out.size(); ++i, c.next()) out.data[i] = a.data[c.in(a.shape)] * b.data[c.in(b.shape)];
  return out;
}
inline Array sum(const Array& a) { return sum_to(a, Shape()); }
inline Array transpose(const Array& a) {
  Array t(Shape{a.shape[1], a.shape[0]}, 0);
  Counter c(t.shape);
  for (auto& v : t.data) {
    v = a.data[static_cast<std::size_t>(c.index[1] * a.shape[1] + c.index[0])];
    c.next();
  }
  return t;
}
// By the definition: cᵢⱼ is the sum of row i of a times column j of b.
inline Array matmul(const Array& a, const Array& b) {
  if (a.shape.size() != 2 || b.shape.size() != 2) throw std::invalid_argument("matmul wants matrices");
  if (a.shape[1] != b.shape[0]) throw std::invalid_argument("matmul: columns of a, rows of b");
  const Array bt = transpose(b);
  Array out(Shape{a.shape[0], b.shape[1]}, 0);
  const auto k = static_cast<std::size_t>(a.shape[1]);
  Counter c(out.shape);
  for (auto& v : out.data) {
    const double* row = a.data.data() + static_cast<std::size_t>(c.index[0]) * k;
    const double* column = bt.data.data() + static_cast<std::size_t>(c.index[1]) * k;
    for (std::size_t p = 0; p < k; ++p) v += row[p] * column[p];
    c.next();
  }
  return out;
}
struct Gradients {
  Array a, b;
};
inline Array sum_backward(const Array& g, const Array& a) { return broadcast_to(g, a.shape); }
inline Gradients add_backward(const Array& g, const Array& a, const Array& b) {
  Gradients d{Array(a.shape, 0), Array(b.shape, 0)};
  Counter c(g.shape);
  for (auto v : g.data) d.a.data[c.in(a.shape)] += v, d.b.data[c.in(b.shape)] += v, c.next();
  return d;
}
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  Gradients d{Array(a.shape, 0), Array(b.shape, 0)};
  Counter c(g.shape);
  for (auto v : g.data) {
    const auto i = c.in(a.shape), j = c.in(b.shape);
    d.a.data[i] += v * b.data[j];
    d.b.data[j] += v * a.data[i];
    c.next();
  }
  return d;
}
// (AB)ᵀ = Bᵀ Aᵀ: the gradient of B from that of A.
inline Array left_gradient(const Array& g, const Array& right) { return matmul(g, transpose(right)); }
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  return {left_gradient(g, b), transpose(left_gradient(transpose(g), transpose(a)))};
}
