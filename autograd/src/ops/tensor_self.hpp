// The tensor that has the methods of <xgrad/tensor_methods.hpp>.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

inline const Tensor& self(const TensorMethods& methods) { return static_cast<const Tensor&>(methods); }

}  // namespace xgrad
