// Lab 1, right in another way: early returns, while loops, temporaries with names of their own, gradients in a list.
#pragma once

#include <cmath>
#include <vector>

#include "todo.hpp"

struct Line {
  double value, grad;
  int x, y;
  double dx, dy;
};
struct Tape {
  std::vector<Line> lines;
  int length() const { return static_cast<int>(lines.size()); }
};
struct Value {
  Tape* tape;
  int line;
  double value() const { return tape->lines.at(static_cast<std::size_t>(line)).value; }
  double grad() const { return tape->lines.at(static_cast<std::size_t>(line)).grad; }
};

inline Value write(Tape* tape, double z, int from_x, double dx, int from_y, double dy) {
  Line l;
  l.value = z;
  l.grad = 0.0;
  l.x = from_x;
  l.y = from_y;
  l.dx = dx;
  l.dy = dy;
  tape->lines.push_back(l);
  Value v;
  v.tape = tape;
  v.line = tape->length() - 1;
  return v;
}
inline Value leaf(Tape& tape, double value) { return write(&tape, value, -1, 0.0, -1, 0.0); }
inline Value add(Value a, Value b) { return write(a.tape, a.value() + b.value(), a.line, 1.0, b.line, 1.0); }
inline Value mul(Value a, Value b) {
  const double av = a.value();
  const double bv = b.value();
  return write(a.tape, av * bv, a.line, bv, b.line, av);
}
inline Value div(Value a, Value b) {
  const double av = a.value();
  const double bv = b.value();
  const double d_a = 1.0 / bv;
  const double d_b = -av / (bv * bv);
  return write(a.tape, av / bv, a.line, d_a, b.line, d_b);
}
inline Value exp(Value a) {
  const double e = std::exp(a.value());
  return write(a.tape, e, a.line, e, -1, 0.0);
}
inline Value tanh(Value a) {
  const double p = std::exp(a.value()), q = std::exp(-a.value());
  const double t = (p - q) / (p + q);
  return write(a.tape, t, a.line, (1.0 + t) * (1.0 - t), -1, 0.0);
}
inline void backward(Value L) {
  std::vector<double> arrived(static_cast<std::size_t>(L.tape->length()), 0.0);
  arrived[static_cast<std::size_t>(L.line)] = 1.0;
  int i = L.line;
  while (i >= 0) {
    const Line& l = L.tape->lines[static_cast<std::size_t>(i)];
    const double g = arrived[static_cast<std::size_t>(i)];
    if (l.x != -1) arrived[static_cast<std::size_t>(l.x)] += g * l.dx;
    if (l.y != -1) arrived[static_cast<std::size_t>(l.y)] += g * l.dy;
    i--;
  }
  int k = 0;
  while (k < L.tape->length()) {
    L.tape->lines[static_cast<std::size_t>(k)].grad = arrived[static_cast<std::size_t>(k)];
    k++;
  }
}
