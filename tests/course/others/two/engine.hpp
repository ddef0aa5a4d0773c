// Lab 3, right in another way: a class with constructors, operators, templates, a priority in the place of an order.
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "array.hpp"
#include "todo.hpp"

class Node;
using Var = std::shared_ptr<Node>;
class Node {
 public:
  using Send = std::function<void(const Array&)>;
  explicit Node(Array v) : value(std::move(v)) {}
  Node(Array v, std::vector<Var> from, Send s) : value(std::move(v)), inputs(std::move(from)), send(std::move(s)) {
    for (const Var& x : inputs) depth = std::max(depth, x->depth + 1);
  }
  bool is_leaf() const { return inputs.empty(); }
  Array value, grad;
  std::vector<Var> inputs;
  Send send;
  int depth = 0;
};

template <class... A>
Var make(A&&... a) {
  return std::make_shared<Node>(std::forward<A>(a)...);
}
inline Var leaf(const Array& value) { return make(value); }
inline Var make(Array value, std::vector<Var> inputs, Node::Send send) {
  return std::make_shared<Node>(std::move(value), std::move(inputs), std::move(send));
}

template <class V>
void accumulate(const V& x, const Array& g) {
  if (x->grad == Array())
    x->grad = g;
  else
    x->grad = x->grad + g;
}

// By depth: inputs are less deep.
inline std::vector<Var> order(const Var& L) {
  std::vector<Var> all{L};
  std::set<Var> seen{L};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Var z = all[i];
    for (const Var& x : z->inputs)
      if (seen.insert(x).second) all.push_back(x);
  }
  std::stable_sort(all.begin(), all.end(), [](const Var& a, const Var& b) { return a->depth < b->depth; });
  return all;
}
inline void backward(const Var& L, double seed = 1) {
  std::vector<Var> nodes = order(L);
  for (auto& z : nodes)
    if (!z->is_leaf()) z->grad = Array();
  accumulate(L, Array(L->value.shape, seed));
  while (!nodes.empty()) {
    if (const Var z = nodes.back(); !z->is_leaf()) z->send(z->grad);
    nodes.pop_back();
  }
}

inline Var operator+(const Var& a, const Var& b) {
  return make(a->value + b->value, std::vector{a, b}, [a, b](const Array& g) {
    const auto [da, db] = add_backward(g, a->value, b->value);
    accumulate(a, da), accumulate(b, db);
  });
}
inline Var operator*(const Var& a, const Var& b) {
  return make(a->value * b->value, std::vector{a, b}, [a, b](const Array& g) {
    const auto& [da, db] = mul_backward(g, a->value, b->value);
    accumulate(a, da), accumulate(b, db);
  });
}
inline Var add(const Var& a, const Var& b) { return a + b; }
inline Var mul(const Var& a, const Var& b) { return a * b; }
inline Var matmul(const Var& a, const Var& b) {
  return make(matmul(a->value, b->value), std::vector{a, b}, [a, b](const Array& g) {
    accumulate(a, matmul(g, transpose(b->value)));
    accumulate(b, matmul(transpose(a->value), g));
  });
}
inline Var sum(const Var& a) {
  return make(sum(a->value), std::vector{a}, [a](const Array& g) { accumulate(a, broadcast_to(g, a->value.shape)); });
}
// The value is taken from the node itself, by a pointer that does not keep it.
inline Var tanh(const Var& a) {
  auto z = make(a->value);
  for (double& v : z->value.data) v = std::tanh(v);
  z->inputs = {a}, z->depth = a->depth + 1;
  z->send = [a, self = z.get()](const Array& g) {
    accumulate(a, g * (Array({}, 1) + Array({}, -1) * self->value * self->value));
  };
  return z;
}
