// Long and wide graphs: unrolled recurrences, chains, a tensor used by everything, more than is shown.
#include "networks.hpp"

namespace nn = xgrad::nn;
using xgrad::Tensor;

namespace gallery {
namespace {

constexpr int kSteps = 100;

Tensor after_backward(const Tensor& loss) {
  loss.backward();
  return loss;
}

Tensor lstm_cell() {
  const nn::LSTMCell cell(3, 4);
  const Tensor xs = xgrad::randn({kSteps, 2, 3}).set_name("xs");
  xgrad::LSTMState s{xgrad::zeros({2, 4}).set_name("h0"), xgrad::zeros({2, 4}).set_name("c0")};
  for (int t = 0; t < kSteps; ++t) s = cell(xs[t], s);
  return after_backward(square(s.h).mean());
}

// With gates written out, as in a lecture.
struct HandWritten : nn::Layer<HandWritten> {
  using State = xgrad::LSTMState;
  Tensor w = register_parameter("weight_x", 0.3 * xgrad::randn({3, 16})),
         u = register_parameter("weight_h", 0.3 * xgrad::randn({4, 16})),
         b = register_parameter("bias", xgrad::zeros({16}));
  xgrad::LSTMState forward(const Tensor& x, const xgrad::LSTMState& s, xgrad::Location = {}) const {
    const std::vector<Tensor> gates = chunk(matmul(x, w) + matmul(s.h, u) + b, 4, 1);
    const Tensor c = sigmoid(gates[1]) * s.c + sigmoid(gates[0]) * tanh(gates[2]);
    return {sigmoid(gates[3]) * tanh(c), c};
  }
};

// Each state is used by the next step and, far away, by the stack of them all.
Tensor stacked_states() {
  const nn::RNNCell cell(3, 4);
  const Tensor xs = xgrad::randn({kSteps, 2, 3}).set_name("xs");
  Tensor h = xgrad::zeros({2, 4}).set_name("h0");
  std::vector<Tensor> states;
  for (int t = 0; t < kSteps; ++t) states.push_back(h = cell(xs[t], h));
  return after_backward(square(xgrad::stack(states)).mean());
}

Tensor lstm_by_hand(int steps) {
  const HandWritten cell;
  const Tensor xs = xgrad::randn({steps, 2, 3}).set_name("xs");
  xgrad::LSTMState s{xgrad::zeros({2, 4}).set_name("h0"), xgrad::zeros({2, 4}).set_name("c0")};
  for (int t = 0; t < steps; ++t) s = cell(xs[t], s);
  return after_backward(square(s.h).mean());
}

// The same without a module around it, with a loss in each step.
Tensor loop_without_modules() {
  const Tensor w = (0.3 * xgrad::randn({3, 4})).requires_grad_().set_name("W"),
               u = (0.4 * xgrad::randn({4, 4})).requires_grad_().set_name("U"),
               b = xgrad::zeros({4}).requires_grad_().set_name("b");
  Tensor h = xgrad::zeros({2, 4}).set_name("h0"), loss = xgrad::zeros({});
  for (int t = 0; t < kSteps; ++t) {
    h = tanh(matmul(xgrad::randn({2, 3}), w) + matmul(h, u) + b);
    loss = loss + mse_loss(h, xgrad::zeros({2, 4}));
  }
  return after_backward(loss);
}

// Operations of a few kinds in no order, each of two results before it: nothing repeats, nothing has a box.
Tensor tangle(int operations) {
  std::vector<Tensor> all{xgrad::randn({2}).requires_grad_().set_name("p"),
                          xgrad::randn({2}).requires_grad_().set_name("q")};
  std::uint32_t state = 7;
  const auto pick = [&] { return (state = state * 1664525 + 1013904223) >> 8; };
  for (int i = 0; i < operations; ++i) {
    const std::size_t n = all.size();
    const Tensor &a = all[n - 1], &b = all[n - 1 - pick() % std::min<std::size_t>(n, 40)];
    const std::uint32_t kind = pick() % 4;
    all.push_back(kind == 0   ? tanh(a + b)
                  : kind == 1 ? a * 0.5 + sin(b)
                  : kind == 2 ? a * 0.3 - b * 0.2
                              : sigmoid(a) * b);
  }
  return after_backward(all.back().sum());
}

Tensor lstm_fused() {
  const nn::LSTM lstm(3, 4, {.num_layers = 2});
  return after_backward(square(lstm(xgrad::randn({kSteps, 2, 3}).set_name("xs")).output).mean());
}

Tensor chain(int length) {
  Tensor y = xgrad::ones({2}).requires_grad_().set_name("x");
  for (int i = 0; i < length; ++i) y = i % 2 ? y * 1.001 : sin(y);
  return after_backward(y.sum());
}

Tensor chain_of_different_operations() {
  Tensor y = xgrad::ones({2}).requires_grad_().set_name("x");
  for (int i = 0; i < 200; ++i) y = i % 2 ? y * (1 + 0.001 * i) : sin(y);
  return after_backward(y.sum());
}

Tensor data_used_often() {
  const Tensor x = xgrad::randn({2, 3}).set_name("x");
  Tensor sum = xgrad::zeros({});
  for (int i = 0; i < 100; ++i) {
    const Tensor w = xgrad::randn({3}).requires_grad_().set_name("w" + std::to_string(i));
    sum = sum + matmul(x, w).sum();
  }
  return after_backward(sum);
}

// The same for the result of an operation: every step of a decoder looks at it.
Tensor result_used_often() {
  const nn::Linear encoder(3, 4);
  const Tensor memory = encoder(xgrad::randn({5, 3}).set_name("x"));
  Tensor state = xgrad::zeros({4}).set_name("state");
  for (int i = 0; i < 30; ++i) state = tanh(matmul(softmax(matmul(memory, state), 0), memory));
  return after_backward(state.sum());
}

Tensor module_called_1000_times() {
  const nn::Linear layer(3, 3);
  Tensor y = xgrad::randn({1, 3}).set_name("x");
  for (int i = 0; i < 1000; ++i) y = tanh(layer(y));
  return after_backward(y.sum());
}

}  // namespace

std::vector<Network> long_networks() {
  return {
      {"lstm_cell_100", lstm_cell},
      {"stacked_states_100", stacked_states},
      {"lstm_by_hand_100", [] { return lstm_by_hand(kSteps); }},
      {"lstm_by_hand_1000", [] { return lstm_by_hand(1000); }},
      {"loop_without_modules", loop_without_modules},
      {"tangle_10000", [] { return tangle(4000); }},
      {"lstm_fused", lstm_fused},
      {"chain_1000", [] { return chain(1000); }},
      {"chain_10000", [] { return chain(10000); }},
      {"chain_1000_whole", [] { return chain(1000); }, {.fold_repeats = false, .max_nodes = 2000, .fit_page = false}},
      {"chain_200_different", chain_of_different_operations},
      {"data_used_100_times", data_used_often},
      {"result_used_often", result_used_often},
      {"module_called_1000_times", module_called_1000_times}};
}

}  // namespace gallery
