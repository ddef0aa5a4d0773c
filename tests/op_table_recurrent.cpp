// Rows of <xgrad/ops/recurrent.hpp>.
#include <cmath>

#include "op_table.hpp"

namespace xgrad::test {
namespace {

using SequenceFunction = RNNOutput (*)(const Tensor&, const Tensor&, const RecurrentWeights&, RecurrentOptions,
                                       Location);
using CellFunction = Tensor (*)(const Tensor&, const Tensor&, const RecurrentWeights&, Location);

// Functions, since the table is filled while static variables are being initialised.
Values values() { return uniform(-1, 1); }
Values or_none() { return optional(values()); }

// x, the states, weight_ih, weight_hh, bias_ih, bias_hh.
Args operands(const Shape& x, std::int64_t gates, std::int64_t hidden, int states) {
  const std::int64_t batch = x[x.rank() - 2], rows = gates * hidden;
  const double bound = 1 / std::sqrt(static_cast<double>(hidden));  // larger ones let rounding errors grow with time
  const Values weights = uniform(-bound, bound);
  Args a{{x, values()}};
  for (int i = 0; i < states; ++i) a.push_back({{batch, hidden}, or_none()});
  a.push_back({{rows, x.back()}, weights});
  a.push_back({{rows, hidden}, weights});
  a.push_back({{rows}, or_none()});
  a.push_back({{rows}, or_none()});
  return a;
}

RecurrentWeights weights_at(const Tensors& x, std::size_t i) { return {x[i], x[i + 1], x[i + 2], x[i + 3]}; }
RecurrentWeights plain_weights(std::int64_t gates, std::int64_t in, std::int64_t hidden) {
  return {leaf({gates * hidden, in}), leaf({gates * hidden, hidden}), leaf({gates * hidden}), leaf({gates * hidden})};
}

// What all of them refuse; f(x, state, weights, at).
template <class F>
void refusals(Row& row, std::int64_t gates, bool single, F f) {
  const Shape x = single ? Shape{2, 3} : Shape{5, 2, 3};
  const auto call = [=](const Shape& input, const Tensor& state, const RecurrentWeights& w) {
    f(leaf(input), state, w);
  };
  const std::string features = "expected 4 features, got 3", rows = std::to_string(gates * 6);
  row.bad_by(Wrong::shape, single ? "x must be (N, C), got 1 dimensions" : "x must be (T, N, C), got 1 dimensions",
             [=] { call({3}, Tensor(), plain_weights(gates, 3, 6)); })
      .bad_by(Wrong::shape, features, [=] { call(x, Tensor(), plain_weights(gates, 4, 6)); })
      .bad_by(Wrong::shape, "(N, H) = (2, 6), got (2, 5)",
              [=] {
                call(x, leaf({2, 5}), plain_weights(gates, 3, 6));
              })
      .bad_by(Wrong::shape, "(N, H) = (2, 6), got (1, 2, 6)",
              [=] {
                call(x, leaf({1, 2, 6}), plain_weights(gates, 3, 6));
              })
      .bad_by(Wrong::shape, "weight_hh must be a matrix",
              [=] {
                RecurrentWeights w = plain_weights(gates, 3, 6);
                w.weight_hh = leaf({6});
                call(x, Tensor(), w);
              })
      .bad_by(Wrong::shape, "weight_hh must be",
              [=] {
                RecurrentWeights w = plain_weights(gates, 3, 6);
                w.weight_hh = leaf({gates * 6 + 1, 6});
                call(x, Tensor(), w);
              })
      .bad_by(Wrong::shape, "weight_ih must be (" + rows + ", C)",
              [=] {
                RecurrentWeights w = plain_weights(gates, 3, 6);
                w.weight_ih = leaf({3, gates * 6});
                call(x, Tensor(), w);
              })
      .bad_by(Wrong::shape, "bias_hh must be",
              [=] {
                RecurrentWeights w = plain_weights(gates, 3, 6);
                w.bias_hh = leaf({1});
                call(x, Tensor(), w);
              })
      .bad_by(Wrong::dtype, "dtypes differ (float64 and float32)",
              [=] {
                call(x, leaf({2, 6}, kFloat32), plain_weights(gates, 3, 6));
              })
      .bad_by(Wrong::dtype, "dtypes differ (float64 and float32)", [=] {
        RecurrentWeights w = plain_weights(gates, 3, 6);
        w.weight_ih = leaf({gates * 6, 3}, kFloat32);
        call(x, Tensor(), w);
      });
  if (!single)
    row.bad_by(Wrong::shape, "a sequence of length 0", [=] { call({0, 2, 3}, Tensor(), plain_weights(gates, 3, 6)); });
}

void add_sequence(Table& t, const char* name, SequenceFunction f, std::int64_t gates) {
  const auto run = [f](const Tensors& x, bool reverse, std::size_t states = 1) {
    const auto [y, h] = f(x[0], states ? x[1] : Tensor(), weights_at(x, 1 + states), {reverse}, Location::current());
    return Tensors{y, h};
  };
  Row& row = t.add(name);
  row.on(operands({3, 2, 2}, gates, 2, 1), [=](auto& x) { return run(x, false); })
      .on(operands({3, 2, 2}, gates, 3, 1), [=](auto& x) { return run(x, true); })
      .on(operands({1, 2, 3}, gates, 2, 1), [=](auto& x) { return run(x, false); })
      .on(operands({2, 0, 3}, gates, 2, 1), [=](auto& x) { return run(x, false); })
      .on(operands({2, 2, 0}, gates, 2, 1), [=](auto& x) { return run(x, false); })
      .on(operands({3, 2, 2}, gates, 2, 0), [=](auto& x) { return run(x, true, 0); })
      .on(
          operands({5, 3, 17}, gates, 19, 1), [=](auto& x) { return run(x, true); }, Size::medium)
      .on(
          operands({6, 40, 30}, gates, 70, 1), [=](auto& x) { return run(x, false); }, Size::large);
  refusals(row, gates, false,
           [f](const Tensor& x, const Tensor& h, const RecurrentWeights& w) { f(x, h, w, {}, Location::current()); });
}

void add_cell(Table& t, const char* name, CellFunction f, std::int64_t gates) {
  const auto run = [f](const Tensors& x, std::size_t states = 1) {
    return f(x[0], states ? x[1] : Tensor(), weights_at(x, 1 + states), Location::current());
  };
  Row& row = t.add(name);
  row.on(operands({2, 3}, gates, 2, 1), [=](auto& x) { return run(x); })
      .on(operands({0, 3}, gates, 2, 1), [=](auto& x) { return run(x); })
      .on(operands({2, 3}, gates, 2, 0), [=](auto& x) { return run(x, 0); })
      .on(
          operands({5, 18}, gates, 17, 1), [=](auto& x) { return run(x); }, Size::medium)
      .on(
          operands({60, 30}, gates, 70, 1), [=](auto& x) { return run(x); }, Size::large);
  refusals(row, gates, true,
           [f](const Tensor& x, const Tensor& h, const RecurrentWeights& w) { f(x, h, w, Location::current()); });
}

void add_lstm(Table& t) {
  const auto run = [](const Tensors& x, bool reverse, std::size_t states = 2) {
    const LSTMState s0 = states ? LSTMState{x[1], x[2]} : LSTMState{};
    const auto [y, s] = lstm(x[0], s0, weights_at(x, 1 + states), {reverse});
    return Tensors{y, s.h, s.c};
  };
  Row& row = t.add("lstm");
  row.on(operands({3, 2, 2}, 4, 2, 2), [=](auto& x) { return run(x, false); })
      .on(operands({3, 2, 2}, 4, 3, 2), [=](auto& x) { return run(x, true); })
      .on(operands({1, 2, 3}, 4, 2, 2), [=](auto& x) { return run(x, false); })
      .on(operands({2, 0, 3}, 4, 2, 2), [=](auto& x) { return run(x, false); })
      .on(operands({2, 2, 0}, 4, 2, 2), [=](auto& x) { return run(x, false); })
      .on(operands({3, 2, 2}, 4, 2, 0), [=](auto& x) { return run(x, true, 0); })
      .on(
          operands({5, 3, 17}, 4, 19, 2), [=](auto& x) { return run(x, true); }, Size::medium)
      .on(
          operands({6, 40, 30}, 4, 70, 2), [=](auto& x) { return run(x, false); }, Size::large);
  refusals(row, 4, false, [](const Tensor& x, const Tensor& h, const RecurrentWeights& w) { lstm(x, {h}, w); });
  row.bad(Wrong::shape, "c0 must be (N, H) = (2, 6), got (2, 5)", [] {
    lstm(leaf({5, 2, 3}), {leaf({2, 6}), leaf({2, 5})}, plain_weights(4, 3, 6));
  });
  row.bad(Wrong::value, "the state needs h and c, c is undefined", [] {
    lstm(leaf({5, 2, 3}), {leaf({2, 6})}, plain_weights(4, 3, 6));
  });
}

void add_lstm_cell(Table& t) {
  const auto run = [](const Tensors& x, std::size_t states = 2) {
    const LSTMState s0 = states ? LSTMState{x[1], x[2]} : LSTMState{};
    const auto [h, c] = lstm_cell(x[0], s0, weights_at(x, 1 + states));
    return Tensors{h, c};
  };
  Row& row = t.add("lstm_cell");
  row.on(operands({2, 3}, 4, 2, 2), [=](auto& x) { return run(x); })
      .on(operands({0, 3}, 4, 2, 2), [=](auto& x) { return run(x); })
      .on(operands({2, 3}, 4, 2, 0), [=](auto& x) { return run(x, 0); })
      .on(
          operands({5, 18}, 4, 17, 2), [=](auto& x) { return run(x); }, Size::medium)
      .on(
          operands({60, 30}, 4, 70, 2), [=](auto& x) { return run(x); }, Size::large);
  refusals(row, 4, true, [](const Tensor& x, const Tensor& h, const RecurrentWeights& w) { lstm_cell(x, {h}, w); });
  row.bad(Wrong::value, "the state needs h and c, h is undefined", [] {
    lstm_cell(leaf({2, 3}), {Tensor(), leaf({2, 6})}, plain_weights(4, 3, 6));
  });
}

}  // namespace

void add_recurrent(Table& t) {
  add_sequence(t, "rnn_tanh", rnn_tanh, 1);
  add_sequence(t, "rnn_relu", rnn_relu, 1);
  add_lstm(t);
  add_sequence(t, "gru", gru, 3);
  add_cell(t, "rnn_tanh_cell", rnn_tanh_cell, 1);
  add_cell(t, "rnn_relu_cell", rnn_relu_cell, 1);
  add_lstm_cell(t);
  add_cell(t, "gru_cell", gru_cell, 3);
}

}  // namespace xgrad::test
