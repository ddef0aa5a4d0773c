// Draws from laws that are made of uniform and normal numbers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/draws.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/sampling.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/random.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

namespace {

// Uniform numbers in (0, 1) for one element, as many as it takes: Philox blocks that no other element and no other call
// reads, told apart by the third word of the counter.
class Stream {
 public:
  Stream(const Generator::Range& range, std::int64_t element)
      : key_{static_cast<std::uint32_t>(range.seed), static_cast<std::uint32_t>(range.seed >> 32)},
        counter_(range.first + static_cast<std::uint64_t>(element)) {}
  double uniform() {
    if (used_ == 2) {
      words_ = Generator::philox(
          {static_cast<std::uint32_t>(counter_), static_cast<std::uint32_t>(counter_ >> 32), block_++, 0}, key_);
      used_ = 0;
    }
    const std::uint64_t bits = std::uint64_t{words_[2 * used_]} << 32 | words_[2 * used_ + 1];
    ++used_;
    return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
  }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t counter_;
  std::uint32_t block_ = 1;  // 0 is what bulk numbers read
  std::array<std::uint32_t, 4> words_{};
  std::uint32_t used_ = 2;
};

// out = draw(parameter, stream) for each element; the parameters are those for which `fits` holds.
template <class Fits, class Draw>
Tensor draw_each(const char* op, const char* rule, const Tensor& parameters, Fits fits, Draw draw, const Location& at) {
  require_floating(op, parameters, at);
  const Tensor from = detail::contiguous_copy(parameters);
  Tensor out = make_tensor(impl(from).shape, impl(from).dtype, at);
  detail::dispatch_floating(impl(from).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = detail::data<T>(from);
    T* to = detail::data<T>(out);
    const std::int64_t n = impl(from).numel;
    for (std::int64_t i = 0; i < n; ++i)
      if (!fits(static_cast<double>(p[i])))
        ErrorReport(op, fmt::format("{}, got {} at element {}", rule, p[i], i), at)
            .operand("input", parameters)
            .value_error();
    const Generator::Range range = default_generator().reserve(static_cast<std::uint64_t>(n));
    detail::parallel_cost(n, 100, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        Stream stream(range, i);
        to[i] = static_cast<T>(draw(static_cast<double>(p[i]), stream));
      }
    });
  });
  return out;
}

// The transformed rejection PTRS of Hormann for large rates, products of uniform numbers for small ones.
double draw_poisson(double rate, Stream& s) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = std::exp(-rate);
    double product = s.uniform();
    std::int64_t k = 0;
    for (; product > limit; product *= s.uniform()) ++k;
    return static_cast<double>(k);
  }
  const double root = std::sqrt(rate), log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = s.uniform() - 0.5, v = s.uniform(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        -rate + k * log_rate - std::lgamma(k + 1))
      return k;
  }
}

double draw_gamma(double concentration, Stream& s) {
  // Below 1 from the law of concentration + 1, scaled by a power of a uniform number.
  const double boost = concentration < 1 ? std::pow(s.uniform(), 1 / concentration) : 1;
  const double d = (concentration < 1 ? concentration + 1 : concentration) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = s.normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(s.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v * boost;
  }
}

void require(bool fits, const char* op, const std::string& rule, const Location& at) {
  if (!fits) ErrorReport(op, rule, at).value_error();
}

// f(u) for uniform u in [0, 1), computed in double and stored in the type wanted.
template <class F>
Tensor from_uniform(const char* op, const Shape& shape, const TensorOptions& o, F f, const Location& at) {
  if (!is_floating(o.dtype))
    ErrorReport(op, fmt::format("needs a floating dtype, got {}", name(o.dtype)), at).dtype_error();
  const Tensor wide = uniform(0, 1, shape, {.dtype = DType::float64}, at);
  double* p = detail::data<double>(wide);
  for (std::int64_t i = 0; i < impl(wide).numel; ++i) p[i] = f(p[i]);
  Tensor out = detail::cast_raw(wide, o.dtype);
  if (o.requires_grad) out.requires_grad_(true, at);
  return out;
}

// ---- multinomial ----

template <class T>
void require_weights(const T* w, std::int64_t n, std::int64_t wanted, const Tensor& weights, std::int64_t row,
                     const Location& at) {
  double total = 0;
  std::int64_t positive = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto v = static_cast<double>(w[i]);
    if (!(v >= 0) || std::isinf(v))
      ErrorReport("multinomial",
                  fmt::format("weights must be finite and not negative, got {} at element {} of row {}", w[i], i, row),
                  at)
          .operand("weights", weights)
          .value_error();
    total += v;
    positive += v > 0;
  }
  if (!(total > 0) || std::isinf(total))
    ErrorReport("multinomial", fmt::format("the weights of row {} must have a sum that is finite and not 0", row), at)
        .operand("weights", weights)
        .value_error();
  if (wanted > positive)
    ErrorReport("multinomial",
                fmt::format("cannot draw {} samples without replacement from the {} weights of row {} that are not 0",
                            wanted, positive, row),
                at)
        .operand("weights", weights)
        .value_error();
}

// The first index whose running sum exceeds u times the total; a weight of 0 adds nothing to it and is never taken.
template <class T>
void with_replacement(const T* w, std::int64_t n, const double* u, std::int64_t k, std::int64_t* to) {
  std::vector<double> sums(static_cast<std::size_t>(n));
  double total = 0;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    sums[static_cast<std::size_t>(i)] = total += static_cast<double>(w[i]);
    if (w[i] > 0) last = i;
  }
  for (std::int64_t j = 0; j < k; ++j)
    to[j] = std::min<std::int64_t>(std::upper_bound(sums.begin(), sums.end(), u[j] * total) - sums.begin(), last);
}

// The k least of exponential numbers of rates w (P. S. Efraimidis and P. G. Spirakis 2006).
template <class T>
void without_replacement(const T* w, std::int64_t n, const double* u, std::int64_t k, std::int64_t* to) {
  std::vector<double> time(static_cast<std::size_t>(n));
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t i = 0; i < n; ++i)
    time[static_cast<std::size_t>(i)] =
        w[i] > 0 ? -std::log1p(-u[i]) / static_cast<double>(w[i]) : std::numeric_limits<double>::infinity();
  const auto earlier = [&](std::int64_t a, std::int64_t b) {
    const double ta = time[static_cast<std::size_t>(a)], tb = time[static_cast<std::size_t>(b)];
    return ta < tb || (ta == tb && a < b);
  };
  std::partial_sort(order.begin(), order.begin() + k, order.end(), earlier);
  std::copy(order.begin(), order.begin() + k, to);
}

}  // namespace

Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement, Location at) {
  const char* op = "multinomial";
  require_floating(op, weights, at);
  const Shape& s = impl(weights).shape;
  if (s.rank() != 1 && s.rank() != 2)
    ErrorReport(op, fmt::format("needs a vector or a matrix of weights, got rank {}", s.rank()), at)
        .operand("weights", weights)
        .shape_error();
  if (num_samples < 1)
    ErrorReport(op, fmt::format("num_samples must be positive, got {}", num_samples), at).value_error();
  const std::int64_t rows = s.rank() == 2 ? s[0] : 1, n = s.back();
  const Tensor from = detail::contiguous_copy(weights);
  const Tensor out = make_tensor(s.rank() == 2 ? Shape{rows, num_samples} : Shape{num_samples}, DType::int64, at);
  detail::dispatch_floating(impl(from).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* w = detail::data<T>(from);
    for (std::int64_t r = 0; r < rows; ++r)
      require_weights(w + r * n, n, replacement ? 0 : num_samples, weights, r, at);
    const std::int64_t numbers = replacement ? num_samples : n;
    const Tensor uniforms = uniform(0, 1, {rows, numbers}, {.dtype = DType::float64}, at);
    const double* u = detail::data<double>(uniforms);
    auto* to = detail::data<std::int64_t>(out);
    detail::parallel_cost(rows, 20 * static_cast<double>(n + num_samples), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        (replacement ? with_replacement<T> : without_replacement<T>)(w + r * n, n, u + r * numbers, num_samples,
                                                                     to + r * num_samples);
    });
  });
  return out;
}

Tensor poisson(const Tensor& rate, Location at) {
  return draw_each(
      "poisson", "a rate must be finite and not negative", rate, [](double r) { return r >= 0 && std::isfinite(r); },
      draw_poisson, at);
}

Tensor standard_gamma(const Tensor& concentration, Location at) {
  return draw_each(
      "standard_gamma", "a concentration must be finite and positive", concentration,
      [](double c) { return c > 0 && std::isfinite(c); }, draw_gamma, at);
}

Tensor exponential(double rate, const Shape& shape, TensorOptions o, Location at) {
  require(rate > 0 && std::isfinite(rate), "exponential", fmt::format("rate must be finite and positive, got {}", rate),
          at);
  return from_uniform(
      "exponential", shape, o, [rate](double u) { return -std::log1p(-u) / rate; }, at);
}

Tensor geometric(double p, const Shape& shape, TensorOptions o, Location at) {
  require(p > 0 && p <= 1, "geometric", fmt::format("p must be in (0, 1], got {}", p), at);
  const double log_failure = std::log1p(-p);
  return from_uniform(
      "geometric", shape, o, [log_failure](double u) { return std::max(1.0, std::ceil(std::log1p(-u) / log_failure)); },
      at);
}

Tensor cauchy(double median, double sigma, const Shape& shape, TensorOptions o, Location at) {
  require(std::isfinite(median), "cauchy", fmt::format("median must be finite, got {}", median), at);
  require(sigma > 0 && std::isfinite(sigma), "cauchy", fmt::format("sigma must be finite and positive, got {}", sigma),
          at);
  return from_uniform(
      "cauchy", shape, o, [=](double u) { return median + sigma * std::tan(std::numbers::pi * (u - 0.5)); }, at);
}

Tensor log_normal(double mean, double stddev, const Shape& shape, TensorOptions o, Location at) {
  if (!is_floating(o.dtype))
    ErrorReport("log_normal", fmt::format("needs a floating dtype, got {}", name(o.dtype)), at).dtype_error();
  require(std::isfinite(mean), "log_normal", fmt::format("mean must be finite, got {}", mean), at);
  require(stddev > 0 && std::isfinite(stddev), "log_normal",
          fmt::format("stddev must be finite and positive, got {}", stddev), at);
  Tensor out = exp(normal(mean, stddev, shape, {.dtype = o.dtype}, at), at);
  if (o.requires_grad) out.requires_grad_(true, at);
  return out;
}

}  // namespace xgrad
