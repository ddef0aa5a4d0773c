// Matrix products of tensors, without the tape.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// x y: batches broadcast, a 1-D operand drops its dimension. trans_*: the last two dimensions of that operand (of
// rank >= 2) count as swapped. The operands fit, the caller has checked.
Tensor matmul_raw(const Tensor& x, bool trans_x, const Tensor& y, bool trans_y);
// Whether products read x where it lies: contiguous, or a matrix whose rows or columns are.
bool gemm_reads(const TensorImpl& x);

}  // namespace xgrad::detail
