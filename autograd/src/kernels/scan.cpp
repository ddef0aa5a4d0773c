#include "kernels/scan.hpp"

#include <limits>

#include "core/elementwise_loop.hpp"
#include "kernels/lanes.hpp"

namespace xgrad::detail {
namespace {

template <class T>
using Total = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
// What totals are kept in: wider than float, and unsigned so that integers wrap.
template <class T>
using Running = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;

// y = running total of x by step(total, element).
template <class F>
Tensor running(const Tensor& x, int dim, bool reverse, int start, F step) {
  Tensor y = make_tensor(impl(x).shape, is_floating(impl(x).dtype) ? impl(x).dtype : DType::int64);
  const Tensor from = contiguous_copy(x);
  dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    using R = Running<T>;
    const T* p = data<T>(from);
    auto* out = data<Total<T>>(y);
    scan_lanes(LaneShape(impl(x).shape, dim), reverse, static_cast<R>(start), 1,
               [=](R& total, std::int64_t at, std::int64_t) {
                 total = step(total, static_cast<R>(p[at]));
                 out[at] = static_cast<Total<T>>(total);
               });
  });
  return y;
}

// log(exp(a) + exp(b)).
double log_add_exp(double a, double b) {
  if (a != a || b != b) return a + b;
  const double high = std::max(a, b), low = std::min(a, b);
  return std::isinf(high) ? high : high + std::log1p(std::exp(low - high));
}

}  // namespace

Tensor cumsum_raw(const Tensor& x, int dim, bool reverse) {
  return running(x, dim, reverse, 0, [](auto total, auto v) { return total + v; });
}
Tensor cumprod_raw(const Tensor& x, int dim) {
  return running(x, dim, false, 1, [](auto total, auto v) { return total * v; });
}

Tensor logcumsumexp_raw(const Tensor& x, int dim) {
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype);
  const Tensor from = contiguous_copy(x);
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = data<T>(from);
    T* out = data<T>(y);
    scan_lanes(LaneShape(impl(x).shape, dim), false, -std::numeric_limits<double>::infinity(), 30,
               [=](double& total, std::int64_t at, std::int64_t) {
                 total = log_add_exp(total, static_cast<double>(p[at]));
                 out[at] = static_cast<T>(total);
               });
  });
  return y;
}

namespace {

// The last of equal ones, and of NaN, which wins.
template <bool largest, class T>
void running_extremum(const T* x, const LaneShape& s, T* value, std::int64_t* index) {
  using L = std::numeric_limits<T>;
  constexpr T least = L::has_infinity ? (largest ? -L::infinity() : L::infinity()) : largest ? L::lowest() : L::max();
  scan_lanes(s, false, Placed<T>{least, 0}, 2, [=](Placed<T>& best, std::int64_t at, std::int64_t j) {
    const T v = x[at];
    const bool take = (largest ? v >= best.value : v <= best.value) | not_a_number(v);
    best.value = take ? v : best.value;
    best.place = take ? j : best.place;
    value[at] = best.value;
    index[at] = best.place;
  });
}

}  // namespace

RunningExtremum cumextremum_raw(const Tensor& x, int dim, bool largest) {
  RunningExtremum r{make_tensor(impl(x).shape, impl(x).dtype), make_tensor(impl(x).shape, DType::int64)};
  const Tensor from = contiguous_copy(x);
  dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const LaneShape s(impl(x).shape, dim);
    auto* index = data<std::int64_t>(r.indices);
    largest ? running_extremum<true>(data<T>(from), s, data<T>(r.values), index)
            : running_extremum<false>(data<T>(from), s, data<T>(r.values), index);
  });
  return r;
}

Tensor linear_scan_raw(const Tensor& g, const Tensor& a, int dim, bool reverse) {
  Tensor y = make_tensor(impl(g).shape, impl(g).dtype);
  const Tensor from = contiguous_copy(g), factors = contiguous_copy(a);
  dispatch_floating(impl(g).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *p = data<T>(from), *f = data<T>(factors);
    T* out = data<T>(y);
    const LaneShape s(impl(g).shape, dim);
    const std::int64_t first = reverse ? s.n - 1 : 0;
    scan_lanes(s, reverse, 0.0, 2, [=](double& total, std::int64_t at, std::int64_t j) {
      const auto v = static_cast<double>(p[at]);
      total = j == first ? v : v + static_cast<double>(f[at]) * total;
      out[at] = static_cast<T>(total);
    });
  });
  return y;
}

}  // namespace xgrad::detail
