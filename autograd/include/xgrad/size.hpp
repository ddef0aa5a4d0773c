// A number of things, as an argument: channels, features, steps.
#pragma once

#include <concepts>
#include <cstdint>

namespace xgrad {

// An integer of any type. A fraction does not compile: it would be cut, nn::Linear(n / 2.0, 10) to another layer than
// was meant.
class Size {
 public:
  template <std::convertible_to<std::int64_t> I>
  requires(!std::floating_point<I>) constexpr Size(I n) noexcept : n_(static_cast<std::int64_t>(n)) {}  // NOLINT: 784
  template <std::floating_point F>
  Size(F) = delete;  // sizes are integers: static_cast<std::int64_t>(n)

  constexpr operator std::int64_t() const noexcept { return n_; }  // NOLINT

 private:
  std::int64_t n_;
};

}  // namespace xgrad
