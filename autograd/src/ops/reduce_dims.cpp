#include "ops/reduce_dims.hpp"

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/tape/record.hpp"

namespace xgrad::detail {

DimSet dim_set(const char* op, const Tensor& x, const Shape& dims, const Location& at) {
  require_defined(op, x, at);
  if (dims.empty()) return all_dims(impl(x).shape);
  DimSet set = 0;
  for (std::int64_t d : dims) {
    const DimSet bit = DimSet{1} << wrap_dim(op, d, x, at);
    if (set & bit) [[unlikely]]
      ErrorReport(op, fmt::format("dim {} given twice", d), at).operand("input", x).index_error();
    set |= bit;
  }
  return set & all_dims(impl(x).shape);  // a 0-d tensor takes dim 0 and has none
}

void require_nonempty(const char* op, const Tensor& x, DimSet dims, const Location& at) {
  const Shape& shape = impl(x).shape;
  if (impl(x).numel != 0) return;
  if (dims == all_dims(shape)) [[unlikely]]
    ErrorReport(op, fmt::format("{} of an empty tensor", op), at).operand("input", x).shape_error();
  for (int d = 0; d < shape.rank(); ++d)
    if (has_dim(dims, d) && shape[d] == 0) [[unlikely]]
      ErrorReport(op, fmt::format("dim {} has size 0: there is nothing to choose from", d), at)
          .operand("input", x)
          .shape_error();
}

Shape dim_list(DimSet dims) {
  Shape list;
  for (int d = 0; d < kMaxRank; ++d)
    if (has_dim(dims, d)) list.push_back(d);
  return list;
}

Tensor with_kept_dims(const Tensor& t, const Shape& full, DimSet dims) {
  return impl(t).shape.rank() == full.rank() ? t : reshape(t, reduced_shape(full, dims, true));
}

Tensor spread(const Tensor& t, const Shape& full, DimSet dims) {
  const TensorImpl& from = impl(t);
  const bool keepdim = from.shape.rank() == full.rank();
  Shape strides = full;
  for (int d = 0, i = 0; d < full.rank(); ++d) {
    strides[d] = has_dim(dims, d) ? 0 : from.strides[keepdim ? d : i];
    i += !has_dim(dims, d);
  }
  return detail::record_op(
      "expand", make_view(t, full, strides, from.offset()), {t}, {},
      [dims, keepdim](const Saved&, const Tensor& g) -> Grads { return {dims ? sum(g, dim_list(dims), keepdim) : g}; },
      Location::current(), detail::named<"dim">(Dims{dims}));
}

Tensor share_evenly(const Tensor& g, const Tensor& x, const Tensor& y, DimSet dims) {
  const auto same = [](auto a, auto b) { return (a == b) || ((a != a) && (b != b)); };
  Tensor count;
  {
    NoGradGuard off;
    count = map([same](auto a, auto b) { return where(same(a, b), decltype(a)(1), decltype(a)(0)); }, x, y);
    count = sum_raw(count, dims, true);
  }
  return fuse([same](auto g, auto x, auto y, auto count) { return where(same(x, y), g / count, 0.); }, g, x, y, count);
}

}  // namespace xgrad::detail
