// Checks the arguments of a convolution and turns them into its numbers.
#pragma once

#include <xgrad/check.hpp>
#include <xgrad/ops/conv.hpp>

#include "core/tensor_impl.hpp"
#include "kernels/conv_shape.hpp"

namespace xgrad::detail {

template <int N>
ConvShape conv_shape(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias, const ConvOptions<N>& o,
                     const Location& at);
template <int N>
ConvShape conv_transpose_shape(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias,
                               const ConvTransposeOptions<N>& o, const Location& at);

}  // namespace xgrad::detail
