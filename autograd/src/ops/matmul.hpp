// Matrix products without the tape, for operations built on them.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// x y: batches broadcast, a 1-D operand drops its dimension. trans_*: the last two dimensions of that operand (of
// rank >= 2) count as swapped. The operands fit, the caller has checked.
Tensor matmul_raw(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y);
// The same through the tape when it is wanted.
Tensor matmul_op(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y);

// x itself, or a contiguous copy where GEMM cannot read it in place, so that several products share one copy.
Tensor contiguous_for_gemm(const Tensor& x);
// (..., n) as (rows, n).
Tensor as_rows(const Tensor& x);

}  // namespace xgrad::detail
