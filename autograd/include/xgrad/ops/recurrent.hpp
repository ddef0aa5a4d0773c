// Recurrent layers: one direction of one layer over a whole sequence, and single steps. Each call is one operation on
// the tape. nn::RNN, nn::LSTM and nn::GRU stack them.
#pragma once

#include <tuple>

#include <xgrad/detail/parts.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// weight_ih (gates H, C), weight_hh (gates H, H), biases (gates H) or undefined; gates: 1 (rnn), 4 (lstm: i, f, g, o),
// 3 (gru: r, z, n).
struct RecurrentWeights {
  Tensor weight_ih, weight_hh, bias_ih = {}, bias_hh = {};
};
struct RecurrentOptions {
  bool reverse = false;  // from the last step to the first; row t of the output still belongs to row t of x
};

// What an LSTM carries from step to step: hidden state and cell state. Undefined: zeros.
struct LSTMState {
  Tensor h = {}, c = {};
  LSTMState detach() const { return {h.defined() ? h.detach() : h, c.defined() ? c.detach() : c}; }
  template <class... T>
  operator std::tuple<T&...>() && {  // NOLINT: std::tie(...) = ...
    return detail::tie_parts<T...>(h, c);
  }
};
// The hidden states after every step, and the last one: auto [y, h] = gru(x, h0, weights).
struct RNNOutput {
  Tensor output, h;
  template <class... T>
  operator std::tuple<T&...>() && {  // NOLINT: std::tie(...) = ...
    return detail::tie_parts<T...>(output, h);
  }
};
struct LSTMOutput {
  Tensor output;
  LSTMState state;
  template <class... T>
  operator std::tuple<T&...>() && {  // NOLINT: std::tie(...) = ...
    return detail::tie_parts<T...>(output, state);
  }
};
template <>
inline constexpr bool detail::has_parts<LSTMState> = true;
template <>
inline constexpr bool detail::has_parts<RNNOutput> = true;
template <>
inline constexpr bool detail::has_parts<LSTMOutput> = true;

XGRAD_API std::ostream& operator<<(std::ostream& os, const LSTMState& s);
XGRAD_API std::ostream& operator<<(std::ostream& os, const RNNOutput& r);
XGRAD_API std::ostream& operator<<(std::ostream& os, const LSTMOutput& r);

// ---- sequences ----
// x (T, N, C), h0 and c0 (N, H) or undefined -> output (T, N, H), state (N, H); float32 or float64, one dtype for all.
// ShapeError: x not of rank 3, a sequence of length 0, sizes that do not fit; DTypeError: dtypes differ.
//
// h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or max(0, .). Elman 1990.
XGRAD_API RNNOutput rnn_tanh(const Tensor& x, const Tensor& h0, const RecurrentWeights& w,
                             RecurrentOptions options = {}, Location at = Location::current());
XGRAD_API RNNOutput rnn_relu(const Tensor& x, const Tensor& h0, const RecurrentWeights& w,
                             RecurrentOptions options = {}, Location at = Location::current());
// i, f, o = sigmoid(.), g = tanh(.) of W_ih x + b_ih + W_hh h + b_hh; c' = f c + i g; h' = o tanh(c').
// Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
XGRAD_API LSTMOutput lstm(const Tensor& x, const LSTMState& s0, const RecurrentWeights& w,
                          RecurrentOptions options = {}, Location at = Location::current());
// r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh); n = tanh(W_in x + b_in + r (W_hn h + b_hn)); h' = (1 - z) n + z h.
// Cho et al. 2014, with r after the product, as in cuDNN and PyTorch.
XGRAD_API RNNOutput gru(const Tensor& x, const Tensor& h0, const RecurrentWeights& w, RecurrentOptions options = {},
                        Location at = Location::current());

// ---- single steps ----
// The same formulas for x (N, C), state (N, H) or undefined -> new state (N, H).
XGRAD_API Tensor rnn_tanh_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& w,
                               Location at = Location::current());
XGRAD_API Tensor rnn_relu_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& w,
                               Location at = Location::current());
XGRAD_API LSTMState lstm_cell(const Tensor& x, const LSTMState& s, const RecurrentWeights& w,
                              Location at = Location::current());
XGRAD_API Tensor gru_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& w,
                          Location at = Location::current());

}  // namespace xgrad
