// Lab 1: a tape for numbers.
// Fill the places with todo(); README.md beside this file tells what belongs there.
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
  // TODO
  course::todo("mul: push the product and its two local derivatives");
}

// z = a / b
inline Value div(Value a, Value b) {
  // TODO
  course::todo("div: push the quotient and its two local derivatives");
}

// z = eᵃ
inline Value exp(Value a) {
  // TODO
  course::todo("exp: push the value and one local derivative; y stays -1");
}

// z = tanh(a)
inline Value tanh(Value a) {
  // TODO
  course::todo("tanh: push the value and one local derivative");
}

// After it, grad of every line of the tape is ∂L/∂(that line). What an earlier call left there does not count.
inline void backward(Value L) {
  // TODO
  course::todo("backward: begin with ∂L/∂L = 1, and send every gradient on to the inputs");
}
