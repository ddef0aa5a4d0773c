// Lab 1, right in another way: members in another order, references, operators, a loop that stands elsewhere, helpers
// whose names the checker could have, and `using namespace std`.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "todo.hpp"

using namespace std;

struct Line {
  double dx = 0, dy = 0;
  int y = -1, x = -1;
  double grad = 0, value = 0;
};

struct Tape {
  std::vector<Line> lines{};
};

class Value {
 public:
  Tape* tape;
  int line;
  Value(Tape* owner, int number) : tape(owner), line(number) {}
  Line& get() const { return tape->lines.at(static_cast<std::size_t>(line)); }
  auto value() const -> const double& { return get().value; }
  auto grad() const -> const double& { return get().grad; }
};

[[nodiscard]] inline Value push(Tape& tape, const Line& line) {
  tape.lines.emplace_back(line);
  return Value(&tape, static_cast<int>(tape.lines.size()) - 1);
}
inline Value leaf(Tape& tape, const double& value) {
  Line line;
  line.value = value;
  return push(tape, line);
}

// Names that a checker has for itself.
inline double number(double v) { return v; }
inline double numbers(const Value& v) { return v.value(); }
inline double some(int) { return 0; }
inline int lab = 1, both = 2;

inline Value recorded(const Value& a, const Value& b, double z, double dx, double dy) {
  Line line;
  line.x = a.line, line.y = b.line, line.dx = dx, line.dy = dy, line.value = z;
  return push(*a.tape, line);
}
[[nodiscard]] inline Value operator+(const Value& a, const Value& b) {
  return recorded(a, b, a.value() + b.value(), 1, 1);
}
[[nodiscard]] inline Value operator*(const Value& a, const Value& b) {
  return recorded(a, b, a.value() * b.value(), b.value(), a.value());
}
inline Value inverse(const Value& b) {
  const double z = 1 / b.value();
  Line line;
  line.value = z, line.y = b.line, line.dy = -z * z;  // the only input is y
  return push(*b.tape, line);
}
[[nodiscard]] inline auto add(const Value& a, const Value& b) { return a + b; }
[[nodiscard]] inline auto mul(const Value& a, const Value& b) { return a * b; }
[[nodiscard]] inline const Value div(const Value& a, const Value& b) { return a * inverse(b); }  // two lines
[[nodiscard]] inline auto exp(const Value& a) -> Value {
  const auto z = std::exp(a.value());
  Line line;
  line.value = z, line.x = a.line, line.dx = z;
  return push(*a.tape, line);
}
[[nodiscard]] inline Value tanh(const Value& a) {
  const double u = std::exp(2 * a.value()), z = (u - 1) / (u + 1);
  Line line;
  line.value = z, line.x = a.line, line.dx = 4 * u / ((u + 1) * (u + 1));
  return push(*a.tape, line);
}

inline void send(std::span<Line> lines, int to, double g) {
  if (to != -1) lines[static_cast<std::size_t>(to)].grad += g;
}
inline void backward(const Value& L) {
  const std::span<Line> lines(L.tape->lines);
  for (auto& z : lines) z.grad = 0.0;
  lines[static_cast<std::size_t>(L.line)].grad = 1.0;
  for (int i = L.line; i >= 0; --i) {  // what stands behind L does not matter
    const auto z = lines[static_cast<std::size_t>(i)];
    send(lines, z.x, z.grad * z.dx);
    send(lines, z.y, z.grad * z.dy);
  }
}
