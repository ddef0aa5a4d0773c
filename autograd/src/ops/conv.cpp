// Convolutions. Three operations on the tape, each the derivative of the others: forward, the adjoint by the input
// (also the transposed convolution), the adjoint by the weight. So every order of derivative exists.
#include "kernels/conv.hpp"

#include <algorithm>

#include <xgrad/autograd.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/record.hpp>

#include "core/tape/attributes.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "kernels/channels.hpp"
#include "ops/conv_shape.hpp"

namespace xgrad::detail {

static void describe(const ConvShape& s, Attributes& list) {
  list.add("stride", s.spatial_part(s.stride));
  list.add("padding", s.spatial_part(s.padding));
  list.add("dilation", s.spatial_part(s.dilation));
  list.add("groups", s.groups);
}

namespace {
// The adjoint by the input, whose result has the size s.in.
struct Transposed : ConvShape {};
}  // namespace
static void describe(const Transposed& s, Attributes& list) {
  describe(static_cast<const ConvShape&>(s), list);
  Triple more{};
  for (std::size_t i = 0; i < 3; ++i)
    more[i] = s.in[i] - ((s.out[i] - 1) * s.stride[i] - 2 * s.padding[i] + s.dilation[i] * (s.kernel[i] - 1) + 1);
  list.add("output_padding", s.spatial_part(more));
}

}  // namespace xgrad::detail

namespace xgrad {

using detail::ConvShape;
using detail::impl;
using detail::wants_grad;

namespace {

// All dimensions but the channels.
Tensor sum_to_channels(const Tensor& g, const ConvShape& s) {
  if (!grad_enabled())
    if (Tensor sums = detail::blocked_channel_sums(g); sums.defined()) return sums;
  Shape dims;
  for (int d = 0; d < impl(g).shape.rank(); ++d)
    if (d != (s.batched ? 1 : 0)) dims.push_back(d);
  return sum(g, dims);
}

Tensor backward_weights(const Tensor& g, const Tensor& x, const ConvShape& s);
Tensor backward_data(const char* op, const Tensor& g, const Tensor& w, const Tensor& bias, const ConvShape& s,
                     const Location& at = Location::current());

// Whether both gradients are wanted and nobody looks at the single operations.
bool at_once(const Saved& saved) {
  return saved.needs(0) && saved.needs(1) && !grad_enabled() && !detail::anomaly_enabled();
}

const char* forward_name(const ConvShape& s) {
  return s.spatial == 1 ? "conv1d" : s.spatial == 2 ? "conv2d" : "conv3d";
}

// y = x * w + bias.
Tensor forward(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias, const ConvShape& s,
               const Location& at = Location::current()) {
  const bool tape = grad_enabled();
  const Tensor none;
  // A parameter in training changes with every step.
  const auto weights = tape && wants_grad(w) ? detail::Weights::in_training : detail::Weights::fixed;
  Tensor y = detail::record_with_attributes(
      op, s, detail::conv_forward_raw(s, x, w, bias, weights), {x, w, bias},
      {tape && wants_grad(w) ? x : none, tape && wants_grad(x) ? w : none},
      [](const ConvShape& shape, const Saved& saved, const Tensor& grad) -> Grads {
        const Tensor g = grad.contiguous();  // several kernels share one copy
        const Tensor gb = saved.needs(2) ? sum_to_channels(g, shape) : Tensor();
        if (at_once(saved)) {
          detail::ConvGrads both = detail::conv_gradients_raw(shape, g, saved[0], saved[1]);
          return {both.x, both.w, gb};
        }
        Tensor gx, gw;
        if (saved.needs(0)) gx = backward_data("conv_backward_data", g, saved[1], Tensor(), shape);
        if (saved.needs(1)) gw = backward_weights(g, saved[0], shape);
        return {gx, gw, gb};
      },
      at);
  const double work = static_cast<double>(impl(y).numel) * static_cast<double>(impl(w).numel) /
                      static_cast<double>(std::max<std::int64_t>(impl(w).shape[0], 1));
  return detail::recomputable(
      std::move(y), {x, w, bias}, detail::product_time(work),
      [s, weights](std::span<const Tensor> in) { return detail::conv_forward_raw(s, in[0], in[1], in[2], weights); });
}

// The x that makes <forward(x, w), g> = <x, result>, plus bias: linear in g and in w.
Tensor backward_data(const char* op, const Tensor& g, const Tensor& w, const Tensor& bias, const ConvShape& s,
                     const Location& at) {
  const bool tape = grad_enabled();
  const Tensor none;
  return detail::record_with_attributes(
      op, detail::Transposed{s}, detail::conv_backward_data_raw(s, g, w, bias), {g, w, bias},
      {tape && wants_grad(w) ? g : none, tape && wants_grad(g) ? w : none},
      [](const ConvShape& shape, const Saved& saved, const Tensor& grad) -> Grads {
        const Tensor h = grad.contiguous();  // several kernels share one copy
        const Tensor gb = saved.needs(2) ? sum_to_channels(h, shape) : Tensor();
        if (at_once(saved)) {
          detail::ConvGrads both = detail::conv_transpose_gradients_raw(shape, h, saved[0], saved[1]);
          return {both.x, both.w, gb};
        }
        Tensor gg, gw;
        if (saved.needs(0)) gg = forward(forward_name(shape), h, saved[1], Tensor(), shape);
        if (saved.needs(1)) gw = backward_weights(saved[0], h, shape);
        return {gg, gw, gb};
      },
      at);
}

// The w that makes <forward(x, w), g> = <w, result>: linear in g and in x.
Tensor backward_weights(const Tensor& g, const Tensor& x, const ConvShape& s) {
  return detail::record_with_attributes("conv_backward_weights", s, detail::conv_backward_weights_raw(s, g, x), {g, x},
                                        {g, x},
                                        [](const ConvShape& shape, const Saved& saved, const Tensor& grad) -> Grads {
                                          const Tensor h = grad.contiguous();  // several kernels share one copy
                                          Tensor gg, gx;
                                          if (saved.needs(0))
                                            gg = forward(forward_name(shape), saved[1], h, Tensor(), shape);
                                          if (saved.needs(1))
                                            gx = backward_data("conv_backward_data", saved[0], h, Tensor(), shape);
                                          return {gg, gx};
                                        });
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions<1>& o, Location at) {
  const ConvShape s = detail::conv_shape("conv1d", x, weight, bias, o, at);
  return forward("conv1d", x, weight, bias, s, at);
}
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions<2>& o, Location at) {
  const ConvShape s = detail::conv_shape("conv2d", x, weight, bias, o, at);
  return forward("conv2d", x, weight, bias, s, at);
}
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvOptions<3>& o, Location at) {
  const ConvShape s = detail::conv_shape("conv3d", x, weight, bias, o, at);
  return forward("conv3d", x, weight, bias, s, at);
}

Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTransposeOptions<1>& o,
                        Location at) {
  const ConvShape s = detail::conv_transpose_shape("conv_transpose1d", x, weight, bias, o, at);
  return backward_data("conv_transpose1d", x, weight, bias, s, at);
}
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTransposeOptions<2>& o,
                        Location at) {
  const ConvShape s = detail::conv_transpose_shape("conv_transpose2d", x, weight, bias, o, at);
  return backward_data("conv_transpose2d", x, weight, bias, s, at);
}
Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTransposeOptions<3>& o,
                        Location at) {
  const ConvShape s = detail::conv_transpose_shape("conv_transpose3d", x, weight, bias, o, at);
  return backward_data("conv_transpose3d", x, weight, bias, s, at);
}

}  // namespace xgrad
