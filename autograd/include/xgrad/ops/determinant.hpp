// Determinants of square matrices (..., n, n), float32 or float64 (DTypeError), batched, from their LU factors.
// ShapeError for matrices that are not square.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {
namespace linalg {

struct SlogDet {
  Tensor sign, logabsdet;  // det = sign exp(logabsdet); of a singular matrix 0 and -inf
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const SlogDet& r);

// Gradient det(x) x^-T; of a singular matrix its cofactors, which exist all the same.
[[nodiscard]] XGRAD_API Tensor det(const Tensor& x, Location at = Location::current());
// The gradient of logabsdet is x^-T: not finite for a singular matrix. The sign has none.
[[nodiscard]] XGRAD_API SlogDet slogdet(const Tensor& x, Location at = Location::current());

}  // namespace linalg

using linalg::det;
using linalg::slogdet;

// log det(x): NaN where the determinant is negative, -inf where it is 0.
[[nodiscard]] XGRAD_API Tensor logdet(const Tensor& x, Location at = Location::current());

}  // namespace xgrad
