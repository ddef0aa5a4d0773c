// The element types of files, and how their values become ours. The names are those of safetensors.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <xgrad/tensor.hpp>

#include "byte_source.hpp"

namespace xgrad::data {

struct StoredType {
  const char* name;
  std::uint64_t bytes, kept_bytes;  // of an element
  // The next values as a tensor. std::range_error for one that does not fit.
  Tensor (*read)(ByteSource&, const Shape&);
  // The type of a tensor that has the same bytes, whatever they are.
  std::optional<DType> same = {};
};

std::span<const StoredType> stored_types();
// Null when there is none.
const StoredType* find_stored_type(std::string_view name);
// The type as which a tensor of this type is written.
const StoredType& stored_type_of(DType d);

}  // namespace xgrad::data
