// Checksums of saved tensors in memory that the program can write to: from_blob() uses the program's own,
// mutable_data() and array() hand out a pointer. Such a write is not counted in the storage's version. Under
// DetectAnomaly a node keeps a checksum of what it saved there and compares it when the backward pass reads the values.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

struct Node;
struct TensorImpl;

// Of the bytes of the elements, in order. Never 0.
std::uint64_t checksum(const TensorImpl& t);
void keep_checksums(Node* n);

}  // namespace xgrad::detail
