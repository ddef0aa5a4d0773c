// Pooling. The largest of each window: gathering and scattering by saved positions, each the other's derivative. Means:
// linear, so the derivative of the derivative is the mean again.
#include "kernels/pool_blocked.hpp"

#include <xgrad/autograd.hpp>
#include <xgrad/ops/pool.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "ops/pool_shape.hpp"

namespace xgrad {

using detail::impl;
using detail::PoolShape;

namespace {

Tensor scatter(const Tensor& g, const Tensor& positions, const PoolShape& s);

Tensor gather(const Tensor& x, const Tensor& positions, const PoolShape& s) {
  return record("pool_gather", detail::pool_gather_raw(s, x, positions), {x}, {positions},
                [s](const Saved& saved, const Tensor& g) -> Grads { return {scatter(g, saved[0], s)}; });
}

Tensor scatter(const Tensor& g, const Tensor& positions, const PoolShape& s) {
  return record("pool_scatter", detail::pool_scatter_raw(s, g, positions, false), {g}, {positions},
                [s](const Saved& saved, const Tensor& h) -> Grads { return {gather(h, saved[0], s)}; });
}

auto scatter_back(const PoolShape& s) {
  return [s](const Saved& saved, const Tensor& g) -> Grads { return {scatter(g, saved[0], s)}; };
}

Tensor largest(const char* op, const Tensor& x, const PoolShape& s, const Location& at) {
  detail::MaxPool r = detail::max_pool_raw(s, x);
  return record(op, std::move(r.values), {x}, {r.positions}, scatter_back(s), at);
}
ValuesIndices largest_with_indices(const char* op, const Tensor& x, const PoolShape& s, const Location& at) {
  detail::MaxPool r = detail::max_pool_raw(s, x);
  Tensor outputs[] = {std::move(r.values), detail::cast_raw(r.positions, DType::int64)};
  const auto back = scatter_back(s);
  detail::record_outputs<std::remove_const_t<decltype(back)>, false>(op, outputs, {x}, {r.positions}, back, at);
  return {std::move(outputs[0]), std::move(outputs[1])};
}

Tensor spread(const char* op, const Tensor& g, const PoolShape& s);

Tensor mean_of_windows(const char* op, const Tensor& x, const PoolShape& shape,
                       const Location& at = Location::current()) {
  PoolShape s = shape;
  if (const detail::BlockedRef form = detail::pooled_form(s, x)) s.block = form.layout().block;
  return record(
      op, detail::avg_pool_raw(s, x), {x}, {},
      [s, op](const Saved&, const Tensor& g) -> Grads { return {spread(op, g, s)}; }, at);
}

// The adjoint of mean_of_windows(forward, ...).
Tensor spread(const char* forward, const Tensor& g, const PoolShape& s) {
  return record("avg_pool_backward", detail::avg_pool_backward_raw(s, g), {g}, {},
                [s, forward](const Saved&, const Tensor& h) -> Grads { return {mean_of_windows(forward, h, s)}; });
}

Tensor unpool(const char* op, const Tensor& x, const Tensor& indices, const PoolShape& s, const Location& at) {
  const Tensor positions = detail::cast_raw(indices, DType::int32);
  return detail::record_reading(
      op, {indices}, detail::pool_scatter_raw(s, x, positions, true), {x}, {positions},
      [s](const Saved& saved, const Tensor& g) -> Grads { return {gather(g, saved[0], s)}; }, at);
}

}  // namespace

Tensor max_pool1d(const Tensor& x, Extents<1> kernel, const MaxPoolOptions<1>& o, Location at) {
  return largest("max_pool1d", x, detail::max_pool_shape("max_pool1d", x, kernel, o, at), at);
}
Tensor max_pool2d(const Tensor& x, Extents<2> kernel, const MaxPoolOptions<2>& o, Location at) {
  return largest("max_pool2d", x, detail::max_pool_shape("max_pool2d", x, kernel, o, at), at);
}
Tensor max_pool3d(const Tensor& x, Extents<3> kernel, const MaxPoolOptions<3>& o, Location at) {
  return largest("max_pool3d", x, detail::max_pool_shape("max_pool3d", x, kernel, o, at), at);
}
ValuesIndices max_pool1d_with_indices(const Tensor& x, Extents<1> kernel, const MaxPoolOptions<1>& o, Location at) {
  return largest_with_indices("max_pool1d", x, detail::max_pool_shape("max_pool1d", x, kernel, o, at), at);
}
ValuesIndices max_pool2d_with_indices(const Tensor& x, Extents<2> kernel, const MaxPoolOptions<2>& o, Location at) {
  return largest_with_indices("max_pool2d", x, detail::max_pool_shape("max_pool2d", x, kernel, o, at), at);
}
ValuesIndices max_pool3d_with_indices(const Tensor& x, Extents<3> kernel, const MaxPoolOptions<3>& o, Location at) {
  return largest_with_indices("max_pool3d", x, detail::max_pool_shape("max_pool3d", x, kernel, o, at), at);
}

Tensor avg_pool1d(const Tensor& x, Extents<1> kernel, const AvgPoolOptions<1>& o, Location at) {
  return mean_of_windows("avg_pool1d", x, detail::avg_pool_shape("avg_pool1d", x, kernel, o, at), at);
}
Tensor avg_pool2d(const Tensor& x, Extents<2> kernel, const AvgPoolOptions<2>& o, Location at) {
  return mean_of_windows("avg_pool2d", x, detail::avg_pool_shape("avg_pool2d", x, kernel, o, at), at);
}
Tensor avg_pool3d(const Tensor& x, Extents<3> kernel, const AvgPoolOptions<3>& o, Location at) {
  return mean_of_windows("avg_pool3d", x, detail::avg_pool_shape("avg_pool3d", x, kernel, o, at), at);
}

Tensor adaptive_avg_pool1d(const Tensor& x, Extents<1> size, Location at) {
  return mean_of_windows("adaptive_avg_pool1d", x, detail::adaptive_shape("adaptive_avg_pool1d", x, size, at), at);
}
Tensor adaptive_avg_pool2d(const Tensor& x, Extents<2> size, Location at) {
  return mean_of_windows("adaptive_avg_pool2d", x, detail::adaptive_shape("adaptive_avg_pool2d", x, size, at), at);
}
Tensor adaptive_avg_pool3d(const Tensor& x, Extents<3> size, Location at) {
  return mean_of_windows("adaptive_avg_pool3d", x, detail::adaptive_shape("adaptive_avg_pool3d", x, size, at), at);
}
Tensor adaptive_max_pool1d(const Tensor& x, Extents<1> size, Location at) {
  return largest("adaptive_max_pool1d", x, detail::adaptive_shape("adaptive_max_pool1d", x, size, at), at);
}
Tensor adaptive_max_pool2d(const Tensor& x, Extents<2> size, Location at) {
  return largest("adaptive_max_pool2d", x, detail::adaptive_shape("adaptive_max_pool2d", x, size, at), at);
}
Tensor adaptive_max_pool3d(const Tensor& x, Extents<3> size, Location at) {
  return largest("adaptive_max_pool3d", x, detail::adaptive_shape("adaptive_max_pool3d", x, size, at), at);
}
ValuesIndices adaptive_max_pool1d_with_indices(const Tensor& x, Extents<1> size, Location at) {
  return largest_with_indices("adaptive_max_pool1d", x, detail::adaptive_shape("adaptive_max_pool1d", x, size, at), at);
}
ValuesIndices adaptive_max_pool2d_with_indices(const Tensor& x, Extents<2> size, Location at) {
  return largest_with_indices("adaptive_max_pool2d", x, detail::adaptive_shape("adaptive_max_pool2d", x, size, at), at);
}
ValuesIndices adaptive_max_pool3d_with_indices(const Tensor& x, Extents<3> size, Location at) {
  return largest_with_indices("adaptive_max_pool3d", x, detail::adaptive_shape("adaptive_max_pool3d", x, size, at), at);
}

Tensor max_unpool1d(const Tensor& x, const Tensor& indices, Extents<1> size, Location at) {
  return unpool("max_unpool1d", x, indices, detail::unpool_shape("max_unpool1d", x, indices, size, at), at);
}
Tensor max_unpool2d(const Tensor& x, const Tensor& indices, Extents<2> size, Location at) {
  return unpool("max_unpool2d", x, indices, detail::unpool_shape("max_unpool2d", x, indices, size, at), at);
}
Tensor max_unpool3d(const Tensor& x, const Tensor& indices, Extents<3> size, Location at) {
  return unpool("max_unpool3d", x, indices, detail::unpool_shape("max_unpool3d", x, indices, size, at), at);
}

}  // namespace xgrad
