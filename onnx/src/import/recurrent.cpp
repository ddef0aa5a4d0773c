// LSTM, GRU and RNN. Their weights are (directions, gates H, C): of ONNX's gates i, o, f, c and z, r, h this library
// has i, f, c, o and r, z, h.
#include <fmt/format.h>

#include <xgrad/ops.hpp>

#include "import/operators.hpp"

namespace xgrad::onnx {
namespace {

struct Kind {
  std::vector<std::int64_t> order;  // where the gates of this library stand among those of ONNX
  bool has_cell = false;
};

// The blocks of dimension 0, `size` long each, in another order.
Tensor reordered(const Tensor& t, const std::vector<std::int64_t>& order, std::int64_t size, const Location& at) {
  if (order.size() == 1) return t;
  std::vector<Tensor> parts;
  for (const std::int64_t gate : order) parts.push_back(narrow(t, 0, gate * size, size, at));
  return cat(parts, 0, at);
}

RecurrentWeights weights_of(const Call& c, const Kind& kind, std::int64_t direction) {
  const std::int64_t hidden = c.in(2).size(-1), rows = static_cast<std::int64_t>(kind.order.size()) * hidden;
  const auto part = [&](const Tensor& t) { return reordered(t, kind.order, hidden, c.at); };
  RecurrentWeights w{part(select(c.in(1), 0, direction, c.at)), part(select(c.in(2), 0, direction, c.at))};
  if (c.has(3)) {
    const Tensor both = select(c.in(3), 0, direction, c.at);
    w.bias_ih = part(narrow(both, 0, 0, rows, c.at));
    w.bias_hh = part(narrow(both, 0, rows, rows, c.at));
  }
  return w;
}

std::int64_t checked_directions(const Call& c, const Kind& kind) {
  const std::string direction = c.s("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    c.refuse(fmt::format("direction '{}' is not known", direction));
  const std::int64_t n = direction == "bidirectional" ? 2 : 1;
  const auto gates = static_cast<std::int64_t>(kind.order.size());
  for (std::size_t k : {1u, 2u})
    if (c.in(k).dim() != 3 || c.in(k).size(0) != n || c.in(k).size(1) != gates * c.in(2).size(-1))
      c.refuse_shape("W and R must be (directions, gates H, C) and (directions, gates H, H)");
  if (c.has(3) && !(c.in(3).shape() == Shape{n, 2 * gates * c.in(2).size(-1)}))
    c.refuse_shape("B must be (directions, 2 gates H)");
  if (c.has("hidden_size") && c.i("hidden_size", 0) != c.in(2).size(-1)) c.refuse("hidden_size is not that of R");
  if (c.has(4)) c.refuse("sequence_lens are not supported");
  if (c.i("layout", 0) != 0) c.refuse("layout = 1 is not supported");
  if (c.has("clip")) c.refuse("clip is not supported");
  if (c.has(7)) c.refuse("peepholes are not supported");
  return n;
}

template <class Pass>
Outputs run_directions(const Call& c, const Kind& kind, const Pass& pass) {
  const std::int64_t n = checked_directions(c, kind);
  const bool only_reverse = c.s("direction", "forward") == "reverse";
  std::vector<Tensor> y, h, cell;
  for (std::int64_t d = 0; d < n; ++d) {
    const auto state = [&](std::size_t i) { return c.has(i) ? select(c.in(i), 0, d, c.at) : Tensor(); };
    const LSTMOutput r = pass(LSTMState{state(5), kind.has_cell ? state(6) : Tensor()}, weights_of(c, kind, d),
                              RecurrentOptions{only_reverse || d == 1});
    y.push_back(r.output);
    h.push_back(r.state.h);
    if (kind.has_cell) cell.push_back(r.state.c);
  }
  return {stack(y, 1, c.at), stack(h, 0, c.at), kind.has_cell ? stack(cell, 0, c.at) : Tensor()};
}

void require_activations(const Call& c, const std::vector<std::string>& expected) {
  const std::vector<std::string> given = c.strings("activations", expected);
  for (std::size_t i = 0; i < given.size(); ++i)
    if (given.size() % expected.size() != 0 || given[i] != expected[i % expected.size()])
      c.refuse("activations other than the usual ones are not supported");
}

Outputs lstm_of(const Call& c) {
  require_activations(c, {"Sigmoid", "Tanh", "Tanh"});
  if (c.i("input_forget", 0) != 0) c.refuse("input_forget = 1 is not supported");
  return run_directions(
      c, {{0, 2, 3, 1}, true},
      [&](const LSTMState& s, const RecurrentWeights& w, RecurrentOptions o) { return lstm(c.in(0), s, w, o, c.at); });
}

Outputs gru_of(const Call& c) {
  require_activations(c, {"Sigmoid", "Tanh"});
  if (c.i("linear_before_reset", 0) == 0) c.refuse("linear_before_reset = 0 is not supported");
  return run_directions(c, {{1, 0, 2}}, [&](const LSTMState& s, const RecurrentWeights& w, RecurrentOptions o) {
    RNNOutput r = gru(c.in(0), s.h, w, o, c.at);
    return LSTMOutput{r.output, {r.h}};
  });
}

Outputs rnn_of(const Call& c) {
  const std::vector<std::string> given = c.strings("activations", {"Tanh"});
  const bool relu = !given.empty() && given[0] == "Relu";
  require_activations(c, {relu ? "Relu" : "Tanh"});
  return run_directions(c, {{0}}, [&](const LSTMState& s, const RecurrentWeights& w, RecurrentOptions o) {
    RNNOutput r = relu ? rnn_relu(c.in(0), s.h, w, o, c.at) : rnn_tanh(c.in(0), s.h, w, o, c.at);
    return LSTMOutput{r.output, {r.h}};
  });
}

}  // namespace

std::span<const Operator> recurrent_operators() {
  static const Operator all[] = {
      {"GRU", 3, 6, 2, "activations:S clip:f direction:s hidden_size:i layout:i linear_before_reset:i", gru_of},
      {"LSTM", 3, 8, 3, "activations:S clip:f direction:s hidden_size:i input_forget:i layout:i", lstm_of},
      {"RNN", 3, 6, 2, "activations:S clip:f direction:s hidden_size:i layout:i", rnn_of},
  };
  return all;
}

}  // namespace xgrad::onnx
