// Lab 1, right in another way: templates and `auto` parameters, a tape in two lists, a table of functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <functional>
#include <ranges>
#include <utility>

#include "todo.hpp"

struct Line {
  double value{}, grad{};
  int x{-1}, y{-1};
  double dx{}, dy{};
};

struct Tape {
  std::deque<Line> lines;  // references stay good
};

struct Value {
  Tape* tape = nullptr;
  int line = -1;
  [[nodiscard]] Line& get() const noexcept { return tape->lines[static_cast<std::size_t>(line)]; }
  [[nodiscard]] double value() const noexcept { return get().value; }
  [[nodiscard]] double grad() const noexcept { return get().grad; }
};

template <class T>
Value push(Tape& tape, T&& line) {
  tape.lines.push_back(std::forward<T>(line));
  return {&tape, int(tape.lines.size()) - 1};
}
static Value leaf(Tape& tape, double value) { return push(tape, Line{value}); }

template <class F>
Value of_one(Value a, F f) {
  const auto [z, dx] = f(a.value());
  return push(*a.tape, Line{z, 0, a.line, -1, dx});
}
static auto add(auto a, auto b) { return push(*a.tape, Line{a.value() + b.value(), 0, a.line, b.line, 1, 1}); }
static auto mul(auto a, auto b) {
  const Line &x = a.get(), &y = b.get();
  auto z = push(*a.tape, Line{0, 0, a.line, b.line, 0, 0});
  z.get().value = x.value * y.value, z.get().dx = y.value, z.get().dy = x.value;  // a deque does not move them
  return z;
}
template <class V>
V div(V a, V b) {
  return push(*b.tape,
              Line{a.value() / b.value(), 0, a.line, b.line, 1 / b.value(), -a.value() / std::pow(b.value(), 2)});
}
static Value exp(Value a) {
  return of_one(a, [](double v) { return std::pair(std::exp(v), std::exp(v)); });
}
static Value tanh(Value a) {
  return of_one(a, [](double v) { return std::pair(std::tanh(v), 1 / std::pow(std::cosh(v), 2)); });
}

template <class V>
void backward(V&& L) {
  std::ranges::for_each(L.tape->lines, [](Line& z) { z.grad = 0; });
  L.get().grad = 1;
  const std::function<void(int, double)> arrive = [&](int to, double g) {
    if (to >= 0) L.tape->lines[std::size_t(to)].grad += g;
  };
  for (const Line& z : L.tape->lines | std::views::reverse) arrive(z.x, z.grad * z.dx), arrive(z.y, z.grad * z.dy);
}
