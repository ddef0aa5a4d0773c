// Lab 1, right in another way: lines are objects with a virtual way back, pointers in the place of numbers, a queue of
// work.
#pragma once

#include <cmath>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "todo.hpp"

struct Line {
  double value = 0, grad = 0;
  int number = 0;
  virtual ~Line() = default;
  virtual std::vector<std::pair<Line*, double>> parts() const { return {}; }  // inputs, and ∂this/∂input
};
struct Tape {
  std::vector<std::unique_ptr<Line>> lines;
};
struct Value {
  Tape* tape;
  Line* line;
  double value() const { return line->value; }
  double grad() const { return line->grad; }
};
template <class L>
Value keep(Tape& tape, std::unique_ptr<L> l, double value) {
  l->value = value;
  l->number = static_cast<int>(tape.lines.size());
  Line* raw = l.get();
  tape.lines.push_back(std::move(l));
  return {&tape, raw};
}
struct Binary : Line {
  Line *a, *b;
  double da, db;
  Binary(Line* x, Line* y, double dx, double dy) : a(x), b(y), da(dx), db(dy) {}
  std::vector<std::pair<Line*, double>> parts() const override { return {{a, da}, {b, db}}; }
};
struct Unary : Line {
  Line* a;
  double da;
  Unary(Line* x, double dx) : a(x), da(dx) {}
  std::vector<std::pair<Line*, double>> parts() const override { return {{a, da}}; }
};
inline Value leaf(Tape& tape, double v) { return keep(tape, std::make_unique<Line>(), v); }
inline Value add(const Value& a, const Value& b) {
  return keep(*a.tape, std::make_unique<Binary>(a.line, b.line, 1, 1), a.value() + b.value());
}
inline Value mul(const Value& a, const Value& b) {
  return keep(*a.tape, std::make_unique<Binary>(a.line, b.line, b.value(), a.value()), a.value() * b.value());
}
inline Value div(const Value& a, const Value& b) {
  const double r = 1 / b.value();
  return keep(*a.tape, std::make_unique<Binary>(a.line, b.line, r, -a.value() * r * r), a.value() * r);
}
inline Value exp(const Value& a) {
  const double e = std::exp(a.value());
  return keep(*a.tape, std::make_unique<Unary>(a.line, e), e);
}
inline Value tanh(const Value& a) {
  const double t = std::tanh(a.value());
  return keep(*a.tape, std::make_unique<Unary>(a.line, 1 - t * t), t);
}
// The latest line that has not sent yet comes next.
inline void backward(Value L) {
  for (auto& l : L.tape->lines) l->grad = 0;
  L.line->grad = 1;
  const auto earlier = [](Line* x, Line* y) { return x->number < y->number; };
  std::priority_queue<Line*, std::vector<Line*>, decltype(earlier)> waiting(earlier);
  waiting.push(L.line);
  Line* last = nullptr;
  while (!waiting.empty()) {
    Line* z = waiting.top();
    waiting.pop();
    if (z == last) continue;  // was there twice
    last = z;
    for (auto [x, d] : z->parts()) x->grad += z->grad * d, waiting.push(x);
  }
}
