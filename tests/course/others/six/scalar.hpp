// Lab 1, right in another way: columns in the place of lines, and one function for all operations, by their names.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "todo.hpp"

enum class Op { leaf, add, mul, div, exp, tanh };
struct Tape {
  std::vector<double> values, grads;
  std::vector<std::array<int, 2>> inputs;
  std::vector<Op> ops;
};
struct Value {
  Tape* tape;
  int line;
  double value() const { return tape->values[std::size_t(line)]; }
  double grad() const { return tape->grads[std::size_t(line)]; }
};
inline Value note(Tape* tape, Op op, double z, int x = -1, int y = -1) {
  tape->values.emplace_back(z);
  tape->grads.emplace_back(0.0);
  tape->inputs.push_back({x, y});
  tape->ops.emplace_back(op);
  return {tape, int(tape->ops.size() - 1)};
}
inline Value leaf(Tape& tape, double v) { return note(&tape, Op::leaf, v); }
inline Value add(Value a, Value b) { return note(a.tape, Op::add, a.value() + b.value(), a.line, b.line); }
inline Value mul(Value a, Value b) { return note(a.tape, Op::mul, a.value() * b.value(), a.line, b.line); }
inline Value div(Value a, Value b) { return note(a.tape, Op::div, a.value() / b.value(), a.line, b.line); }
inline Value exp(Value a) { return note(a.tape, Op::exp, std::exp(a.value()), a.line); }
inline Value tanh(Value a) { return note(a.tape, Op::tanh, std::tanh(a.value()), a.line); }

// The local derivatives are computed on the way back.
inline std::array<double, 2> derivatives(const Tape& t, std::size_t i) {
  const auto in = [&](int k) { return t.values[std::size_t(t.inputs[i][std::size_t(k)])]; };
  switch (t.ops[i]) {
    case Op::add:
      return {1, 1};
    case Op::mul:
      return {in(1), in(0)};
    case Op::div:
      return {1 / in(1), -in(0) / in(1) / in(1)};
    case Op::exp:
      return {t.values[i], 0};
    case Op::tanh:
      return {1 - t.values[i] * t.values[i], 0};
    case Op::leaf:
      break;
  }
  return {0, 0};
}
inline void backward(Value L) {
  Tape& t = *L.tape;
  t.grads.assign(t.values.size(), 0);
  t.grads[std::size_t(L.line)] += 1;
  std::vector<std::size_t> order(t.values.size());
  std::iota(order.rbegin(), order.rend(), std::size_t{0});
  for (std::size_t i : order)
    for (std::size_t k : {std::size_t{0}, std::size_t{1}})
      if (int to = t.inputs[i][k]; to >= 0) t.grads[std::size_t(to)] += derivatives(t, i)[k] * t.grads[i];
}
