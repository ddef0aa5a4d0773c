// Lab 3, right in another way: an explicit stack, sends that return a list of gradients, helpers for one and two
// inputs.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "array.hpp"
#include "todo.hpp"

struct Node;
using Var = std::shared_ptr<Node>;
using Send = std::function<void(const Array&)>;
struct Node {
  std::vector<Var> inputs;
  Send send;
  Array grad, value;
};
inline Var make(Array value, std::vector<Var> inputs, Send send) {
  auto n = std::make_shared<Node>();
  n->inputs.swap(inputs), n->send.swap(send), std::swap(n->value, value);
  return n;
}
inline Var leaf(Array value) { return make(std::move(value), {}, {}); }
inline bool has_gradient(const Node& n) { return !n.grad.data.empty(); }
inline void accumulate(const Var& x, const Array& g) { x->grad = has_gradient(*x) ? add(g, x->grad) : g; }

inline std::vector<Var> order(const Var& L) {
  std::vector<Var> done;
  std::unordered_set<const Node*> seen{L.get()};
  std::vector<std::pair<Var, std::size_t>> path{{L, 0}};  // a node, and how many of its inputs were visited
  while (!path.empty()) {
    auto& [z, visited] = path.back();
    if (visited == z->inputs.size()) {
      done.push_back(z);
      path.pop_back();
    } else if (const Var x = z->inputs[visited++]; seen.insert(x.get()).second) {
      path.emplace_back(x, 0);
    }
  }
  return done;
}
inline void backward(const Var& L) {
  auto nodes = order(L);
  std::for_each(nodes.begin(), nodes.end(), [](const Var& z) {
    if (z->send) z->grad = {};
  });
  accumulate(L, Array(L->value.shape, 1.));
  std::reverse(nodes.begin(), nodes.end());
  for (const Var& z : nodes)
    if (z->send && has_gradient(*z)) z->send(z->grad);
}
template <class Forward, class Backward>
Var of_two(const Var& a, const Var& b, Forward f, Backward d) {
  return make(f(a->value, b->value), {a, b}, [a, b, d](const Array& g) {
    const Gradients sent = d(g, a->value, b->value);
    accumulate(a, sent.a);
    accumulate(b, sent.b);
  });
}
inline Var add(const Var& a, const Var& b) {
  return of_two(
      a, b, [](const Array& x, const Array& y) { return add(x, y); }, add_backward);
}
inline Var mul(const Var& a, const Var& b) {
  return of_two(
      a, b, [](const Array& x, const Array& y) { return mul(x, y); }, mul_backward);
}
inline Var matmul(const Var& a, const Var& b) {
  return of_two(
      a, b, [](const Array& x, const Array& y) { return matmul(x, y); }, matmul_backward);
}
// z = f(a), whose derivative is a function of z.
inline Var of_one(const Var& a, const std::function<double(double)>& f, const std::function<double(double)>& df) {
  Array z = a->value;
  std::transform(z.data.begin(), z.data.end(), z.data.begin(), f);
  Array slope = z;
  std::transform(slope.data.begin(), slope.data.end(), slope.data.begin(), df);
  return make(z, {a}, [a, slope](const Array& g) { accumulate(a, mul(slope, g)); });
}
inline Var tanh(const Var& a) {
  return of_one(
      a, [](double v) { return std::tanh(v); }, [](double z) { return (1 - z) * (1 + z); });
}
inline Var sum(const Var& a) {
  return make(sum(a->value), {a}, [a](const Array& g) { accumulate(a, sum_backward(g, a->value)); });
}
