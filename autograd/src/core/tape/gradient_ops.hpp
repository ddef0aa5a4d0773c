// The recorded operations that the tape itself needs, for gradients that are differentiated again. The tape stands
// below the operations: it declares these, ops/gradient_ops.cpp defines them. Further ones are methods of Tensor (to,
// sum, reshape, clone), which <xgrad/tensor.hpp> declares for everybody.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

Tensor recorded_sum(const Tensor& a, const Tensor& b);
Tensor recorded_difference(const Tensor& a, const Tensor& b);

}  // namespace xgrad::detail
