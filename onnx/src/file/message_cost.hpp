// How much memory a serialized model takes when it is parsed, found without parsing it. A message of two bytes becomes
// an object of two hundred; a file of nothing else must be refused before that.
#pragma once

#include <cstdint>
#include <string_view>

namespace xgrad::onnx {

// std::range_error: not a protobuf message, or messages nested deeper than those of a model are.
std::uint64_t parsed_bytes(std::string_view model);

}  // namespace xgrad::onnx
