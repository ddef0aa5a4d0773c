// Tensors as messages of an ONNX file.
#pragma once

#include <optional>
#include <string>

#include <xgrad/tensor.hpp>

#include "onnx.pb.h"

namespace xgrad::onnx {

// "FLOAT", "STRING", "type 77".
std::string element_type_name(int type);
int element_type_of(DType dtype);
std::optional<DType> dtype_of_element_type(int type);

// With the values as they lie in memory.
wire::TensorProto to_proto(const Tensor& t, const std::string& name);
// std::range_error says what is wrong with the message. Allocates no more than what the data in it asks for.
Tensor from_proto(const wire::TensorProto& t);

}  // namespace xgrad::onnx
