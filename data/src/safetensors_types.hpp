// The element types of safetensors files, and how their values become ours.
#pragma once

#include <span>
#include <string_view>

#include <xgrad/tensor.hpp>

#include "input_file.hpp"

namespace xgrad::safetensors {

struct FileType {
  const char* name;
  std::uint64_t bytes, kept_bytes;  // of an element
  // The file's next values as a tensor. std::range_error for one that does not fit.
  Tensor (*read)(data::InputFile&, const Shape&);
};

std::span<const FileType> file_types();
// Null when there is none.
const FileType* find_type(std::string_view name);
// The type as which a tensor of this type is written.
const FileType& type_of(DType d);

}  // namespace xgrad::safetensors
