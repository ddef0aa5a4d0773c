// Picking and adding by index tensors. Every kernel checks all indices before it writes anything. Sums over repeated
// indices always run in the order of the index, whatever the number of threads: threads share out the places of the
// result, not the indices.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstring>
#include <type_traits>
#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/parallel.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/prefetch.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

namespace {

// Contiguous int64 form of an index tensor.
Tensor plain_index(const Tensor& index) { return detail::contiguous_copy(detail::cast_raw(index, DType::int64)); }

// A 0-d tensor counts as one of rank 1.
Shape sizes_of(const Tensor& x) { return impl(x).shape.rank() ? impl(x).shape : Shape{1}; }
Shape strides_of(const Tensor& x) { return impl(x).shape.rank() ? impl(x).strides : Shape{1}; }

XGRAD_CLONES bool all_below(const std::int64_t* p, std::int64_t n, std::int64_t size) {
  std::uint64_t bad = 0;  // its sign bit: some index is negative, or at least `size`
  const auto last = static_cast<std::uint64_t>(size) - 1;
  for (std::int64_t i = 0; i < n; ++i) bad |= static_cast<std::uint64_t>(p[i]) | (last - static_cast<std::uint64_t>(p[i]));
  return bad >> 63 == 0;
}

void require_in_range(const char* op, const Tensor& plain, std::int64_t size, int dim, const Tensor& x, Location at) {
  const auto* p = detail::data<std::int64_t>(plain);
  const std::int64_t n = impl(plain).numel;
  std::atomic<bool> bad{false};
  detail::parallel_cost(n, 0.3, [&](std::int64_t begin, std::int64_t end) {
    if (!all_below(p + begin, end - begin, size)) bad.store(true, std::memory_order_relaxed);
  });
  if (!bad) [[likely]]
    return;
  std::int64_t i = 0;
  while (p[i] >= 0 && p[i] < size) ++i;
  ErrorReport(op, fmt::format("index {} out of range for dim {} (size {})", p[i], dim, size), at)
      .operand("input", x)
      .operand("index", plain)
      .line("at", fmt::format("element {} of the index", i))
      .index_error();
}

template <class T>
T sum(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a || b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) + static_cast<std::make_unsigned_t<T>>(b));
  else
    return a + b;
}

template <class T>
XGRAD_CLONES void add_row(T* to, const T* from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = sum(to[i], from[i]);
}

// Calls f with an unsigned integer as wide as an element: enough to move one.
template <class F>
void dispatch_width(DType d, F f) {
  switch (item_size(d)) {
    case 1:
      return f(std::uint8_t{});
    case 4:
      return f(std::uint32_t{});
    default:
      return f(std::uint64_t{});
  }
}

// Items per thread so that starting one is worth it.
std::int64_t grain(std::int64_t items, double total_ns) {
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(3000.0 * static_cast<double>(items) / std::max(total_ns, 1.0)));
}

// ---- whole rows: index_select, index_add ----

// A shape around dimension dim: (outer, size, inner).
struct Around {
  std::int64_t outer = 1, size, inner = 1;
  Around(const Shape& s, int dim) : size(s[dim]) {
    for (int i = 0; i < dim; ++i) outer *= s[i];
    for (int i = dim + 1; i < s.rank(); ++i) inner *= s[i];
  }
};

// Rows of one element.
template <class T>
void select_elements(const T* x, const std::int64_t* index, std::int64_t n, const Around& a, T* out) {
  detail::parallel_for(a.outer, grain(a.outer, 0.5 * static_cast<double>(a.outer * n)),
                       [&](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t o = begin; o < end; ++o) {
                           const T* from = x + o * a.size;
                           T* to = out + o * n;
                           for (std::int64_t j = 0; j < n; ++j) to[j] = from[index[j]];
                         }
                       });
}

template <class T>
void select_rows(const T* x, const std::int64_t* index, std::int64_t n, const Around& a, T* out) {
  if (a.inner == 1 && (a.outer >= 8 || n < 4096)) return select_elements(x, index, n, a, out);
  const std::int64_t rows = a.outer * n;
  const double ns = static_cast<double>(rows) * (2 + 0.1 * sizeof(T) * static_cast<double>(a.inner));
  detail::parallel_for(rows, grain(rows, ns), [&](std::int64_t begin, std::int64_t end) {
    std::int64_t o = begin / n, j = begin % n;
    const std::int64_t bytes = a.inner * std::int64_t{sizeof(T)};
    for (std::int64_t r = begin; r < end; ++r) {
      const T* from = x + (o * a.size + index[j]) * a.inner;
      if (j + std::int64_t{detail::kRowsAhead} < n)
        detail::prefetch_row(x + (o * a.size + index[j + detail::kRowsAhead]) * a.inner, bytes);
      std::memcpy(out + r * a.inner, from, static_cast<std::size_t>(bytes));
      if (++j == n) {
        j = 0;
        ++o;
      }
    }
  });
}

// The rows of `source` to those places of one block that are in [low, high).
template <class T>
void add_block(T* block, const std::int64_t* index, std::int64_t n, std::int64_t inner, std::int64_t low,
               std::int64_t high, bool all, const T* source) {
  if (all && inner == 1) {
    for (std::int64_t j = 0; j < n; ++j) block[index[j]] = sum(block[index[j]], source[j]);
    return;
  }
  for (std::int64_t j = 0; j < n; ++j) {
    if (index[j] < low || index[j] >= high) continue;
    T* to = block + index[j] * inner;
    const T* from = source + j * inner;
    if (inner == 1)
      *to = sum(*to, *from);
    else
      add_row(to, from, inner);
  }
}

template <class T>
void add_rows(T* out, const std::int64_t* index, std::int64_t n, const Around& a, const T* source) {
  const std::int64_t rows = a.outer * a.size;
  const double ns = static_cast<double>(a.outer * n) * (2 + 0.3 * static_cast<double>(a.inner));
  detail::parallel_for(rows, grain(rows, ns), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin / a.size; o * a.size < end; ++o) {
      const std::int64_t low = std::max<std::int64_t>(0, begin - o * a.size), high = std::min(a.size, end - o * a.size);
      add_block(out + o * a.size * a.inner, index, n, a.inner, low, high, low == 0 && high == a.size,
                source + o * n * a.inner);
    }
  });
}

// out += source along dim at index; `out` is contiguous and all indices are valid.
void add_at(Tensor& out, int dim, const Tensor& plain, const Tensor& source) {
  if (impl(source).numel == 0) return;
  const Tensor s = detail::contiguous_copy(source);
  const Around a(sizes_of(out), dim);
  detail::dispatch_all(impl(out).dtype, [&](auto zero) {
    using T = decltype(zero);
    add_rows(detail::data<T>(out), detail::data<std::int64_t>(plain), impl(plain).numel, a, detail::data<T>(s));
  });
}

void require_list(const char* op, const Tensor& index, Location at) {
  require_index_dtype(op, index, at);
  if (impl(index).shape.rank() > 1) [[unlikely]]
    ErrorReport(op, fmt::format("index must have rank 0 or 1, got rank {}", impl(index).shape.rank()), at)
        .operand("index", index)
        .shape_error();
}

// Zeros with the rows of g added at index: the gradient of index_select.
Tensor index_select_backward(const Tensor& g, const Shape& shape, int dim, const Tensor& index) {
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  add_at(out, dim, plain_index(index), g);
  return record("index_select_backward", std::move(out), {g}, {index},
                [dim](const Saved& s, const Tensor& gg) -> Grads { return {index_select(gg, dim, s[0])}; });
}

}  // namespace

Tensor index_select(const Tensor& x, std::int64_t dim, const Tensor& index, Location at) {
  const int d = wrap_dim("index_select", dim, x, at);
  require_list("index_select", index, at);
  const Tensor plain = plain_index(index);
  const Around a(sizes_of(x), d);
  require_in_range("index_select", plain, a.size, d, x, at);
  const std::int64_t n = impl(plain).numel;
  Shape shape = impl(x).shape;
  if (shape.rank())
    shape[d] = n;
  else if (n != 1) [[unlikely]]
    ErrorReport("index_select", fmt::format("a tensor of rank 0 takes 1 index, got {}", n), at)
        .operand("input", x)
        .index_error();
  Tensor y = make_tensor(shape, impl(x).dtype, at);
  if (impl(y).numel > 0) {
    const Tensor from = detail::contiguous_copy(x);
    dispatch_width(impl(x).dtype, [&](auto unit) {
      using T = decltype(unit);
      select_rows(detail::data<T>(from), detail::data<std::int64_t>(plain), n, a, detail::data<T>(y));
    });
  }
  return detail::record_reading(
      "index_select", {index}, std::move(y), {x}, {index},
      [d, shape = impl(x).shape](const Saved& s, const Tensor& g) -> Grads {
        return {index_select_backward(g, shape, d, s[0])};
      },
      at);
}

Tensor index_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source, Location at) {
  const int d = wrap_dim("index_add", dim, x, at);
  require_list("index_add", index, at);
  require_same_dtype("index_add", x, source, at);
  Shape expected = sizes_of(x);
  const std::int64_t size = expected[d];
  expected[d] = impl(index).numel;
  if (!(sizes_of(source) == expected)) [[unlikely]]
    ErrorReport("index_add",
                fmt::format("source has shape {}, expected {}", to_string(impl(source).shape), to_string(expected)), at)
        .operand("input", x)
        .operand("index", index)
        .operand("source", source)
        .shape_error();
  const Tensor plain = plain_index(index);
  require_in_range("index_add", plain, size, d, x, at);
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  detail::copy_raw(y, x);
  add_at(y, d, plain, source);
  return detail::record_reading(
      "index_add", {index}, std::move(y), {x, source}, {index},
      [d, shape = impl(source).shape](const Saved& s, const Tensor& g) -> Grads {
        Tensor gs;
        if (s.needs(1)) {
          gs = index_select(g, d, s[0]);
          if (!(gs.shape() == shape)) gs = gs.reshape(shape);
        }
        return {g, gs};
      },
      at);
}

// ---- single elements: gather, scatter_add ----
namespace {

// Visits the rows (runs along the last dimension) of a box of `sizes`, limited to [begin, end) in dimension `split`:
// f(offsets, n), with the offset of the row's first element for each list of strides.
template <std::size_t N, class F>
void for_rows(const Shape& sizes, int split, std::int64_t begin, std::int64_t end, const std::array<Shape, N>& strides,
              F f) {
  const int last = sizes.rank() - 1;
  Shape low = sizes, high = sizes;
  for (std::int64_t& i : low) i = 0;
  low[split] = begin;
  high[split] = end;
  Shape at = low;
  for (;;) {
    std::array<std::int64_t, N> offset{};
    for (std::size_t k = 0; k < N; ++k)
      for (int i = 0; i <= last; ++i) offset[k] += at[i] * strides[k][i];
    f(offset, high[last] - low[last]);
    int i = last - 1;
    for (; i >= 0; --i) {
      if (++at[i] < high[i]) break;
      at[i] = low[i];
    }
    if (i < 0) return;
  }
}

// The longest dimension, other than `avoid`.
int split_dimension(const Shape& sizes, int avoid) {
  int best = -1;
  for (int i = 0; i < sizes.rank(); ++i)
    if (i != avoid && (best < 0 || sizes[i] > sizes[best])) best = i;
  return best;
}

// f(offsets, n) over the rows of the index box on several threads. avoid: the dimension along which places collide.
template <std::size_t N, class F>
void visit(const Shape& sizes, int avoid, const std::array<Shape, N>& strides, F f) {
  const int split = split_dimension(sizes, avoid);
  if (split < 0) return for_rows(sizes, 0, 0, sizes[0], strides, f);
  detail::parallel_for(sizes[split], grain(sizes[split], 2.0 * static_cast<double>(sizes.numel())),
                       [&](std::int64_t begin, std::int64_t end) { for_rows(sizes, split, begin, end, strides, f); });
}

// Strides of x for positions of the index: the index itself supplies the place along dim.
Shape strides_without(const Tensor& x, int dim) {
  Shape s = strides_of(x);
  s[dim] = 0;
  return s;
}

void require_box(const char* op, const Tensor& x, const Tensor& index, int dim, Location at) {
  const Shape xs = sizes_of(x), is = sizes_of(index);
  if (xs.rank() != is.rank()) [[unlikely]]
    ErrorReport(op, fmt::format("index has rank {}, the input rank {}", impl(index).shape.rank(), impl(x).shape.rank()),
                at)
        .operand("input", x)
        .operand("index", index)
        .shape_error();
  if (impl(index).numel == 0) return;
  for (int i = 0; i < xs.rank(); ++i)
    if (i != dim && is[i] > xs[i]) [[unlikely]]
      ErrorReport(op, fmt::format("index has size {} at dim {}, the input only {}", is[i], i, xs[i]), at)
          .operand("input", x)
          .operand("index", index)
          .shape_error();
}

// out[.. index ..] += source over the index's box; all indices are valid.
void scatter_into(Tensor& out, int dim, const Tensor& plain, const Tensor& source) {
  if (impl(plain).numel == 0) return;
  const Shape sizes = sizes_of(plain);
  const std::int64_t step = strides_of(out)[dim];
  const std::array<Shape, 3> strides{sizes.contiguous_strides(), strides_without(out, dim), strides_of(source)};
  const int last = sizes.rank() - 1;
  const std::int64_t out_last = strides[1][last], source_last = strides[2][last];
  const auto* index = detail::data<std::int64_t>(plain);
  detail::dispatch_all(impl(out).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = detail::data<T>(out);
    const T* v = detail::data<T>(source);
    visit(sizes, dim, strides, [=](const std::array<std::int64_t, 3>& o, std::int64_t n) {
      const std::int64_t* places = index + o[0];
      T* to = y + o[1];
      const T* from = v + o[2];
      if (out_last == 0 && step == 1 && source_last == 1) {
        for (std::int64_t i = 0; i < n; ++i) to[places[i]] = sum(to[places[i]], from[i]);
        return;
      }
      for (std::int64_t i = 0; i < n; ++i) {
        T& place = to[i * out_last + places[i] * step];
        place = sum(place, from[i * source_last]);
      }
    });
  });
}

// Where nothing is to be found any integer type will do, as in PyTorch.
void require_places(const char* op, const Tensor& index, const Location& at) {
  require_defined(op, index, at);
  if (impl(index).numel > 0 || impl(index).dtype == DType::boolean || is_floating(impl(index).dtype))
    require_index_dtype(op, index, at);
}

Tensor gather_backward(const Tensor& g, const Shape& shape, int dim, const Tensor& index) {
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  scatter_into(out, dim, plain_index(index), g);
  return record("gather_backward", std::move(out), {g}, {index},
                [dim](const Saved& s, const Tensor& gg) -> Grads { return {gather(gg, dim, s[0])}; });
}

}  // namespace

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index, Location at) {
  const int d = wrap_dim("gather", dim, x, at);
  require_places("gather", index, at);
  require_box("gather", x, index, d, at);
  const Tensor plain = plain_index(index);
  require_in_range("gather", plain, sizes_of(x)[d], d, x, at);
  Tensor y = make_tensor(impl(index).shape, impl(x).dtype, at);
  if (impl(y).numel > 0) {
    const Shape sizes = sizes_of(plain);
    const std::int64_t step = strides_of(x)[d];
    const std::array<Shape, 2> strides{sizes.contiguous_strides(), strides_without(x, d)};
    const std::int64_t x_last = strides[1].back();
    const auto* places = detail::data<std::int64_t>(plain);
    dispatch_width(impl(x).dtype, [&](auto unit) {
      using T = decltype(unit);
      const T* from = detail::data<T>(x);
      T* to = detail::data<T>(y);
      visit(sizes, -1, strides, [=](const std::array<std::int64_t, 2>& o, std::int64_t n) {
        const T* row = from + o[1];
        if (x_last == 0 && step == 1) {
          for (std::int64_t i = 0; i < n; ++i) to[o[0] + i] = row[places[o[0] + i]];
          return;
        }
        for (std::int64_t i = 0; i < n; ++i) to[o[0] + i] = row[i * x_last + places[o[0] + i] * step];
      });
    });
  }
  return detail::record_reading(
      "gather", {index}, std::move(y), {x}, {index},
      [d, shape = impl(x).shape](const Saved& s, const Tensor& g) -> Grads {
        return {gather_backward(g, shape, d, s[0])};
      },
      at);
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src, Location at) {
  const int d = wrap_dim("scatter_add", dim, x, at);
  require_places("scatter_add", index, at);
  require_same_dtype("scatter_add", x, src, at);
  require_box("scatter_add", x, index, d, at);
  const Shape is = sizes_of(index), ss = sizes_of(src);
  bool fits = is.rank() == ss.rank();
  for (int i = 0; fits && i < is.rank(); ++i) fits = is[i] <= ss[i];
  if (!fits) [[unlikely]]
    ErrorReport("scatter_add",
                fmt::format("index of shape {} exceeds src of shape {}", to_string(impl(index).shape),
                            to_string(impl(src).shape)),
                at)
        .operand("input", x)
        .operand("index", index)
        .operand("src", src)
        .shape_error();
  const Tensor plain = plain_index(index);
  require_in_range("scatter_add", plain, sizes_of(x)[d], d, x, at);
  Tensor used = src;  // the part of src that the index covers
  for (int i = 0; i < is.rank(); ++i)
    if (is[i] < ss[i]) used = used.narrow(i, 0, is[i], at);
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  detail::copy_raw(y, x);
  scatter_into(y, d, plain, used);
  return detail::record_reading(
      "scatter_add", {index}, std::move(y), {x, used}, {index},
      [d, shape = impl(used).shape](const Saved& s, const Tensor& g) -> Grads {
        Tensor gs;
        if (s.needs(1)) {
          gs = gather(g, d, s[0]);
          if (!(gs.shape() == shape)) gs = gs.reshape(shape);
        }
        return {g, gs};
      },
      at);
}

// ---- masks ----
namespace {

// The broadcast shape of x and mask.
Shape mask_shape(const char* op, const Tensor& x, const Tensor& mask, Location at) {
  require_defined(op, x, at);
  require_defined(op, mask, at);
  if (mask.dtype() != DType::boolean) [[unlikely]]
    ErrorReport(op, fmt::format("mask must be bool, got {}", name(mask.dtype())), at)
        .operand("mask", mask)
        .dtype_error();
  const Shape &a = impl(x).shape, &b = impl(mask).shape;
  if (a == b) return a;
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const std::int64_t m = a[a.rank() - i], n = b[b.rank() - i];
    if (m != n && m != 1 && n != 1) [[unlikely]]
      ErrorReport(op, fmt::format("mask shape {} does not match {}", to_string(b), to_string(a)), at)
          .operand("input", x)
          .operand("mask", mask)
          .shape_error();
    out[out.rank() - i] = m == 1 ? n : m;
  }
  return out;
}

// All elements of x broadcast to `shape`, in order in memory.
Tensor spread(const Tensor& x, const Shape& shape) {
  NoGradGuard off;
  return detail::contiguous_copy(impl(x).shape == shape ? x : x.expand(shape));
}

Tensor take_masked(const Tensor& x, const Tensor& mask, const Shape& shape, Location at);

// Zeros with the elements of g where the mask holds.
Tensor masked_select_backward(const Tensor& g, const Tensor& mask, const Shape& shape) {
  const Tensor m = spread(mask, shape), from = detail::contiguous_copy(g);
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  dispatch_width(impl(g).dtype, [&](auto unit) {
    using T = decltype(unit);
    const bool* keep = detail::data<bool>(m);
    const T* p = detail::data<T>(from);
    T* to = detail::data<T>(out);
    const T* const end = p + impl(from).numel;
    for (std::int64_t i = 0; p != end; ++i) {  // without branches: masks are hard to predict
      to[i] = static_cast<T>(*p & -static_cast<T>(keep[i]));
      p += keep[i];
    }
  });
  return record("masked_select_backward", std::move(out), {g}, {mask},
                [shape](const Saved& s, const Tensor& gg) -> Grads {
                  return {take_masked(gg, s[0], shape, Location::current())};
                });
}

Tensor take_masked(const Tensor& x, const Tensor& mask, const Shape& shape, Location at) {
  const Tensor m = spread(mask, shape), from = spread(x, shape);
  const bool* keep = detail::data<bool>(m);
  const std::int64_t n = impl(m).numel;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += keep[i];
  Tensor y = make_tensor({count}, impl(x).dtype, at);
  dispatch_width(impl(x).dtype, [&](auto unit) {
    using T = decltype(unit);
    const T* p = detail::data<T>(from);
    T* to = detail::data<T>(y);
    T* const end = to + count;
    for (std::int64_t i = 0; to != end; ++i) {
      *to = p[i];
      to += keep[i];
    }
  });
  return detail::record_reading(
      "masked_select", {mask}, std::move(y), {x}, {mask},
      [shape](const Saved& s, const Tensor& g) -> Grads { return {masked_select_backward(g, s[0], shape)}; }, at);
}

template <class T>
XGRAD_CLONES void fill_tile(const void* value, std::int64_t n, void* out, const void* const* in) {
  const T v = *static_cast<const T*>(value);
  const T* x = static_cast<const T*>(in[0]);
  const auto* mask = static_cast<const std::uint8_t*>(in[1]);
  T* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = mask[i] ? v : x[i];
}

}  // namespace

Tensor masked_select(const Tensor& x, const Tensor& mask, Location at) {
  return take_masked(x, mask, mask_shape("masked_select", x, mask, at), at);
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value, Location at) {
  const Shape shape = mask_shape("masked_fill", x, mask, at);
  detail::require_fits("masked_fill", value, impl(x).dtype, at);
  Tensor y = make_tensor(shape, impl(x).dtype, at);
  const Tensor* in[] = {&x, &mask};
  detail::dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const T v = value.to<T>();
    detail::run_tiles({&fill_tile<T>, &v, 0.2}, y, in, 2);
  });
  return detail::record_reading(
      "masked_fill", {mask}, std::move(y), {x}, {mask},
      [](const Saved& s, const Tensor& g) -> Grads { return {masked_fill(g, s[0], 0)}; }, at);
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value, Location at) {
  mask_shape("masked_fill", x, mask, at);
  require_defined("masked_fill", value, at);
  if (impl(value).shape.rank() != 0) [[unlikely]]
    ErrorReport("masked_fill", fmt::format("value needs rank 0, got {}", impl(value).shape.rank()), at)
        .operand("input", x)
        .operand("value", value)
        .shape_error();
  if (is_floating(impl(value).dtype) && !is_floating(impl(x).dtype)) [[unlikely]]
    ErrorReport("masked_fill", "a floating value does not fit an integer tensor", at)
        .operand("input", x)
        .operand("value", value)
        .dtype_error();
  return where(mask, value.to(impl(x).dtype, at), x, at);
}

Tensor one_hot(const Tensor& x, std::int64_t num_classes, Location at) {
  require_index_dtype("one_hot", x, at);
  const Tensor plain = plain_index(x);
  const auto* p = detail::data<std::int64_t>(plain);
  const std::int64_t n = impl(plain).numel;
  if (num_classes < -1 || (num_classes == 0 && n > 0)) [[unlikely]]
    ErrorReport("one_hot", fmt::format("num_classes must be positive or -1, got {}", num_classes), at).value_error();
  if (num_classes == -1) {
    if (n == 0) [[unlikely]]
      ErrorReport("one_hot", "cannot infer num_classes from no elements", at).operand("input", x).value_error();
    for (std::int64_t i = 0; i < n; ++i) num_classes = std::max(num_classes, p[i]);
    if (num_classes == INT64_MAX) [[unlikely]]
      ErrorReport("one_hot", "class 2^63 - 1 is too large", at).operand("input", x).value_error();
    ++num_classes;
  }
  for (std::int64_t i = 0; i < n; ++i)
    if (p[i] < 0 || p[i] >= num_classes) [[unlikely]]
      ErrorReport("one_hot", fmt::format("class {} at element {} outside 0..{}", p[i], i, num_classes - 1), at)
          .operand("input", x)
          .index_error();
  Shape shape = impl(x).shape;
  shape.push_back(num_classes);
  Tensor y = detail::zeros_raw(shape, DType::int64);
  auto* out = detail::data<std::int64_t>(y);
  for (std::int64_t i = 0; i < n; ++i) out[i * num_classes + p[i]] = 1;
  return y;
}

}  // namespace xgrad
