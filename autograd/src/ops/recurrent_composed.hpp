// The backward pass of a recurrent layer written with differentiable operations, for derivatives of any order.
#pragma once

#include <vector>

#include "kernels/recurrent_sequence.hpp"

namespace xgrad::detail {

// As recurrent_backward(); computes the forward pass again from the inputs.
std::vector<Tensor> recurrent_backward_composed(const Recurrence& r, const RecurrentInputs& in, const Tensor& gy,
                                                const Tensor& gh, const Tensor& gc);

}  // namespace xgrad::detail
