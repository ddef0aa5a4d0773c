// The pointwise part of recurrent cells: one pass from the sums of the projections to the new state, and one back.
// All blocks are contiguous, `rows` samples of n hidden units; gates lie side by side in a row. Each is split over
// threads by rows when large. Rows of gradients by gates are `ld` apart, so that they need not start at equal places of
// a page: the products that read them by columns are 10 % slower then.
#pragma once

#include <cstdint>

namespace xgrad::detail {

// gates (rows, 4n): in W_ih x + W_hh h without bias, out the activated i, f, g, o.
// c = f c_prev + i g; h = o tanh(c). c may be c_prev.
template <class T>
void lstm_gates(std::int64_t rows, std::int64_t n, T* gates, const T* bias, const T* c_prev, T* c, T* h);
// From dL/dh = gy + dh (gy may be null) and dL/dc in dc: gradients by the four sums, and dL/dc_prev in dc.
template <class T>
void lstm_gates_backward(std::int64_t rows, std::int64_t n, const T* gates, const T* c_prev, const T* c, const T* gy,
                         const T* dh, T* dc, T* dgates, std::int64_t ld);

// gates (rows, 3n): in W_ih x, out the activated r, z, n; hidden (rows, 3n): W_hh h; bias: b_r, b_z (both summed),
// b_in, b_hn. q (may be null): W_hn h + b_hn. h = (1 - z) n + z h_prev.
template <class T>
void gru_gates(std::int64_t rows, std::int64_t n, T* gates, const T* hidden, const T* bias, const T* h_prev, T* q,
               T* h);
// From dL/dh = gy + dh: dhidden (rows, 3n) are the gradients by W_hh h + b_hh, dnew those by W_in x + b_in (the other
// two of x are the same); dh becomes the part of dL/dh_prev that does not go through W_hh.
template <class T>
void gru_gates_backward(std::int64_t rows, std::int64_t n, const T* gates, const T* q, const T* h_prev, const T* gy,
                        T* dh, T* dhidden, std::int64_t ld, T* dnew);

// h = tanh(h + bias) or max(h + bias, 0), in place.
template <class T>
void rnn_activate(std::int64_t rows, std::int64_t n, bool relu, const T* bias, T* h);
// da: gradient by the sum; y = the activated value.
template <class T>
void rnn_activate_backward(std::int64_t rows, std::int64_t n, bool relu, const T* y, const T* gy, const T* dh, T* da,
                           std::int64_t ld);

}  // namespace xgrad::detail
