// For operations whose inputs are used again and again, as weights in a loop over time or the rows of a tensor: a product
// can be added to the gradient collected so far (beta = 1 in gemm), and a piece to its place, where a fresh tensor would
// have to be written, read and added by the engine.
#pragma once

#include <cstddef>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// Called by a backward function: what the running pass has collected for its input `i`, if there is something already
// and the memory may be added to in place; contiguous, of the input's shape and type; undefined otherwise. Having added,
// the function returns no gradient for that input.
Tensor collected_gradient(std::size_t i);

}  // namespace xgrad::detail
