// Chooses who computes a convolution: oneDNN for float32, im2col for float64 and where oneDNN is slow, a kernel of our
// own for images of one channel. The choice
// depends on the numbers only, never on the thread count.
#include "kernels/conv.hpp"

#include "core/blocked.hpp"
#include "core/elementwise_loop.hpp"
#include "core/node.hpp"
#include "kernels/channels.hpp"
#include "kernels/onednn.hpp"
#include "kernels/parallel.hpp"

namespace xgrad::detail {
namespace {

using dnn::Activation;
using dnn::ConvBlocks;
using dnn::ConvPass;

constexpr std::int64_t kBlocks = 8;  // of the batch under set_deterministic

// Below this a primitive costs more than the work.
bool is_tiny(const ConvShape& s) { return s.multiply_adds() < 20000; }

bool by_onednn(ConvPass pass, const ConvShape& s) {
  if (is_tiny(s) || !dnn::conv_supported(s)) return false;
  // The gradient of an image of one channel: oneDNN's kernels for it are up to 14 times slower.
  return pass != ConvPass::backward_data || s.in_channels > 1;
}

// oneDNN shares out its work by thread count, so each block of the batch, cut by the batch alone, is given to one
// thread.
void blocks_of_batch(const ConvShape& s, const auto& f) {
  const std::int64_t blocks = std::min(kBlocks, s.batch);
  parallel_for(blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const SerialGuard one_thread;
    for (std::int64_t b = begin; b < end; ++b) {
      const std::int64_t first = s.batch * b / blocks;
      ConvShape part = s;
      part.batch = s.batch * (b + 1) / blocks - first;
      f(part, first, b);
    }
  });
}

void add_blocks(const float* sums, std::int64_t blocks, std::int64_t size, float* out) {
  for (std::int64_t j = 0; j < size; ++j) {
    float total = sums[j];
    for (std::int64_t b = 1; b < blocks; ++b) total += sums[b * size + j];
    out[j] = total;
  }
}

// As dnn::convolution() of plain operands, with the same bits for every thread count.
void in_blocks(ConvPass pass, const ConvShape& s, const dnn::ConvOperands& o, Storage* weights) {
  const std::int64_t size = s.out_channels * s.taps(), blocks = std::min(kBlocks, s.batch);
  const bool sums = pass == ConvPass::backward_weights && blocks > 1;
  const Tensor partial = sums ? make_tensor({blocks, size}, DType::float32) : Tensor();
  blocks_of_batch(s, [&](const ConvShape& part, std::int64_t first, std::int64_t b) {
    dnn::convolution(pass, part,
                     {{o.x.data + first * s.in_image()},
                      sums ? data<float>(partial) + b * size : o.w,
                      o.bias,
                      {o.y.data + first * s.out_image()}},
                     weights);
  });
  if (sums) add_blocks(data<float>(partial), blocks, size, o.w);
}

// A tensor as a primitive reads or writes it: in blocks where both know them, else plain.
class Operand {
 public:
  static Operand read(const Tensor& t, std::int64_t block) {
    Operand o(t);
    o.form_ = block != 0 ? blocked_form(t) : BlockedRef();
    if (o.form_ && o.form_.layout().block != block) o.form_ = BlockedRef();
    return o;
  }
  static Operand make(const Shape& shape, std::int64_t block) {
    Operand o(block != 0 ? make_blocked_tensor(shape, kFloat32, block) : make_tensor(shape, kFloat32));
    o.form_ = blocked_form(o.t_);
    return o;
  }
  const Tensor& tensor() const { return t_; }
  Activation activation() const {
    return form_ ? Activation{form_.data<float>(), form_.layout().block} : Activation{data<float>(t_)};
  }

 private:
  explicit Operand(Tensor t) : t_(std::move(t)) {}
  Tensor t_;
  BlockedRef form_;
};

ConvBlocks blocks_for(ConvPass pass, bool bias, const ConvShape& s) {
  return is_deterministic() ? ConvBlocks{0, 0} : dnn::conv_blocks(pass, bias, s);
}

void run_pass(ConvPass pass, const ConvShape& s, const dnn::ConvOperands& o, const Tensor& w) {
  // A parameter in training changes with every step: nothing to keep.
  const bool keep = pass == ConvPass::forward && !(grad_enabled() && wants_grad(w));
  const auto f = is_deterministic() ? in_blocks : dnn::convolution;
  f(pass, s, o, keep ? impl(w).storage : nullptr);
}

Tensor dense(const Tensor& x) { return x.defined() ? contiguous_copy(x) : x; }

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? data<T>(x) : nullptr;
}

// A sum of nothing: zeros, plus the bias.
Tensor empty_sum(const Shape& shape, DType dtype, const Tensor& bias, std::int64_t channels, std::int64_t size) {
  Tensor y = make_tensor(shape, dtype);
  fill_raw(y, 0);
  if (bias.defined() && impl(y).numel > 0) add_to_channels(y, bias, channels, size);
  return y;
}

// Whether `pass` and the one by weights are both oneDNN's.
bool by_onednn_together(ConvPass pass, const ConvShape& s, const Tensor& x) {
  return impl(x).dtype == DType::float32 && s.multiply_adds() > 0 && !is_deterministic() && !conv_direct_suits(s) &&
         by_onednn(pass, s) && by_onednn(ConvPass::backward_weights, s);
}

Tensor forward_by_primitive(const ConvShape& s, const Tensor& x, const Tensor& w, const float* bias) {
  const ConvBlocks blocks = blocks_for(ConvPass::forward, bias != nullptr, s);
  const Operand in = Operand::read(x, blocks.x), out = Operand::make(s.output_shape(), blocks.y);
  run_pass(ConvPass::forward, s, {in.activation(), data<float>(w), bias, out.activation()}, w);
  return out.tensor();
}

Tensor backward_data_by_primitive(const ConvShape& s, const Tensor& g, const Tensor& w) {
  const ConvBlocks blocks = blocks_for(ConvPass::backward_data, false, s);
  const Operand in = Operand::read(g, blocks.y), out = Operand::make(s.input_shape(), blocks.x);
  run_pass(ConvPass::backward_data, s, {out.activation(), data<float>(w), nullptr, in.activation()}, w);
  return out.tensor();
}

void backward_weights_by_primitive(const ConvShape& s, const Tensor& g, const Tensor& x, const Tensor& dw) {
  const ConvBlocks blocks = blocks_for(ConvPass::backward_weights, false, s);
  const Operand by = Operand::read(g, blocks.y), in = Operand::read(x, blocks.x);
  run_pass(ConvPass::backward_weights, s, {in.activation(), data<float>(dw), nullptr, by.activation()}, dw);
}

// By `first`, which takes g to the gradient of the other activation, and by the pass for the weights, which reads g and
// that activation itself, `saved`.
ConvGrads gradients_together(ConvPass first, const ConvShape& s, const Tensor& grad, const Tensor& saved,
                             const Tensor& weight) {
  constexpr auto kSecond = ConvPass::backward_weights;
  const bool by_y = first == ConvPass::backward_data;  // whether g stands for y
  const Tensor g = dense(grad), a = dense(saved), w = dense(weight), dw = make_tensor(s.weight_shape(), kFloat32);
  const ConvBlocks one = dnn::conv_blocks(first, false, s), two = dnn::conv_blocks(kSecond, false, s);
  const Operand out = Operand::make(by_y ? s.input_shape() : s.output_shape(), by_y ? one.x : one.y);
  const Operand other = Operand::read(a, by_y ? two.x : two.y);
  const auto operands = [by_y](const Operand& of_g, const Operand& of_other, const Tensor& weights) {
    return dnn::ConvOperands{by_y ? of_other.activation() : of_g.activation(), data<float>(weights), nullptr,
                             by_y ? of_g.activation() : of_other.activation()};
  };
  dnn::both_passes(first, s, operands(Operand::read(g, by_y ? one.y : one.x), out, w),
                   operands(Operand::read(g, by_y ? two.y : two.x), other, dw));
  return {out.tensor(), dw};
}

}  // namespace

Tensor conv_forward_raw(const ConvShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor a = dense(x), w = dense(weight), b = dense(bias);
  const DType dtype = impl(x).dtype;
  if (s.multiply_adds() == 0) return empty_sum(s.output_shape(), dtype, b, s.out_channels, volume(s.out));
  const bool direct = dtype == DType::float32 && conv_direct_suits(s);
  if (dtype == DType::float32 && !direct && by_onednn(ConvPass::forward, s))
    return forward_by_primitive(s, a, w, data_or_null<float>(b));
  Tensor y = make_tensor(s.output_shape(), dtype);
  if (direct)
    conv_direct_forward(s, data<float>(a), data<float>(w), data_or_null<float>(b), data<float>(y));
  else
    dispatch_floating(dtype, [&](auto zero) {
      using T = decltype(zero);
      im2col_forward(s, data<T>(a), data<T>(w), data_or_null<T>(b), data<T>(y));
    });
  return y;
}

Tensor conv_backward_data_raw(const ConvShape& s, const Tensor& grad, const Tensor& weight, const Tensor& bias) {
  const Tensor g = dense(grad), w = dense(weight), b = dense(bias);
  const DType dtype = impl(g).dtype;
  if (s.multiply_adds() == 0) return empty_sum(s.input_shape(), dtype, b, s.in_channels, volume(s.in));
  if (dtype == DType::float32 && by_onednn(ConvPass::backward_data, s)) {
    Tensor dx = backward_data_by_primitive(s, g, w);
    if (b.defined()) add_to_channels(dx, b, s.in_channels, volume(s.in));
    return dx;
  }
  Tensor dx = make_tensor(s.input_shape(), dtype);
  dispatch_floating(dtype, [&](auto zero) {
    using T = decltype(zero);
    im2col_backward_data(s, data<T>(g), data<T>(w), data_or_null<T>(b), data<T>(dx));
  });
  return dx;
}

Tensor conv_backward_weights_raw(const ConvShape& s, const Tensor& grad, const Tensor& x) {
  const Tensor g = dense(grad), a = dense(x);
  const DType dtype = impl(g).dtype;
  if (s.multiply_adds() == 0) return empty_sum(s.weight_shape(), dtype, Tensor(), 0, 0);
  Tensor dw = make_tensor(s.weight_shape(), dtype);
  if (dtype == DType::float32 && conv_direct_suits(s))
    conv_direct_backward_weights(s, data<float>(g), data<float>(a), data<float>(dw));
  else if (dtype == DType::float32 && by_onednn(ConvPass::backward_weights, s))
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
    return {conv_forward_raw(s, grad, weight, Tensor()), conv_backward_weights_raw(s, x, grad)};
  return gradients_together(ConvPass::forward, s, grad, x, weight);
}

}  // namespace xgrad::detail
