// What nn::utils::rnn::pad_sequence and data::pad_sequences share.
#pragma once

#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

struct Padding {
  bool batch_first, left;  // (N, T, *) instead of (T, N, *); the sequences end at T instead of beginning at 0
  double value;
};
// Sequences (T_i, *) as one tensor, T the largest of the T_i. ValueError: no sequences; ShapeError: they differ in more
// than the T_i, or have no dimension; DTypeError: in type.
XGRAD_API Tensor pad_sequences(const char* op, const std::vector<Tensor>& sequences, const Padding& padding,
                               const Location& at);

}  // namespace xgrad::detail
