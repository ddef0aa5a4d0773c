// Largest and smallest values and their positions.
#include <ostream>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/profile/spans.hpp"
#include "core/tape/record.hpp"
#include "core/tape/trace_all.hpp"
#include "ops/print_parts.hpp"
#include "ops/reduce_dims.hpp"

namespace xgrad {

using detail::all_dims;
using detail::dim_set;
using detail::DimSet;
using detail::impl;
using detail::with_kept_dims;

namespace {

template <bool Largest>
Tensor extremum_over(const char* op, const Tensor& x, DimSet dims, bool keepdim, const Location& at) {
  detail::require_nonempty(op, x, dims, at);
  Tensor y = Largest ? detail::max_raw(x, dims, keepdim) : detail::min_raw(x, dims, keepdim);
  return detail::record_op(
      op, y, {x}, {x, y},
      [dims](const Saved& s, const Tensor& g) -> Grads {
        const Tensor v = s[0];
        const Shape& full = impl(v).shape;
        return {detail::share_evenly(with_kept_dims(g, full, dims), v, with_kept_dims(s[1], full, dims), dims)};
      },
      at, detail::named<"dim">(detail::Dims{dims}), detail::named<"keepdim">(keepdim));
}

// The elements at `index` along dim, and the adjoint; each is the other's derivative. index has size 1 at dim.
Tensor place_at(const Tensor& g, int dim, const Tensor& index, std::int64_t size);
Tensor pick_at(const Tensor& x, int dim, const Tensor& index) {
  return detail::record_op(
      "pick", detail::pick_raw(x, dim, index), {x}, {index},
      [dim, size = impl(x).shape[dim]](const Saved& s, const Tensor& g) -> Grads {
        return {place_at(g, dim, s[0], size)};
      },
      Location::current(), detail::named<"dim">(dim));
}
Tensor place_at(const Tensor& g, int dim, const Tensor& index, std::int64_t size) {
  return detail::record_op(
      "place", detail::place_raw(g, dim, index, size), {g}, {index},
      [dim](const Saved& s, const Tensor& h) -> Grads { return {pick_at(h, dim, s[0])}; }, Location::current(),
      detail::named<"dim">(dim));
}

detail::ArgResult arg_along(const char* op, const Tensor& x, std::int64_t dim, bool largest, bool keepdim,
                            const Location& at) {
  const int d = wrap_dim(op, dim, x, at);
  detail::require_nonempty(op, x, (DimSet{1} << d) & all_dims(impl(x).shape), at);
  return detail::arg_extremum_raw(x, d, largest, keepdim);
}

ValuesIndices extremum_along(const char* op, const Tensor& x, std::int64_t dim, bool largest, bool keepdim,
                             const Location& at) {
  detail::ArgResult r = arg_along(op, x, dim, largest, keepdim, at);
  const int d = wrap_dim(op, dim, x, at);
  const Tensor index = r.indices;
  std::vector<Tensor> outputs = detail::record_op(
      op, std::vector<Tensor>{std::move(r.values), std::move(r.indices)}, {x}, {index},
      [d, full = impl(x).shape](const Saved& s, const Tensor& g) -> Grads {
        if (full.rank() == 0) return {g};
        const DimSet set = DimSet{1} << d;
        return {place_at(with_kept_dims(g, full, set), d, with_kept_dims(s[0], full, set), full[d])};
      },
      at, detail::named<"dim">(d), detail::named<"keepdim">(keepdim));
  return {std::move(outputs[0]), std::move(outputs[1])};
}

void require_not_bool(const char* op, const Tensor& x, const Location& at) {
  require_defined(op, x, at);
  if (impl(x).dtype == DType::boolean) [[unlikely]]
    ErrorReport(op, "is not defined for bool", at).operand("input", x).help("cast to uint8 first").dtype_error();
}

Tensor arg_of_all(const char* op, const Tensor& x, bool largest, const Location& at) {
  const detail::OperationSpan span(op, at);
  require_not_bool(op, x, at);
  detail::require_nonempty(op, x, all_dims(impl(x).shape), at);
  Tensor place;
  {
    const NoGradGuard off;
    place = detail::arg_extremum_raw(reshape(x, {impl(x).numel}), 0, largest, false).indices;
  }
  return detail::traced(op, std::move(place), {x}, at);
}

}  // namespace

Tensor max(const Tensor& x, Location at) { return extremum_over<true>("max", x, dim_set("max", x, {}, at), false, at); }
Tensor min(const Tensor& x, Location at) {
  return extremum_over<false>("min", x, dim_set("min", x, {}, at), false, at);
}
Tensor amax(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return extremum_over<true>("amax", x, dim_set("amax", x, dims, at), keepdim, at);
}
Tensor amin(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  return extremum_over<false>("amin", x, dim_set("amin", x, dims, at), keepdim, at);
}

ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  return extremum_along("max", x, dim, true, keepdim, at);
}
ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  return extremum_along("min", x, dim, false, keepdim, at);
}

Tensor argmax(const Tensor& x, Location at) { return arg_of_all("argmax", x, true, at); }
Tensor argmin(const Tensor& x, Location at) { return arg_of_all("argmin", x, false, at); }
Tensor argmax(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  const detail::OperationSpan span("argmax", at);
  require_not_bool("argmax", x, at);
  Tensor places = arg_along("argmax", x, dim, true, keepdim, at).indices;
  return detail::traced("argmax", std::move(places), {x}, at, detail::named<"dim">(wrap_dim("argmax", dim, x, at)),
                        detail::named<"keepdim">(keepdim));
}
Tensor argmin(const Tensor& x, std::int64_t dim, bool keepdim, Location at) {
  const detail::OperationSpan span("argmin", at);
  require_not_bool("argmin", x, at);
  Tensor places = arg_along("argmin", x, dim, false, keepdim, at).indices;
  return detail::traced("argmin", std::move(places), {x}, at, detail::named<"dim">(wrap_dim("argmin", dim, x, at)),
                        detail::named<"keepdim">(keepdim));
}

MinMax aminmax(const Tensor& x, const Shape& dims, bool keepdim, Location at) {
  const DimSet set = dim_set("aminmax", x, dims, at);
  detail::require_nonempty("aminmax", x, set, at);
  Tensor low = extremum_over<false>("amin", x, set, keepdim, at);
  return {std::move(low), extremum_over<true>("amax", x, set, keepdim, at)};
}

std::ostream& operator<<(std::ostream& os, const ValuesIndices& r) {
  return detail::print_parts(os, {{"values", r.values}, {"indices", r.indices}});
}
std::ostream& operator<<(std::ostream& os, const MinMax& r) {
  return detail::print_parts(os, {{"min", r.min}, {"max", r.max}});
}

}  // namespace xgrad
