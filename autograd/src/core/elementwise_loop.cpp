#include "core/elementwise_loop.hpp"

#include <atomic>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include <xgrad/detail/tiles.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/broadcast.hpp"
#include "core/scalar_range.hpp"
#include "core/strided_copy.hpp"

namespace xgrad::detail {
namespace {

template <class To, class From>
XGRAD_CLONES void cast_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const From* x = static_cast<const From*>(in[0]);
  To* y = static_cast<To*>(out);
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<To, bool>)
      y[i] = x[i] != From(0);
    else if constexpr (std::is_floating_point_v<From> && std::is_same_v<To, std::uint8_t>)
      y[i] = static_cast<To>(static_cast<std::int64_t>(x[i]));  // wraps as an integer would
    else
      y[i] = static_cast<To>(x[i]);
  }
}

template <class T>
XGRAD_CLONES void add_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  T* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(a[i] + b[i]);
}

template <class T>
void fill_tile(const void* value, std::int64_t n, void* out, const void* const*) {
  const T v = *static_cast<const T*>(value);
  T* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = v;
}

template <class To>
TileFn cast_from(DType from) {
  return dispatch_all(from, [](auto zero) -> TileFn { return &cast_tile<To, decltype(zero)>; });
}

// Exponent bits all ones mark infinity and NaN; integer code, so no flag can optimise it away.
XGRAD_CLONES bool finite_range(const float* p, std::int64_t n) {
  std::uint32_t bad = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint32_t u;
    std::memcpy(&u, p + i, 4);
    bad |= static_cast<std::uint32_t>((u & 0x7f800000u) == 0x7f800000u);
  }
  return bad == 0;
}
XGRAD_CLONES bool finite_range(const double* p, std::int64_t n) {
  std::uint64_t bad = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint64_t u;
    std::memcpy(&u, p + i, 8);
    bad |= static_cast<std::uint64_t>((u & 0x7ff0000000000000u) == 0x7ff0000000000000u);
  }
  return bad == 0;
}

}  // namespace

// No caller's place is known here; factories and fill_ check before, and name it.
void fill_raw(Tensor& t, Scalar v) {
  if (is_integral(impl(t).dtype) && beyond_int64(v)) [[unlikely]]
    throw ValueError(fmt::format("xgrad: value {} does not fit {}", v.to_double(), name(impl(t).dtype)));
  dispatch_all(impl(t).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T value = v.to<T>();
    run_tiles({&fill_tile<T>, &value, 0.1}, t, nullptr, 0);
  });
}

Tensor zeros_raw(const Shape& shape, DType dtype) {
  Tensor t = make_tensor(shape, dtype);
  const std::size_t bytes = static_cast<std::size_t>(impl(t).numel) * static_cast<std::size_t>(item_size(dtype));
  if (bytes <= 32 << 10)
    std::memset(impl(t).memory(), 0, bytes);
  else
    fill_raw(t, Scalar(0));
  return t;
}

namespace {
// Strides in bytes for walking over t as if it had this shape.
StridedMemory strided(const Tensor& t, const Shape& shape) {
  StridedMemory m{impl(t).memory(), {}};
  for (int d = 0; d < shape.rank(); ++d) m.strides[d] = broadcast_stride(impl(t), shape.rank(), d);
  return m;
}
}  // namespace

void copy_raw(Tensor& dst, const Tensor& src) {
  const DType from = impl(src).dtype;
  if (from == impl(dst).dtype && impl(dst).has_memory()) {
    const Shape& shape = impl(dst).shape;
    const std::int64_t numel = impl(dst).numel, item = item_size(from);
    if (impl(dst).contiguous && impl(src).contiguous && impl(src).shape == shape)
      return strided_copy(item_size(from), 1, &numel, {impl(dst).memory(), {item}}, {impl(src).memory(), {item}});
    return strided_copy(item_size(from), shape.rank(), shape.begin(), strided(dst, shape), strided(src, shape));
  }
  const TileFn fn = dispatch_all(impl(dst).dtype, [&](auto zero) -> TileFn { return cast_from<decltype(zero)>(from); });
  const Tensor* in[] = {&src};
  run_tiles({fn, nullptr, 0.2}, dst, in, 1);
}

void add_raw(Tensor& dst, const Tensor& src) {
  const Tensor* in[] = {&dst, &src};
  dispatch_all(impl(dst).dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, bool>) run_tiles({&add_tile<T>, nullptr, 0.2}, dst, in, 2);
  });
}

Tensor contiguous_copy(const Tensor& x) {
  if (!x.defined() || impl(x).contiguous) return x;
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype);
  copy_raw(y, x);
  return y;
}

Tensor cast_raw(const Tensor& x, DType dtype) {
  if (impl(x).dtype == dtype) return x;
  const Tensor* in[] = {&x};
  Tensor y = tile_output(in, 1, dtype);
  copy_raw(y, x);
  return y;
}

bool all_finite(const Tensor& t) {
  if (!is_floating(t.dtype())) return true;
  Tensor c = contiguous_copy(t);
  return dispatch_floating(c.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* p = data<T>(c);
    std::atomic<bool> ok{true};
    parallel_cost(c.numel(), 0.2, [&](std::int64_t begin, std::int64_t end) {
      if (!finite_range(p + begin, end - begin)) ok = false;
    });
    return ok.load();
  });
}

std::string range_text(const Tensor& t) {
  double lo = INFINITY, hi = -INFINITY;
  std::int64_t nans = 0, infs = 0;
  for (double v : t.detach().to_vector<double>()) {
    if (std::isnan(v))
      ++nans;
    else if (std::isinf(v))
      ++infs;
    else
      lo = std::min(lo, v), hi = std::max(hi, v);
  }
  if (lo > hi) return fmt::format("no finite value, {} NaN, {} Inf", nans, infs);
  return fmt::format("min {:.5g}, max {:.5g}, {} NaN, {} Inf", lo, hi, nans, infs);
}

}  // namespace xgrad::detail
