// Recurrent layers. The formulas are in <xgrad/ops/recurrent.hpp>.
//
//   nn::LSTM lstm(10, 20, {.num_layers = 2, .bidirectional = true});
//   auto [y, state] = lstm(x);                  // from zeros
//   auto [y2, next] = lstm(x2, state.detach());  // goes on, without gradient into the first part
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/packed_sequence.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/size.hpp>

namespace xgrad::nn {

struct RNNOptions {
  ByName by_name = ByName();
  std::int64_t num_layers = 1;
  init::Nonlinearity nonlinearity = init::Nonlinearity::tanh;  // or relu
  bool bias = true;
  bool batch_first = false;  // input and output are (N, T, C); the state never is
  double dropout = 0;        // of each layer's output but the last one's, in training
  bool bidirectional = false;
};
struct LSTMOptions {
  ByName by_name = ByName();
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
  std::int64_t proj_size = 0;  // > 0: h' = W_hr (o tanh(c')), of this size; Sak et al. 2014
};
struct GRUOptions {
  ByName by_name = ByName();
  std::int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool bidirectional = false;
};

using HeldRecurrentWeights = Following<RecurrentWeights, &RecurrentWeights::weight_ih, &RecurrentWeights::weight_hh,
                                       &RecurrentWeights::bias_ih, &RecurrentWeights::bias_hh>;

// What RNN, LSTM and GRU share: layers times directions, and the way through them.
class XGRAD_API RecurrentStack {
 public:
  struct Settings {
    const char* name = "";
    std::int64_t gates = 0, input_size = 0, hidden_size = 0, num_layers = 0;
    bool bias = false, batch_first = false;
    double dropout = 0;
    bool bidirectional = false;
    std::int64_t proj_size = 0;
  };
  RecurrentStack() = default;  // of an empty layer
  // Registers weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, (weight_hr_l0), ..._l0_reverse, ..._l1 with m, at
  // first uniform in +-1/sqrt(hidden_size).
  RecurrentStack(Module& m, const Settings& s, Location at);

  // One layer in one direction; a missing c stays undefined.
  using Pass = LSTMOutput (*)(const Tensor& x, const LSTMState& s0, const RecurrentWeights& w, const Tensor& weight_hr,
                              bool reverse, Location at);
  LSTMOutput run(Pass pass, const Tensor& x, const LSTMState& s0, bool training, const Location& at) const;
  // The same of sequences of different lengths; the states are those of their last steps.
  std::pair<PackedSequence, LSTMState> run(Pass pass, const PackedSequence& x, const LSTMState& s0, bool training,
                                           const Location& at) const;

 private:
  std::int64_t directions() const { return s_.bidirectional ? 2 : 1; }
  std::int64_t output_size() const { return s_.proj_size > 0 ? s_.proj_size : s_.hidden_size; }
  void check_settings(const Location& at) const;
  void check_call(const Tensor& x, const LSTMState& s0, const Location& at) const;
  void check_states(const Tensor& x, const LSTMState& s0, std::int64_t n, bool batch, const Location& at) const;
  struct Steps;
  LSTMOutput run_steps(Pass pass, std::size_t i, const Tensor& x, const Steps& steps, const LSTMState& s0, bool reverse,
                       const Location& at) const;
  LSTMOutput run_batched(Pass pass, Tensor x, const LSTMState& s0, bool training, const Location& at) const;

  Settings s_;
  std::vector<HeldRecurrentWeights> weights_;  // layer by layer, forward before reverse
  std::vector<Parameter> projections_;         // weight_hr, or undefined
};

// x (T, N, C), (N, T, C) with batch_first, or (T, C) -> output (T, N, D H) and last states h (L D, N, H), where D = 2
// if bidirectional, else 1, and L = num_layers; without N for unbatched input. The state starts from zeros when not
// given. Parameters per layer k and direction: weight_ih_lk (gates H, C or D H), weight_hh_lk (gates H, H), bias_ih_lk,
// bias_hh_lk (gates H); "_reverse" is added for the second direction. ValueError: num_layers or hidden_size below 1,
// dropout outside [0, 1]; ShapeError: rank, sizes, a sequence of length 0; DTypeError.
// A PackedSequence in the place of x gives a packed output: auto [y, h] = rnn(packed, h0).
class XGRAD_API RNN final : public Layer<RNN> {
 public:
  RNN(const RNN&) = default;
  RNN(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit RNN(...) = delete;                  // options by name: nn::RNN(8, 16, {.num_layers = 2})
  using State = Tensor;
  RNN(Size input_size, Size hidden_size, RNNOptions options = {}, Location at = Location::current());
  template <class P>
  requires std::same_as<std::remove_cvref_t<P>, PackedSequence>  // no list in braces is one
      std::pair<PackedSequence, State>
  operator()(P&& x, Location at = Location::current()) const { return call(at, x, State()); }
  template <std::same_as<PackedSequence> P>
  std::pair<PackedSequence, State> operator()(const P& x, const State& s0, Location at = Location::current()) const {
    return call(at, x, s0);
  }
  using Layer::operator();
  RNNOutput forward(const Tensor& x, const Tensor& h0, Location at = Location::current()) const;
  RNNOutput forward(const Tensor& x, Location at = Location::current()) const { return forward(x, Tensor(), at); }
  std::pair<PackedSequence, State> forward(const PackedSequence& x, const State& s0, Location at) const;
  std::pair<PackedSequence, State> forward(const PackedSequence& x, Location at = Location::current()) const {
    return forward(x, State(), at);
  }

 private:
  RecurrentStack stack_;
  bool relu_ = false;
};

class XGRAD_API GRU final : public Layer<GRU> {
 public:
  GRU(const GRU&) = default;
  GRU(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit GRU(...) = delete;                  // options by name: nn::GRU(8, 16, {.num_layers = 2})
  using State = Tensor;
  GRU(Size input_size, Size hidden_size, GRUOptions options = {}, Location at = Location::current());
  template <class P>
  requires std::same_as<std::remove_cvref_t<P>, PackedSequence>  // no list in braces is one
      std::pair<PackedSequence, State>
  operator()(P&& x, Location at = Location::current()) const { return call(at, x, State()); }
  template <std::same_as<PackedSequence> P>
  std::pair<PackedSequence, State> operator()(const P& x, const State& s0, Location at = Location::current()) const {
    return call(at, x, s0);
  }
  using Layer::operator();
  RNNOutput forward(const Tensor& x, const Tensor& h0, Location at = Location::current()) const;
  RNNOutput forward(const Tensor& x, Location at = Location::current()) const { return forward(x, Tensor(), at); }
  std::pair<PackedSequence, State> forward(const PackedSequence& x, const State& s0, Location at) const;
  std::pair<PackedSequence, State> forward(const PackedSequence& x, Location at = Location::current()) const {
    return forward(x, State(), at);
  }

 private:
  RecurrentStack stack_;
};

// The state has two parts: h and c (L D, N, H). With proj_size P, h has size P, weight_hh is (4H, P) and there is
// weight_hr_lk (P, H).
class XGRAD_API LSTM final : public Layer<LSTM> {
 public:
  LSTM(const LSTM&) = default;
  LSTM(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit LSTM(...) = delete;                  // options by name: nn::LSTM(8, 16, {.num_layers = 2})
  using State = LSTMState;
  LSTM(Size input_size, Size hidden_size, LSTMOptions options = {}, Location at = Location::current());
  template <class P>
  requires std::same_as<std::remove_cvref_t<P>, PackedSequence>  // no list in braces is one
      std::pair<PackedSequence, State>
  operator()(P&& x, Location at = Location::current()) const { return call(at, x, State()); }
  template <std::same_as<PackedSequence> P>
  std::pair<PackedSequence, State> operator()(const P& x, const State& s0, Location at = Location::current()) const {
    return call(at, x, s0);
  }
  using Layer::operator();
  LSTMOutput forward(const Tensor& x, const LSTMState& s0, Location at = Location::current()) const;
  LSTMOutput forward(const Tensor& x, Location at = Location::current()) const { return forward(x, LSTMState{}, at); }
  std::pair<PackedSequence, State> forward(const PackedSequence& x, const State& s0, Location at) const;
  std::pair<PackedSequence, State> forward(const PackedSequence& x, Location at = Location::current()) const {
    return forward(x, State(), at);
  }

 private:
  RecurrentStack stack_;
};

struct RNNCellOptions {
  ByName by_name = ByName();
  bool bias = true;
  init::Nonlinearity nonlinearity = init::Nonlinearity::tanh;  // or relu
};
struct RecurrentCellOptions {
  bool bias = true;
};
using LSTMCellOptions = RecurrentCellOptions;
using GRUCellOptions = RecurrentCellOptions;

// One step: x (N, C) or (C), state (N, H) or (H), from zeros when not given -> the new state. Parameters: weight_ih
// (gates H, C), weight_hh (gates H, H), bias_ih, bias_hh (gates H), at first uniform in +-1/sqrt(hidden_size).
class XGRAD_API RNNCell final : public Layer<RNNCell> {
 public:
  RNNCell(const RNNCell&) = default;
  RNNCell(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit RNNCell(...) = delete;                  // options by name: nn::RNNCell(8, 16, {.bias = false})
  using State = Tensor;
  RNNCell(Size input_size, Size hidden_size, RNNCellOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, const Tensor& h, Location at = Location::current()) const;
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return forward(x, Tensor(), at); }

  HeldRecurrentWeights weights;

 private:
  bool relu_ = false;
};

class XGRAD_API GRUCell final : public Layer<GRUCell> {
 public:
  GRUCell(const GRUCell&) = default;
  GRUCell(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit GRUCell(...) = delete;                  // options by name: nn::GRUCell(8, 16, {.bias = false})
  using State = Tensor;
  GRUCell(Size input_size, Size hidden_size, GRUCellOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, const Tensor& h, Location at = Location::current()) const;
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return forward(x, Tensor(), at); }

  HeldRecurrentWeights weights;
};

class XGRAD_API LSTMCell final : public Layer<LSTMCell> {
 public:
  LSTMCell(const LSTMCell&) = default;
  LSTMCell(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit LSTMCell(...) = delete;                  // options by name: nn::LSTMCell(8, 16, {.bias = false})
  using State = LSTMState;
  LSTMCell(Size input_size, Size hidden_size, LSTMCellOptions options = {}, Location at = Location::current());
  LSTMState forward(const Tensor& x, const LSTMState& s, Location at = Location::current()) const;
  LSTMState forward(const Tensor& x, Location at = Location::current()) const { return forward(x, LSTMState{}, at); }

  HeldRecurrentWeights weights;
};

}  // namespace xgrad::nn
