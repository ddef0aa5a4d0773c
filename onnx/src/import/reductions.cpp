// Sums and their like, and what orders values.
#include <xgrad/ops.hpp>

#include "import/operators.hpp"

namespace xgrad::onnx {
namespace {

// The dimensions to reduce; all when none are given.
Shape dims_of(const Call& c, const std::vector<std::int64_t>& axes) {
  Shape dims;
  if (axes.empty())
    for (std::int64_t d = 0; d < c.in(0).dim(); ++d) dims.push_back(d);
  for (const std::int64_t d : axes) dims.push_back(c.dim(d, c.in(0).dim()), c.at);
  return dims;
}

using Reduce = Tensor (*)(const Tensor& x, const Shape& dims, bool keepdim, Location at);

// Of whole numbers, too, the result has the type of the input.
Tensor typed_as_input(const Call& c, const Tensor& y) {
  return c.in(0).dtype() == kBool ? y : y.to(c.in(0).dtype(), c.at);
}

template <Reduce f>
Outputs reduce(const Call& c) {
  const Tensor x = c.in(0);
  const Shape dims = dims_of(c, c.ints("axes"));
  return {typed_as_input(
      c, dims.empty() ? f(x.reshape({1}), {0}, false, c.at) : f(x, dims, c.i("keepdims", 1) != 0, c.at))};
}

// Its axes are an input.
Outputs reduce_sum(const Call& c) {
  const std::vector<std::int64_t> axes = c.has(1) ? c.ints_in(1) : std::vector<std::int64_t>();
  if (axes.empty() && c.i("noop_with_empty_axes", 0) != 0) return {c.in(0)};
  const Shape dims = dims_of(c, axes);
  if (dims.empty()) return {c.in(0)};
  return {typed_as_input(c, sum(c.in(0), dims, c.i("keepdims", 1) != 0, c.at))};
}

// Of whole numbers without what is behind the point.
Tensor mean_of(const Tensor& x, const Shape& d, bool keep, Location at) {
  if (!is_integral(x.dtype())) return mean(x, d, keep, at);
  const Tensor total = sum(x, d, keep, at);
  return total.numel() == 0 ? total : div(total, Scalar(x.numel() / total.numel()), Rounding::trunc, at);
}
Tensor max_of(const Tensor& x, const Shape& d, bool keep, Location at) { return amax(x, d, keep, at); }
Tensor min_of(const Tensor& x, const Shape& d, bool keep, Location at) { return amin(x, d, keep, at); }
Tensor sum_of_logs(const Tensor& x, const Shape& d, bool keep, Location at) { return logsumexp(x, d, keep, at); }
Tensor l1_of(const Tensor& x, const Shape& d, bool keep, Location at) { return sum(abs(x, at), d, keep, at); }
Tensor l2_of(const Tensor& x, const Shape& d, bool keep, Location at) {
  return sqrt(sum(square(x, at), d, keep, at), at);
}
Tensor squares_of(const Tensor& x, const Shape& d, bool keep, Location at) { return sum(square(x, at), d, keep, at); }
Tensor prod_of(const Tensor& x, const Shape& dims, bool keep, Location at) {
  Tensor y = x;
  for (const std::int64_t d : dims) y = prod(y, d, true, at);
  return keep ? y : squeeze(y, dims, at);
}

template <bool largest>
Outputs place_of_extremum(const Call& c) {
  const bool keep = c.i("keepdims", 1) != 0, last = c.i("select_last_index", 0) != 0 && c.in(0).dim() > 0;
  const std::int64_t d = c.dim(c.i("axis", 0), c.in(0).dim());
  const Tensor x = last ? flip(c.in(0), Shape{d}, c.at) : c.in(0);
  const Tensor place = largest ? argmax(x, d, keep, c.at) : argmin(x, d, keep, c.at);
  return {last ? rsub(place, Scalar(x.size(d) - 1), c.at) : place};
}

Outputs top(const Call& c) {
  const std::vector<std::int64_t> k = c.ints_in(1);
  if (k.size() != 1) c.refuse("K must be one number");
  const ValuesIndices r =
      topk(c.in(0), k[0], c.dim(c.i("axis", -1), c.in(0).dim()), c.i("largest", 1) != 0, c.i("sorted", 1) != 0, c.at);
  return {r.values, r.indices};
}

Outputs running_sum(const Call& c) {
  const std::vector<std::int64_t> axis = c.ints_in(1);
  if (axis.size() != 1) c.refuse("axis must be one number");
  const Tensor x = c.in(0);
  const int d = c.dim(axis[0], x.dim());
  const bool reverse = c.i("reverse", 0) != 0;
  Tensor from = reverse ? flip(x, Shape{d}, c.at) : x;
  // Without the element itself: moved by one. A difference would lose digits, and be NaN at infinities.
  if (c.i("exclusive", 0) != 0 && x.dim() > 0 && x.size(d) > 0) {
    const Tensor first = zeros_like(narrow(from, d, 0, 1, c.at), c.at);
    from = cat({first, narrow(from, d, 0, x.size(d) - 1, c.at)}, d, c.at);
  }
  const Tensor y = cumsum(from, d, c.at);
  return {typed_as_input(c, reverse ? flip(y, Shape{d}, c.at) : y)};
}

Outputs determinant(const Call& c) { return {linalg::det(c.in(0), c.at)}; }

}  // namespace

std::span<const Operator> reduction_operators() {
  static const Operator all[] = {
      {"ArgMax", 1, 1, 1, "axis:i keepdims:i select_last_index:i", place_of_extremum<true>},
      {"ArgMin", 1, 1, 1, "axis:i keepdims:i select_last_index:i", place_of_extremum<false>},
      {"CumSum", 2, 2, 1, "exclusive:i reverse:i", running_sum},
      {"Det", 1, 1, 1, "", determinant},
      {"ReduceL1", 1, 1, 1, "axes:I keepdims:i", reduce<&l1_of>},
      {"ReduceL2", 1, 1, 1, "axes:I keepdims:i", reduce<&l2_of>},
      {"ReduceLogSumExp", 1, 1, 1, "axes:I keepdims:i", reduce<&sum_of_logs>},
      {"ReduceMax", 1, 1, 1, "axes:I keepdims:i", reduce<&max_of>},
      {"ReduceMean", 1, 1, 1, "axes:I keepdims:i", reduce<&mean_of>},
      {"ReduceMin", 1, 1, 1, "axes:I keepdims:i", reduce<&min_of>},
      {"ReduceProd", 1, 1, 1, "axes:I keepdims:i", reduce<&prod_of>},
      {"ReduceSum", 1, 2, 1, "keepdims:i noop_with_empty_axes:i", reduce_sum},
      {"ReduceSumSquare", 1, 1, 1, "axes:I keepdims:i", reduce<&squares_of>},
      {"TopK", 2, 2, 2, "axis:i largest:i sorted:i", top},
  };
  return all;
}

}  // namespace xgrad::onnx
