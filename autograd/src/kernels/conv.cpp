// Chooses who computes a convolution: oneDNN for float32, im2col for float64 and where oneDNN is slow, a kernel of our
// own for images of one channel. The choice
// depends on the numbers only, never on the thread count.
#include "kernels/conv.hpp"

#include "core/elementwise_loop.hpp"
#include "core/node.hpp"
#include "kernels/onednn.hpp"
#include "kernels/parallel.hpp"

namespace xgrad::detail {
namespace {

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

// As dnn::convolution(), with the same bits for every thread count.
void in_blocks(ConvPass pass, const ConvShape& s, float* x, float* w, const float* bias, float* y, Storage* weights) {
  const std::int64_t size = s.out_channels * s.taps(), blocks = std::min(kBlocks, s.batch);
  const bool sums = pass == ConvPass::backward_weights && blocks > 1;
  const Tensor partial = sums ? make_tensor({blocks, size}, DType::float32) : Tensor();
  blocks_of_batch(s, [&](const ConvShape& part, std::int64_t first, std::int64_t b) {
    dnn::convolution(pass, part, x + first * s.in_image(), sums ? data<float>(partial) + b * size : w, bias,
                     y + first * s.out_image(), weights);
  });
  if (sums) add_blocks(data<float>(partial), blocks, size, w);
}

void by_primitive(ConvPass pass, const ConvShape& s, const Tensor& x, const Tensor& w, const Tensor& bias,
                  const Tensor& y) {
  // A parameter in training changes with every step: nothing to keep.
  const bool keep = pass == ConvPass::forward && !(grad_enabled() && wants_grad(w));
  const auto f = is_deterministic() ? in_blocks : dnn::convolution;
  f(pass, s, data<float>(x), data<float>(w), bias.defined() ? data<float>(bias) : nullptr, data<float>(y),
    keep ? impl(w).storage : nullptr);
}

Tensor dense(const Tensor& x) { return x.defined() ? contiguous_copy(x) : x; }

template <class T>
const T* data_or_null(const Tensor& x) {
  return x.defined() ? data<T>(x) : nullptr;
}

// Adds bias to each channel of x (batch, channels, size).
void add_to_channels(Tensor& x, const Tensor& bias, std::int64_t channels, std::int64_t size) {
  dispatch_floating(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    T* p = data<T>(x);
    const T* b = data<T>(bias);
    parallel_cost(impl(x).numel / std::max<std::int64_t>(size, 1), static_cast<double>(size) * 0.1,
                  [=](std::int64_t begin, std::int64_t end) {
                    for (std::int64_t i = begin; i < end; ++i)
                      for (std::int64_t j = 0; j < size; ++j) p[i * size + j] += b[i % channels];
                  });
  });
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

}  // namespace

Tensor conv_forward_raw(const ConvShape& s, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor a = dense(x), w = dense(weight), b = dense(bias);
  const DType dtype = impl(x).dtype;
  if (s.multiply_adds() == 0) return empty_sum(s.output_shape(), dtype, b, s.out_channels, volume(s.out));
  Tensor y = make_tensor(s.output_shape(), dtype);
  if (dtype == DType::float32 && conv_direct_suits(s))
    conv_direct_forward(s, data<float>(a), data<float>(w), data_or_null<float>(b), data<float>(y));
  else if (dtype == DType::float32 && by_onednn(ConvPass::forward, s))
    by_primitive(ConvPass::forward, s, a, w, b, y);
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
  Tensor dx = make_tensor(s.input_shape(), dtype);
  if (dtype == DType::float32 && by_onednn(ConvPass::backward_data, s)) {
    by_primitive(ConvPass::backward_data, s, dx, w, Tensor(), g);
    if (b.defined()) add_to_channels(dx, b, s.in_channels, volume(s.in));
  } else {
    dispatch_floating(dtype, [&](auto zero) {
      using T = decltype(zero);
      im2col_backward_data(s, data<T>(g), data<T>(w), data_or_null<T>(b), data<T>(dx));
    });
  }
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
    by_primitive(ConvPass::backward_weights, s, a, dw, Tensor(), g);
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
  const Tensor g = dense(grad), a = dense(x), w = dense(weight);
  ConvGrads out{make_tensor(s.input_shape(), kFloat32), make_tensor(s.weight_shape(), kFloat32)};
  dnn::both_passes(ConvPass::backward_data, s, {data<float>(out.x), data<float>(w), nullptr, data<float>(g)},
                   {data<float>(a), data<float>(out.w), nullptr, data<float>(g)});
  return out;
}

ConvGrads conv_transpose_gradients_raw(const ConvShape& s, const Tensor& grad, const Tensor& x, const Tensor& weight) {
  if (!by_onednn_together(ConvPass::forward, s, x))
    return {conv_forward_raw(s, grad, weight, Tensor()), conv_backward_weights_raw(s, x, grad)};
  const Tensor g = dense(grad), a = dense(x), w = dense(weight);
  ConvGrads out{make_tensor(s.output_shape(), kFloat32), make_tensor(s.weight_shape(), kFloat32)};
  dnn::both_passes(ConvPass::forward, s, {data<float>(g), data<float>(w), nullptr, data<float>(out.x)},
                   {data<float>(g), data<float>(out.w), nullptr, data<float>(a)});
  return out;
}

}  // namespace xgrad::detail
