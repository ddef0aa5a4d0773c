// Products, convolutions, normalisation, attention, resampling.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <xgrad/ops.hpp>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

std::vector<std::int64_t> swapped_last(std::int64_t rank) {
  std::vector<std::int64_t> order;
  for (std::int64_t d = 0; d < rank; ++d) order.push_back(d);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return order;
}

void linear(Op& op) {
  if (op.rank_in(0) == 2 && op.has(2))
    return op.finish("Gemm", {op.in(0), op.in(1), op.in(2)}, {{"transB", std::int64_t{1}}});
  const std::string columns = op.emit("Transpose", {op.in(1)}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  const std::string product = op.emit("MatMul", {op.in(0), columns});
  if (!op.has(2)) return op.set_result(product);
  op.finish("Add", {product, op.in(2)});
}
void matmul(Op& op) { op.finish("MatMul", {op.in(0), op.in(1)}); }
void outer(Op& op) {
  op.finish("Mul", {op.emit("Unsqueeze", {op.in(0), op.list({1})}), op.emit("Unsqueeze", {op.in(1), op.list({0})})});
}

// ---- convolutions ----
NodeAttributes window(Op& op) {
  std::vector<std::int64_t> pads = op.ints("padding");
  const std::vector<std::int64_t> each = pads;
  pads.insert(pads.end(), each.begin(), each.end());
  const Shape& weight = op.shape_in(1);
  return {{"strides", op.ints("stride")},
          {"pads", pads},
          {"dilations", op.ints("dilation")},
          {"group", op.i("groups")},
          {"kernel_shape", std::vector<std::int64_t>(weight.begin() + 2, weight.end())}};
}

void convolve(Op& op, const char* type, const NodeAttributes& attributes) {
  const bool batched = op.rank_in(0) == op.rank_in(1);
  const std::string x = batched ? op.in(0) : op.emit("Unsqueeze", {op.in(0), op.list({0})});
  Names inputs{x, op.in(1)};
  if (op.has(2)) inputs.push_back(op.in(2));
  const std::string y = op.emit(type, inputs, attributes);
  if (batched) return op.set_result(y);
  op.finish("Squeeze", {y, op.list({0})});
}
// padding "same" of an even kernel: one more behind than before, as the result shows.
void conv(Op& op) {
  NodeAttributes attributes = window(op);
  const std::vector<std::int64_t> stride = op.ints("stride"), dilation = op.ints("dilation");
  std::vector<std::int64_t> pads = op.ints("padding");
  const std::size_t n = pads.size();
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t d = op.rank_in(0) - static_cast<std::int64_t>(n - i),
                       kernel = op.shape_in(1)[static_cast<int>(i) + 2];
    const std::int64_t reach = (op.shape()[d] - 1) * stride[i] + dilation[i] * (kernel - 1) + 1;
    pads.push_back(std::max(reach - op.shape_in(0)[d] - pads[i], pads[i]));
  }
  for (NodeAttribute& a : attributes)
    if (a.name == std::string("pads")) a.value = pads;
  convolve(op, "Conv", attributes);
}
void conv_transpose(Op& op) {
  NodeAttributes attributes = window(op);
  attributes.push_back({"output_padding", op.ints("output_padding")});
  convolve(op, "ConvTranspose", attributes);
}

// ---- normalisation ----
std::string ones_of(Op& op, std::int64_t n) { return op.constant(ones({n}, TensorOptions{op.dtype()})); }
std::string zeros_of(Op& op, std::int64_t n) { return op.constant(zeros({n}, TensorOptions{op.dtype()})); }
// Weight and bias, one for each channel.
std::int64_t channels(Op& op) {
  const DynamicSize n = op.size_in(0, 1);
  if (!n.fixed()) op.refuse("its channels follow a dynamic axis");
  return n.factor;
}
std::string weight_of(Op& op) { return op.has(1) ? op.in(1) : ones_of(op, channels(op)); }
std::string bias_of(Op& op) { return op.has(2) ? op.in(2) : zeros_of(op, channels(op)); }

void by_running_statistics(Op& op) {
  if (!op.has(3) || !op.has(4)) op.refuse("the running mean and variance that it used are not recorded");
  op.finish("BatchNormalization", {op.in(0), weight_of(op), bias_of(op), op.in(3), op.in(4)},
            {{"epsilon", op.f("eps")}});
}

// One number for each channel, as (C, 1, ...).
std::string column(Op& op, const std::string& v) {
  std::vector<std::int64_t> shape{op.shape_in(0)[1]};
  for (std::int64_t d = 2; d < op.rank_in(0); ++d) shape.push_back(1);
  return op.emit("Reshape", {v, op.list(shape)});
}

// (x - mean) / sqrt(var + eps) over rows: of x as (N, groups, elements of a group), so that the batch may be any.
void by_groups(Op& op, std::int64_t groups) {
  const std::vector<DynamicSize> from = op.sizes_in(0);
  std::int64_t inner = 1;
  for (std::size_t d = 1; d < from.size(); ++d) {
    if (!from[d].fixed()) op.refuse("only the batch may be dynamic");
    inner *= from[d].factor;
  }
  const std::string rows = op.reshaped(op.in(0), from, {from[0], {groups, {}}, {inner / groups, {}}});
  const std::string plain =
      op.emit("InstanceNormalization", {rows, ones_of(op, groups), zeros_of(op, groups)}, {{"epsilon", op.f("eps")}});
  std::string y = op.reshaped(plain, {from[0], {groups, {}}, {inner / groups, {}}}, from);
  if (op.has(1)) y = op.emit("Mul", {y, column(op, op.in(1))});
  if (op.has(2)) y = op.emit("Add", {y, column(op, op.in(2))});
  op.set_result(y);
}

// By the mean and variance of the batch, whatever its size.
void by_batch_statistics(Op& op) {
  std::vector<std::int64_t> axes{0};
  for (std::int64_t d = 2; d < op.rank_in(0); ++d) axes.push_back(d);
  const NodeAttributes kept{{"axes", axes}, {"keepdims", std::int64_t{1}}};
  const std::string distance = op.emit("Sub", {op.in(0), op.emit("ReduceMean", {op.in(0)}, kept)});
  const std::string variance = op.emit("ReduceMean", {op.emit("Mul", {distance, distance})}, kept);
  const std::string deviation = op.emit("Sqrt", {op.emit("Add", {variance, op.number(op.f("eps"))})});
  std::string y = op.emit("Div", {distance, deviation});
  if (op.has(1)) y = op.emit("Mul", {y, column(op, op.in(1))});
  if (op.has(2)) y = op.emit("Add", {y, column(op, op.in(2))});
  op.set_result(y);
}
void batch_norm(Op& op) { op.flag("training") ? by_batch_statistics(op) : by_running_statistics(op); }
void instance_norm(Op& op) {
  if (!op.flag("use_input_stats")) return by_running_statistics(op);
  if (op.rank_in(0) > 2)
    return op.finish("InstanceNormalization", {op.in(0), weight_of(op), bias_of(op)}, {{"epsilon", op.f("eps")}});
  by_groups(op, op.shape_in(0)[1]);
}
void group_norm(Op& op) { by_groups(op, op.i("num_groups")); }
void layer_norm(Op& op) {
  const std::vector<std::int64_t> normalized = op.ints("normalized_shape");
  Names inputs{op.in(0)};
  const Shape shape(normalized);
  inputs.push_back(op.has(1) ? op.in(1) : op.constant(ones(shape, TensorOptions{op.dtype()})));
  if (op.has(2)) inputs.push_back(op.in(2));
  op.finish("LayerNormalization", inputs,
            {{"axis", -static_cast<std::int64_t>(normalized.size())}, {"epsilon", op.f("eps")}});
}

// ---- attention ----
// softmax(scale Q K^T + mask) V; rows that may attend to nothing are 0, which a mask alone does not say.
void attention(Op& op) {
  if (op.f("dropout_p") != 0) op.refuse("dropout that is active, which draws other numbers in every call");
  const std::string keys = op.emit("Transpose", {op.in(1)}, {{"perm", swapped_last(op.rank_in(1))}});
  const std::string scaled = op.emit("Mul", {op.in(0), op.number(op.f("scale"))});
  std::string scores = op.emit("MatMul", {scaled, keys});
  const double least = -std::numeric_limits<double>::infinity();
  if (op.flag("is_causal")) {
    const std::vector<DynamicSize> pairs{op.size_in(0, op.rank_in(0) - 2), op.size_in(1, op.rank_in(1) - 2)};
    const std::string all =
        op.emit("ConstantOfShape", {op.sizes(pairs)}, {{"value", full({1}, 1.0, TensorOptions{op.dtype()})}});
    const std::string seen = op.emit("Trilu", {all}, {{"upper", std::int64_t{0}}});
    scores = op.emit("Where", {op.cast(seen, kBool), scores, op.number(least)});
  }
  std::string empty;
  if (op.has(3)) {
    const std::string mask = op.in(3);
    const bool open = op.dtype_in(3) == kBool;
    const std::string added = open ? op.emit("Where", {mask, op.number(0), op.number(least)}) : mask;
    scores = op.emit("Add", {scores, added});
    const std::string best = op.emit("ReduceMax", {scores}, {{"axes", std::vector<std::int64_t>{-1}}});
    empty = op.emit("Equal", {best, op.number(least)});
    scores = op.emit("Where", {empty, op.number(0), scores});
  }
  std::string weights = op.emit("Softmax", {scores}, {{"axis", std::int64_t{-1}}});
  if (!empty.empty()) weights = op.emit("Where", {empty, op.number(0), weights});
  op.finish("MatMul", {weights, op.in(2)});
}

// ---- resampling ----
// ONNX moves places outside to the border before it weighs four elements, this library each of the four: the same
// where the border is far enough away.
std::pair<std::string, std::string> with_wide_border(Op& op) {
  constexpr std::int64_t kWide = 3;
  std::vector<double> scale;
  for (const std::int64_t d : {3, 2}) {  // x comes first
    if (!op.size_in(0, d).fixed()) op.refuse("bicubic with a border of dynamic pictures");
    const auto n = static_cast<double>(op.shape_in(0)[d] - (op.flag("align_corners") ? 1 : 0));
    scale.push_back(n / (n + 2 * kWide));
  }
  const std::vector<std::int64_t> pads{0, 0, kWide, kWide, 0, 0, kWide, kWide};
  const std::string x = op.emit("Pad", {op.in(0), op.list(pads)}, {{"mode", std::string("edge")}});
  return {x, op.emit("Mul", {op.in(1), op.constant(from_vector(scale).to(op.dtype()))})};
}
void grid_sample(Op& op) {
  if (op.rank_in(0) != 4) op.refuse("ONNX samples volumes from operator set 20 on");
  const bool wide = op.text("mode") == "bicubic" && op.text("padding_mode") == "border";
  const auto [x, grid] = wide ? with_wide_border(op) : std::pair(op.in(0), op.in(1));
  op.finish("GridSample", {x, grid},
            {{"mode", op.text("mode")},
             {"padding_mode", op.text("padding_mode")},
             {"align_corners", std::int64_t{op.flag("align_corners")}}});
}

// Antialiased, and by areas: one matrix for each dimension, which the library's own resampling of the unit matrix is.
void by_matrices(Op& op, const std::string& mode) {
  constexpr const char* names[] = {"scales_d", "scales_h", "scales_w"};
  const std::int64_t rank = op.rank_in(0);
  std::string x = op.in(0);
  for (std::int64_t d = 2; d < rank; ++d) {
    const std::int64_t from = op.shape_in(0)[d], to = op.shape()[d];
    const char* scale = names[3 - rank + d];
    InterpolateOptions o{.align_corners = op.flag("align_corners"), .antialias = op.flag("antialias")};
    o.mode = mode == "area"      ? Interpolation::area
             : mode == "bicubic" ? Interpolation::bicubic
                                 : Interpolation::bilinear;
    if (op.given(scale))
      o.scale_factor = {op.f(scale), 1.0};
    else
      o.size = {to, 1};
    const Tensor unit = eye(from, TensorOptions{kFloat64}).reshape({1, from, from, 1});
    const Tensor matrix = xgrad::interpolate(unit, o).reshape({from, to}).to(op.dtype());
    std::vector<std::int64_t> order;
    for (std::int64_t k = 0; k < rank; ++k) order.push_back(k);
    std::swap(order[static_cast<std::size_t>(d)], order.back());
    const bool last = d == rank - 1;
    const std::string rows = last ? x : op.emit("Transpose", {x}, {{"perm", order}});
    const std::string product = op.emit("MatMul", {rows, op.constant(matrix)});
    x = last ? product : op.emit("Transpose", {product}, {{"perm", order}});
  }
  op.set_result(x);
}

void interpolate(Op& op) {
  if (op.flag("transposed")) op.refuse("ONNX has no adjoint of Resize");
  const std::string mode = op.text("mode");
  const std::int64_t rank = op.rank_in(0);
  for (std::int64_t d = 2; d < rank; ++d)
    if (!op.size(d).fixed()) op.refuse("only batch and channels may be dynamic");
  if (op.flag("antialias") || mode == "area") return by_matrices(op, mode);
  NodeAttributes attributes;
  if (mode == "nearest") {
    attributes = {{"mode", std::string("nearest")},
                  {"coordinate_transformation_mode", std::string("asymmetric")},
                  {"nearest_mode", std::string("floor")}};
  } else if (mode == "nearest_exact") {
    attributes = {{"mode", std::string("nearest")},
                  {"coordinate_transformation_mode", std::string("half_pixel")},
                  {"nearest_mode", std::string("round_prefer_ceil")}};
  } else {
    const bool cubic = mode == "bicubic";
    attributes = {
        {"mode", std::string(cubic ? "cubic" : "linear")},
        {"coordinate_transformation_mode", std::string(op.flag("align_corners") ? "align_corners" : "half_pixel")}};
    if (cubic) attributes.push_back({"cubic_coeff_a", -0.75});
  }
  constexpr const char* names[] = {"scales_d", "scales_h", "scales_w"};
  std::vector<float> scales(static_cast<std::size_t>(rank), 1);
  bool by_scale = true;
  for (std::int64_t d = 2; d < rank; ++d) {
    const char* name = names[3 - rank + d];
    by_scale = by_scale && op.given(name);
    if (op.given(name)) scales[static_cast<std::size_t>(d)] = static_cast<float>(op.f(name));
  }
  if (by_scale) return op.finish("Resize", {op.in(0), "", op.constant(from_vector(scales))}, attributes);
  op.finish("Resize", {op.in(0), "", "", op.sizes(op.sizes_out())}, attributes);
}

}  // namespace

std::span<const NamedRule> layer_rules() {
  static const NamedRule all[] = {
      {"batch_norm", batch_norm},
      {"bmm", matmul},
      {"conv1d", conv},
      {"conv2d", conv},
      {"conv3d", conv},
      {"conv_transpose1d", conv_transpose},
      {"conv_transpose2d", conv_transpose},
      {"conv_transpose3d", conv_transpose},
      {"dot", matmul},
      {"grid_sample", grid_sample},
      {"group_norm", group_norm},
      {"instance_norm", instance_norm},
      {"interpolate", interpolate},
      {"layer_norm", layer_norm},
      {"linear", linear},
      {"matmul", matmul},
      {"mm", matmul},
      {"mv", matmul},
      {"outer", outer},
      {"scaled_dot_product_attention", attention},
  };
  return all;
}

}  // namespace xgrad::onnx
