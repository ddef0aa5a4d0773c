// Convolutions without the tape: forward, and the adjoints by input and weight. Operands of one floating type, any
// strides, of the shapes that ConvShape says; results are contiguous.
#pragma once

#include "core/tensor_impl.hpp"
#include "kernels/conv_shape.hpp"

namespace xgrad::detail {

// Whether later calls have the same weights: then a copy in oneDNN's format is kept for them.
enum class Weights { fixed, in_training };

// bias (out_channels) may be undefined.
Tensor conv_forward_raw(const ConvShape& s, const Tensor& x, const Tensor& w, const Tensor& bias, Weights weights);
// The input's gradient from g of the output's shape; bias (in_channels) may be undefined (transposed convolutions).
Tensor conv_backward_data_raw(const ConvShape& s, const Tensor& g, const Tensor& w, const Tensor& bias);
Tensor conv_backward_weights_raw(const ConvShape& s, const Tensor& g, const Tensor& x);

// Both gradients at once: of a convolution of x by w, given g of the output's shape, and of the transposed convolution
// of x by w, given g of the input's shape.
struct ConvGrads {
  Tensor x, w;
};
ConvGrads conv_gradients_raw(const ConvShape& s, const Tensor& g, const Tensor& x, const Tensor& w);
ConvGrads conv_transpose_gradients_raw(const ConvShape& s, const Tensor& g, const Tensor& x, const Tensor& w);

// The same by unfolding each image into a matrix, one image per thread. Contiguous memory.
template <class T>
void im2col_forward(const ConvShape& s, const T* x, const T* w, const T* bias, T* y);
template <class T>
void im2col_backward_data(const ConvShape& s, const T* g, const T* w, const T* bias, T* dx);
template <class T>
void im2col_backward_weights(const ConvShape& s, const T* g, const T* x, T* dw);

// float32 images of one channel, without stride or dilation, in registers.
bool conv_direct_suits(const ConvShape& s);
void conv_direct_forward(const ConvShape& s, const float* x, const float* w, const float* bias, float* y);
void conv_direct_backward_weights(const ConvShape& s, const float* g, const float* x, float* dw);

}  // namespace xgrad::detail
