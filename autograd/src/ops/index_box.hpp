// Walking over the box of an index tensor that names places along one dimension, as gather and scatter do.
#pragma once

#include <array>

#include <xgrad/check.hpp>
#include <xgrad/parallel.hpp>

#include "core/tensor_impl.hpp"
#include "ops/index_places.hpp"

namespace xgrad::detail {

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
inline int split_dimension(const Shape& sizes, int avoid) {
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
  parallel_for(sizes[split], grain(sizes[split], 2.0 * static_cast<double>(sizes.numel())),
               [&](std::int64_t begin, std::int64_t end) { for_rows(sizes, split, begin, end, strides, f); });
}

// Strides of x for positions of the index: the index itself supplies the place along dim.
inline Shape strides_without(const Tensor& x, int dim) {
  Shape s = strides_of(x);
  s[dim] = 0;
  return s;
}

// ShapeError unless index has x's rank and is nowhere larger but in dim.
void require_box(const char* op, const Tensor& x, const Tensor& index, int dim, const Location& at);
// Where nothing is to be found any integer type will do, as in PyTorch.
void require_places(const char* op, const Tensor& index, const Location& at);
// The part of src that the index covers. ShapeError when the index is larger than src.
Tensor covered_part(const char* op, const Tensor& x, const Tensor& index, const Tensor& src, const Location& at);

// f(place, value) for each element of source, of index's shape, and the element of `out` (contiguous) that it goes to;
// all indices are valid. Those of one place come in the order of the index.
template <class T, class F>
void scatter_with(Tensor& out, int dim, const Tensor& plain, const Tensor& source, F f) {
  if (impl(plain).numel == 0) return;
  const Shape sizes = sizes_of(plain);
  const std::int64_t step = strides_of(out)[dim];
  const std::array<Shape, 3> strides{sizes.contiguous_strides(), strides_without(out, dim), strides_of(source)};
  const std::int64_t out_last = strides[1].back(), source_last = strides[2].back();
  const auto* index = data<std::int64_t>(plain);
  T* y = data<T>(out);
  const T* v = data<T>(source);
  visit(sizes, dim, strides, [=](const std::array<std::int64_t, 3>& o, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) f(y[o[1] + i * out_last + index[o[0] + i] * step], v[o[2] + i * source_last]);
  });
}

}  // namespace xgrad::detail
