// Lab 3, right in another way: the order by counting uses, a flag in the nodes, loops in every operation.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "array.hpp"
#include "todo.hpp"

struct Node {
  Array value;
  Array grad;
  std::vector<std::shared_ptr<Node>> inputs;
  std::function<void(const Array&)> send;
  int uses = 0;  // that are still to come on the way back
};
using Var = std::shared_ptr<Node>;
inline Var leaf(Array value) {
  Var v = std::make_shared<Node>();
  v->value = value;
  return v;
}
inline Var make(Array value, std::vector<Var> inputs, std::function<void(const Array&)> send) {
  Var v = leaf(value);
  v->inputs = inputs;
  v->send = send;
  return v;
}
inline void accumulate(const Var& x, const Array& g) {
  if (x->grad.data.size() == 0) {
    x->grad = g;
    return;
  }
  for (std::size_t i = 0; i < g.data.size(); i++) x->grad.data[i] = x->grad.data[i] + g.data[i];
}
// A node is ready when all of its uses are in the list: found from the result, and turned round.
inline std::vector<Var> order(const Var& L) {
  std::vector<Var> found;
  found.push_back(L);
  L->uses = -1;  // seen
  for (std::size_t i = 0; i < found.size(); i++) {
    const Var z = found[i];
    for (const Var& x : z->inputs)
      if (x->uses == 0) {
        x->uses = -1;
        found.push_back(x);
      }
  }
  for (const Var& z : found) z->uses = 0;
  for (const Var& z : found)
    for (const Var& x : z->inputs) x->uses++;
  std::vector<Var> from_result, ready;
  ready.push_back(L);
  while (!ready.empty()) {
    const Var z = ready.back();
    ready.pop_back();
    from_result.push_back(z);
    for (const Var& x : z->inputs)
      if (--x->uses == 0) ready.push_back(x);
  }
  return std::vector<Var>(from_result.rbegin(), from_result.rend());
}
inline void backward(const Var& L) {
  const std::vector<Var> all = order(L);
  for (const Var& z : all)
    if (z->inputs.size() > 0) z->grad = Array();
  Array ones = L->value;
  for (double& v : ones.data) v = 1.0;
  accumulate(L, ones);
  for (int i = static_cast<int>(all.size()) - 1; i >= 0; i--) {
    const Var& z = all[static_cast<std::size_t>(i)];
    if (z->inputs.empty()) continue;
    z->send(z->grad);
  }
}
inline Var add(const Var& a, const Var& b) {
  return make(add(a->value, b->value), {a, b}, [=](const Array& g) {
    accumulate(a, sum_to(g, a->value.shape));
    accumulate(b, sum_to(g, b->value.shape));
  });
}
inline Var mul(const Var& a, const Var& b) {
  return make(mul(a->value, b->value), {a, b}, [=](const Array& g) {
    const Gradients d = mul_backward(g, a->value, b->value);
    accumulate(b, d.b);
    accumulate(a, d.a);
  });
}
inline Var matmul(const Var& a, const Var& b) {
  return make(matmul(a->value, b->value), {a, b}, [=](const Array& g) {
    const Gradients d = matmul_backward(g, a->value, b->value);
    accumulate(b, d.b);
    accumulate(a, d.a);
  });
}
inline Var sum(const Var& a) {
  return make(sum(a->value), {a}, [=](const Array& g) { accumulate(a, Array(a->value.shape, g.data[0])); });
}
inline Var tanh(const Var& a) {
  Array z(a->value.shape, 0.0), slope(a->value.shape, 0.0);
  for (std::size_t i = 0; i < z.data.size(); i++) {
    z.data[i] = std::tanh(a->value.data[i]);
    slope.data[i] = 1.0 - z.data[i] * z.data[i];
  }
  return make(z, {a}, [=](const Array& g) { accumulate(a, mul(g, slope)); });
}
