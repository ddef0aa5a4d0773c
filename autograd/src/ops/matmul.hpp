// Matrix products for the operations built on them.
#pragma once

#include "kernels/matmul.hpp"

namespace xgrad::detail {

// matmul_raw(), through the tape when it is wanted.
Tensor matmul_op(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y);

// x itself, or a contiguous copy where GEMM cannot read it in place, so that several products share one copy.
Tensor contiguous_for_gemm(const Tensor& x);
// (..., n) as (rows, n).
Tensor as_rows(const Tensor& x);

}  // namespace xgrad::detail
