// Matrices that operations of linear algebra take, made from any tensor of matrices (..., n, n) and differentiable in
// it.
#pragma once

#include "op_table.hpp"

namespace xgrad::test {

inline Tensor identity_like(const Tensor& x) { return eye(x.size(-1), x.size(-1), {.dtype = x.dtype()}); }
// 0, 1, 2, ... on the diagonal, so that eigenvalues keep apart.
inline Tensor ladder_like(const Tensor& x) { return identity_like(x) * arange(0, x.size(-1)).to(x.dtype()) * 3; }
inline Tensor well_conditioned(const Tensor& x) { return x + identity_like(x) * 5; }
inline Tensor symmetric(const Tensor& x) { return x + transpose(x, -2, -1) + ladder_like(x); }
inline Tensor positive_definite(const Tensor& x) { return matmul(x, transpose(x, -2, -1)) + identity_like(x) * 2; }

}  // namespace xgrad::test
