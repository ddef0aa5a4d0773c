// Recurrent layers: checks, one operation for a whole sequence, and what a recorded backward pass is made of.
#include <ostream>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tape/record.hpp"
#include "kernels/recurrent_sequence.hpp"
#include "ops/recurrent_composed.hpp"

namespace xgrad {

using detail::Cell;
using detail::impl;
using detail::Recurrence;
using detail::RecurrentInputs;

namespace {

// An operand under the name that messages give it.
struct NamedInput {
  const char* role;
  const Tensor& tensor;
};

[[noreturn, gnu::cold]] void refuse(const char* op, const std::string& rule, const Tensor& x, const NamedInput& o,
                                    const Location& at) {
  ErrorReport report(op, rule, at);
  report.operand("x", x);
  if (!o.tensor.is_same(x)) report.operand(o.role, o.tensor);
  report.shape_error();
}

void require_types(const char* op, const RecurrentInputs& in, const Location& at) {
  require_floating(op, in.x, at);
  require_defined(op, in.w_ih, at);
  require_defined(op, in.w_hh, at);
  for (const NamedInput& o : {NamedInput{"h0", in.h0},
                              {"c0", in.c0},
                              {"weight_ih", in.w_ih},
                              {"weight_hh", in.w_hh},
                              {"bias_ih", in.b_ih},
                              {"bias_hh", in.b_hh}}) {
    if (!o.tensor.defined() || impl(o.tensor).dtype == impl(in.x).dtype) continue;
    ErrorReport(op, fmt::format("dtypes differ ({} and {})", name(impl(in.x).dtype), name(impl(o.tensor).dtype)), at)
        .operand("x", in.x)
        .operand(o.role, o.tensor)
        .help("cast one of them with to()")
        .dtype_error();
  }
}

void require_shape(const char* op, const RecurrentInputs& in, const NamedInput& o, const char* dims, const Shape& want,
                   const Location& at) {
  if (!o.tensor.defined() || impl(o.tensor).shape == want) return;
  refuse(op, fmt::format("{} must be {} = {}, got {}", o.role, dims, to_string(want), to_string(impl(o.tensor).shape)),
         in.x, o, at);
}

void require_weights(const char* op, const Recurrence& r, const RecurrentInputs& in, const Location& at) {
  const char* const gates = r.cell == Cell::lstm ? "4 " : r.cell == Cell::gru ? "3 " : "";
  require_shape(op, in, {"weight_hh", in.w_hh}, fmt::format("({}H, H)", gates).c_str(), {r.gates(), r.hidden}, at);
  const std::string bias = fmt::format("({}H)", gates);
  require_shape(op, in, {"bias_ih", in.b_ih}, bias.c_str(), {r.gates()}, at);
  require_shape(op, in, {"bias_hh", in.b_hh}, bias.c_str(), {r.gates()}, at);
}

// Checks the operands, and reads the sizes off them.
Recurrence describe(const char* op, Cell cell, bool single, bool reverse, const RecurrentInputs& in,
                    const Location& at) {
  require_types(op, in, at);
  const Shape &x = impl(in.x).shape, &w = impl(in.w_ih).shape, &u = impl(in.w_hh).shape;
  if (x.rank() != (single ? 2 : 3)) [[unlikely]]
    refuse(op, fmt::format("x must be {}, got {} dimensions", single ? "(N, C)" : "(T, N, C)", x.rank()), in.x,
           {"x", in.x}, at);
  if (!single && x[0] == 0) [[unlikely]]
    refuse(op, "a sequence of length 0 has no last state", in.x, {"x", in.x}, at);
  if (u.rank() != 2) [[unlikely]]
    refuse(op, fmt::format("weight_hh must be a matrix, got {}", to_string(u)), in.x, {"weight_hh", in.w_hh}, at);
  const Recurrence r{cell, reverse, single, single ? 1 : x[0], x[x.rank() - 2], x.back(), u[1]};
  require_weights(op, r, in, at);
  if (w.rank() != 2 || w[0] != r.gates()) [[unlikely]]
    refuse(op, fmt::format("weight_ih must be ({}, C), got {}", r.gates(), to_string(w)), in.x, {"weight_ih", in.w_ih},
           at);
  if (w[1] != r.input) [[unlikely]]
    refuse(op, fmt::format("expected {} features, got {}", w[1], r.input), in.x, {"weight_ih", in.w_ih}, at);
  const Shape state{r.batch, r.hidden};
  require_shape(op, in, {single ? "h" : "h0", in.h0}, "(N, H)", state, at);
  require_shape(op, in, {single ? "c" : "c0", in.c0}, "(N, H)", state, at);
  return r;
}

RecurrentInputs make_contiguous(const RecurrentInputs& in) {
  using detail::contiguous_copy;
  return {contiguous_copy(in.x),    contiguous_copy(in.h0),   contiguous_copy(in.c0),  contiguous_copy(in.w_ih),
          contiguous_copy(in.w_hh), contiguous_copy(in.b_ih), contiguous_copy(in.b_hh)};
}

// Saved: the seven inputs, y, gates, memory. Outputs: h, c of a single step; else y, last h, last c.
Grads recurrent_grads(const Recurrence& r, const Saved& s, std::span<const Tensor> g) {
  const RecurrentInputs in{s[0], s[1], s[2], s[3], s[4], s[5], s[6]};
  const bool lstm = r.cell == Cell::lstm;
  const Tensor none;
  const Tensor &gh = r.single ? none : g[1], &gc = !lstm ? none : g[r.single ? 1 : 2];
  if (grad_enabled()) return detail::recurrent_backward_composed(r, in, g[0], gh, gc);
  std::array<bool, 7> wanted;
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = s.needs(i);
  const std::array<Tensor, 2> into{detail::collected_gradient(3), detail::collected_gradient(4)};
  auto grads = detail::recurrent_backward(r, make_contiguous(in), s[7], {s[8], s[9]}, g[0], gh, gc, wanted, into);
  return std::vector<Tensor>(std::make_move_iterator(grads.begin()), std::make_move_iterator(grads.end()));
}

Tensor last_hidden(const Recurrence& r, const Tensor& y) {
  Tensor h = detail::make_tensor({r.batch, r.hidden}, impl(y).dtype);
  const NoGradGuard off;
  detail::copy_raw(h, y.select(0, r.at(r.steps - 1)));
  return h;
}

// Zeros for one part of the state would be a mistake that nobody sees.
void require_whole(const char* op, const LSTMState& s, const Location& at) {
  if (s.h.defined() == s.c.defined()) return;
  ErrorReport(op, fmt::format("the state needs h and c, {} is undefined", s.h.defined() ? 'c' : 'h'), at)
      .operand("h", s.h)
      .operand("c", s.c)
      .help("give both, {h, c}, or no state to start from zeros")
      .value_error();
}

enum class Span { forwards, backwards, step };  // a sequence in either direction, or one step

// The outputs on the tape: h (and c) of a single step; y, last h (and c) of a sequence.
std::vector<Tensor> recur(const char* op, Cell cell, Span span, const Tensor& x, const LSTMState& s0,
                          const RecurrentWeights& w, const Location& at) {
  const RecurrentInputs in{x, s0.h, s0.c, w.weight_ih, w.weight_hh, w.bias_ih, w.bias_hh};
  const Recurrence r = describe(op, cell, span == Span::step, span == Span::backwards, in, at);
  if (cell == Cell::lstm) require_whole(op, s0, at);
  const bool keep = detail::needs_tape({in.x, in.h0, in.c0, in.w_ih, in.w_hh, in.b_ih, in.b_hh});
  const detail::RecurrentResult f = detail::recurrent_forward(r, make_contiguous(in), keep);
  std::vector<Tensor> outputs{f.y};
  if (!r.single) outputs.push_back(last_hidden(r, f.y));
  if (cell == Cell::lstm) outputs.push_back(f.c);
  return detail::record_op(
      op, std::move(outputs), {in.x, in.h0, in.c0, in.w_ih, in.w_hh, in.b_ih, in.b_hh},
      {in.x, in.h0, in.c0, in.w_ih, in.w_hh, in.b_ih, in.b_hh, f.y, f.trace.gates, f.trace.memory},
      [r](const Saved& s, std::span<const Tensor> g) -> Grads { return recurrent_grads(r, s, g); }, at,
      detail::named<"reverse">(r.reverse));
}

Span direction(const RecurrentOptions& o) { return o.reverse ? Span::backwards : Span::forwards; }
RNNOutput to_output(std::vector<Tensor>&& y) { return {std::move(y[0]), std::move(y[1])}; }

}  // namespace

RNNOutput rnn_tanh(const Tensor& x, const Tensor& h0, const RecurrentWeights& w, RecurrentOptions options,
                   Location at) {
  return to_output(recur("rnn_tanh", Cell::rnn_tanh, direction(options), x, {h0}, w, at));
}
RNNOutput rnn_relu(const Tensor& x, const Tensor& h0, const RecurrentWeights& w, RecurrentOptions options,
                   Location at) {
  return to_output(recur("rnn_relu", Cell::rnn_relu, direction(options), x, {h0}, w, at));
}
LSTMOutput lstm(const Tensor& x, const LSTMState& s0, const RecurrentWeights& w, RecurrentOptions options,
                Location at) {
  std::vector<Tensor> y = recur("lstm", Cell::lstm, direction(options), x, s0, w, at);
  return {std::move(y[0]), {std::move(y[1]), std::move(y[2])}};
}
RNNOutput gru(const Tensor& x, const Tensor& h0, const RecurrentWeights& w, RecurrentOptions options, Location at) {
  return to_output(recur("gru", Cell::gru, direction(options), x, {h0}, w, at));
}

Tensor rnn_tanh_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& w, Location at) {
  return recur("rnn_tanh_cell", Cell::rnn_tanh, Span::step, x, {h}, w, at)[0];
}
Tensor rnn_relu_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& w, Location at) {
  return recur("rnn_relu_cell", Cell::rnn_relu, Span::step, x, {h}, w, at)[0];
}
LSTMState lstm_cell(const Tensor& x, const LSTMState& s, const RecurrentWeights& w, Location at) {
  std::vector<Tensor> y = recur("lstm_cell", Cell::lstm, Span::step, x, s, w, at);
  return {std::move(y[0]), std::move(y[1])};
}
Tensor gru_cell(const Tensor& x, const Tensor& h, const RecurrentWeights& w, Location at) {
  return recur("gru_cell", Cell::gru, Span::step, x, {h}, w, at)[0];
}

// ---- text ----
std::ostream& operator<<(std::ostream& os, const LSTMState& s) { return os << "h=" << s.h << ",\nc=" << s.c; }
std::ostream& operator<<(std::ostream& os, const RNNOutput& r) { return os << "output=" << r.output << ",\nh=" << r.h; }
std::ostream& operator<<(std::ostream& os, const LSTMOutput& r) {
  return os << "output=" << r.output << ",\n" << r.state;
}

}  // namespace xgrad
