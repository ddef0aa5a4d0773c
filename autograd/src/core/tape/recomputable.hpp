// How an operation says that its result can be computed again, for memory under a limit (core/rematerialize.hpp).
#pragma once

#include <xgrad/autograd.hpp>
#include <xgrad/record.hpp>

#include "core/rematerialize.hpp"

namespace xgrad::detail {

// For a result that was just recorded. What may be dropped to make room for it is.
void say_how(const Tensor& y, const TensorRefs& inputs, const Recipe& recipe);

// The result of an operation, which f(inputs) computes again with the same bits; f captures numbers and Shapes only.
// nanoseconds: about what it takes, which decides what is dropped first.
template <class F>
Tensor recomputable(Tensor y, const TensorRefs& inputs, double nanoseconds, F f) {
  static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>);
  if (memory_is_limited()) [[unlikely]] {
    const Remake remake = [](const void* closure, std::span<const Tensor> in) {
      const NoGradGuard off;
      return (*static_cast<const F*>(closure))(in);
    };
    say_how(y, inputs, {remake, &f, sizeof(F), nanoseconds});
  }
  return y;
}

// A pass over n elements, and a product of n multiplications and additions.
inline double pass_time(std::int64_t n) { return 0.3 * static_cast<double>(n); }
inline double product_time(double n) { return 0.02 * n; }

}  // namespace xgrad::detail
