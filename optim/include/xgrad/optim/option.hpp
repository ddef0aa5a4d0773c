// What optimizers and schedulers are made of besides tensors: options that know whether they were given, and numbers
// that go into a state_dict.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <xgrad/by_name.hpp>

namespace xgrad::optim {

// The default value of an option, for one that was not given.
template <class T>
struct Preset {
  T value;
};
template <class T>
constexpr Preset<T> preset(T value) {
  return {value};
}

// An option that reads like a T and knows whether it was given: a parameter group takes what it leaves out from the
// optimizer. SGDOptions{.lr = 0.1} gives lr and leaves the others out.
template <class T>
struct Option {
  T value{};
  bool given = true;

  constexpr Option(T v) : value(v) {}                              // NOLINT: options are written as plain values
  constexpr Option(Preset<T> p) : value(p.value), given(false) {}  // NOLINT
  constexpr operator const T&() const { return value; }            // NOLINT
};

// Two numbers: betas, etas, step_sizes.
template <>
struct Option<std::array<double, 2>> {
  std::array<double, 2> value{};
  bool given = true;

  constexpr Option(std::array<double, 2> v) : value(v) {}  // NOLINT
  constexpr Option(double first, double second) : value{first, second} {}
  Option(double) = delete;  // two numbers: {.betas = {0.9, 0.999}}
  constexpr Option(Preset<std::array<double, 2>> p) : value(p.value), given(false) {}  // NOLINT
  constexpr operator const std::array<double, 2>&() const { return value; }            // NOLINT
  constexpr double operator[](std::size_t i) const { return value[i]; }
  constexpr double& operator[](std::size_t i) { return value[i]; }
};
constexpr Preset<std::array<double, 2>> preset(double first, double second) { return {{first, second}}; }

// A number of an optimizer or a scheduler under its name in the state_dict.
using StateValue = std::variant<double*, std::int64_t*, bool*, std::array<double, 2>*, std::vector<double>*>;
struct StateField {
  std::string name;
  StateValue value;
};
// What such a number holds.
using StateCopy = std::variant<double, std::int64_t, bool, std::array<double, 2>, std::vector<double>>;

}  // namespace xgrad::optim
