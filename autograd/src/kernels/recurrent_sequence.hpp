// A recurrent layer in one direction over a whole sequence, and its backward pass, off the tape. The projections of all
// inputs are one product; a step is one product with W_hh and one pass over the gates; the gradients of the weights are
// products over all steps at once.
#pragma once

#include <array>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

enum class Cell : std::uint8_t { rnn_tanh, rnn_relu, lstm, gru };

// x is (steps, batch, input). single: one step without the dimension of time, (batch, input).
struct Recurrence {
  Cell cell;
  bool reverse, single;
  std::int64_t steps, batch, input, hidden;

  std::int64_t gates() const { return hidden * (cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1); }
  // The step done as number k.
  std::int64_t at(std::int64_t k) const { return reverse ? steps - 1 - k : k; }
  Shape over_time(std::int64_t width) const { return single ? Shape{batch, width} : Shape{steps, batch, width}; }
};

// Contiguous; h0, c0 and the biases may be undefined (zero).
struct RecurrentInputs {
  Tensor x, h0, c0, w_ih, w_hh, b_ih, b_hh;
};
// What the backward pass needs beyond the inputs and y. gates: activated (not for rnn_*). memory: the cell states of an
// LSTM, W_hn h + b_hn of a GRU.
struct RecurrentTrace {
  Tensor gates, memory;
};
struct RecurrentResult {
  Tensor y, c;  // h after every step; c after the last one (lstm)
  RecurrentTrace trace;
};
// keep: whether a backward pass will follow; without, the trace stays empty and memory does not grow with the sequence.
RecurrentResult recurrent_forward(const Recurrence& r, const RecurrentInputs& in, bool keep);

// Gradients by x, h0, c0, w_ih, w_hh, b_ih, b_hh, where wanted. gy, gh, gc: by y, the last h and the last c, each of
// them perhaps undefined.
std::array<Tensor, 7> recurrent_backward(const Recurrence& r, const RecurrentInputs& in, const Tensor& y,
                                         const RecurrentTrace& trace, const Tensor& gy, const Tensor& gh,
                                         const Tensor& gc, const std::array<bool, 7>& wanted,
                                         const std::array<Tensor, 2>& into);

}  // namespace xgrad::detail
