// Positions of extreme values, and reading and writing at such positions.
#include <cstring>

#include "core/elementwise_loop.hpp"
#include "core/transpose.hpp"
#include "kernels/extremum.hpp"

namespace xgrad::detail {
namespace {

// A contiguous tensor seen as (outer, n, inner) with n the size of one dimension.
struct Along {
  std::int64_t outer, n, inner;
  Along(const Shape& s, int dim) : outer(1), n(s.rank() ? s[dim] : 1), inner(1) {
    for (int d = 0; d < dim; ++d) outer *= s[d];
    for (int d = dim + 1; d < s.rank(); ++d) inner *= s[d];
  }
};

// First element equal to `v`, which is there; the first NaN when v is NaN.
template <class T>
XGRAD_INLINE std::int64_t first_equal(const T* p, std::int64_t n, T v) {
  constexpr std::int64_t kStep = 64;
  const bool nan = is_nan(v);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    int hits = 0;
    if (nan)
      for (std::int64_t j = 0; j < kStep; ++j) hits |= is_nan(p[i + j]);
    else
      for (std::int64_t j = 0; j < kStep; ++j) hits |= p[i + j] == v;
    if (hits) break;
  }
  while (i + 1 < n && !(nan ? is_nan(p[i]) : p[i] == v)) ++i;
  return i;
}

template <bool Largest, class T>
void arg_rows(const T* p, std::int64_t rows, std::int64_t n, T* value, std::int64_t* index) {
  run_simd([=](auto w) {
    for (std::int64_t r = 0; r < rows; ++r) {
      value[r] = extremum_of<w, Largest>(p + r * n, n);
      index[r] = first_equal(p + r * n, n, value[r]);
    }
  });
}

// Short rows, by one scan each.
template <bool Largest, class T>
void arg_short_rows(const T* p, std::int64_t rows, std::int64_t n, T* value, std::int64_t* index) {
  for (std::int64_t r = 0; r < rows; ++r, p += n) {
    T best = p[0];
    std::int64_t at = 0;
    for (std::int64_t i = 1; i < n; ++i) {
      const bool take = (Largest ? p[i] > best : p[i] < best) || (is_nan(p[i]) && !is_nan(best));
      best = take ? p[i] : best;
      at = take ? i : at;
    }
    value[r] = best;
    index[r] = at;
  }
}

constexpr std::int64_t kShortRow = 32;  // elements; below, rows are lanes

// Short rows, as many as there are elements in a line of the cache: turned, so that each lane has a row of its own.
template <bool Largest, class T>
void arg_turned_rows(const T* p, std::int64_t rows, std::int64_t n, T* value, std::int64_t* index) {
  constexpr std::int64_t together = kLine<T>;
  alignas(64) T tile[kShortRow * together], best[together], place[together];
  std::int64_t r = 0;
  for (; r + together <= rows; r += together) {
    transpose_copy(sizeof(T), together, n, p + r * n, n, tile, together);
    run_simd([=, from = &tile[0], best = &best[0], place = &place[0]](auto w) {
      using V = Vec<T, w>;
      for (std::int64_t c = 0; c < together; c += V::lanes) {
        V most = V::load(from + c), at(T(0)), here(T(0));
        for (std::int64_t i = 1; i < n; ++i) {
          const V v = V::load(from + i * together + c);
          const auto take = (Largest ? v > most : v < most) | ((v != v) & (most == most));
          here += V(T(1));
          most = where(take, v, most);
          at = where(take, here, at);
        }
        most.store(best + c);
        at.store(place + c);
      }
    });
    for (std::int64_t j = 0; j < together; ++j) {
      value[r + j] = best[j];
      index[r + j] = static_cast<std::int64_t>(place[j]);
    }
  }
  arg_short_rows<Largest>(p + r * n, rows - r, n, value + r, index + r);
}

template <bool Largest, class T>
auto arg_rows_of(std::int64_t n) {
  if (n >= kShortRow) return &arg_rows<Largest, T>;
  if constexpr (std::is_floating_point_v<T>) return &arg_turned_rows<Largest, T>;
  return &arg_short_rows<Largest, T>;
}

// n rows of `cols` neighbouring results, `stride` apart.
template <bool Largest, class T>
void arg_columns(const T* p, std::int64_t n, std::int64_t stride, std::int64_t cols, T* value, std::int64_t* index) {
  run_simd([=](auto) {
    for (std::int64_t c = 0; c < cols; ++c) {
      value[c] = p[c];
      index[c] = 0;
    }
    for (std::int64_t r = 1; r < n; ++r)
      for (std::int64_t c = 0; c < cols; ++c) {
        const T v = p[r * stride + c], best = value[c];
        const bool take = (Largest ? v > best : v < best) || (is_nan(v) && !is_nan(best));
        value[c] = take ? v : best;
        index[c] = take ? r : index[c];
      }
  });
}

template <bool Largest, class T>
void arg_along(const T* p, const Along& a, T* value, std::int64_t* index) {
  const double ns = static_cast<double>(a.n) * (a.n < kShortRow ? 0.3 : 0.15);
  if (a.inner == 1) {
    const auto rows = arg_rows_of<Largest, T>(a.n);
    parallel_for(a.outer, grain_for(ns),
                 [&](std::int64_t b, std::int64_t e) { rows(p + b * a.n, e - b, a.n, value + b, index + b); });
    return;
  }
  constexpr std::int64_t kStrip = 512;
  const std::int64_t strips = (a.inner + kStrip - 1) / kStrip;
  const double strip_ns = static_cast<double>(a.n * std::min(kStrip, a.inner)) * 0.5;
  parallel_for(a.outer * strips, grain_for(strip_ns), [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t j = b; j < e; ++j) {
      const std::int64_t o = j / strips, c = j % strips * kStrip, to = o * a.inner + c;
      arg_columns<Largest>(p + o * a.n * a.inner + c, a.n, a.inner, std::min(kStrip, a.inner - c), value + to,
                           index + to);
    }
  });
}

// One long row: the value by all threads, then its place.
template <class T>
void arg_single(const Tensor& x, bool largest, T* value, std::int64_t* index) {
  const TensorImpl& t = impl(x);
  const Tensor best = largest ? max_raw(x, all_dims(t.shape), false) : min_raw(x, all_dims(t.shape), false);
  *value = *impl(best).ptr<T>();
  *index = first_equal(t.ptr<const T>(), t.numel, *value);
}

template <class T>
void arg_typed(const Tensor& x, const Along& a, bool largest, ArgResult& r) {
  T* value = data<T>(r.values);
  std::int64_t* index = data<std::int64_t>(r.indices);
  if (a.outer == 1 && a.inner == 1 && a.n > kSplitAbove) return arg_single(x, largest, value, index);
  if (largest)
    arg_along<true>(data<const T>(x), a, value, index);
  else
    arg_along<false>(data<const T>(x), a, value, index);
}

void copy_item(char* to, const char* from, int item) {
  switch (item) {
    case 1:
      *to = *from;
      return;
    case 4:
      std::memcpy(to, from, 4);
      return;
    default:
      std::memcpy(to, from, 8);
      return;
  }
}

// f(position of result i in the (outer, n, inner) tensor, i)
template <class F>
void for_indexed(const Tensor& index, const Along& a, F f) {
  const Tensor flat = contiguous_copy(index);
  const std::int64_t* at = data<std::int64_t>(flat);
  parallel_for(a.outer * a.inner, 2000, [&](std::int64_t b, std::int64_t e) {
    for (std::int64_t i = b; i < e; ++i) f((i / a.inner * a.n + at[i]) * a.inner + i % a.inner, i);
  });
}

}  // namespace

ArgResult arg_extremum_raw(const Tensor& x, int dim, bool largest, bool keepdim) {
  const Tensor c = contiguous_copy(x);
  const TensorImpl& t = impl(c);
  const Shape shape = reduced_shape(t.shape, DimSet{1} << dim, keepdim);
  ArgResult r{make_tensor(shape, t.dtype), make_tensor(shape, DType::int64)};
  if (impl(r.values).numel == 0) return r;
  const Along a(t.shape, dim);
  if (t.dtype == DType::boolean)
    arg_typed<std::uint8_t>(c, a, largest, r);
  else
    dispatch_all(t.dtype, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (!std::is_same_v<T, bool>) arg_typed<T>(c, a, largest, r);
    });
  return r;
}

Tensor pick_raw(const Tensor& x, int dim, const Tensor& index) {
  const Tensor c = contiguous_copy(x);
  Tensor y = make_tensor(impl(index).shape, impl(c).dtype);
  const int item = item_size(impl(c).dtype);
  const char* from = impl(c).memory();
  char* to = impl(y).memory();
  for_indexed(index, Along(impl(c).shape, dim),
              [=](std::int64_t p, std::int64_t i) { copy_item(to + i * item, from + p * item, item); });
  return y;
}

Tensor place_raw(const Tensor& g, int dim, const Tensor& index, std::int64_t size) {
  const Tensor c = contiguous_copy(g);
  Shape shape = impl(c).shape;
  if (shape.rank() > 0) shape[dim] = size;
  Tensor y = zeros_raw(shape, impl(c).dtype);
  const int item = item_size(impl(c).dtype);
  const char* from = impl(c).memory();
  char* to = impl(y).memory();
  for_indexed(index, Along(shape, dim),
              [=](std::int64_t p, std::int64_t i) { copy_item(to + p * item, from + i * item, item); });
  return y;
}

}  // namespace xgrad::detail
