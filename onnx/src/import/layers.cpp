// Operators that are layers: products, convolutions, pooling, normalisation, resampling.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/ops.hpp>

#include "import/operators.hpp"

namespace xgrad::onnx {
namespace {

Outputs product(const Call& c) { return {matmul(c.in(0), c.in(1), c.at)}; }

Outputs gemm(const Call& c) {
  Tensor a = c.in(0), b = c.in(1);
  if (a.dim() != 2 || b.dim() != 2) c.refuse_shape("takes matrices");
  const double alpha = c.f("alpha", 1), beta = c.f("beta", 1);
  if (c.i("transA", 0)) a = transpose(a, 0, 1, c.at);
  const bool columns = c.i("transB", 0) != 0;
  if (columns && alpha == 1 && beta == 1 && c.has(2) && c.in(2).dim() == 1 && c.in(2).size(0) == b.size(0))
    return {linear(a, b, c.in(2), c.at)};
  Tensor y = matmul(a, columns ? transpose(b, 0, 1, c.at) : b, c.at);
  if (alpha != 1) y = mul(y, Scalar(alpha), c.at);
  if (c.has(2)) y = add(y, beta == 1 ? c.in(2) : mul(c.in(2), Scalar(beta), c.at), 1, c.at);
  return {y.to(c.in(0).dtype(), c.at)};
}

// ---- windows ----
struct Window {
  int n = 0;  // spatial dimensions
  std::vector<std::int64_t> stride, dilation, begin, end;
};

std::vector<std::int64_t> each(const Call& c, const char* name, int n, std::int64_t otherwise) {
  std::vector<std::int64_t> v = c.ints(name, std::vector<std::int64_t>(static_cast<std::size_t>(n), otherwise));
  if (v.size() != static_cast<std::size_t>(n))
    c.refuse(fmt::format("{} has {} numbers, expected {}", name, v.size(), n));
  return v;
}

// Borders that are wider than what they surround, as no program writes them, must not fill the memory.
void require_border(const Call& c, const Window& w) {
  const Tensor x = c.in(0);
  std::vector<std::int64_t> sizes{x.size(0), x.size(1)};
  bool wide = false;
  for (int d = 0; d < w.n; ++d) {
    const auto i = static_cast<std::size_t>(d);
    sizes.push_back(c.bordered(x.size(d + 2), w.begin[i], w.end[i]));
    wide |= sizes.back() / 2 > x.size(d + 2);
  }
  if (wide) c.require_room(sizes, x.dtype());
}

Window window_of(const Call& c) {
  Window w;
  w.n = static_cast<int>(c.in(0).dim()) - 2;
  if (w.n < 1 || w.n > 3) c.refuse_shape("takes (N, C, *spatial) with one to three spatial dimensions");
  const std::string padding = c.s("auto_pad", "NOTSET");
  if (padding != "NOTSET" && padding != "VALID") c.refuse(fmt::format("auto_pad = {} is not supported", padding));
  w.stride = each(c, "strides", w.n, 1);
  w.dilation = each(c, "dilations", w.n, 1);
  const std::vector<std::int64_t> pads = each(c, "pads", 2 * w.n, 0);
  w.begin.assign(pads.begin(), pads.begin() + w.n);
  w.end.assign(pads.begin() + w.n, pads.end());
  require_border(c, w);
  return w;
}

template <int N>
Extents<N> extents(const std::vector<std::int64_t>& v) {
  Extents<N> e = 0;
  for (int i = 0; i < N; ++i) e[i] = v[static_cast<std::size_t>(i)];
  return e;
}

// f with the number of dimensions as a constant.
template <class F>
auto with_dimensions(int n, const F& f) {
  if (n == 1) return f(std::integral_constant<int, 1>());
  if (n == 2) return f(std::integral_constant<int, 2>());
  return f(std::integral_constant<int, 3>());
}

// x with a border of its own where the two ends differ; the window then has none.
Tensor padded(const Call& c, const Tensor& from, Window& w, double value) {
  if (w.begin == w.end) return from;
  std::vector<std::int64_t> sizes;
  for (std::size_t i = w.begin.size(); i-- > 0;) sizes.insert(sizes.end(), {w.begin[i], w.end[i]});
  const Tensor x = pad(from, sizes, PadMode::constant, Scalar(value), c.at);
  std::ranges::fill(w.begin, 0);
  w.end = w.begin;
  return x;
}

// The kernel's sizes may be there beside those of the weight.
void require_kernel(const Call& c, int n) {
  if (!c.has("kernel_shape") || c.in(1).dim() != n + 2) return;
  const std::vector<std::int64_t> kernel = each(c, "kernel_shape", n, 1);
  for (int d = 0; d < n; ++d)
    if (kernel[static_cast<std::size_t>(d)] != c.in(1).size(d + 2))
      c.refuse_shape("kernel_shape is not that of the weight");
}

Outputs convolution(const Call& c) {
  Window w = window_of(c);
  require_kernel(c, w.n);
  const Tensor x = padded(c, c.in(0), w, 0);
  return {with_dimensions(w.n, [&](auto dims) {
    constexpr int n = dims;
    ConvOptions<n> o;
    o.stride = extents<n>(w.stride);
    o.dilation = extents<n>(w.dilation);
    o.padding = extents<n>(w.begin);
    o.groups = c.i("group", 1);
    if constexpr (n == 1)
      return conv1d(x, c.in(1), c.in(2), o, c.at);
    else if constexpr (n == 2)
      return conv2d(x, c.in(1), c.in(2), o, c.at);
    else
      return conv3d(x, c.in(1), c.in(2), o, c.at);
  })};
}

// Of one channel of the result, before its border is taken off.
void require_transposed_room(const Call& c, const Window& w, const std::vector<std::int64_t>& output_padding) {
  const Tensor x = c.in(0), weight = c.in(1);
  std::vector<std::int64_t> wanted{x.size(0)};
  for (int d = 0; d < w.n; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const std::int64_t kernel = weight.dim() == w.n + 2 ? weight.size(d + 2) : 1;
    const double size = static_cast<double>(x.size(d + 2) - 1) * static_cast<double>(w.stride[i]) +
                        static_cast<double>(kernel - 1) * static_cast<double>(w.dilation[i]) +
                        static_cast<double>(output_padding[i]) + 1;
    wanted.push_back(static_cast<std::int64_t>(std::clamp(size, 0., 9e18)));
  }
  c.require_room(wanted, x.dtype());
}

Outputs transposed_convolution(const Call& c) {
  const Window w = window_of(c);
  require_kernel(c, w.n);
  if (w.begin != w.end) c.refuse("pads that differ at both ends are not supported");
  if (c.has("output_shape")) c.refuse("output_shape is not supported");
  const std::vector<std::int64_t> output_padding = each(c, "output_padding", w.n, 0);
  require_transposed_room(c, w, output_padding);
  return {with_dimensions(w.n, [&](auto dims) {
    constexpr int n = dims;
    ConvTransposeOptions<n> o;
    o.stride = extents<n>(w.stride);
    o.dilation = extents<n>(w.dilation);
    o.padding = extents<n>(w.begin);
    o.output_padding = extents<n>(output_padding);
    o.groups = c.i("group", 1);
    if constexpr (n == 1)
      return conv_transpose1d(c.in(0), c.in(1), c.in(2), o, c.at);
    else if constexpr (n == 2)
      return conv_transpose2d(c.in(0), c.in(1), c.in(2), o, c.at);
    else
      return conv_transpose3d(c.in(0), c.in(1), c.in(2), o, c.at);
  })};
}

void require_row_major(const Call& c) {
  if (c.i("storage_order", 0) != 0) c.refuse("storage_order = 1 is not supported");
}

// Places in each plane of a border of its own, as places in the whole input, in which ONNX numbers them.
Tensor places_in_input(const Call& c, const Tensor& in_planes, const Tensor& padded, const Window& given,
                       const Window& used) {
  const Tensor x = c.in(0);
  Tensor rest = in_planes, place;
  std::int64_t step = 1;
  for (int d = static_cast<int>(x.dim()) - 1; d >= 2; --d) {
    const auto i = static_cast<std::size_t>(d - 2);
    const Scalar size(padded.size(d)), border(given.begin[i] - used.begin[i]);
    const Tensor part = mul(sub(remainder(rest, size, c.at), border, c.at), Scalar(step), c.at);
    place = place.defined() ? add(place, part, 1, c.at) : part;
    rest = div(rest, size, Rounding::floor, c.at);
    step *= x.size(d);
  }
  Shape planes{x.size(0), x.size(1)};
  for (int d = 2; d < x.dim(); ++d) planes.push_back(1);
  return add(place, mul(arange(Scalar(planes.numel())).reshape(planes), Scalar(step), c.at), 1, c.at);
}

template <int n>
Outputs largest(const Call& c, const Tensor& x, const Window& given, const Window& w, const MaxPoolOptions<n>& o) {
  const Extents<n> kernel = extents<n>(each(c, "kernel_shape", w.n, 1));
  if (c.output_count() < 2) {
    if constexpr (n == 1) return {max_pool1d(x, kernel, o, c.at)};
    if constexpr (n == 2) return {max_pool2d(x, kernel, o, c.at)};
    if constexpr (n == 3) return {max_pool3d(x, kernel, o, c.at)};
  }
  const ValuesIndices r = [&] {
    if constexpr (n == 1)
      return max_pool1d_with_indices(x, kernel, o, c.at);
    else if constexpr (n == 2)
      return max_pool2d_with_indices(x, kernel, o, c.at);
    else
      return max_pool3d_with_indices(x, kernel, o, c.at);
  }();
  return {r.values, places_in_input(c, r.indices, x, given, w)};
}

Outputs max_pool(const Call& c) {
  const Window given = window_of(c);
  Window w = given;
  require_row_major(c);
  // Whole numbers (bytes, says ONNX) in float32, so that the border is below all of them.
  const Tensor from = is_floating(c.in(0).dtype()) ? c.in(0) : c.in(0).to(kFloat32, c.at);
  const Tensor x = padded(c, from, w, -std::numeric_limits<double>::infinity());
  Outputs out = with_dimensions(w.n, [&](auto dims) {
    constexpr int n = dims;
    MaxPoolOptions<n> o;
    o.stride = extents<n>(w.stride);
    o.dilation = extents<n>(w.dilation);
    o.padding = extents<n>(w.begin);
    o.ceil_mode = c.i("ceil_mode", 0) != 0;
    return largest<n>(c, x, given, w, o);
  });
  out[0] = out[0].to(c.in(0).dtype(), c.at);
  return out;
}

Tensor averages(const Call& c, const Tensor& x, const Window& w, bool counts) {
  const std::vector<std::int64_t> kernel = each(c, "kernel_shape", w.n, 1);
  return with_dimensions(w.n, [&](auto dims) {
    constexpr int n = dims;
    AvgPoolOptions<n> o;
    o.stride = extents<n>(w.stride);
    o.padding = extents<n>(w.begin);
    o.ceil_mode = c.i("ceil_mode", 0) != 0;
    o.count_include_pad = counts;
    if constexpr (n == 1)
      return avg_pool1d(x, extents<n>(kernel), o, c.at);
    else if constexpr (n == 2)
      return avg_pool2d(x, extents<n>(kernel), o, c.at);
    else
      return avg_pool3d(x, extents<n>(kernel), o, c.at);
  });
}

Outputs average_pool(const Call& c) {
  Window w = window_of(c);
  const bool counts = c.i("count_include_pad", 0) != 0;
  if (counts || w.begin == w.end) return {averages(c, padded(c, c.in(0), w, 0), w, counts)};
  // A border of zeros, which does not count: over the averages of ones with the same border.
  Window same = w;
  const Tensor sums = averages(c, padded(c, c.in(0), w, 0), w, true);
  return {div(sums, averages(c, padded(c, ones_like(c.in(0), c.at), same, 0), same, true), c.at)};
}

// All dimensions behind the channels.
Shape spatial(const Call& c) {
  Shape dims;
  for (std::int64_t d = 2; d < c.in(0).dim(); ++d) dims.push_back(d);
  if (dims.empty()) c.refuse_shape("takes (N, C, *spatial)");
  return dims;
}
Outputs global_average_pool(const Call& c) { return {mean(c.in(0), spatial(c), true, c.at)}; }
Outputs global_max_pool(const Call& c) { return {amax(c.in(0), spatial(c), true, c.at)}; }

// ---- normalisation ----
Outputs batch_normalization(const Call& c) {
  if (c.i("training_mode", 0) != 0) c.refuse("training_mode = 1 is not supported");
  return {batch_norm(c.in(0), c.in(3), c.in(4), c.in(1), c.in(2), false, 0.1, c.f("epsilon", 1e-5), c.at)};
}
Outputs instance_normalization(const Call& c) {
  return {instance_norm(c.in(0), Tensor(), Tensor(), c.in(1), c.in(2), true, 0.1, c.f("epsilon", 1e-5), c.at)};
}
Outputs layer_normalization(const Call& c) {
  const Tensor x = c.in(0);
  Shape normalized;
  for (std::int64_t d = c.dim(c.i("axis", -1), x.dim()); d < x.dim(); ++d) normalized.push_back(x.size(d));
  if (c.i("stash_type", 1) != 1) c.refuse("stash_type must be 1");
  const auto wide = [&](std::size_t i) { return c.has(i) ? expand(c.in(i), normalized, c.at) : Tensor(); };
  return {layer_norm(x, normalized, wide(1), wide(2), c.f("epsilon", 1e-5), c.at)};
}
Outputs local_response(const Call& c) {
  if (!c.has("size")) c.refuse("size is missing");
  const std::int64_t size = c.i("size", 1);
  const auto norm = [&](const Tensor& x) {
    return local_response_norm(x, size, c.f("alpha", 1e-4), c.f("beta", 0.75), c.f("bias", 1), c.at);
  };
  // Of an even number of channels ONNX has one more behind, local_response_norm one more in front.
  if (size % 2 != 0 || c.in(0).dim() < 2) return {norm(c.in(0))};
  return {flip(norm(flip(c.in(0), Shape{1}, c.at)), Shape{1}, c.at)};
}

// ---- resampling ----
Outputs sample_grid(const Call& c) {
  if (c.in(0).dim() != 4) c.refuse_shape("takes (N, C, H, W)");
  const std::string mode = c.s("mode", "bilinear"), edge = c.s("padding_mode", "zeros");
  GridSampleOptions o;
  o.align_corners = c.i("align_corners", 0) != 0;
  if (mode != "bilinear" && mode != "nearest" && mode != "bicubic") c.refuse(fmt::format("mode {}", mode));
  if (edge != "zeros" && edge != "border" && edge != "reflection") c.refuse(fmt::format("padding_mode {}", edge));
  o.mode = mode == "nearest" ? GridMode::nearest : mode == "bicubic" ? GridMode::bicubic : GridMode::bilinear;
  o.padding_mode = edge == "zeros"    ? GridPadding::zeros
                   : edge == "border" ? GridPadding::border
                                      : GridPadding::reflection;
  Tensor grid = c.in(1);
  if (mode == "bicubic" && edge == "border") {  // places, not the four elements around them, are moved to the border
    const auto most = [&](int d) { return o.align_corners ? 1 : 1 - 1 / static_cast<double>(c.in(0).size(d)); };
    const Tensor limit = from_vector(std::vector<double>{most(3), most(2)}).to(grid.dtype());
    grid = clamp(grid, neg(limit), limit, c.at);
  }
  return {grid_sample(c.in(0), grid, o, c.at)};
}

Interpolation interpolation_of(const Call& c, int n, const std::string& places) {
  const std::string mode = c.s("mode", "nearest");
  if (mode == "nearest") {
    const std::string rounding = c.s("nearest_mode", "round_prefer_floor");
    if (places == "asymmetric" && rounding == "floor") return Interpolation::nearest;
    if (places == "half_pixel" && rounding == "round_prefer_ceil") return Interpolation::nearest_exact;
    c.refuse(fmt::format("nearest with {} and {} is not supported", places, rounding));
  }
  if (places != "half_pixel" && places != "pytorch_half_pixel" && places != "align_corners")
    c.refuse(fmt::format("{} with {} is not supported", mode, places));
  if (mode == "linear" && n <= 3)
    return n == 1 ? Interpolation::linear : n == 2 ? Interpolation::bilinear : Interpolation::trilinear;
  if (mode == "cubic" && n == 2 && std::abs(c.f("cubic_coeff_a", -0.75) + 0.75) < 1e-6) return Interpolation::bicubic;
  c.refuse(fmt::format("mode {} of {} dimensions is not supported", mode, n));
}

// pytorch_half_pixel: where the result has one element, it is the first.
Tensor first_where_one(const Call& c, const Tensor& from, InterpolateOptions& o) {
  Tensor x = from;
  for (int d = 2; d < from.dim(); ++d) {
    const auto i = static_cast<std::size_t>(d - 2);
    const bool one =
        o.size.empty() ? std::floor(o.scale_factor[i] * static_cast<double>(from.size(d))) == 1 : o.size[i] == 1;
    if (!one || from.size(d) == 0) continue;
    x = narrow(x, d, 0, 1, c.at);
    if (o.size.empty()) o.scale_factor[i] = 1;
  }
  return x;
}

Outputs resize(const Call& c) {
  const Tensor x = c.in(0);
  const int n = static_cast<int>(x.dim()) - 2;
  if (n < 1 || n > 3) c.refuse_shape("takes (N, C, *spatial)");
  if (c.i("exclude_outside", 0) != 0) c.refuse("exclude_outside = 1 is not supported");
  const std::string places = c.s("coordinate_transformation_mode", "half_pixel");
  InterpolateOptions o;
  o.mode = interpolation_of(c, n, places);
  o.align_corners = places == "align_corners";
  const bool by_size = c.has(3) && c.in(3).numel() > 0;
  if (by_size == (c.has(2) && c.in(2).numel() > 0)) c.refuse("takes either scales or sizes");
  if (by_size) {
    const std::vector<std::int64_t> sizes = c.ints_in(3);
    if (sizes.size() != static_cast<std::size_t>(n + 2) || sizes[0] != x.size(0) || sizes[1] != x.size(1))
      c.refuse("sizes must keep batch and channels");
    o.size.assign(sizes.begin() + 2, sizes.end());
  } else {
    if (c.in(2).numel() != n + 2) c.refuse("scales must be as many as dimensions");
    const std::vector<double> scales = c.in(2).to_vector<double>();
    if (scales[0] != 1 || scales[1] != 1) c.refuse("scales must keep batch and channels");
    o.scale_factor.assign(scales.begin() + 2, scales.end());
  }
  std::vector<std::int64_t> wanted{x.size(0), x.size(1)};
  for (int d = 0; d < n; ++d) {
    const auto i = static_cast<std::size_t>(d);
    const double size =
        by_size ? static_cast<double>(o.size[i]) : o.scale_factor[i] * static_cast<double>(x.size(d + 2));
    wanted.push_back(static_cast<std::int64_t>(std::clamp(size, 0., 9e18)));
  }
  c.require_room(wanted, x.dtype());
  return {interpolate(places == "pytorch_half_pixel" ? first_where_one(c, x, o) : x, o, c.at)};
}

Outputs depth_to_space(const Call& c) {
  const Tensor x = c.in(0);
  const std::int64_t r = c.i("blocksize", 0);
  if (x.dim() != 4) c.refuse_shape("takes (N, C, H, W)");
  // No product of r before it is known to be small: the file may say anything.
  if (r < 1 || r > std::max<std::int64_t>(x.size(1), 1) || x.size(1) % r != 0 || x.size(1) / r % r != 0)
    c.refuse_shape("the channels are no multiple of blocksize^2");
  const std::int64_t n = x.size(0), channels = x.size(1) / (r * r), h = x.size(2), w = x.size(3);
  const bool crd = c.s("mode", "DCR") == "CRD";
  const Tensor split = crd ? reshape(x, {n, channels, r, r, h, w}, c.at) : reshape(x, {n, r, r, channels, h, w}, c.at);
  const Tensor moved = permute(split, crd ? Shape{0, 1, 4, 2, 5, 3} : Shape{0, 3, 4, 1, 5, 2}, c.at);
  return {reshape(moved, {n, channels, h * r, w * r}, c.at)};
}

}  // namespace

std::span<const Operator> layer_operators() {
  static const Operator all[] = {
      {"AveragePool", 1, 1, 1, "auto_pad:s ceil_mode:i count_include_pad:i kernel_shape:I pads:I strides:I",
       average_pool},
      {"BatchNormalization", 5, 5, 1, "epsilon:f momentum:f training_mode:i", batch_normalization},
      {"Conv", 2, 3, 1, "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I", convolution},
      {"ConvTranspose", 2, 3, 1,
       "auto_pad:s dilations:I group:i kernel_shape:I output_padding:I output_shape:I pads:I strides:I",
       transposed_convolution},
      {"DepthToSpace", 1, 1, 1, "blocksize:i mode:s", depth_to_space},
      {"Gemm", 2, 3, 1, "alpha:f beta:f transA:i transB:i", gemm},
      {"GlobalAveragePool", 1, 1, 1, "", global_average_pool},
      {"GlobalMaxPool", 1, 1, 1, "", global_max_pool},
      {"GridSample", 2, 2, 1, "align_corners:i mode:s padding_mode:s", sample_grid},
      {"InstanceNormalization", 3, 3, 1, "epsilon:f", instance_normalization},
      {"LRN", 1, 1, 1, "alpha:f beta:f bias:f size:i", local_response},
      {"LayerNormalization", 2, 3, 1, "axis:i epsilon:f stash_type:i", layer_normalization},
      {"MatMul", 2, 2, 1, "", product},
      {"MaxPool", 1, 1, 2, "auto_pad:s ceil_mode:i dilations:I kernel_shape:I pads:I storage_order:i strides:I",
       max_pool},
      {"Resize", 1, 4, 1,
       "coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i mode:s nearest_mode:s "
       "extrapolation_value:f",
       resize},
  };
  return all;
}

}  // namespace xgrad::onnx
