// All parameters as one vector, for methods that take one: line searches, evolution strategies, second-order methods.
#pragma once

#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::nn {

// The elements of all parameters, one after the other in row-major order: (sum of sizes). Differentiable. ValueError
// when there are none, DTypeError when their types differ.
XGRAD_API Tensor parameters_to_vector(const std::vector<Tensor>& parameters, Location at = Location::current());
// Copies the vector's elements into the parameters, in the same order, in place and off the tape. ShapeError unless the
// vector is 1-D and has as many elements as the parameters, before anything changes.
XGRAD_API void vector_to_parameters(const Tensor& vector, const std::vector<Tensor>& parameters,
                                    Location at = Location::current());

}  // namespace xgrad::nn
