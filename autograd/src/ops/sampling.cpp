// Random tensors, from the default generator.
#include <cmath>
#include <limits>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/sampling.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/random.hpp"
#include "ops/factory_checks.hpp"

namespace xgrad {

using detail::finish;
using detail::impl;
using detail::make_tensor;
using detail::require_options;
using detail::require_shape;

namespace {

enum class Law { uniform, normal };

// a, b: bounds, or mean and standard deviation.
Tensor draw(const char* op, Law law, double a, double b, const Shape& shape, const TensorOptions& o, Location at) {
  require_options(op, o, at);
  if (!is_floating(o.dtype)) [[unlikely]]
    ErrorReport(op, fmt::format("needs a floating dtype, got {}", name(o.dtype)), at).dtype_error();
  require_shape(op, shape, at);
  Tensor t = make_tensor(shape, o.dtype, at);
  detail::dispatch_floating(o.dtype, [&](auto zero) {
    auto* p = detail::data<decltype(zero)>(t);
    if (law == Law::uniform)
      detail::fill_uniform(default_generator(), p, impl(t).numel, a, b);
    else
      detail::fill_normal(default_generator(), p, impl(t).numel, a, b);
  });
  return finish(std::move(t), o);
}

void require_finite(const char* op, const char* what, double v, Location at) {
  if (!std::isfinite(v)) [[unlikely]]
    ErrorReport(op, fmt::format("{} must be finite, got {}", what, v), at).value_error();
}

// Whether every integer of [low, high) can be stored.
bool holds(DType dtype, std::int64_t low, std::int64_t high) {
  return detail::dispatch_all(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>) {
      constexpr std::int64_t exact = std::int64_t{1} << std::numeric_limits<T>::digits;
      return low >= -exact && high - 1 <= exact;
    } else {
      return low >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
             high - 1 <= static_cast<std::int64_t>(std::numeric_limits<T>::max());
    }
  });
}

}  // namespace

Tensor rand(const Shape& shape, TensorOptions o, Location at) { return draw("rand", Law::uniform, 0, 1, shape, o, at); }
Tensor randn(const Shape& shape, TensorOptions o, Location at) {
  return draw("randn", Law::normal, 0, 1, shape, o, at);
}

Tensor rand_like(const Tensor& t, Location at) {
  require_floating("rand_like", t, at);
  return draw("rand_like", Law::uniform, 0, 1, t.shape(), {t.dtype()}, at);
}
Tensor randn_like(const Tensor& t, Location at) {
  require_floating("randn_like", t, at);
  return draw("randn_like", Law::normal, 0, 1, t.shape(), {t.dtype()}, at);
}

Tensor normal(double mean, double stddev, const Shape& shape, TensorOptions o, Location at) {
  require_finite("normal", "mean", mean, at);
  require_finite("normal", "stddev", stddev, at);
  if (stddev < 0) [[unlikely]]
    ErrorReport("normal", fmt::format("stddev must be >= 0, got {}", stddev), at).value_error();
  return draw("normal", Law::normal, mean, stddev, shape, o, at);
}

Tensor uniform(double low, double high, const Shape& shape, TensorOptions o, Location at) {
  require_finite("uniform", "low", low, at);
  require_finite("uniform", "high", high, at);
  require_finite("uniform", "high - low", high - low, at);
  if (low > high) [[unlikely]]
    ErrorReport("uniform", fmt::format("low {} exceeds high {}", low, high), at).value_error();
  return draw("uniform", Law::uniform, low, high, shape, o, at);
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, TensorOptions o, Location at) {
  require_options("randint", o, at);
  require_shape("randint", shape, at);
  if (high <= low) [[unlikely]]
    ErrorReport("randint", fmt::format("high must exceed low, got low {} and high {}", low, high), at).value_error();
  if (!holds(o.dtype, low, high)) [[unlikely]]
    ErrorReport("randint", fmt::format("{} cannot represent all numbers in [{}, {})", name(o.dtype), low, high), at)
        .value_error();
  Tensor t = make_tensor(shape, DType::int64, at);
  detail::fill_randint(default_generator(), detail::data<std::int64_t>(t), impl(t).numel, low, high);
  return finish(detail::cast_raw(t, o.dtype), o);
}

Tensor randperm(std::int64_t n, TensorOptions o, Location at) {
  require_options("randperm", o, at);
  if (n < 0) [[unlikely]]
    ErrorReport("randperm", fmt::format("n must not be negative, got {}", n), at).value_error();
  if (n > 0 && !holds(o.dtype, 0, n)) [[unlikely]]
    ErrorReport("randperm", fmt::format("{} cannot represent all numbers in [0, {})", name(o.dtype), n), at)
        .value_error();
  Tensor t = make_tensor({n}, DType::int64, at);
  detail::fill_randperm(default_generator(), detail::data<std::int64_t>(t), n);
  return finish(detail::cast_raw(t, o.dtype), o);
}

Tensor bernoulli(double p, const Shape& shape, TensorOptions o, Location at) {
  require_options("bernoulli", o, at);
  require_shape("bernoulli", shape, at);
  if (!(p >= 0 && p <= 1)) [[unlikely]]
    ErrorReport("bernoulli", fmt::format("p must be in [0, 1], got {}", p), at).value_error();
  Tensor t = make_tensor(shape, DType::uint8, at);
  detail::fill_bernoulli(default_generator(), detail::data<std::uint8_t>(t), impl(t).numel, p);
  return finish(detail::cast_raw(t, o.dtype), o);
}

Tensor bernoulli(const Tensor& p, Location at) {
  require_floating("bernoulli", p, at);
  const Tensor probabilities = detail::contiguous_copy(p);
  return detail::dispatch_floating(p.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* q = detail::data<T>(probabilities);
    const std::int64_t n = impl(probabilities).numel;
    for (std::int64_t i = 0; i < n; ++i)
      if (!(q[i] >= 0 && q[i] <= 1)) [[unlikely]]
        ErrorReport("bernoulli", fmt::format("p must be in [0, 1], got {} at element {}", q[i], i), at)
            .operand("p", p)
            .value_error();
    Tensor t = make_tensor(p.shape(), p.dtype(), at);
    T* u = detail::data<T>(t);
    detail::fill_uniform(default_generator(), u, n, 0, 1);
    for (std::int64_t i = 0; i < n; ++i) u[i] = u[i] < q[i] ? T(1) : T(0);
    return t;
  });
}

std::ostream& operator<<(std::ostream& os, const Generator& g) {
  const auto [seed, offset] = g.get_state();
  return os << fmt::format("Generator(seed {}, offset {})", seed, offset);
}

}  // namespace xgrad
