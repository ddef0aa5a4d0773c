// Reading and writing a whole model.
#pragma once

#include <string>

#include <xgrad/error.hpp>

#include "onnx.pb.h"

namespace xgrad::onnx {

// Text of a file as a message shows it: short, without control characters.
std::string shown(const std::string& text);

// IoError: no such file, no ONNX model, or one that takes more memory than its size allows.
wire::ModelProto read_model(const char* op, const std::string& path, const Location& at);
// Whole or not at all. ValueError: more than the 2 GiB that a protobuf message may have; IoError.
void write_model(const char* op, const wire::ModelProto& model, const std::string& path, const Location& at);

}  // namespace xgrad::onnx
