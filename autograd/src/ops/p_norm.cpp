#include "ops/p_norm.hpp"

#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/p_norm.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "kernels/power.hpp"
#include "kernels/reduce.hpp"

namespace xgrad::detail {
namespace {

// For p = 2, where squares neither overflow nor vanish, vectors of them are added up; p_norm_of does the other rows.
Tensor euclidean(const Tensor& x) {
  constexpr std::int64_t kShortRow = 32;  // sums of these go side by side, if squares are there
  const int last = impl(x).shape.rank() - 1;
  const DimSet dims = DimSet{1} << last;
  Tensor y = impl(x).shape[last] >= kShortRow
                 ? root_of_squares_raw(x, dims, false)
                 : map([](auto v) { return sqrt(v); }, sum_raw(map([](auto v) { return v * v; }, x), dims, false));
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    constexpr bool single = std::is_same_v<T, float>;
    constexpr T low = single ? T(1e-12) : T(1e-140), high = single ? T(1e18) : T(1e150);
    const std::int64_t n = impl(x).shape[last];
    T* to = data<T>(y);
    for (std::int64_t r = 0; r < impl(y).numel; ++r)
      if (!(to[r] > low && to[r] < high)) to[r] = static_cast<T>(p_norm_of(data<T>(x) + r * n, n, 2));
  });
  return y;
}

Tensor p_norm_raw(const Tensor& x, double p) {
  const Tensor c = contiguous_copy(x);
  if (p == 2) return euclidean(c);
  Shape shape = impl(c).shape;
  const std::int64_t n = shape[shape.rank() - 1];
  shape.erase(shape.rank() - 1);
  Tensor y = make_tensor(shape, impl(c).dtype);
  dispatch_floating(impl(c).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* from = data<T>(c);
    T* to = data<T>(y);
    parallel_cost(impl(y).numel, static_cast<double>(n) + 10, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) to[r] = static_cast<T>(p_norm_of(from + r * n, n, p));
    });
  });
  return y;
}

template <class T, int Bytes>
XGRAD_INLINE Vec<T, Bytes> raised(const Vec<T, Bytes>& v, double k) {
  return power(v, Vec<T, Bytes>(k));
}
Tensor raised(const Tensor& v, double k) { return pow(v, Scalar(k)); }

// The gradient goes to the elements as large (or small) as the norm, in equal shares.
Tensor extreme_backward(const Tensor& g, const Tensor& x, const Tensor& y) {
  const auto extreme = [](auto x, auto y) { return (abs(x) == y) || (x != x); };
  Tensor count;
  {
    const NoGradGuard off;
    count = map([=](auto x, auto y) { return where(extreme(x, y), decltype(x)(1), decltype(x)(0)); }, x, y);
    count = sum_raw(count, DimSet{1} << (impl(x).shape.rank() - 1), true);
  }
  return fuse([=](auto g, auto x, auto y, auto n) { return where(extreme(x, y), sign(x) * (g / n), 0.); }, g, x, y,
              count);
}

// Whether one may divide by all of y but its zeros before multiplying.
bool is_moderate(const Tensor& y) {
  bool moderate = true;
  dispatch_floating(impl(y).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* p = data<T>(y);
    for (std::int64_t i = 0; i < impl(y).numel; ++i)
      moderate &= (p[i] == T(0)) | ((p[i] > T(1e-12)) & (p[i] < T(1e12)));
  });
  return moderate;
}

}  // namespace

// g sign(x) (|x| / y)^(p - 1): a ratio, which neither overflows nor vanishes where its powers would. The elements that
// have no slope are replaced before the division, so that further derivatives are free of NaN too.
Tensor p_norm_backward(const Tensor& g, const Tensor& x, const Tensor& y, double p) {
  if (p == 0) return zeros_raw(impl(x).shape, impl(x).dtype);
  if (p == 1) return fuse([](auto g, auto x) { return g * sign(x); }, g, x);
  if (std::isinf(p)) return extreme_backward(g, x, y);
  if (p == 2) {
    const Tensor divisor = fuse([](auto y) { return where(y == 0, INFINITY, y); }, y);
    if (grad_enabled() || !is_moderate(y))
      return fuse([](auto g, auto x, auto y) { return g * (x / y); }, g, x, divisor);
    return map([](auto f, auto x) { return f * x; }, map([](auto g, auto y) { return g / y; }, g, divisor), x);
  }
  return fuse(
      [p](auto g, auto x, auto y) {
        auto flat = (x == 0) || (y == 0);
        auto ratio = where(flat, 1., abs(x)) / where(flat, 1., y);
        return where(flat, 0., g * (sign(x) * raised(ratio, p - 1)));
      },
      g, x, y);
}

Tensor p_norm(const Tensor& x, double p, const Location& at) {
  Tensor y = p_norm_raw(x, p);
  return detail::record_op(
      "p_norm", y, {x}, {x, y},
      [p](const Saved& s, const Tensor& g) -> Grads {
        return {p_norm_backward(unsqueeze(g, -1), s[0], unsqueeze(s[1], -1), p)};
      },
      at, detail::named<"p">(p));
}

}  // namespace xgrad::detail
