// Lab 3: the engine. A graph of arrays, and the way back through it.
// Fill the places with todo(); README.md beside this file tells what belongs there.
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "array.hpp"
#include "todo.hpp"

struct Node;
using Var = std::shared_ptr<Node>;

// What one operation computed.
struct Node {
  Array value;
  Array grad;                              // ∂L/∂value; without numbers as long as nothing has arrived
  std::vector<Var> inputs;                 // none: a leaf
  std::function<void(const Array&)> send;  // is given ∂L/∂value, and accumulates what that makes in each input
};

inline Var leaf(Array value) { return std::make_shared<Node>(Node{std::move(value), {}, {}, {}}); }

inline Var make(Array value, std::vector<Var> inputs, std::function<void(const Array&)> send) {
  return std::make_shared<Node>(Node{std::move(value), {}, std::move(inputs), std::move(send)});
}

// One more gradient arrives at x: the first one is kept, each further one is added.
inline void accumulate(const Var& x, const Array& g) {
  // TODO
  course::todo("accumulate: keep the first gradient, add the others");
}

// All nodes that L is computed from, and L, each once: every node stands behind all of its inputs.
inline std::vector<Var> order(const Var& L) {
  // TODO
  course::todo("order: inputs first, each node once");
}

// Adds ∂L/∂x to the gradient of every leaf x. Of all other nodes, grad is that of this pass alone.
inline void backward(const Var& L) {
  // TODO
  course::todo("backward: clear, begin with ones, let every node send, L first");
}

// An operation is a value and what it sends. send holds its inputs, never its own node: that would keep itself alive.
inline Var add(const Var& a, const Var& b) {
  return make(add(a->value, b->value), {a, b}, [a, b](const Array& g) {
    const Gradients d = add_backward(g, a->value, b->value);
    accumulate(a, d.a);
    accumulate(b, d.b);
  });
}

inline Var mul(const Var& a, const Var& b) {
  // TODO
  course::todo("mul: as add, with mul_backward");
}

inline Var matmul(const Var& a, const Var& b) {
  // TODO
  course::todo("matmul: as add, with matmul_backward");
}

inline Var sum(const Var& a) {
  return make(sum(a->value), {a}, [a](const Array& g) { accumulate(a, sum_backward(g, a->value)); });
}

// z = tanh(a), element by element.
inline Var tanh(const Var& a) {
  // TODO
  course::todo("tanh: the value, and what it sends");
}
