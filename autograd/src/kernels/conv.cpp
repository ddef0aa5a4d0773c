// Chooses who computes a convolution: oneDNN for float32, im2col for float64 and where oneDNN is slow, a kernel of our
// own for images of one channel. The choice depends on the numbers only, never on the thread count.
#include "kernels/conv.hpp"

#include <xgrad/parallel.hpp>

#include "core/blocked.hpp"
#include "core/elementwise_loop.hpp"
#include "core/threads/library_call.hpp"
#include "kernels/channels.hpp"
#include "kernels/onednn.hpp"
#include "kernels/weight_sums.hpp"

namespace xgrad::detail {
namespace {

using dnn::Activation;
using dnn::ConvBlocks;
using dnn::ConvPass;

// Below this a primitive costs more than the work.
bool is_tiny(const ConvShape& s) { return s.multiply_adds() < 20000; }

bool by_onednn(ConvPass pass, const ConvShape& s) {
  if (is_tiny(s) || !dnn::conv_supported(s)) return false;
  // The gradient of an image of one channel: oneDNN's kernels for it are up to 14 times slower.
  return pass != ConvPass::backward_data || s.in_channels > 1;
}

// ---- pieces: oneDNN computes on one thread (team.hpp says why), so a large convolution is cut ----

// By the images, or one image by the channels of its result.
struct Cut {
  std::int64_t count = 1;
  bool channels = false;
};

struct Piece {
  ConvShape s;
  std::int64_t x = 0, w = 0, y = 0, bias = 0;  // where its part of each operand begins, in elements
};

constexpr std::int64_t kChannels = 16;  // of a piece: a multiple, so that blocked activations can be cut

// Under set_deterministic by the numbers alone; otherwise a piece for each thread that has work enough.
Cut cut_images(const ConvShape& s) {
  if (is_deterministic()) return {std::min(kFixedPieces, s.batch)};
  constexpr double kThreadWork = 200000;  // multiply-adds
  const double most = std::min<double>(usable_threads(), s.multiply_adds() / kThreadWork);
  return {std::clamp<std::int64_t>(static_cast<std::int64_t>(most), 1, s.batch)};
}
Cut cut(ConvPass pass, const ConvShape& s) {
  const bool whole = s.batch > 1 || s.groups > 1 || pass == ConvPass::backward_data || is_deterministic();
  if (whole || s.multiply_adds() < 1e6) return cut_images(s);
  return {std::clamp<std::int64_t>(s.out_channels / kChannels, 1, usable_threads()), true};
}

Piece piece(const ConvShape& s, const Cut& c, std::int64_t i) {
  Piece p{s};
  if (!c.channels) {
    const std::int64_t first = s.batch * i / c.count;
    p.s.batch = s.batch * (i + 1) / c.count - first;
    p.x = first * s.in_image();
    p.y = first * s.out_image();
    return p;
  }
  const auto begin = [&](std::int64_t j) {
    return j == c.count ? s.out_channels : s.out_channels / kChannels * j / c.count * kChannels;
  };
  p.bias = begin(i);
  p.s.out_channels = begin(i + 1) - p.bias;
  p.y = p.bias * volume(s.out);
  p.w = p.bias * s.taps();
  return p;
}

void each_piece(const ConvShape& s, const Cut& c, const auto& f) {
  parallel_for(c.count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) f(piece(s, c, i), i);
  });
}

Activation moved(const Activation& a, std::int64_t by) { return {a.data + by, a.block}; }

dnn::ConvOperands operands_of(const Piece& p, const dnn::ConvOperands& o) {
  return {moved(o.x, p.x), o.w + p.w, o.bias ? o.bias + p.bias : nullptr, moved(o.y, p.y)};
}

// Pieces by channels have their own weights.
WeightSums<float> weight_sums(const ConvShape& s, const Cut& c, float* out) {
  return {c.channels ? 1 : c.count, s.out_channels * s.taps(), out};
}

// A tensor as a primitive reads or writes it: in blocks where both know them, else plain.
class FormedTensor {
 public:
  static FormedTensor read(const Tensor& t, std::int64_t block) {
    FormedTensor o(t);
    o.form_ = block != 0 ? blocked_form(t) : BlockedRef();
    if (o.form_ && o.form_.layout().block != block) o.form_ = BlockedRef();
    return o;
  }
  static FormedTensor make(const Shape& shape, std::int64_t block) {
    FormedTensor o(block != 0 ? make_blocked_tensor(shape, kFloat32, block) : make_tensor(shape, kFloat32));
    o.form_ = blocked_form(o.t_);
    return o;
  }
  const Tensor& tensor() const { return t_; }
  Activation activation() const {
    return form_ ? Activation{form_.data<float>(), form_.layout().block} : Activation{data<float>(t_)};
  }

 private:
  explicit FormedTensor(Tensor t) : t_(std::move(t)) {}
  Tensor t_;
  BlockedRef form_;
};

// The blocks that every piece takes and gives.
ConvBlocks blocks_for(ConvPass pass, bool bias, const ConvShape& s, const Cut& c) {
  ConvBlocks all = dnn::conv_blocks(pass, bias, piece(s, c, 0).s);
  for (std::int64_t i = 1; i < c.count; ++i) {
    const ConvShape part = piece(s, c, i).s;
    if (part == piece(s, c, i - 1).s) continue;
    const ConvBlocks b = dnn::conv_blocks(pass, bias, part);
    if (b.x != all.x) all.x = 0;
    if (b.y != all.y) all.y = 0;
  }
  return all;
}

// kept: the storage of weights whose copy in oneDNN's format is kept; may be null.
void run_pass(ConvPass pass, const ConvShape& s, const Cut& c, const dnn::ConvOperands& o, Storage* kept = nullptr) {
  if (pass != ConvPass::backward_weights)
    return each_piece(s, c,
                      [&](const Piece& p, std::int64_t) { dnn::convolution(pass, p.s, operands_of(p, o), kept); });
  const WeightSums sums = weight_sums(s, c, o.w);
  each_piece(s, c, [&](const Piece& p, std::int64_t i) {
    dnn::ConvOperands part = operands_of(p, o);
    part.w = sums.of(i) + p.w;
    dnn::convolution(pass, p.s, part);
  });
  sums.add();
}

// A sum of nothing: zeros, plus the bias.
Tensor empty_sum(const Shape& shape, DType dtype, const Tensor& bias, std::int64_t channels, std::int64_t size) {
  Tensor y = zeros_raw(shape, dtype);
  if (bias.defined() && impl(y).numel > 0) add_to_channels(y, bias, channels, size);
  return y;
}

// So many weights for so few positions that the product as a matrix costs less than laying weights and their gradient
// out as oneDNN wants them.
bool has_few_positions(const ConvShape& s) {
  return s.groups == 1 && s.batch * volume(s.out) <= 32 && s.in_channels * s.out_channels >= 4096;
}

// Whether `pass` and the one by weights are both oneDNN's.
bool by_onednn_together(ConvPass pass, const ConvShape& s, const Tensor& x) {
  return impl(x).dtype == DType::float32 && s.multiply_adds() > 0 && !has_few_positions(s) && !conv_direct_suits(s) &&
         by_onednn(pass, s) && by_onednn(ConvPass::backward_weights, s);
}

// Below, one LibraryCall is around all calls of a pass: it costs two calls of the system.
Tensor forward_by_primitive(const ConvShape& s, const Tensor& x, const Tensor& w, const float* bias, Weights weights) {
  const LibraryCall once;
  const Cut c = cut(ConvPass::forward, s);
  const ConvBlocks blocks = blocks_for(ConvPass::forward, bias != nullptr, s, c);
  const FormedTensor in = FormedTensor::read(x, blocks.x), out = FormedTensor::make(s.output_shape(), blocks.y);
  Storage* kept = weights == Weights::fixed ? impl(w).storage : nullptr;
  run_pass(ConvPass::forward, s, c, {in.activation(), data<float>(w), bias, out.activation()}, kept);
  return out.tensor();
}

Tensor backward_data_by_primitive(const ConvShape& s, const Tensor& g, const Tensor& w) {
  const LibraryCall once;
  const Cut c = cut(ConvPass::backward_data, s);
  const ConvBlocks blocks = blocks_for(ConvPass::backward_data, false, s, c);
  const FormedTensor in = FormedTensor::read(g, blocks.y), out = FormedTensor::make(s.input_shape(), blocks.x);
  run_pass(ConvPass::backward_data, s, c, {out.activation(), data<float>(w), nullptr, in.activation()});
  return out.tensor();
}

void backward_weights_by_primitive(const ConvShape& s, const Tensor& g, const Tensor& x, const Tensor& dw) {
  const LibraryCall once;
  const Cut c = cut(ConvPass::backward_weights, s);
  const ConvBlocks blocks = blocks_for(ConvPass::backward_weights, false, s, c);
  const FormedTensor by = FormedTensor::read(g, blocks.y), in = FormedTensor::read(x, blocks.x);
  run_pass(ConvPass::backward_weights, s, c, {in.activation(), data<float>(dw), nullptr, by.activation()});
}

// By `first`, which takes g to the gradient of the other activation, and by the pass for the weights, which reads g and
// that activation itself, `saved`.
ConvGrads gradients_together(ConvPass first, const ConvShape& s, const Tensor& grad, const Tensor& saved,
                             const Tensor& weight) {
  const LibraryCall once;
  constexpr auto kSecond = ConvPass::backward_weights;
  const bool by_y = first == ConvPass::backward_data;  // whether g stands for y
  const Tensor g = contiguous_copy(grad), a = contiguous_copy(saved), w = contiguous_copy(weight);
  const Tensor dw = make_tensor(s.weight_shape(), kFloat32);
  const Cut c = cut_images(s);
  const ConvBlocks one = blocks_for(first, false, s, c), two = blocks_for(kSecond, false, s, c);
  const FormedTensor out = FormedTensor::make(by_y ? s.input_shape() : s.output_shape(), by_y ? one.x : one.y);
  const FormedTensor other = FormedTensor::read(a, by_y ? two.x : two.y);
  const auto operands = [by_y](const FormedTensor& of_g, const FormedTensor& of_other, const Tensor& weights) {
    return dnn::ConvOperands{by_y ? of_other.activation() : of_g.activation(), data<float>(weights), nullptr,
                             by_y ? of_g.activation() : of_other.activation()};
  };
  const dnn::ConvOperands of_first = operands(FormedTensor::read(g, by_y ? one.y : one.x), out, w);
  const dnn::ConvOperands of_second = operands(FormedTensor::read(g, by_y ? two.y : two.x), other, dw);
  const WeightSums sums = weight_sums(s, c, data<float>(dw));
  each_piece(s, c, [&](const Piece& p, std::int64_t i) {
    dnn::ConvOperands of_weights = operands_of(p, of_second);
    of_weights.w = sums.of(i);
    dnn::both_passes(first, p.s, operands_of(p, of_first), of_weights);
  });
  sums.add();
  return {out.tensor(), dw};
}

}  // namespace

Tensor conv_forward_raw(const ConvShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        Weights weights) {
  const Tensor a = contiguous_copy(x), w = contiguous_copy(weight), b = contiguous_copy(bias);
  const DType dtype = impl(x).dtype;
  if (s.multiply_adds() == 0) return empty_sum(s.output_shape(), dtype, b, s.out_channels, volume(s.out));
  const bool direct = dtype == DType::float32 && conv_direct_suits(s);
  if (dtype == DType::float32 && !direct && by_onednn(ConvPass::forward, s))
    return forward_by_primitive(s, a, w, data_or_null<const float>(b), weights);
  Tensor y = make_tensor(s.output_shape(), dtype);
  if (direct)
    conv_direct_forward(s, data<float>(a), data<float>(w), data_or_null<const float>(b), data<float>(y));
  else
    dispatch_floating(dtype, [&](auto zero) {
      using T = decltype(zero);
      im2col_forward(s, data<T>(a), data<T>(w), data_or_null<const T>(b), data<T>(y));
    });
  return y;
}

Tensor conv_backward_data_raw(const ConvShape& s, const Tensor& grad, const Tensor& weight, const Tensor& bias) {
  const Tensor g = contiguous_copy(grad), w = contiguous_copy(weight), b = contiguous_copy(bias);
  const DType dtype = impl(g).dtype;
  if (s.multiply_adds() == 0) return empty_sum(s.input_shape(), dtype, b, s.in_channels, volume(s.in));
  if (dtype == DType::float32 && !has_few_positions(s) && by_onednn(ConvPass::backward_data, s)) {
    Tensor dx = backward_data_by_primitive(s, g, w);
    if (b.defined()) add_to_channels(dx, b, s.in_channels, volume(s.in));
    return dx;
  }
  Tensor dx = make_tensor(s.input_shape(), dtype);
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    im2col_backward_data(s, data<T>(g), data<T>(w), data_or_null<const T>(b), data<T>(dx));
  });
  return dx;
}

Tensor conv_backward_weights_raw(const ConvShape& s, const Tensor& grad, const Tensor& x) {
  const Tensor g = contiguous_copy(grad), a = contiguous_copy(x);
  const DType dtype = impl(g).dtype;
  if (s.multiply_adds() == 0) return empty_sum(s.weight_shape(), dtype, Tensor(), 0, 0);
  Tensor dw = make_tensor(s.weight_shape(), dtype);
  if (dtype == DType::float32 && conv_direct_suits(s))
    conv_direct_backward_weights(s, data<float>(g), data<float>(a), data<float>(dw));
  else if (dtype == DType::float32 && !has_few_positions(s) && by_onednn(ConvPass::backward_weights, s))
    backward_weights_by_primitive(s, g, a, dw);
  else
    dispatch_floating(dtype, [&](auto zero) {
      using T = decltype(zero);
      im2col_backward_weights(s, data<T>(g), data<T>(a), data<T>(dw));
    });
  return dw;
}

ConvGrads conv_gradients_raw(const ConvShape& s, const Tensor& grad, const Tensor& x, const Tensor& weight) {
  if (!by_onednn_together(ConvPass::backward_data, s, x))
    return {conv_backward_data_raw(s, grad, weight, Tensor()), conv_backward_weights_raw(s, grad, x)};
  return gradients_together(ConvPass::backward_data, s, grad, x, weight);
}

ConvGrads conv_transpose_gradients_raw(const ConvShape& s, const Tensor& grad, const Tensor& x, const Tensor& weight) {
  if (!by_onednn_together(ConvPass::forward, s, x))
    return {conv_forward_raw(s, grad, weight, Tensor(), Weights::fixed), conv_backward_weights_raw(s, x, grad)};
  return gradients_together(ConvPass::forward, s, grad, x, weight);
}

}  // namespace xgrad::detail
