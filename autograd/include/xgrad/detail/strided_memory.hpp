// Where the elements of a tensor with any strides begin, for headers that show tensors to other libraries.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// For reading. DTypeError when the elements are of another type.
XGRAD_API const void* strided_memory(const char* op, const Tensor& t, DType want, const Location& at);
// For writing: counts as an in-place change of t, now, as mutable_data() does. Also AutogradError for a tensor that
// takes gradients while they are recorded, and ValueError when elements share memory (of expand()).
XGRAD_API void* writable_memory(const char* op, const Tensor& t, DType want, const Location& at);

}  // namespace xgrad::detail
