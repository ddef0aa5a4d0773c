// Linear and bilinear maps with their bias: what dense layers compute.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// y = x W^T + b: x (..., in), weight (out, in), bias (out) or undefined -> (..., out).
[[nodiscard]] XGRAD_API Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor(),
                                      Location at = Location::current());
// y_o = x1^T W_o x2 + b_o: x1 (..., in1), x2 (..., in2) with equal leading sizes, weight (out, in1, in2), bias (out) or
// undefined -> (..., out). Types and shapes as for linear.
[[nodiscard]] XGRAD_API Tensor bilinear(const Tensor& x1, const Tensor& x2, const Tensor& weight,
                                        const Tensor& bias = Tensor(), Location at = Location::current());

}  // namespace xgrad
