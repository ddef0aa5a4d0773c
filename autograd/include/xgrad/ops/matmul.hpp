// Matrix products.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// 1-D @ 1-D: dot product; a 1-D operand acts as a row (left) or column (right) and its dimension is dropped; more than
// two dimensions: batches, which broadcast. dA = g B^T, dB = A^T g.
// ShapeError "inner sizes differ (3 and 4)"; "needs at least 1 dimension".
[[nodiscard]] XGRAD_API Tensor matmul(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mm(const Tensor& x, const Tensor& y,
                                  Location at = Location::current());  // (n, k) (k, m)
[[nodiscard]] XGRAD_API Tensor mv(const Tensor& x, const Tensor& y, Location at = Location::current());  // (n, k) (k)
[[nodiscard]] XGRAD_API Tensor bmm(const Tensor& x, const Tensor& y,
                                   Location at = Location::current());  // (b, n, k) (b, k, m)
[[nodiscard]] XGRAD_API Tensor dot(const Tensor& x, const Tensor& y, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor outer(const Tensor& x, const Tensor& y, Location at = Location::current());

}  // namespace xgrad
