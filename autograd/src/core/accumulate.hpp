// For operations whose weights are used again and again, as in a loop over time: a product can be added to the gradient
// collected so far (beta = 1 in gemm) where a fresh one would have to be written, read and added by the engine.
#pragma once

#include <cstddef>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// Called by a backward function: what the running pass has collected for its input `i`, if that is a leaf and the
// memory may be added to in place; undefined otherwise. Having added, the function returns no gradient for that input.
Tensor collected_gradient(std::size_t i);

}  // namespace xgrad::detail
