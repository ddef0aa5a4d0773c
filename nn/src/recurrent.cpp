#include <array>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops.hpp>

#include "option_text.hpp"
#include "packed_steps.hpp"

namespace xgrad::nn {
namespace {

bool is_relu(const char* name, init::Nonlinearity n, const Location& at) {
  if (n != init::Nonlinearity::tanh && n != init::Nonlinearity::relu)
    ErrorReport(name, "nonlinearity must be tanh or relu", at).value_error();
  return n == init::Nonlinearity::relu;
}

void require_sizes(const char* name, std::int64_t input_size, std::int64_t hidden_size, const Location& at) {
  if (input_size < 0)
    ErrorReport(name, fmt::format("input_size must not be negative, got {}", input_size), at).value_error();
  if (hidden_size < 1)
    ErrorReport(name, fmt::format("hidden_size must be at least 1, got {}", hidden_size), at).value_error();
}

Parameter uniform_parameter(Module& m, const std::string& name, const Shape& shape, std::int64_t hidden_size) {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_size));
  Parameter t = m.register_parameter(name, empty(shape));
  init::uniform_(t, -bound, bound);
  return t;
}

RecurrentWeights make_weights(Module& m, const std::string& suffix, std::int64_t gates, std::int64_t in,
                              std::int64_t hidden, std::int64_t out, bool bias) {
  RecurrentWeights w;
  w.weight_ih = uniform_parameter(m, "weight_ih" + suffix, {gates * hidden, in}, hidden);
  w.weight_hh = uniform_parameter(m, "weight_hh" + suffix, {gates * hidden, out}, hidden);
  if (!bias) return w;
  w.bias_ih = uniform_parameter(m, "bias_ih" + suffix, {gates * hidden}, hidden);
  w.bias_hh = uniform_parameter(m, "bias_hh" + suffix, {gates * hidden}, hidden);
  return w;
}

std::string sized_label(const char* name, std::int64_t in, std::int64_t hidden, const std::string& options) {
  return fmt::format("{}({} → {}{})", name, in, hidden, options);
}

// Of RNN, LSTM and GRU.
template <class Options>
OptionText recurrent_option_text(const Options& o) {
  OptionText t;
  t.add("num_layers", o.num_layers, 1).add("bias", o.bias, true).add("batch_first", o.batch_first, false);
  t.add("dropout", o.dropout, 0).add("bidirectional", o.bidirectional, false);
  if constexpr (requires { o.proj_size; }) t.add("proj_size", o.proj_size, 0);
  return t;
}
std::string bias_text(bool bias) { return bias ? "" : ", bias=false"; }
std::string nonlinearity_text(init::Nonlinearity n) {
  return n == init::Nonlinearity::relu ? ", nonlinearity=relu" : "";
}

// ---- passes through one layer ----
using Sequence = RNNOutput(const Tensor&, const Tensor&, const RecurrentWeights&, RecurrentOptions, Location);

template <Sequence f>
LSTMOutput hidden_only(const Tensor& x, const LSTMState& s0, const RecurrentWeights& w, const Tensor&, bool reverse,
                       Location at) {
  RNNOutput r = f(x, s0.h, w, {reverse}, at);
  return {std::move(r.output), {std::move(r.h)}};
}

// Not one operation: every step is a chain of them.
LSTMOutput projected_lstm(const Tensor& x, const LSTMState& s0, const RecurrentWeights& w, const Tensor& weight_hr,
                          bool reverse, const Location& at) {
  const std::int64_t steps = x.size(0), n = x.size(1), hidden = weight_hr.size(1);
  const TensorOptions like{.dtype = x.dtype()};
  Tensor h = s0.h.defined() ? s0.h : zeros({n, weight_hr.size(0)}, like);
  Tensor c = s0.c.defined() ? s0.c : zeros({n, hidden}, like);
  const Tensor projections = linear(x, w.weight_ih, w.bias_ih, at);
  std::vector<Tensor> outputs(static_cast<std::size_t>(steps));
  for (std::int64_t k = 0; k < steps; ++k) {
    const std::int64_t t = reverse ? steps - 1 - k : k;
    const std::vector<Tensor> a =
        split(add(select(projections, 0, t), linear(h, w.weight_hh, w.bias_hh, at)), hidden, 1);
    c = sigmoid(a[1]) * c + sigmoid(a[0]) * tanh(a[2]);
    h = linear(sigmoid(a[3]) * tanh(c), weight_hr, Tensor(), at);
    outputs[static_cast<std::size_t>(t)] = h;
  }
  return {stack(outputs, 0, at), {h, c}};
}

LSTMOutput lstm_pass(const Tensor& x, const LSTMState& s0, const RecurrentWeights& w, const Tensor& weight_hr,
                     bool reverse, Location at) {
  return weight_hr.defined() ? projected_lstm(x, s0, w, weight_hr, reverse, at) : lstm(x, s0, w, {reverse}, at);
}

Tensor layer_of(const Tensor& state, std::int64_t k, const Location& at) {
  return state.defined() ? select(state, 0, k, at) : state;
}
Tensor joined(const std::vector<Tensor>& states, const Location& at) {
  return states.size() == 1 ? unsqueeze(states[0], 0, at) : stack(states, 0, at);
}

Tensor batched(const Tensor& state, std::int64_t dim, const Location& at) {
  return state.defined() ? unsqueeze(state, dim, at) : state;
}

// Both parts of the state or none: zeros for one of them would be a mistake that nobody sees.
void require_whole(const char* name, const char* h, const char* c, const LSTMState& s, const Location& at) {
  if (s.h.defined() == s.c.defined()) return;
  ErrorReport(name, fmt::format("the state needs {} and {}, {} is undefined", h, c, s.h.defined() ? c : h), at)
      .operand(h, s.h)
      .operand(c, s.c)
      .help(fmt::format("give both, {{{}, {}}}, or no state to start from zeros", h, c))
      .value_error();
}

// In the order of registration.
std::array<const Tensor*, 4> shown(const RecurrentWeights& w) {
  return {&w.weight_ih, &w.weight_hh, &w.bias_ih, &w.bias_hh};
}

void require_cell_input(const char* name, const Tensor& x, const Tensor& h, const Location& at) {
  require_defined(name, x, at);
  if (x.dim() != 1 && x.dim() != 2)
    ErrorReport(name, fmt::format("x must be (N, C) or (C), got {} dimensions", x.dim()), at)
        .operand("x", x)
        .shape_error();
  if (h.defined() && h.dim() != x.dim())
    ErrorReport(name, fmt::format("the state has {} dimensions, x has {}", h.dim(), x.dim()), at)
        .operand("x", x)
        .operand("state", h)
        .shape_error();
}

}  // namespace

RecurrentStack::RecurrentStack(Module& m, const Settings& s, Location at) : s_(s) {
  const xgrad::detail::CallSite site(at);
  check_settings(at);
  for (std::int64_t layer = 0; layer < s.num_layers; ++layer)
    for (std::int64_t d = 0; d < directions(); ++d) {
      const std::string suffix = fmt::format("_l{}{}", layer, d ? "_reverse" : "");
      const std::int64_t in = layer ? directions() * output_size() : s.input_size;
      weights_.push_back(make_weights(m, suffix, s.gates, in, s.hidden_size, output_size(), s.bias));
      projections_.push_back(
          s.proj_size ? uniform_parameter(m, "weight_hr" + suffix, {s.proj_size, s.hidden_size}, s.hidden_size)
                      : Parameter());
    }
}

void RecurrentStack::check_settings(const Location& at) const {
  require_sizes(s_.name, s_.input_size, s_.hidden_size, at);
  if (s_.num_layers < 1)
    ErrorReport(s_.name, fmt::format("num_layers must be at least 1, got {}", s_.num_layers), at).value_error();
  if (!(s_.dropout >= 0 && s_.dropout <= 1))
    ErrorReport(s_.name, fmt::format("dropout must be in [0, 1], got {}", s_.dropout), at).value_error();
  if (s_.proj_size < 0 || s_.proj_size >= s_.hidden_size)
    ErrorReport(
        s_.name,
        fmt::format("proj_size must be 0 or more and below hidden_size ({}), got {}", s_.hidden_size, s_.proj_size), at)
        .value_error();
}

void RecurrentStack::check_call(const Tensor& x, const LSTMState& s0, const Location& at) const {
  require_floating(s_.name, x, at);
  const char* const dims = s_.batch_first ? "(N, T, C)" : "(T, N, C)";
  const bool batch = x.dim() == 3;
  if (!batch && x.dim() != 2)
    ErrorReport(s_.name, fmt::format("x must be {} or (T, C), got {} dimensions", dims, x.dim()), at)
        .operand("x", x)
        .shape_error();
  if (x.size(-1) != s_.input_size)
    ErrorReport(s_.name, fmt::format("expected {} features, got {}", s_.input_size, x.size(-1)), at)
        .operand("x", x)
        .help(fmt::format("x is {}: its last dimension is input_size", dims))
        .shape_error();
  if (x.size(batch && s_.batch_first ? 1 : 0) == 0)
    ErrorReport(s_.name, "a sequence of length 0 has no last state", at).operand("x", x).shape_error();
  check_states(x, s0, batch ? x.size(s_.batch_first ? 0 : 1) : 0, batch, at);
}

void RecurrentStack::check_states(const Tensor& x, const LSTMState& s0, std::int64_t n, bool batch,
                                  const Location& at) const {
  const std::int64_t rows = s_.num_layers * directions();
  const auto check = [&](const char* role, const Tensor& state, std::int64_t size) {
    const Shape want = batch ? Shape{rows, n, size} : Shape{rows, size};
    if (!state.defined()) return;
    if (!(state.shape() == want))
      ErrorReport(s_.name,
                  fmt::format("{} must be (num_layers * directions, {}H) = {}, got {}", role, batch ? "N, " : "",
                              to_string(want), to_string(state.shape())),
                  at)
          .operand("x", x)
          .operand(role, state)
          .shape_error();
    require_same_dtype(s_.name, x, state, at);
  };
  check("h0", s0.h, output_size());
  check("c0", s0.c, s_.hidden_size);
}

LSTMOutput RecurrentStack::run(Pass pass, const Tensor& x, const LSTMState& s0, bool training,
                               const Location& at) const {
  check_call(x, s0, at);
  if (x.dim() == 3 && !s_.batch_first) return run_batched(pass, x, s0, training, at);
  if (x.dim() == 3) {
    LSTMOutput r = run_batched(pass, transpose(x, 0, 1, at).contiguous(), s0, training, at);
    r.output = transpose(r.output, 0, 1, at);
    return r;
  }
  LSTMOutput r = run_batched(pass, unsqueeze(x, 1, at), {batched(s0.h, 1, at), batched(s0.c, 1, at)}, training, at);
  return {squeeze(r.output, 1, at),
          {squeeze(r.state.h, 1, at), r.state.c.defined() ? squeeze(r.state.c, 1, at) : Tensor()}};
}

LSTMOutput RecurrentStack::run_batched(Pass pass, Tensor x, const LSTMState& s0, bool training,
                                       const Location& at) const {
  std::vector<Tensor> h, c;
  for (std::int64_t layer = 0; layer < s_.num_layers; ++layer) {
    std::vector<Tensor> outputs;
    for (std::int64_t d = 0; d < directions(); ++d) {
      const std::int64_t k = layer * directions() + d;
      const auto i = static_cast<std::size_t>(k);
      LSTMOutput r = pass(x, {layer_of(s0.h, k, at), layer_of(s0.c, k, at)}, weights_[i], projections_[i], d == 1, at);
      outputs.push_back(std::move(r.output));
      h.push_back(std::move(r.state.h));
      if (r.state.c.defined()) c.push_back(std::move(r.state.c));
    }
    x = outputs.size() == 1 ? outputs[0] : cat(outputs, 2, at);
    if (layer + 1 < s_.num_layers) x = xgrad::dropout(x, s_.dropout, training, at);
  }
  return {x, {joined(h, at), c.empty() ? Tensor() : joined(c, at)}};
}

// ---- packed sequences ----
// Steps that have equally many sequences, one after the other.
struct RecurrentStack::Steps {
  struct Run {
    std::int64_t begin, steps, batch;  // the first row of data, and how it is made up
  };
  std::vector<Run> runs;
  std::int64_t batch = 0;

  explicit Steps(const std::vector<std::int64_t>& sizes) : batch(sizes[0]) {
    std::int64_t row = 0;
    for (const std::int64_t n : sizes) {
      if (runs.empty() || runs.back().batch != n) runs.push_back({row, 0, n});
      ++runs.back().steps;
      row += n;
    }
  }
};

namespace {

Tensor first_rows(const Tensor& state, std::int64_t n, const Location& at) {
  return state.size(0) == n ? state : narrow(state, 0, 0, n, at);
}
// Rows begin.. of `all` behind those of `state`.
Tensor with_rows(const Tensor& state, const Tensor& all, std::int64_t n, const Location& at) {
  const std::int64_t begin = state.size(0);
  return begin == n ? state : cat({state, narrow(all, 0, begin, n - begin, at)}, 0, at);
}
Tensor in_order(const Tensor& state, const Tensor& order, const Location& at) {
  return state.defined() && order.defined() ? index_select(state, 1, order, at) : state;
}

}  // namespace

// One layer in one direction. Forwards, sequences end: their states are put aside; backwards, they begin.
LSTMOutput RecurrentStack::run_steps(Pass pass, std::size_t i, const Tensor& x, const Steps& steps, const LSTMState& s0,
                                     bool reverse, const Location& at) const {
  const TensorOptions like{.dtype = x.dtype()};
  const Tensor h0 = s0.h.defined() ? s0.h : zeros({steps.batch, output_size()}, like);
  const bool has_cell = s_.gates == 4;
  const Tensor c0 = !has_cell || s0.c.defined() ? s0.c : zeros({steps.batch, s_.hidden_size}, like);
  std::vector<Tensor> outputs(steps.runs.size()), h_ended, c_ended;
  LSTMState s = reverse ? LSTMState{first_rows(h0, steps.runs.back().batch, at),
                                    has_cell ? first_rows(c0, steps.runs.back().batch, at) : c0}
                        : LSTMState{h0, c0};
  const auto put_aside = [&](Tensor& state, std::vector<Tensor>& ended, std::int64_t n) {
    if (state.size(0) == n) return;
    ended.insert(ended.begin(), narrow(state, 0, n, state.size(0) - n, at));
    state = narrow(state, 0, 0, n, at);
  };
  for (std::size_t k = 0; k < steps.runs.size(); ++k) {
    const std::size_t at_run = reverse ? steps.runs.size() - 1 - k : k;
    const Steps::Run& run = steps.runs[at_run];
    if (reverse) {
      s.h = with_rows(s.h, h0, run.batch, at);
      if (has_cell) s.c = with_rows(s.c, c0, run.batch, at);
    } else {
      put_aside(s.h, h_ended, run.batch);
      if (has_cell) put_aside(s.c, c_ended, run.batch);
    }
    const Tensor rows =
        reshape(narrow(x, 0, run.begin, run.steps * run.batch, at), {run.steps, run.batch, x.size(1)}, at);
    LSTMOutput r = pass(rows, s, weights_[i], projections_[i], reverse, at);
    outputs[at_run] = reshape(r.output, {run.steps * run.batch, r.output.size(2)}, at);
    s = std::move(r.state);
  }
  h_ended.insert(h_ended.begin(), s.h);
  if (has_cell) c_ended.insert(c_ended.begin(), s.c);
  return {cat(outputs, 0, at), {cat(h_ended, 0, at), has_cell ? cat(c_ended, 0, at) : Tensor()}};
}

std::pair<PackedSequence, LSTMState> RecurrentStack::run(Pass pass, const PackedSequence& packed, const LSTMState& s0,
                                                         bool training, const Location& at) const {
  const Steps steps(utils::rnn::steps_of(packed, s_.name, at));
  require_floating(s_.name, packed.data, at);
  if (packed.data.dim() != 2 || packed.data.size(1) != s_.input_size)
    ErrorReport(s_.name, fmt::format("expected packed rows of {} features", s_.input_size), at)
        .operand("data", packed.data)
        .shape_error();
  check_states(packed.data, s0, steps.batch, true, at);
  const LSTMState first{in_order(s0.h, packed.sorted_indices, at), in_order(s0.c, packed.sorted_indices, at)};
  std::vector<Tensor> h, c;
  Tensor x = packed.data;
  for (std::int64_t layer = 0; layer < s_.num_layers; ++layer) {
    std::vector<Tensor> outputs;
    for (std::int64_t d = 0; d < directions(); ++d) {
      const std::int64_t k = layer * directions() + d;
      LSTMOutput r = run_steps(pass, static_cast<std::size_t>(k), x, steps,
                               {layer_of(first.h, k, at), layer_of(first.c, k, at)}, d == 1, at);
      outputs.push_back(std::move(r.output));
      h.push_back(std::move(r.state.h));
      if (r.state.c.defined()) c.push_back(std::move(r.state.c));
    }
    x = outputs.size() == 1 ? outputs[0] : cat(outputs, 1, at);
    if (layer + 1 < s_.num_layers) x = xgrad::dropout(x, s_.dropout, training, at);
  }
  PackedSequence y = packed;
  y.data = x;
  return {y,
          {in_order(joined(h, at), packed.unsorted_indices, at),
           c.empty() ? Tensor() : in_order(joined(c, at), packed.unsorted_indices, at)}};
}

// ---- sequences ----
RNN::RNN(Size input_size, Size hidden_size, RNNOptions o, Location at)
    : Layer(sized_label("RNN", input_size, hidden_size,
                        recurrent_option_text(o).text() + nonlinearity_text(o.nonlinearity))),
      stack_(*this,
             {"RNN", 1, input_size, hidden_size, o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional, 0},
             at),
      relu_(is_relu("RNN", o.nonlinearity, at)) {}

RNNOutput RNN::forward(const Tensor& x, const Tensor& h0, Location at) const {
  LSTMOutput r = stack_.run(relu_ ? &hidden_only<rnn_relu> : &hidden_only<rnn_tanh>, x, {h0}, is_training(), at);
  return {r.output, r.state.h};
}

std::pair<PackedSequence, Tensor> RNN::forward(const PackedSequence& x, const Tensor& h0, Location at) const {
  auto [y, s] = stack_.run(relu_ ? &hidden_only<rnn_relu> : &hidden_only<rnn_tanh>, x, {h0}, is_training(), at);
  return {y, s.h};
}

GRU::GRU(Size input_size, Size hidden_size, GRUOptions o, Location at)
    : Layer(sized_label("GRU", input_size, hidden_size, recurrent_option_text(o).text())),
      stack_(*this,
             {"GRU", 3, input_size, hidden_size, o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional, 0},
             at) {}

RNNOutput GRU::forward(const Tensor& x, const Tensor& h0, Location at) const {
  LSTMOutput r = stack_.run(&hidden_only<gru>, x, {h0}, is_training(), at);
  return {r.output, r.state.h};
}

std::pair<PackedSequence, Tensor> GRU::forward(const PackedSequence& x, const Tensor& h0, Location at) const {
  auto [y, s] = stack_.run(&hidden_only<gru>, x, {h0}, is_training(), at);
  return {y, s.h};
}

LSTM::LSTM(Size input_size, Size hidden_size, LSTMOptions o, Location at)
    : Layer(sized_label("LSTM", input_size, hidden_size, recurrent_option_text(o).text())),
      stack_(*this,
             {"LSTM", 4, input_size, hidden_size, o.num_layers, o.bias, o.batch_first, o.dropout, o.bidirectional,
              o.proj_size},
             at) {}

LSTMOutput LSTM::forward(const Tensor& x, const LSTMState& s0, Location at) const {
  require_whole("LSTM", "h0", "c0", s0, at);
  return stack_.run(&lstm_pass, x, s0, is_training(), at);
}

std::pair<PackedSequence, LSTMState> LSTM::forward(const PackedSequence& x, const LSTMState& s0, Location at) const {
  require_whole("LSTM", "h0", "c0", s0, at);
  return stack_.run(&lstm_pass, x, s0, is_training(), at);
}

// ---- cells ----
RNNCell::RNNCell(Size input_size, Size hidden_size, RNNCellOptions o, Location at)
    : Layer(sized_label("RNNCell", input_size, hidden_size, bias_text(o.bias) + nonlinearity_text(o.nonlinearity))),
      relu_(is_relu("RNNCell", o.nonlinearity, at)) {
  const xgrad::detail::CallSite site(at);
  require_sizes("RNNCell", input_size, hidden_size, at);
  weights = make_weights(*this, "", 1, input_size, hidden_size, hidden_size, o.bias);
}

Tensor RNNCell::forward(const Tensor& x, const Tensor& h, Location at) const {
  require_shown(shown(weights), at);
  require_cell_input("RNNCell", x, h, at);
  const auto cell = relu_ ? rnn_relu_cell : rnn_tanh_cell;
  if (x.dim() == 2) return cell(x, h, weights, at);
  return squeeze(cell(unsqueeze(x, 0, at), batched(h, 0, at), weights, at), 0, at);
}

GRUCell::GRUCell(Size input_size, Size hidden_size, GRUCellOptions o, Location at)
    : Layer(sized_label("GRUCell", input_size, hidden_size, bias_text(o.bias))) {
  const xgrad::detail::CallSite site(at);
  require_sizes("GRUCell", input_size, hidden_size, at);
  weights = make_weights(*this, "", 3, input_size, hidden_size, hidden_size, o.bias);
}

Tensor GRUCell::forward(const Tensor& x, const Tensor& h, Location at) const {
  require_shown(shown(weights), at);
  require_cell_input("GRUCell", x, h, at);
  if (x.dim() == 2) return gru_cell(x, h, weights, at);
  return squeeze(gru_cell(unsqueeze(x, 0, at), batched(h, 0, at), weights, at), 0, at);
}

LSTMCell::LSTMCell(Size input_size, Size hidden_size, LSTMCellOptions o, Location at)
    : Layer(sized_label("LSTMCell", input_size, hidden_size, bias_text(o.bias))) {
  const xgrad::detail::CallSite site(at);
  require_sizes("LSTMCell", input_size, hidden_size, at);
  weights = make_weights(*this, "", 4, input_size, hidden_size, hidden_size, o.bias);
}

LSTMState LSTMCell::forward(const Tensor& x, const LSTMState& s, Location at) const {
  require_shown(shown(weights), at);
  require_whole("LSTMCell", "h", "c", s, at);
  require_cell_input("LSTMCell", x, s.h, at);
  require_cell_input("LSTMCell", x, s.c, at);
  if (x.dim() == 2) return lstm_cell(x, s, weights, at);
  const LSTMState r = lstm_cell(unsqueeze(x, 0, at), {batched(s.h, 0, at), batched(s.c, 0, at)}, weights, at);
  return {squeeze(r.h, 0, at), squeeze(r.c, 0, at)};
}

}  // namespace xgrad::nn
