// Operators that move elements, and those that compute with shapes.
#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>

#include "import/operators.hpp"

namespace xgrad::onnx {
namespace {

Outputs constant(const Call& c) {
  if (c.has("value")) return {c.tensor("value")};
  if (c.has("value_int")) return {tensor(c.i("value_int", 0))};
  if (c.has("value_float")) return {tensor(static_cast<float>(c.f("value_float", 0)))};
  if (c.has("value_ints")) return {from_vector(c.ints("value_ints"), c.at)};
  if (c.has("value_floats")) return {from_vector(c.floats("value_floats"), c.at).to(kFloat32)};
  c.refuse("has no value");
}

Shape sizes_in(const Call& c, std::size_t i) {
  const std::vector<std::int64_t> sizes = c.ints_in(i);
  return Shape(sizes, c.at);
}

Outputs constant_of_shape(const Call& c) {
  const Tensor value = c.has("value") ? c.tensor("value") : tensor(0.0f);
  if (value.numel() != 1) c.refuse("value must be one number");
  const Shape sizes = sizes_in(c, 0);
  c.require_room(sizes, value.dtype());
  return {full(sizes, value.item_scalar(c.at), value.dtype(), c.at)};
}

Outputs shape_of(const Call& c) {
  const Shape& all = c.in(0).shape();
  const auto rank = static_cast<std::int64_t>(all.size());
  const auto place = [&](std::int64_t d) { return std::clamp<std::int64_t>(d < 0 ? d + rank : d, 0, rank); };
  const std::int64_t start = place(c.i("start", 0)), end = std::max(place(c.i("end", rank)), start);
  return {from_vector(std::vector<std::int64_t>(all.begin() + start, all.begin() + end), c.at)};
}

Outputs reshape_of(const Call& c) {
  Shape sizes = sizes_in(c, 1);
  if (c.i("allowzero", 0) == 0)
    for (int d = 0; d < sizes.rank(); ++d)
      if (sizes[d] == 0) sizes[d] = c.in(0).size(d, c.at);
  return {reshape(c.in(0), sizes, c.at)};
}

Outputs flatten_of(const Call& c) {
  const Tensor x = c.in(0);
  std::int64_t axis = c.i("axis", 1);
  if (axis < 0) axis += x.dim();
  if (axis < 0 || axis > x.dim()) c.refuse_shape(fmt::format("axis {} is out of range", c.i("axis", 1)));
  std::int64_t rows = 1, columns = 1;
  for (std::int64_t d = 0; d < x.dim(); ++d) (d < axis ? rows : columns) *= x.size(d);
  return {reshape(x, {rows, columns}, c.at)};
}

Outputs transpose_of(const Call& c) {
  Shape dims;
  for (std::int64_t d = c.in(0).dim(); d-- > 0;) dims.push_back(d);
  if (c.has("perm")) dims = Shape(c.ints("perm"), c.at);
  return {permute(c.in(0), dims, c.at)};
}

Outputs squeeze_of(const Call& c) {
  if (!c.has(1)) return {squeeze(c.in(0), c.at)};
  const Shape dims = sizes_in(c, 1);
  for (const std::int64_t d : dims)
    if (c.in(0).dim() > 0 && c.in(0).size(d, c.at) != 1)
      c.refuse_shape(fmt::format("dimension {} is not of size 1", d));
  return {squeeze(c.in(0), dims, c.at)};
}

Outputs unsqueeze_of(const Call& c) {
  std::vector<std::int64_t> dims = c.ints_in(1);
  const std::int64_t rank = c.in(0).dim() + static_cast<std::int64_t>(dims.size());
  for (std::int64_t& d : dims) d = c.dim(d, rank);
  std::ranges::sort(dims);
  if (std::ranges::adjacent_find(dims) != dims.end()) c.refuse("a dimension is given twice");
  Tensor y = c.in(0);
  for (const std::int64_t d : dims) y = unsqueeze(y, d, c.at);
  return {y};
}

Outputs expand_of(const Call& c) {
  const Tensor x = c.in(0);
  const Shape wanted = broadcast_shapes("Expand", x.shape(), sizes_in(c, 1), c.at);
  c.require_room(wanted, x.dtype());
  return {expand(x, wanted, c.at)};
}

Outputs concat(const Call& c) {
  if (!c.has("axis")) c.refuse("axis is missing");
  return {cat(c.all(), c.i("axis", 0), c.at)};
}

Outputs split_of(const Call& c) {
  const Tensor x = c.in(0);
  const std::int64_t d = c.dim(c.i("axis", 0), x.dim()), n = static_cast<std::int64_t>(c.output_count());
  if (!c.has(1) && x.size(d) % n != 0) c.refuse_shape(fmt::format("size {} in {} equal parts", x.size(d), n));
  const std::vector<std::int64_t> sizes =
      c.has(1) ? c.ints_in(1) : std::vector<std::int64_t>(c.output_count(), x.size(d) / n);
  if (sizes.size() != c.output_count())
    c.refuse(fmt::format("{} sizes for {} outputs", sizes.size(), c.output_count()));
  return split(x, sizes, d, c.at);
}

// Backwards: the same elements forwards, turned round.
Tensor slice_backwards(const Tensor& x, std::int64_t d, std::int64_t start, std::int64_t stop, std::int64_t step,
                       const Location& at) {
  const std::int64_t size = x.size(d);
  const auto wrapped = [&](std::int64_t i) { return i < 0 ? std::max<std::int64_t>(i, -size - 1) + size : i; };
  if (size == 0) return x;
  start = std::clamp<std::int64_t>(wrapped(start), 0, size - 1);
  stop = std::max<std::int64_t>(wrapped(stop), -1);
  if (start <= stop) return slice(x, d, 0, 0, 1, at);
  step = -std::max(step, -size);
  const std::int64_t last = start - (start - stop - 1) / step * step;
  return flip(slice(x, d, last, start + 1, step, at), Shape{d}, at);
}

Outputs slice_of(const Call& c) {
  Tensor y = c.in(0);
  const std::vector<std::int64_t> starts = c.ints_in(1), ends = c.ints_in(2);
  std::vector<std::int64_t> axes, steps(starts.size(), 1);
  for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (c.has(3)) axes = c.ints_in(3);
  if (c.has(4)) steps = c.ints_in(4);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    c.refuse("starts, ends, axes and steps must have equally many numbers");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const int d = c.dim(axes[i], y.dim());
    if (steps[i] == 0) c.refuse("a step of 0");
    y = steps[i] > 0 ? slice(y, d, starts[i], ends[i], steps[i], c.at)
                     : slice_backwards(y, d, starts[i], ends[i], steps[i], c.at);
  }
  return {y};
}

// Negative indices count from the end.
Tensor wrapped(const Tensor& index, std::int64_t size, const Location& at) {
  const Tensor i = index.to(kInt64, at);
  return where(lt(i, Scalar(0), at), add(i, Scalar(size), at), i, at);
}

Outputs gather_of(const Call& c) {
  const Tensor x = c.in(0);
  if (!is_integral(c.in(1).dtype())) c.refuse("the indices must be whole numbers");
  const int d = c.dim(c.i("axis", 0), x.dim());
  const Tensor index = wrapped(c.in(1), x.size(d), c.at);
  if (index.dim() == 1) return {index_select(x, d, index, c.at)};
  if (d == 0 && x.dim() == 2 && is_floating(x.dtype())) return {embedding(index, x, {}, c.at)};
  Shape sizes;
  for (int k = 0; k < d; ++k) sizes.push_back(x.size(k));
  for (const std::int64_t n : index.shape()) sizes.push_back(n, c.at);
  for (std::int64_t k = d + 1; k < x.dim(); ++k) sizes.push_back(x.size(k), c.at);
  return {reshape(index_select(x, d, reshape(index, {index.numel()}, c.at), c.at), sizes, c.at)};
}

Outputs gather_elements(const Call& c) {
  const int d = c.dim(c.i("axis", 0), c.in(0).dim());
  return {gather(c.in(0), d, wrapped(c.in(1), c.in(0).size(d), c.at), c.at)};
}

// ---- places that are written to ----
Outputs scatter_elements(const Call& c) {
  const Tensor x = c.in(0);
  const int d = c.dim(c.i("axis", 0), x.dim());
  if (!is_integral(c.in(1).dtype())) c.refuse("the indices must be whole numbers");
  const Tensor index = wrapped(c.in(1), x.size(d), c.at);
  const std::string reduction = c.s("reduction", "none");
  if (reduction == "add") return {scatter_add(x, d, index, c.in(2), c.at)};
  if (reduction == "mul") return {scatter_reduce(x, d, index, c.in(2), "prod", true, c.at)};
  if (reduction != "none") c.refuse(fmt::format("reduction {} is not known", reduction));
  return {scatter(x, d, index, c.in(2), c.at)};
}

// The last dimension of the indices are places along the first dimensions of x; as places along all of these at once.
struct Pieces {
  Tensor x, places;  // (elements of those dimensions, those of a piece), and a list
  Shape index_shape, piece_shape;
};
Pieces pieces_of(const Call& c) {
  const Tensor x = c.in(0), index = c.in(1);
  if (!is_integral(index.dtype())) c.refuse("the indices must be whole numbers");
  const std::int64_t taken = index.dim() > 0 ? index.size(-1) : 0;
  if (taken < 1 || taken > x.dim()) c.refuse_shape("the last size of the indices is no number of dimensions");
  Pieces p;
  for (std::int64_t d = 0; d + 1 < index.dim(); ++d) p.index_shape.push_back(index.size(d));
  std::int64_t rows = 1, elements = 1;
  for (std::int64_t d = 0; d < x.dim(); ++d) {
    (d < taken ? rows : elements) *= x.size(d);
    if (d >= taken) p.piece_shape.push_back(x.size(d));
  }
  std::int64_t step = rows;
  for (std::int64_t d = 0; d < taken; ++d) {
    step = x.size(d) > 0 ? step / x.size(d) : 0;
    const Tensor one = wrapped(select(index, -1, d, c.at), x.size(d), c.at);
    if (any(logical_or(lt(one, Scalar(0), c.at), ge(one, Scalar(x.size(d)), c.at), c.at), c.at).item<bool>(c.at))
      c.refuse_shape(fmt::format("an index is outside of dimension {}", d));
    const Tensor part = mul(one, Scalar(step), c.at);
    p.places = d == 0 ? part : add(p.places, part, 1, c.at);
  }
  p.places = reshape(p.places, {p.places.numel()}, c.at);
  p.x = reshape(x, {rows, elements}, c.at);
  return p;
}
Outputs gather_nd(const Call& c) {
  if (c.i("batch_dims", 0) != 0) c.refuse("batch_dims is not supported");
  const Pieces p = pieces_of(c);
  Shape sizes = p.index_shape;
  for (const std::int64_t n : p.piece_shape) sizes.push_back(n, c.at);
  return {reshape(index_select(p.x, 0, p.places, c.at), sizes, c.at)};
}
Outputs scatter_nd(const Call& c) {
  const Pieces p = pieces_of(c);
  Shape wanted = p.index_shape;
  for (const std::int64_t n : p.piece_shape) wanted.push_back(n, c.at);
  if (!(c.in(2).shape() == wanted)) c.refuse_shape(fmt::format("the updates must be {}", to_string(wanted)));
  const Tensor rows = reshape(c.in(2), {p.places.numel(), p.x.size(1)}, c.at);
  const std::string reduction = c.s("reduction", "none");
  if (reduction != "none" && reduction != "add" && reduction != "mul")
    c.refuse(fmt::format("reduction {} is not known", reduction));
  const Tensor y = reduction == "none"  ? index_copy(p.x, 0, p.places, rows, c.at)
                   : reduction == "add" ? index_add(p.x, 0, p.places, rows, 1, c.at)
                                        : index_reduce(p.x, 0, p.places, rows, "prod", true, c.at);
  return {reshape(y, c.in(0).shape(), c.at)};
}

// values[1] at the place that each index names, values[0] elsewhere and for indices out of range.
Outputs one_hot_of(const Call& c) {
  const Tensor values = c.in(2);
  const double depth = c.in(1).numel() == 1 ? c.in(1).to_vector<double>(c.at)[0] : 0;
  if (!(depth >= 1) || depth > 9e18) c.refuse("depth must be one positive number");
  if (values.dim() != 1 || values.numel() != 2) c.refuse_shape("values must be two numbers");
  const auto n = static_cast<std::int64_t>(depth);
  c.require_room(std::vector<std::int64_t>{n}, kInt64);  // its places, also where there is no index
  c.require_room(std::vector<std::int64_t>{c.in(0).numel(), n}, values.dtype());
  const Tensor index = wrapped(c.in(0), n, c.at);
  const int d = c.dim(c.i("axis", -1), index.dim() + 1);
  Shape column;
  for (int k = 0; k <= index.dim(); ++k) column.push_back(k == d ? n : 1);
  const Tensor there = eq(unsqueeze(index, d, c.at), reshape(arange(Scalar(n)), column), c.at);
  return {where(there, select(values, 0, 1, c.at), select(values, 0, 0, c.at), c.at)};
}

Outputs size_of(const Call& c) { return {tensor(Scalar(c.in(0).numel()))}; }
Outputs positions(const Call& c) { return {transpose(nonzero(c.in(0), c.at), 0, 1, c.at)}; }

Outputs pad_of(const Call& c) {
  const Tensor x = c.in(0);
  const std::vector<std::int64_t> pads = c.ints_in(1);
  const auto rank = static_cast<std::size_t>(x.dim());
  if (pads.size() != 2 * rank) c.refuse(fmt::format("{} pads for a tensor of rank {}", pads.size(), rank));
  const std::string mode = c.s("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge") c.refuse(fmt::format("mode '{}' is not known", mode));
  std::vector<std::int64_t> result;
  for (std::size_t d = 0; d < rank; ++d) result.push_back(c.bordered(x.size(int(d)), pads[d], pads[rank + d]));
  c.require_room(result, x.dtype());
  std::size_t untouched = 0;
  while (untouched < rank && pads[untouched] == 0 && pads[rank + untouched] == 0) ++untouched;
  if (untouched == rank) return {x};
  std::vector<std::int64_t> sizes;
  for (std::size_t d = rank; d-- > untouched;) sizes.insert(sizes.end(), {pads[d], pads[rank + d]});
  const PadMode how = mode == "constant"  ? PadMode::constant
                      : mode == "reflect" ? PadMode::reflect
                                          : PadMode::replicate;
  return {pad(x, sizes, how, c.has(2) ? c.in(2).item_scalar(c.at) : Scalar(0), c.at)};
}

Outputs tile_of(const Call& c) {
  const Shape repeats = sizes_in(c, 1);
  if (repeats.rank() != c.in(0).dim()) c.refuse_shape("takes a number of repeats for each dimension");
  // (Negative repeats and products that overflow are refused by tile.)
  std::vector<std::int64_t> sizes{c.in(0).numel()};
  sizes.insert(sizes.end(), repeats.begin(), repeats.end());
  c.require_room(sizes, c.in(0).dtype());
  return {tile(c.in(0), repeats, c.at)};
}

Outputs range_of(const Call& c) {
  for (const Tensor& t : c.all())
    if (t.numel() != 1) c.refuse("takes single numbers");
  const Tensor start = c.in(0), end = c.in(1), step = c.in(2), none = zeros_like(step, c.at);
  const auto holds = [&](const Tensor& t) { return t.item<bool>(c.at); };
  // A step that points away from the end gives nothing.
  if ((holds(gt(step, none, c.at)) && holds(ge(start, end, c.at))) ||
      (holds(lt(step, none, c.at)) && holds(le(start, end, c.at))))
    return {zeros({0}, TensorOptions{start.dtype()}, c.at)};
  const double count = (end.item(c.at) - start.item(c.at)) / step.item(c.at);
  if (count > 9e18) c.refuse("too many numbers");
  c.require_room(std::vector<std::int64_t>{static_cast<std::int64_t>(count > 0 ? count : 0.)}, start.dtype());
  return {arange(start.item_scalar(c.at), end.item_scalar(c.at), step.item_scalar(c.at), start.dtype(), c.at)};
}

Outputs triangle(const Call& c) {
  const std::int64_t k = c.has(1) ? c.in(1).item<std::int64_t>(c.at) : 0;
  return {c.i("upper", 1) != 0 ? triu(c.in(0), k, c.at) : tril(c.in(0), k, c.at)};
}

}  // namespace

std::span<const Operator> shape_operators() {
  static const Operator all[] = {
      {"Concat", 1, kAnyNumber, 1, "axis:i", concat},
      {"Constant", 0, 0, 1, "value:t value_float:f value_floats:F value_int:i value_ints:I", constant},
      {"ConstantOfShape", 1, 1, 1, "value:t", constant_of_shape},
      {"Expand", 2, 2, 1, "", expand_of},
      {"Flatten", 1, 1, 1, "axis:i", flatten_of},
      {"Gather", 2, 2, 1, "axis:i", gather_of},
      {"GatherElements", 2, 2, 1, "axis:i", gather_elements},
      {"GatherND", 2, 2, 1, "batch_dims:i", gather_nd},
      {"NonZero", 1, 1, 1, "", positions},
      {"OneHot", 3, 3, 1, "axis:i", one_hot_of},
      {"Pad", 2, 3, 1, "mode:s", pad_of},
      {"Range", 3, 3, 1, "", range_of},
      {"Reshape", 2, 2, 1, "allowzero:i", reshape_of},
      {"ScatterElements", 3, 3, 1, "axis:i reduction:s", scatter_elements},
      {"ScatterND", 3, 3, 1, "reduction:s", scatter_nd},
      {"Shape", 1, 1, 1, "end:i start:i", shape_of},
      {"Size", 1, 1, 1, "", size_of},
      {"Slice", 3, 5, 1, "", slice_of},
      {"Split", 1, 2, kAnyNumber, "axis:i", split_of},
      {"Squeeze", 1, 2, 1, "", squeeze_of},
      {"Tile", 2, 2, 1, "", tile_of},
      {"Transpose", 1, 1, 1, "perm:I", transpose_of},
      {"Trilu", 1, 2, 1, "upper:i", triangle},
      {"Unsqueeze", 2, 2, 1, "", unsqueeze_of},
  };
  return all;
}

}  // namespace xgrad::onnx
