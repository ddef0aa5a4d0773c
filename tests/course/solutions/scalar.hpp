// Lab 1: a tape for numbers.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "todo.hpp"

// One line of the tape: z = f(x, y).
struct Line {
  double value = 0;       // z
  double grad = 0;        // ∂L/∂z
  int x = -1, y = -1;     // the lines that computed the inputs; -1: there is none
  double dx = 0, dy = 0;  // the local derivatives ∂z/∂x and ∂z/∂y, as numbers
};

struct Tape {
  std::vector<Line> lines;
};

// A number on a tape.
struct Value {
  Tape* tape;
  int line;
  Line& get() const { return tape->lines[static_cast<std::size_t>(line)]; }
  double value() const { return get().value; }
  double grad() const { return get().grad; }
};

inline Value push(Tape& tape, const Line& line) {
  tape.lines.push_back(line);
  return {&tape, static_cast<int>(tape.lines.size()) - 1};
}

inline Value leaf(Tape& tape, double value) { return push(tape, {.value = value}); }

// z = a + b: both local derivatives are 1.
inline Value add(Value a, Value b) {
  return push(*a.tape, {.value = a.value() + b.value(), .x = a.line, .y = b.line, .dx = 1, .dy = 1});
}

// z = a b
inline Value mul(Value a, Value b) {
  return push(*a.tape, {.value = a.value() * b.value(), .x = a.line, .y = b.line, .dx = b.value(), .dy = a.value()});
}

// z = a / b
inline Value div(Value a, Value b) {
  const double z = a.value() / b.value();
  return push(*a.tape, {.value = z, .x = a.line, .y = b.line, .dx = 1 / b.value(), .dy = -z / b.value()});
}

// z = eᵃ
inline Value exp(Value a) {
  const double z = std::exp(a.value());
  return push(*a.tape, {.value = z, .x = a.line, .dx = z});
}

// z = tanh(a)
inline Value tanh(Value a) {
  const double z = std::tanh(a.value());
  return push(*a.tape, {.value = z, .x = a.line, .dx = 1 - z * z});
}

// After it, grad of every line of the tape is ∂L/∂(that line). What an earlier call left there does not count.
inline void backward(Value L) {
  std::vector<Line>& lines = L.tape->lines;
  for (Line& z : lines) z.grad = 0;
  L.get().grad = 1;
  for (std::size_t i = lines.size(); i-- > 0;) {
    const Line& z = lines[i];
    if (z.x >= 0) lines[static_cast<std::size_t>(z.x)].grad += z.grad * z.dx;
    if (z.y >= 0) lines[static_cast<std::size_t>(z.y)].grad += z.grad * z.dy;
  }
}
