// Lab 2, right in another way: gradients by the definition, a list of sources, a map of sizes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "todo.hpp"

using Shape = std::vector<int>;
using std::size_t;
struct Array {
  Shape shape{};
  std::vector<double> data{};
  Array() = default;
  Array(Shape s, std::vector<double> v) : shape{std::move(s)}, data{std::move(v)} {}
  Array(Shape s, double v) : shape{std::move(s)} {
    size_t n{1};
    std::for_each(shape.begin(), shape.end(), [&n](int k) { n *= static_cast<size_t>(k); });
    data = std::vector<double>(n, v);
  }
};
[[noreturn]] inline void refused(const char* what, const Shape& a, const Shape& b) {
  std::ostringstream text;
  text << what << " of " << a.size() << " and " << b.size() << " dimensions";
  throw std::invalid_argument(text.str());
}
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  std::map<size_t, int> sizes;  // from the right
  for (const Shape* s : {&a, &b})
    for (size_t k = 0; k < s->size(); ++k) {
      const int n = *(s->rbegin() + static_cast<std::ptrdiff_t>(k));
      auto [known, fresh] = sizes.try_emplace(k, n);
      if (fresh || known->second == n || n == 1) continue;
      if (known->second != 1) refused("broadcast", a, b);
      known->second = n;
    }
  Shape out(sizes.size());
  for (auto [k, n] : sizes) out[sizes.size() - 1 - k] = n;
  return out;
}
// For every element of an array of shape `large`, the number of the element of `small` that it is a copy of.
inline std::vector<size_t> sources(const Shape& large, const Shape& small) {
  std::vector<size_t> out{0};
  size_t step = 1;
  // From the right: what is there already is repeated along one more dimension.
  for (size_t k = 0; k < large.size(); ++k) {
    const int n = *(large.rbegin() + static_cast<std::ptrdiff_t>(k));
    const int own = k < small.size() ? *(small.rbegin() + static_cast<std::ptrdiff_t>(k)) : 1;
    std::vector<size_t> longer;
    for (int i = 0; i < n; ++i)
      for (size_t p : out) longer.push_back(p + (own == 1 ? 0 : static_cast<size_t>(i) * step));
    out = std::move(longer);
    step *= static_cast<size_t>(own);
  }
  return out;
}
inline Array broadcast_to(const Array& a, const Shape& shape) {
  Array r{shape, std::vector<double>{}};
  for (size_t p : sources(shape, a.shape)) r.data.push_back(a.data[p]);
  return r;
}
inline Array sum_to(const Array& g, const Shape& shape) {
  Array r{shape, 0.0};
  const auto from = sources(g.shape, shape);
  for (size_t i{}; i < from.size(); ++i) r.data[from[i]] += g.data[i];
  return r;
}
inline Array add(Array a, const Array& b) {
  const Shape s = broadcast_shape(a.shape, b.shape);
  a = broadcast_to(a, s);
  auto y = broadcast_to(b, s).data;
  for (double& v : a.data) v += y[static_cast<size_t>(&v - a.data.data())];
  return a;
}
inline Array mul(Array a, const Array& b) {
  const Shape s = broadcast_shape(a.shape, b.shape);
  a = broadcast_to(a, s);
  auto y = broadcast_to(b, s).data;
  for (double& v : a.data) v *= y[static_cast<size_t>(&v - a.data.data())];
  return a;
}
inline Array sum(const Array& a) { return sum_to(a, Shape{}); }
inline double at(const Array& a, int i, int j) { return a.data.at(static_cast<size_t>(i * a.shape.at(1) + j)); }
inline Array matmul(const Array& a, const Array& b) {
  if (a.shape.size() != 2 || b.shape.size() != 2 || a.shape.back() != b.shape.front())
    refused("product", a.shape, b.shape);
  Array c{{a.shape.front(), b.shape.back()}, std::vector<double>{}};
  for (int i = 0; i < a.shape.front(); ++i)
    for (int j = 0; j < b.shape.back(); ++j) {
      c.data.push_back(0);
      for (int k = 0; k < b.shape.front(); ++k) c.data.back() += at(a, i, k) * at(b, k, j);
    }
  return c;
}
inline Array transpose(const Array& a) {
  Array t{{a.shape.back(), a.shape.front()}, std::vector<double>{}};
  for (int j = 0; j < a.shape.back(); ++j)
    for (int i = 0; i < a.shape.front(); ++i) t.data.push_back(at(a, i, j));
  return t;
}
struct Gradients {
  Array a{}, b{};
};
inline Array sum_backward(const Array& g, const Array& a) { return broadcast_to(g, a.shape); }
inline Gradients add_backward(const Array& g, const Array& a, const Array& b) {
  return {sum_to(g, a.shape), sum_to(g, b.shape)};
}
inline Gradients mul_backward(const Array& g, const Array& a, const Array& b) {
  return {sum_to(mul(b, g), a.shape), sum_to(mul(a, g), b.shape)};
}
// ∂L/∂Aᵢₖ = Σⱼ Gᵢⱼ Bₖⱼ and ∂L/∂Bₖⱼ = Σᵢ Gᵢⱼ Aᵢₖ.
inline Gradients matmul_backward(const Array& g, const Array& a, const Array& b) {
  Gradients d;
  d.a.shape = a.shape, d.b.shape = b.shape;
  for (int i = 0; i < a.shape[0]; ++i)
    for (int k = 0; k < a.shape[1]; ++k) {
      double s = 0;
      for (int j = 0; j < b.shape[1]; ++j) s += at(g, i, j) * at(b, k, j);
      d.a.data.push_back(s);
    }
  for (int k = 0; k < b.shape[0]; ++k)
    for (int j = 0; j < b.shape[1]; ++j) {
      double s = 0;
      for (int i = 0; i < a.shape[0]; ++i) s += at(g, i, j) * at(a, i, k);
      d.b.data.push_back(s);
    }
  return d;
}
