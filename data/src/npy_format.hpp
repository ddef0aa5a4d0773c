// The npy format: how an array of NumPy lies in a file or in a member of an archive.
#pragma once

#include <string>

#include "stored_types.hpp"

namespace xgrad::data {

struct NpyHeader {
  const StoredType* type;
  bool swapped;        // the values' bytes are big-endian
  bool fortran_order;  // the first dimension changes fastest
  Shape shape;
  std::uint64_t bytes() const { return static_cast<std::uint64_t>(shape.numel()) * type->bytes; }
  std::uint64_t kept_bytes() const { return static_cast<std::uint64_t>(shape.numel()) * type->kept_bytes; }
};

// From the magic string up to the first value. IoError for what the format forbids or the library has no type for.
NpyHeader read_npy_header(ByteSource& from);
// The values behind that header, to the end.
Tensor read_npy_values(ByteSource& from, const NpyHeader& header);
// The header of an array that is written, its magic string included.
std::string npy_header(DType dtype, const Shape& shape);

}  // namespace xgrad::data
