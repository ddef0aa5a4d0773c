// Random tensors.
#include <cmath>
#include <limits>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/sampling.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/random.hpp"
#include "ops/factory_checks.hpp"

namespace xgrad {

using detail::finish;
using detail::generator_or_default;
using detail::impl;
using detail::make_tensor;
using detail::require_options;
using detail::require_shape;

namespace {

enum class Law { uniform, normal };

template <class Options>
TensorOptions plain(const Options& o) {
  return {o.dtype, o.requires_grad};
}

RandomOptions like(const char* op, const Tensor& t, const RandomLikeOptions& o, Location at) {
  require_defined(op, t, at);
  return {o.dtype ? *o.dtype : t.dtype(), o.requires_grad, o.generator};
}

// a, b: bounds, or mean and standard deviation.
Tensor draw(const char* op, Law law, double a, double b, const Shape& shape, const RandomOptions& o, Location at) {
  require_options(op, plain(o), at);
  if (!is_floating(o.dtype)) [[unlikely]]
    ErrorReport(op, fmt::format("needs a floating dtype, got {}", name(o.dtype)), at).dtype_error();
  require_shape(op, shape, at);
  Tensor t = make_tensor(shape, o.dtype, at);
  detail::dispatch_floating(o.dtype, [&](auto zero) {
    auto* p = detail::data<decltype(zero)>(t);
    if (law == Law::uniform)
      detail::fill_uniform(generator_or_default(o.generator), p, impl(t).numel, a, b);
    else
      detail::fill_normal(generator_or_default(o.generator), p, impl(t).numel, a, b);
  });
  return finish(std::move(t), plain(o));
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

void require_bounds(const char* op, std::int64_t low, std::int64_t high, DType dtype, Location at) {
  if (high <= low) [[unlikely]]
    ErrorReport(op, fmt::format("high must exceed low, got low {} and high {}", low, high), at).value_error();
  if (!holds(dtype, low, high)) [[unlikely]]
    ErrorReport(op, fmt::format("{} cannot represent all numbers in [{}, {})", name(dtype), low, high), at)
        .value_error();
}

Tensor integers(const char* op, std::int64_t low, std::int64_t high, const Shape& shape, const RandomIntegerOptions& o,
                Location at) {
  require_options(op, plain(o), at);
  require_shape(op, shape, at);
  Tensor t = make_tensor(shape, DType::int64, at);
  detail::fill_randint(generator_or_default(o.generator), detail::data<std::int64_t>(t), impl(t).numel, low, high);
  return finish(detail::cast_raw(t, o.dtype), plain(o));
}

template <class Options, class Type>
std::ostream& print(std::ostream& os, const Options& o, const Type& dtype) {
  os << "{dtype=" << dtype << ", requires_grad=" << (o.requires_grad ? "true" : "false") << ", generator=";
  return o.generator ? os << *o.generator << "}" : os << "default}";
}

}  // namespace

std::ostream& operator<<(std::ostream& os, const RandomOptions& o) { return print(os, o, o.dtype); }
std::ostream& operator<<(std::ostream& os, const RandomIntegerOptions& o) { return print(os, o, o.dtype); }
std::ostream& operator<<(std::ostream& os, const RandomLikeOptions& o) {
  return o.dtype ? print(os, o, *o.dtype) : print(os, o, "of the tensor");
}

Tensor rand(const Shape& shape, RandomOptions o, Location at) { return draw("rand", Law::uniform, 0, 1, shape, o, at); }
Tensor randn(const Shape& shape, RandomOptions o, Location at) {
  return draw("randn", Law::normal, 0, 1, shape, o, at);
}

Tensor rand_like(const Tensor& t, RandomLikeOptions o, Location at) {
  const RandomOptions like_t = like("rand_like", t, o, at);
  return draw("rand_like", Law::uniform, 0, 1, t.shape(), like_t, at);
}
Tensor randn_like(const Tensor& t, RandomLikeOptions o, Location at) {
  const RandomOptions like_t = like("randn_like", t, o, at);
  return draw("randn_like", Law::normal, 0, 1, t.shape(), like_t, at);
}

Tensor normal(double mean, double stddev, const Shape& shape, RandomOptions o, Location at) {
  require_finite("normal", "mean", mean, at);
  require_finite("normal", "stddev", stddev, at);
  if (stddev < 0) [[unlikely]]
    ErrorReport("normal", fmt::format("stddev must be >= 0, got {}", stddev), at).value_error();
  return draw("normal", Law::normal, mean, stddev, shape, o, at);
}

Tensor normal(const Tensor& mean, const Tensor& stddev, const std::optional<Generator>& generator, Location at) {
  require_floating("normal", mean, at);
  require_floating("normal", stddev, at);
  require_same_dtype("normal", mean, stddev, at);
  const Shape shape = broadcast_shapes("normal", mean, stddev, at);
  const NoGradGuard off;
  if (!all(ge(stddev, 0, at), at).item<bool>())
    ErrorReport("normal", "stddev must be >= 0", at).operand("stddev", stddev).value_error();
  const Tensor unit = draw("normal", Law::normal, 0, 1, shape, {.dtype = mean.dtype(), .generator = generator}, at);
  return add(mean, mul(stddev, unit, at), 1, at);
}
Tensor normal(const Tensor& mean, double stddev, const std::optional<Generator>& generator, Location at) {
  require_floating("normal", mean, at);
  return normal(mean, full({}, stddev, {mean.dtype()}, at), generator, at);
}
Tensor normal(double mean, const Tensor& stddev, const std::optional<Generator>& generator, Location at) {
  require_floating("normal", stddev, at);
  return normal(full({}, mean, {stddev.dtype()}, at), stddev, generator, at);
}

Tensor uniform(double low, double high, const Shape& shape, RandomOptions o, Location at) {
  require_finite("uniform", "low", low, at);
  require_finite("uniform", "high", high, at);
  require_finite("uniform", "high - low", high - low, at);
  if (low > high) [[unlikely]]
    ErrorReport("uniform", fmt::format("low {} exceeds high {}", low, high), at).value_error();
  return draw("uniform", Law::uniform, low, high, shape, o, at);
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, RandomIntegerOptions o, Location at) {
  require_bounds("randint", low, high, o.dtype, at);
  return integers("randint", low, high, shape, o, at);
}

Tensor randint_like(const Tensor& t, std::int64_t low, std::int64_t high, RandomLikeOptions o, Location at) {
  const RandomOptions like_t = like("randint_like", t, o, at);
  require_bounds("randint_like", low, high, like_t.dtype, at);
  return integers("randint_like", low, high, t.shape(at), {like_t.dtype, o.requires_grad, o.generator}, at);
}

Tensor detail::random_integers(const Shape& shape, DType dtype, const std::optional<Generator>& generator,
                               const Location& at) {
  const std::uint64_t last = detail::dispatch_all(dtype, [](auto zero) -> std::uint64_t {
    using T = decltype(zero);
    if constexpr (std::is_floating_point_v<T>)
      return std::uint64_t{1} << std::numeric_limits<T>::digits;
    else
      return static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  });
  // One more than the greatest int64 wraps around, and the span of the draws is right all the same.
  return integers("random_", 0, static_cast<std::int64_t>(last + 1), shape, {.dtype = dtype, .generator = generator},
                  at);
}

Tensor randperm(std::int64_t n, RandomIntegerOptions o, Location at) {
  require_options("randperm", plain(o), at);
  if (n < 0) [[unlikely]]
    ErrorReport("randperm", fmt::format("n must not be negative, got {}", n), at).value_error();
  if (n > 0 && !holds(o.dtype, 0, n)) [[unlikely]]
    ErrorReport("randperm", fmt::format("{} cannot represent all numbers in [0, {})", name(o.dtype), n), at)
        .value_error();
  Tensor t = make_tensor({n}, DType::int64, at);
  detail::fill_randperm(generator_or_default(o.generator), detail::data<std::int64_t>(t), n);
  return finish(detail::cast_raw(t, o.dtype), plain(o));
}

Tensor bernoulli(double p, const Shape& shape, RandomOptions o, Location at) {
  require_options("bernoulli", plain(o), at);
  require_shape("bernoulli", shape, at);
  if (!(p >= 0 && p <= 1)) [[unlikely]]
    ErrorReport("bernoulli", fmt::format("p must be in [0, 1], got {}", p), at).value_error();
  Tensor t = make_tensor(shape, DType::uint8, at);
  detail::fill_bernoulli(generator_or_default(o.generator), detail::data<std::uint8_t>(t), impl(t).numel, p);
  return finish(detail::cast_raw(t, o.dtype), plain(o));
}

Tensor bernoulli(const Tensor& p, const std::optional<Generator>& generator, Location at) {
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
    detail::fill_uniform(generator_or_default(generator), u, n, 0, 1);
    for (std::int64_t i = 0; i < n; ++i) u[i] = u[i] < q[i] ? T(1) : T(0);
    return t;
  });
}

std::ostream& operator<<(std::ostream& os, const Generator& g) {
  const auto [seed, offset] = g.get_state();
  return os << fmt::format("Generator(seed {}, offset {})", seed, offset);
}

}  // namespace xgrad
