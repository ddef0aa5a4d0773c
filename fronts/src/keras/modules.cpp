#include "modules.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>

#include "keras/masks.hpp"

namespace xgrad::keras {
namespace {

Tensor channels_first(const char* op, const Tensor& x, const Location& at) {
  require_rank(op, x, 4, at);
  return x.permute({0, 3, 1, 2}, at);
}
Tensor channels_last(const Tensor& x, const Location& at) { return x.permute({0, 2, 3, 1}, at); }

// TensorFlow's: ceil(size / stride) windows, the odd one behind.
Tensor pad_same(const Tensor& x, const Extents<2>& window, const Extents<2>& stride, double value, const Location& at) {
  std::vector<std::int64_t> sizes;  // the last dimension first
  for (const int i : {1, 0}) {
    const std::int64_t size = x.size(2 + i), windows = (size + stride[i] - 1) / stride[i];
    const std::int64_t all = std::max<std::int64_t>((windows - 1) * stride[i] + window[i] - size, 0);
    sizes.push_back(all / 2);
    sizes.push_back(all - all / 2);
  }
  if (std::ranges::all_of(sizes, [](std::int64_t n) { return n == 0; })) return x;
  return pad(x, sizes, PadMode::constant, value, at);
}

}  // namespace

ConvModule::ConvModule(nn::Conv2d conv_layer, nn::AnyModule activation_layer, std::optional<Extents<2>> stride_of_same,
                       Extents<2> window)
    : Layer("Conv2D"),
      conv(register_module("conv", std::move(conv_layer))),
      same_stride(stride_of_same),
      extent(window) {
  if (activation_layer) activation = register_module("activation", std::move(activation_layer));
}

Tensor ConvModule::forward(const Tensor& x, Location at) const {
  Tensor y = channels_first("Conv2D", x, at);
  if (same_stride) y = pad_same(y, extent, *same_stride, 0, at);
  y = conv(y, at);
  // Behind the layout: softmax is over the channels, which are last.
  y = channels_last(y, at);
  return activation ? activation(y, at) : y;
}

PoolModule::PoolModule(Extents<2> pool_size, Extents<2> strides, bool padded, bool maximum)
    : Layer(maximum ? "MaxPooling2D" : "AveragePooling2D"),
      size(pool_size),
      stride(strides),
      same(padded),
      largest(maximum) {}

Tensor PoolModule::forward(const Tensor& x, Location at) const {
  Tensor y = channels_first(name().empty() ? "Pooling2D" : name().c_str(), x, at);
  if (largest) {
    if (same) y = pad_same(y, size, stride, -std::numeric_limits<double>::infinity(), at);
    return channels_last(max_pool2d(y, size, {.stride = stride}, at), at);
  }
  if (!same) return channels_last(avg_pool2d(y, size, {.stride = stride}, at), at);
  // The mean over what is not padding.
  const Tensor there = pad_same(ones({1, 1, y.size(2), y.size(3)}, {y.dtype()}), size, stride, 0, at);
  y = avg_pool2d(pad_same(y, size, stride, 0, at), size, {.stride = stride}, at);
  return channels_last(y / avg_pool2d(there, size, {.stride = stride}, at), at);
}

template <>
Tensor BatchNormModule<nn::BatchNorm2d>::forward(const Tensor& x, Location at) const {
  return channels_last(norm(channels_first("BatchNormalization", x, at), at), at);
}
// The statistics are of the steps that count, which alone are normalised; the others are 0.
template <>
Tensor BatchNormModule<nn::BatchNorm1d>::forward(const Tensor& x, Location at) const {
  if (const Tensor mask = mask_of(x); mask.defined() && x.dim() == 3) {
    const Tensor place = nonzero(mask.flatten()).flatten(), all = zeros_like(x.flatten(0, 1));
    const Tensor y =
        place.numel() == 0 ? all : index_copy(all, 0, place, norm(index_select(x.flatten(0, 1), 0, place, at), at), at);
    const Tensor steps = y.reshape(x.shape(), at);
    pass_mask(x, steps);
    return steps;
  }
  return x.dim() == 3 ? norm(x.transpose(1, 2, at), at).transpose(1, 2, at) : norm(x, at);
}

Tensor MaskingModule::forward(const Tensor& x, Location at) const {
  if (x.dim() < 3)
    ErrorReport("Masking", "the input is (N, steps, features, ...)", at).operand("input", x).shape_error();
  const Tensor mask = any(ne(x, value).flatten(2), 2);
  const Tensor y = zeros_where_masked(x, mask, at);
  set_mask("Masking", y, mask, at);
  return y;
}

namespace {

template <class RNN>
Tensor run(const char* layer, const RNN& rnn, bool all_steps, const Tensor& x, const Location& at) {
  require_rank(layer, x, 3, at);
  const Tensor mask = mask_of(x);
  const bool skips = mask.defined() && !all(mask).template item<bool>();
  Tensor y;
  if (skips) {
    const PackedSteps steps(mask);
    y = steps.unpack(rnn(steps.pack(x, at), at).output, at);
  } else {
    y = rnn(x, at).output;
  }
  if (all_steps && mask.defined()) pass_mask(x, y);
  return all_steps ? y : y.select(1, -1, at);
}

}  // namespace

template <>
Tensor RecurrentModule<nn::LSTM>::forward(const Tensor& x, Location at) const {
  return run("LSTM", rnn, return_sequences, x, at);
}
template <>
Tensor RecurrentModule<nn::GRU>::forward(const Tensor& x, Location at) const {
  return run("GRU", rnn, return_sequences, x, at);
}
template <>
Tensor RecurrentModule<nn::RNN>::forward(const Tensor& x, Location at) const {
  return run("SimpleRNN", rnn, return_sequences, x, at);
}

BidirectionalModule::BidirectionalModule(nn::AnyModule forward_layer, nn::AnyModule backward_layer, Merge how)
    : Layer("Bidirectional"),
      forwards(register_module("forward_layer", std::move(forward_layer))),
      backwards(register_module("backward_layer", std::move(backward_layer))),
      merge(how) {}

Tensor BidirectionalModule::forward(const Tensor& x, Location at) const {
  require_rank("Bidirectional", x, 3, at);
  const Tensor mask = mask_of(x), reversed = flip(x, Shape{1}, at);
  if (mask.defined()) set_mask("Bidirectional", reversed, flip(mask, Shape{1}), at);
  Tensor a = forwards(x, at), b = backwards(reversed, at);
  if (b.dim() == 3) {  // of every step
    b = flip(b, Shape{1}, at);
    if (mask.defined()) a = zeros_where_masked(a, mask, at), b = zeros_where_masked(b, mask, at);
  }
  const Tensor y = merged(a, b, at);
  if (y.dim() == 3) pass_mask(x, y);
  return y;
}

Tensor BidirectionalModule::merged(const Tensor& a, const Tensor& b, const Location& at) const {
  switch (merge) {
    case Merge::sum:
      return add(a, b, 1, at);
    case Merge::mul:
      return mul(a, b, at);
    case Merge::ave:
      return mul(add(a, b, 1, at), Scalar(0.5), at);
    default:
      return cat({a, b}, -1, at);
  }
}

}  // namespace xgrad::keras
