// Draws from laws that are made of uniform and normal numbers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/draws.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/sampling.hpp>
#include <xgrad/ops/scatter.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/gamma_draw.hpp"
#include "kernels/random.hpp"
#include "kernels/special.hpp"
#include "ops/factory_checks.hpp"
#include "ops/map_numbers.hpp"

namespace xgrad {

using detail::generator_or_default;
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

template <class T, class Fits>
void require_each(const char* op, const char* rule, const char* role, const Tensor& parameters, const T* p,
                  std::int64_t n, Fits fits, const Location& at) {
  for (std::int64_t i = 0; i < n; ++i)
    if (!fits(static_cast<double>(p[i])))
      ErrorReport(op, fmt::format("{}, got {} at element {}", rule, p[i], i), at)
          .operand(role, parameters)
          .value_error();
}

using Draw = double (*)(double, double, Stream&);

// Element i drawn from the law of the i-th parameters.
template <class T>
void draw_elements(const T* first, const T* second, T* to, std::int64_t n, Draw draw,
                   const std::optional<Generator>& generator) {
  const Generator::Range range = generator_or_default(generator).reserve(static_cast<std::uint64_t>(n));
  detail::parallel_cost(n, 100, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      Stream stream(range, i);
      to[i] = static_cast<T>(draw(static_cast<double>(first[i]), static_cast<double>(second[i]), stream));
    }
  });
}

// One draw for each parameter; the parameters are those for which `fits` holds.
template <class Fits>
Tensor draw_each(const char* op, const char* rule, const Tensor& parameters, Fits fits, Draw draw,
                 const std::optional<Generator>& generator, const Location& at) {
  require_floating(op, parameters, at);
  const Tensor from = detail::contiguous_copy(parameters);
  Tensor out = make_tensor(impl(from).shape, impl(from).dtype, at);
  detail::dispatch_floating(impl(from).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = detail::data<T>(from);
    require_each(op, rule, "input", parameters, p, impl(from).numel, fits, at);
    draw_elements(p, p, detail::data<T>(out), impl(from).numel, draw, generator);
  });
  return out;
}

// (std::lgamma writes a sign that all threads share.)
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

// The transformed rejection PTRS of Hormann for large rates, products of uniform numbers for small ones.
double draw_poisson(double rate, double, Stream& s) {
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
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <= -rate + k * log_rate - log_gamma(k + 1))
      return k;
  }
}

// Successes by the distances between them, for few; else the transformed rejection BTRS of the same paper.
double draw_binomial(double n, double p, Stream& s) {
  if (p > 0.5) return n - draw_binomial(n, 1 - p, s);
  if (n == 0 || p == 0) return 0;
  if (n * p < 10) {
    const double log_failure = std::log1p(-p);
    double trials = 0, successes = 0;
    for (;; successes += 1) {
      trials += std::floor(std::log(s.uniform()) / log_failure) + 1;
      if (trials > n) return successes;
    }
  }
  const double root = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * root, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double alpha = (2.83 + 5.1 / b) * root, v_r = 0.92 - 4.2 / b, most = std::floor((n + 1) * p);
  const auto log_ways = [n](double k) { return -detail::lgamma_of(k + 1) - detail::lgamma_of(n - k + 1); };
  for (;;) {
    const double u = s.uniform() - 0.5, v = s.uniform(), us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + n * p + 0.5);
    if (k < 0 || k > n) continue;
    if (us >= 0.07 && v <= v_r) return k;
    if (std::log(v * alpha / (a / (us * us) + b)) <=
        log_ways(k) - log_ways(most) + (k - most) * (std::log(p) - std::log1p(-p)))
      return k;
  }
}

// Below 1 from the law of concentration + 1, scaled by a power of a uniform number, whose logarithm is kept apart.
double draw_gamma_in_parts(double concentration, double& log_scale, Stream& s) {
  log_scale = concentration < 1 ? std::log(s.uniform()) / concentration : 0;
  const double d = (concentration < 1 ? concentration + 1 : concentration) - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = s.normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(s.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}
double draw_gamma(double concentration, double, Stream& s) {
  double log_scale = 0;
  const double x = draw_gamma_in_parts(concentration, log_scale, s);
  return x * std::exp(log_scale);
}
double draw_log_gamma(double concentration, double, Stream& s) {
  double log_scale = 0;
  const double x = draw_gamma_in_parts(concentration, log_scale, s);
  return std::log(x) + log_scale;
}

// The derivative of a draw by its concentration.
double gamma_slope(double a, double x) { return x > 0 ? x * detail::log_gamma_draw_slope(a, std::log(x)) : 0; }

Tensor draw_gamma_law(const char* op, const Tensor& concentration, Draw draw, detail::PairFunction slope,
                      const std::optional<Generator>& generator, const Location& at) {
  const Tensor x = draw_each(
      op, "a concentration must be finite and positive", concentration,
      [](double c) { return c > 0 && std::isfinite(c); }, draw, generator, at);
  return detail::record_op<true>(
      op, x, {concentration}, {concentration, x},
      [slope](const Saved& s, const Tensor& g) -> Grads { return {g * detail::map_numbers(slope, s[0], s[1])}; }, at);
}

void require(bool fits, const char* op, const std::string& rule, const Location& at) {
  if (!fits) ErrorReport(op, rule, at).value_error();
}

// f(u) for uniform u in [0, 1), computed in double and stored in the type wanted.
template <class F>
Tensor from_uniform(const char* op, const Shape& shape, const RandomOptions& o, F f, const Location& at) {
  detail::require_options(op, {o.dtype, o.requires_grad}, at);
  detail::require_shape(op, shape, at);
  const Tensor wide = uniform(0, 1, shape, {.dtype = DType::float64, .generator = o.generator}, at);
  double* p = detail::data<double>(wide);
  for (std::int64_t i = 0; i < impl(wide).numel; ++i) p[i] = f(p[i]);
  return detail::finish(detail::cast_raw(wide, o.dtype), {o.dtype, o.requires_grad});
}

void require_floating_options(const char* op, const RandomOptions& o, const Location& at) {
  if (!is_floating(o.dtype))
    ErrorReport(op, fmt::format("needs a floating dtype, got {}", name(o.dtype)), at).dtype_error();
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

Tensor multinomial(const Tensor& weights, std::int64_t num_samples, bool replacement,
                   const std::optional<Generator>& generator, Location at) {
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
    const Tensor uniforms = uniform(0, 1, {rows, numbers}, {.dtype = DType::float64, .generator = generator}, at);
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

Tensor poisson(const Tensor& rate, const std::optional<Generator>& generator, Location at) {
  return draw_each(
      "poisson", "a rate must be finite and not negative", rate, [](double r) { return r >= 0 && std::isfinite(r); },
      draw_poisson, generator, at);
}

Tensor binomial(const Tensor& count, const Tensor& p, const std::optional<Generator>& generator, Location at) {
  const char* op = "binomial";
  require_floating(op, count, at);
  require_floating(op, p, at);
  require_same_dtype(op, count, p, at);
  const Shape shape = broadcast_shapes(op, count, p, at);
  const NoGradGuard off;
  const Tensor counts = detail::contiguous_copy(expand(count, shape, at)),
               chances = detail::contiguous_copy(expand(p, shape, at));
  Tensor out = make_tensor(shape, impl(counts).dtype, at);
  detail::dispatch_floating(impl(counts).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *n = detail::data<T>(counts), *q = detail::data<T>(chances);
    require_each(
        op, "a count must be whole and not negative", "count", count, n, impl(counts).numel,
        [](double v) { return v >= 0 && std::isfinite(v) && v == std::floor(v); }, at);
    require_each(
        op, "p must be in [0, 1]", "p", p, q, impl(counts).numel, [](double v) { return v >= 0 && v <= 1; }, at);
    draw_elements(n, q, detail::data<T>(out), impl(counts).numel, draw_binomial, generator);
  });
  return out;
}

Tensor standard_gamma(const Tensor& concentration, const std::optional<Generator>& generator, Location at) {
  return draw_gamma_law("standard_gamma", concentration, draw_gamma, gamma_slope, generator, at);
}

Tensor detail::log_standard_gamma(const Tensor& concentration, const std::optional<Generator>& generator,
                                  const Location& at) {
  return draw_gamma_law("log_standard_gamma", concentration, draw_log_gamma, log_gamma_draw_slope, generator, at);
}

Tensor exponential(double rate, const Shape& shape, RandomOptions o, Location at) {
  require_floating_options("exponential", o, at);
  require(rate > 0 && std::isfinite(rate), "exponential", fmt::format("rate must be finite and positive, got {}", rate),
          at);
  return from_uniform(
      "exponential", shape, o, [rate](double u) { return -std::log1p(-std::max(u, 0x1p-54)) / rate; }, at);
}

Tensor geometric(double p, const Shape& shape, RandomOptions o, Location at) {
  require(p > 0 && p <= 1, "geometric", fmt::format("p must be in (0, 1], got {}", p), at);
  const double log_failure = std::log1p(-p);
  const auto trials = [log_failure](double u) { return std::max(1.0, std::ceil(std::log1p(-u) / log_failure)); };
  const double most = trials(1 - 0x1p-53);
  if (detail::outside_of(Scalar(most), o.dtype) != 0)
    ErrorReport(
        "geometric",
        fmt::format("{} cannot represent all numbers up to {}, which can be drawn with p = {}", name(o.dtype), most, p),
        at)
        .value_error();
  return from_uniform("geometric", shape, o, trials, at);
}

Tensor cauchy(double median, double sigma, const Shape& shape, RandomOptions o, Location at) {
  require_floating_options("cauchy", o, at);
  require(std::isfinite(median), "cauchy", fmt::format("median must be finite, got {}", median), at);
  require(sigma > 0 && std::isfinite(sigma), "cauchy", fmt::format("sigma must be finite and positive, got {}", sigma),
          at);
  return from_uniform(
      "cauchy", shape, o, [=](double u) { return median + sigma * std::tan(std::numbers::pi * (u - 0.5)); }, at);
}

Tensor log_normal(double mean, double stddev, const Shape& shape, RandomOptions o, Location at) {
  require_floating_options("log_normal", o, at);
  require(std::isfinite(mean), "log_normal", fmt::format("mean must be finite, got {}", mean), at);
  require(stddev > 0 && std::isfinite(stddev), "log_normal",
          fmt::format("stddev must be finite and positive, got {}", stddev), at);
  Tensor out = exp(normal(mean, stddev, shape, {.dtype = o.dtype, .generator = o.generator}, at), at);
  if (o.requires_grad) out.requires_grad_(true, at);
  return out;
}

Tensor gumbel_softmax(const Tensor& logits, double tau, bool hard, std::int64_t dim,
                      const std::optional<Generator>& generator, Location at) {
  const char* op = "gumbel_softmax";
  require_floating(op, logits, at);
  require(tau > 0 && std::isfinite(tau), op, fmt::format("tau must be finite and positive, got {}", tau), at);
  const int along = wrap_dim(op, dim, logits, at);
  const Tensor waiting = exponential(1, impl(logits).shape, {.dtype = impl(logits).dtype, .generator = generator}, at);
  const Tensor soft = softmax(div(sub(logits, log(waiting, at), 1, at), tau, at), along, at);
  if (!hard) return soft;
  Tensor chosen = detail::zeros_raw(impl(soft).shape, impl(soft).dtype);
  if (impl(soft).numel > 0) {
    const NoGradGuard off;
    chosen = scatter(chosen, along, argmax(soft, along, true, at), Scalar(1), at);
  }
  return detail::record_op(
      op, chosen, {soft}, {}, [](const Saved&, const Tensor& g) -> Grads { return {g}; }, at);
}

}  // namespace xgrad
