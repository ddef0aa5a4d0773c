// Elements and rows written to named places. All indices are checked before anything is written. Where a place is named
// twice, every source for it gets the gradient of that place, as in PyTorch, the overwritten ones too.
#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/gather.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/masked.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/scatter.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/lanes.hpp"
#include "ops/factory_checks.hpp"
#include "ops/index_box.hpp"
#include "ops/index_places.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::dispatch_width;
using detail::impl;
using detail::make_tensor;

// ---- scatter ----
namespace {

// The part of src that the index covers, with all rules checked. plain: the index as int64.
Tensor source_part(const char* op, const Tensor& x, int d, const Tensor& index, const Tensor& src, Tensor& plain,
                   const Location& at) {
  detail::require_places(op, index, at);
  require_same_dtype(op, x, src, at);
  detail::require_box(op, x, index, d, at);
  const Tensor part = detail::covered_part(op, x, index, src, at);
  plain = detail::as_index(index);
  detail::require_in_range(op, plain, detail::sizes_of(x)[d], d, x, at);
  return part;
}

void write_at(Tensor& y, int d, const Tensor& plain, const Tensor& source) {
  dispatch_width(impl(y).dtype, [&](auto unit) {
    using T = decltype(unit);
    detail::scatter_with<T>(y, d, plain, source, [](T& place, T v) { place = v; });
  });
}

}  // namespace

Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src, Location at) {
  const int d = wrap_dim("scatter", dim, x, at);
  Tensor plain;
  const Tensor used = source_part("scatter", x, d, index, src, plain, at);
  Tensor y = detail::fresh_copy(x, at);
  write_at(y, d, plain, used);
  return detail::record_reading(
      "scatter", {index}, std::move(y), {x, used}, {plain},
      [d, shape = impl(used).shape](const Saved& s, const Tensor& g) -> Grads {
        const Tensor places = s[0];
        return {s.needs(0) ? scatter(g, d, places, 0) : Tensor(),
                s.needs(1) ? reshape(gather(g, d, places), shape) : Tensor()};
      },
      at, detail::named<"dim">(d));
}

Tensor scatter(const Tensor& x, std::int64_t dim, const Tensor& index, Scalar value, Location at) {
  const int d = wrap_dim("scatter", dim, x, at);
  detail::require_places("scatter", index, at);
  detail::require_box("scatter", x, index, d, at);
  detail::require_fits("scatter", value, impl(x).dtype, at);
  const Tensor plain = detail::as_index(index);
  detail::require_in_range("scatter", plain, detail::sizes_of(x)[d], d, x, at);
  Tensor y = detail::fresh_copy(x, at), number = make_tensor({}, impl(x).dtype);
  detail::fill_raw(number, value);
  {
    NoGradGuard off;
    write_at(y, d, plain, expand(number, impl(plain).shape));
  }
  return detail::record_reading(
      "scatter", {index}, std::move(y), {x}, {plain},
      [d](const Saved& s, const Tensor& g) -> Grads { return {scatter(g, d, s[0], 0)}; }, at, detail::named<"dim">(d),
      detail::named<"value">(value.to_double()));
}

// ---- scatter_reduce ----
namespace {

enum class Reduce { sum, prod, mean, amax, amin };
std::ostream& operator<<(std::ostream& os, Reduce v) {
  return detail::print_choice(os, static_cast<int>(v), {"sum", "prod", "mean", "amax", "amin"});
}

Reduce reduce_of(const char* op, const std::string& name, const Location& at) {
  const char* const names[] = {"sum", "prod", "mean", "amax", "amin"};
  for (int i = 0; i < 5; ++i)
    if (name == names[i]) return static_cast<Reduce>(i);
  ErrorReport(op, fmt::format("reduce must be sum, prod, mean, amax or amin, got \"{}\"", name), at).value_error();
}

template <class T>
T product(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a && b;
  else if constexpr (std::is_floating_point_v<T>)
    return a * b;
  else  // unsigned, so that it wraps
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

template <Reduce how, class T>
T combined(T a, T b) {
  if constexpr (how == Reduce::prod) return product(a, b);
  if (detail::not_a_number(b)) [[unlikely]]
    return detail::not_a_number(a) ? a : b;
  if constexpr (how == Reduce::amax) return b > a ? b : a;  // a NaN stays
  return b < a ? b : a;
}

// y = x with each element of src multiplied to its place, or the larger or smaller of both put there.
Tensor reduced(const Tensor& x, int d, const Tensor& plain, const Tensor& src, Reduce how, const Location& at);

// As numbers of x's type.
Tensor as_numbers(const Tensor& mask, DType type) { return detail::cast_raw(mask, type); }

Grads extremum_backward(const Saved& s, const Tensor& g, int d) {
  const Tensor x = s[0], src = s[1], y = s[2], places = s[3];
  Tensor is_x, is_src, count;
  {
    NoGradGuard off;
    is_x = eq(x, y);
    is_src = eq(src, gather(y, d, places));
    count = scatter_add(as_numbers(is_x, impl(g).dtype), d, places, as_numbers(is_src, impl(g).dtype));
  }
  const Tensor share = div(g, count);
  return {s.needs(0) ? where(is_x, share, 0) : Tensor(),
          s.needs(1) ? where(is_src, gather(share, d, places), 0) : Tensor()};
}

// The product of the others is the product divided by the element; of an element 0, the product without it if it is the
// only one, or else 0.
Tensor product_of_others(const Tensor& v, const Tensor& y, const Tensor& zeros, const Tensor& without_zeros) {
  const Tensor is_zero = eq(v, 0);
  const Tensor others = div(y, where(is_zero, 1, v));
  return where(is_zero, where(eq(zeros, 1), without_zeros, 0), others);
}

Grads product_backward(const Saved& s, const Tensor& g, int d) {
  const Tensor x = s[0], src = s[1], y = s[2], places = s[3];
  const auto at_places = [&](const Tensor& t) { return gather(t, d, places); };
  Tensor zeros;  // how many there are in each place
  {
    NoGradGuard off;
    zeros = scatter_add(as_numbers(eq(x, 0), impl(g).dtype), d, places, as_numbers(eq(src, 0), impl(g).dtype));
  }
  Tensor gx, gs;
  if (!any(zeros).item<bool>()) {
    const Tensor gy = mul(g, y);
    if (s.needs(0)) gx = div(gy, x);
    if (s.needs(1)) gs = div(at_places(gy), src);
    return {gx, gs};
  }
  const Tensor rest =
      reduced(where(eq(x, 0), 1, x), d, places, where(eq(src, 0), 1, src), Reduce::prod, Location::current());
  if (s.needs(0)) gx = mul(g, product_of_others(x, y, zeros, rest));
  if (s.needs(1)) gs = mul(at_places(g), product_of_others(src, at_places(y), at_places(zeros), at_places(rest)));
  return {gx, gs};
}

Tensor reduced(const Tensor& x, int d, const Tensor& plain, const Tensor& src, Reduce how, const Location& at) {
  Tensor y = detail::fresh_copy(x, at);
  detail::dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto combine = [&]<Reduce r>() {
      detail::scatter_with<T>(y, d, plain, src, [](T& place, T v) { place = combined<r>(place, v); });
    };
    how == Reduce::prod   ? combine.template operator()<Reduce::prod>()
    : how == Reduce::amax ? combine.template operator()<Reduce::amax>()
                          : combine.template operator()<Reduce::amin>();
  });
  return detail::record_reading(
      "scatter_reduce", {plain}, y, {x, src}, {x, src, y, plain},
      [d, how](const Saved& s, const Tensor& g) -> Grads {
        return how == Reduce::prod ? product_backward(s, g, d) : extremum_backward(s, g, d);
      },
      at, detail::named<"dim">(d), detail::named<"reduce">(how));
}

// The value that changes nothing.
Scalar neutral(Reduce how, DType type) {
  if (how == Reduce::sum || how == Reduce::mean) return 0;
  if (how == Reduce::prod) return 1;
  Scalar v = 0;
  detail::dispatch_all(type, [&](auto zero) {
    using L = std::numeric_limits<decltype(zero)>;
    if constexpr (L::has_infinity)
      v = how == Reduce::amax ? -L::infinity() : L::infinity();
    else
      v = how == Reduce::amax ? L::lowest() : L::max();
  });
  return v;
}

// Where something lands (bool, of x's shape).
Tensor landing_places(const Tensor& x, int d, const Tensor& plain) {
  NoGradGuard off;
  Tensor mask = detail::zeros_raw(impl(x).shape, DType::boolean), yes = make_tensor({}, DType::boolean);
  detail::fill_raw(yes, true);
  write_at(mask, d, plain, expand(yes, impl(plain).shape));
  return mask;
}

Tensor counts_of(const Tensor& total, int d, const Tensor& plain, const Tensor& landing, bool include_self,
                 const Location& at) {
  NoGradGuard off;
  const DType type = impl(total).dtype;
  Tensor one = make_tensor({}, type);
  detail::fill_raw(one, 1);
  const Tensor ones = expand(one, impl(total).shape), self = include_self ? ones : masked_fill(ones, landing, 0);
  return scatter_add(self, d, plain, expand(one, impl(plain).shape), at);
}

Tensor reduced_into(const char* op, const Tensor& x, int d, const Tensor& index, const Tensor& src,
                    const std::string& reduce, bool include_self, const Location& at) {
  const Reduce how = reduce_of(op, reduce, at);
  Tensor plain;
  const Tensor used = source_part(op, x, d, index, src, plain, at);
  if (impl(x).dtype == DType::boolean && (how == Reduce::mean || how == Reduce::sum)) [[unlikely]]
    ErrorReport(op, fmt::format("{} is not defined for bool", reduce), at).operand("input", x).dtype_error();
  const Tensor landing = include_self ? Tensor() : landing_places(x, d, plain);
  const Tensor self = include_self ? x : masked_fill(x, landing, neutral(how, impl(x).dtype), at);
  if (how != Reduce::sum && how != Reduce::mean) return reduced(self, d, plain, used, how, at);
  const Tensor total = scatter_add(self, d, plain, used, at);
  if (how == Reduce::sum) return total;
  const Tensor count = counts_of(total, d, plain, landing, include_self, at);
  return is_floating(impl(x).dtype) ? div(total, count, at) : div(total, count, Rounding::floor, at);
}

}  // namespace

Tensor scatter_reduce(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& src,
                      const std::string& reduce, bool include_self, Location at) {
  const int d = wrap_dim("scatter_reduce", dim, x, at);
  return reduced_into("scatter_reduce", x, d, index, src, reduce, include_self, at);
}

// ---- whole rows ----
namespace {

void require_rows(const char* op, const Tensor& x, int d, const Tensor& index, const Tensor& source,
                  const Location& at) {
  require_index_dtype(op, index, at);
  require_same_dtype(op, x, source, at);
  Shape expected = detail::sizes_of(x);
  expected[d] = impl(index).numel;
  if (impl(index).shape.rank() > 1 || !(detail::sizes_of(source) == expected)) [[unlikely]]
    ErrorReport(op,
                fmt::format("source has shape {}, expected {}, and index rank 1", to_string(impl(source).shape),
                            to_string(expected)),
                at)
        .operand("input", x)
        .operand("index", index)
        .operand("source", source)
        .shape_error();
}

// t (1-D) along dimension d of a tensor of this rank.
Tensor along(const Tensor& t, int d, int rank) {
  Shape shape;
  for (int i = 0; i < std::max(rank, 1); ++i) shape.push_back(i == d ? impl(t).numel : 1);
  return reshape(t, shape);
}

}  // namespace

Tensor index_reduce(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source,
                    const std::string& reduce, bool include_self, Location at) {
  const int d = wrap_dim("index_reduce", dim, x, at);
  require_rows("index_reduce", x, d, index, source, at);
  const int rank = impl(x).shape.rank();
  const Tensor places =
      rank == 0 ? reshape(index, {}, at) : expand(along(ravel(index, at), d, rank), detail::sizes_of(source), at);
  const Tensor rows = rank == 0 ? reshape(source, {}, at) : source;
  return reduced_into("index_reduce", x, d, places, rows, reduce, include_self, at);
}

Tensor index_copy(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& source, Location at) {
  const int d = wrap_dim("index_copy", dim, x, at);
  require_rows("index_copy", x, d, index, source, at);
  const Tensor plain = ravel(detail::as_index(index), at);
  detail::require_in_range("index_copy", plain, detail::sizes_of(x)[d], d, x, at);
  Tensor y = detail::fresh_copy(x, at);
  const Tensor from = detail::contiguous_copy(source);
  const detail::LaneShape to(impl(x).shape, d);
  const auto* p = detail::data<std::int64_t>(plain);
  const std::int64_t n = impl(plain).numel, bytes = to.inner * item_size(impl(x).dtype);
  for (std::int64_t o = 0; o < to.outer && impl(source).numel > 0; ++o)
    for (std::int64_t j = 0; j < n; ++j)
      std::memcpy(impl(y).memory() + (o * to.n + p[j]) * bytes, impl(from).memory() + (o * n + j) * bytes,
                  static_cast<std::size_t>(bytes));
  return detail::record_reading(
      "index_copy", {index}, std::move(y), {x, source}, {plain},
      [d, shape = impl(source).shape](const Saved& s, const Tensor& g) -> Grads {
        const Tensor places = s[0];
        return {s.needs(0) ? index_fill(g, d, places, 0) : Tensor(),
                s.needs(1) ? reshape(index_select(g, d, places), shape) : Tensor()};
      },
      at, detail::named<"dim">(d));
}

namespace {

// Where the rows at index are, as a mask that broadcasts with x.
Tensor row_mask(const Tensor& x, std::int64_t dim, const Tensor& index, Location at) {
  const int d = wrap_dim("index_fill", dim, x, at);
  require_index_dtype("index_fill", index, at);
  if (impl(index).shape.rank() > 1) [[unlikely]]
    ErrorReport("index_fill", fmt::format("index must have rank 0 or 1, got rank {}", impl(index).shape.rank()), at)
        .operand("index", index)
        .shape_error();
  const std::int64_t n = detail::sizes_of(x)[d];
  const Tensor plain = detail::as_wrapped_index("index_fill", index, n, x, at);
  Tensor mask = detail::zeros_raw({n}, DType::boolean);
  for (std::int64_t i = 0; i < impl(plain).numel; ++i)
    detail::data<bool>(mask)[detail::data<std::int64_t>(plain)[i]] = true;
  return impl(x).shape.rank() == 0 ? reshape(mask, {}, at) : along(mask, d, impl(x).shape.rank());
}

}  // namespace

Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, Scalar value, Location at) {
  const Tensor mask = row_mask(x, dim, index, at);
  detail::require_fits("index_fill", value, impl(x).dtype, at);
  return masked_fill(x, mask, value, at);
}

Tensor index_fill(const Tensor& x, std::int64_t dim, const Tensor& index, const Tensor& value, Location at) {
  const Tensor mask = row_mask(x, dim, index, at);
  require_rank("index_fill", value, 0, at);
  return masked_fill(x, mask, value, at);
}

// ---- put ----

Tensor put(const Tensor& x, const Tensor& index, const Tensor& source, bool accumulate, Location at) {
  require_defined("put", x, at);
  detail::require_places("put", index, at);
  require_same_dtype("put", x, source, at);
  if (impl(index).numel != impl(source).numel) [[unlikely]]
    ErrorReport("put", fmt::format("{} elements for {} places", impl(source).numel, impl(index).numel), at)
        .operand("input", x)
        .operand("index", index)
        .operand("source", source)
        .shape_error();
  const Tensor plain = detail::as_wrapped_index("put", index, impl(x).numel, x, at);
  const Tensor flat = ravel(x, at), values = ravel(source, at);
  return reshape(accumulate ? index_add(flat, 0, plain, values, 1, at) : scatter(flat, 0, plain, values, at),
                 impl(x).shape, at);
}

}  // namespace xgrad
