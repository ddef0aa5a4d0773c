// Single elements by a tensor of their places. All indices are checked before anything is given away. Sums over
// repeated indices run in the order of the index, whatever the number of threads.
#include <array>
#include <atomic>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/index_box.hpp"
#include "ops/index_places.hpp"
#include "ops/index_range.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::add_wrapping;
using detail::as_index;
using detail::dispatch_width;
using detail::grain;
using detail::impl;
using detail::make_tensor;
using detail::require_in_range;
using detail::sizes_of;
using detail::strides_of;

namespace {

// Checks indices of places along dimension `dim` of x: at once, or row by row as they are used, where an index in long
// rows is too large for the cache and reading it twice would take most of the time. Nothing has been handed out then.
class PlaceCheck {
 public:
  PlaceCheck(const char* op, const Tensor& plain, int dim, const Tensor& x, const Location& at)
      : op_(op), plain_(plain), dim_(dim), size_(sizes_of(x)[dim]), x_(x), at_(at) {
    constexpr std::int64_t kMany = 1 << 18, kLongRow = 64;
    by_rows_ = impl(plain).numel >= kMany && sizes_of(plain)[sizes_of(plain).rank() - 1] >= kLongRow;
    if (!by_rows_) require();
  }
  // Whether a row may be used.
  bool row(const std::int64_t* places, std::int64_t n) {
    if (!by_rows_ || detail::all_below(places, n, size_)) [[likely]]
      return true;
    bad_.store(true, std::memory_order_relaxed);
    return false;
  }
  void finish() const {
    if (bad_) [[unlikely]]
      require();
  }

 private:
  void require() const { require_in_range(op_, plain_, size_, dim_, x_, at_); }

  const char* op_;
  const Tensor& plain_;
  int dim_;
  std::int64_t size_;
  const Tensor& x_;
  const Location& at_;
  bool by_rows_;
  std::atomic<bool> bad_{false};
};

// out[.. index ..] += source over the index's box. Without `check` all indices are valid.
void scatter_into(Tensor& out, int dim, const Tensor& plain, const Tensor& source, PlaceCheck* check = nullptr) {
  if (impl(plain).numel == 0) return;
  const Shape sizes = sizes_of(plain);
  const std::int64_t step = strides_of(out)[dim];
  const std::array<Shape, 3> strides{sizes.contiguous_strides(), detail::strides_without(out, dim), strides_of(source)};
  const int last = sizes.rank() - 1;
  const std::int64_t out_last = strides[1][last], source_last = strides[2][last];
  const auto* index = detail::data<std::int64_t>(plain);
  detail::dispatch_all(impl(out).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = detail::data<T>(out);
    const T* v = detail::data<T>(source);
    detail::visit(sizes, dim, strides, [=](const std::array<std::int64_t, 3>& o, std::int64_t n) {
      const std::int64_t* places = index + o[0];
      T* to = y + o[1];
      const T* from = v + o[2];
      if (check && !check->row(places, n)) return;
      if (out_last == 0 && step == 1 && source_last == 1) {
        for (std::int64_t i = 0; i < n; ++i) to[places[i]] = add_wrapping(to[places[i]], from[i]);
        return;
      }
      for (std::int64_t i = 0; i < n; ++i) {
        T& place = to[i * out_last + places[i] * step];
        place = add_wrapping(place, from[i * source_last]);
      }
    });
  });
}

}  // namespace

Tensor detail::gather_backward(const Tensor& g, const Shape& shape, int dim, const Tensor& index) {
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  scatter_into(out, dim, as_index(index), g);
  return detail::record_op(
      "gather_backward", std::move(out), {g}, {index},
      [dim](const Saved& s, const Tensor& gg) -> Grads { return {gather(gg, dim, s[0])}; }, Location::current(),
      detail::named<"dim">(dim));
}

Tensor gather(const Tensor& x, std::int64_t dim, const Tensor& index, Location at) {
  const int d = wrap_dim("gather", dim, x, at);
  detail::require_places("gather", index, at);
  detail::require_box("gather", x, index, d, at);
  const Tensor plain = as_index(index);
  PlaceCheck check("gather", plain, d, x, at);
  Tensor y = make_tensor(impl(index).shape, impl(x).dtype, at);
  if (impl(y).numel > 0) {
    const Shape sizes = sizes_of(plain);
    const std::int64_t step = strides_of(x)[d];
    const std::array<Shape, 2> strides{sizes.contiguous_strides(), detail::strides_without(x, d)};
    const std::int64_t x_last = strides[1].back();
    const auto* places = detail::data<std::int64_t>(plain);
    dispatch_width(impl(x).dtype, [&](auto unit) {
      using T = decltype(unit);
      const T* from = detail::data<T>(x);
      T* to = detail::data<T>(y);
      detail::visit(sizes, -1, strides, [=, &check](const std::array<std::int64_t, 2>& o, std::int64_t n) {
        const T* row = from + o[1];
        if (!check.row(places + o[0], n)) return;
        if (x_last == 0 && step == 1) {
          for (std::int64_t i = 0; i < n; ++i) to[o[0] + i] = row[places[o[0] + i]];
          return;
        }
        for (std::int64_t i = 0; i < n; ++i) to[o[0] + i] = row[i * x_last + places[o[0] + i] * step];
      });
    });
    check.finish();
  }
  return detail::record_reading(
      "gather", {index}, std::move(y), {x}, {index},
      [d, shape = impl(x).shape](const Saved& s, const Tensor& g) -> Grads {
        return {detail::gather_backward(g, shape, d, s[0])};
      },
      at, detail::named<"dim">(d));
}

Tensor scatter_add(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src, Location at) {
  const int d = wrap_dim("scatter_add", dim, x, at);
  detail::require_places("scatter_add", index, at);
  require_same_dtype("scatter_add", x, src, at);
  detail::require_box("scatter_add", x, index, d, at);
  const Tensor used = detail::covered_part("scatter_add", x, index, src, at);
  const Tensor plain = as_index(index);
  PlaceCheck check("scatter_add", plain, d, x, at);
  Tensor y = make_tensor(impl(x).shape, impl(x).dtype, at);
  detail::copy_raw(y, x);
  scatter_into(y, d, plain, used, &check);
  check.finish();
  return detail::record_added<&gather>("scatter_add", std::move(y), x, index, used, d, at);
}

Tensor take_along_dim(const Tensor& x, const Tensor& index, std::optional<std::int64_t> dim, Location at) {
  require_defined("take_along_dim", x, at);
  require_index_dtype("take_along_dim", index, at);
  if (!dim) return gather(ravel(x, at), 0, ravel(index, at), at);
  const int d = wrap_dim("take_along_dim", *dim, x, at);
  if (impl(x).shape.rank() != impl(index).shape.rank()) [[unlikely]]
    ErrorReport("take_along_dim",
                fmt::format("index has rank {}, the input rank {}", impl(index).shape.rank(), impl(x).shape.rank()), at)
        .operand("input", x)
        .operand("index", index)
        .shape_error();
  if (impl(x).shape.rank() == 0) return gather(x, 0, index, at);
  Shape from = impl(x).shape, places = impl(index).shape;
  from[d] = places[d] = 1;
  Shape box = broadcast_shapes("take_along_dim", from, places, at);
  box[d] = impl(x).shape[d];
  const Tensor wide = expand(x, box, at);
  box[d] = impl(index).shape[d];
  return gather(wide, d, expand(index, box, at), at);
}

Tensor take(const Tensor& x, const Tensor& index, Location at) {
  require_defined("take", x, at);
  detail::require_places("take", index, at);
  const Tensor plain = detail::as_wrapped_index("take", index, impl(x).numel, x, at);
  return reshape(index_select(ravel(x, at), 0, plain, at), impl(index).shape, at);
}

}  // namespace xgrad
