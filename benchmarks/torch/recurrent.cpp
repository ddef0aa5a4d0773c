// Recurrent networks, one training step: cells in a loop, and the whole sequence in one call.
#include "torch_common.hpp"

namespace {

constexpr int64_t kSteps = 50, kBatch = 32;

// Classifies sequences (50, 32, hidden) by the last hidden state. last(cell, x) runs a sequence.
template <class Cell, class Last>
void classify(const std::string& name, int threads, int64_t hidden, double gates, Cell cell, Last last) {
  nn::Linear head(hidden, 10);
  nn::Module all;
  all.register_module("cell", cell);
  all.register_module("head", head);
  init(all);
  std::vector<Tensor> x;
  for (uint64_t i = 0; i < 2; ++i) x.push_back(uniform_tensor({kSteps, kBatch, hidden}, 11 + i));
  Tensor y = torch::arange(kBatch) % 10;
  torch::optim::SGD opt(all.parameters(), torch::optim::SGDOptions(0.05));
  auto loss = [&](size_t k) { return F::cross_entropy(head(last(cell, x[k % 2])), y); };
  const double h = static_cast<double>(hidden);
  const double flop = 2.0 * kSteps * kBatch * gates * h * h * (2 + 3) + synth::mlp_flop(kBatch, {hidden, 10});
  train(name, threads, opt, loss, kBatch, flop, 10);
}

Tensor zeros(int64_t hidden) { return torch::zeros({kBatch, hidden}); }

Register r1("rnn_tanh_cell", [](const std::string& name, int threads) {
  classify(name, threads, 128, 1, nn::RNNCell(128, 128), [](nn::RNNCell& cell, const Tensor& x) {
    Tensor h = zeros(128);
    for (int64_t t = 0; t < kSteps; ++t) h = cell(x[t], h);
    return h;
  });
});
Register r2("rnn_tanh_fused", [](const std::string& name, int threads) {
  classify(name, threads, 128, 1, nn::RNN(128, 128),
           [](nn::RNN& rnn, const Tensor& x) { return std::get<0>(rnn(x))[kSteps - 1]; });
});
Register r3("lstm_cell", [](const std::string& name, int threads) {
  classify(name, threads, 256, 4, nn::LSTMCell(256, 256), [](nn::LSTMCell& cell, const Tensor& x) {
    std::tuple<Tensor, Tensor> state{zeros(256), zeros(256)};
    for (int64_t t = 0; t < kSteps; ++t) state = cell(x[t], state);
    return std::get<0>(state);
  });
});
Register r4("lstm_fused", [](const std::string& name, int threads) {
  classify(name, threads, 256, 4, nn::LSTM(256, 256),
           [](nn::LSTM& lstm, const Tensor& x) { return std::get<0>(lstm(x))[kSteps - 1]; });
});
Register r5("gru_cell", [](const std::string& name, int threads) {
  classify(name, threads, 256, 3, nn::GRUCell(256, 256), [](nn::GRUCell& cell, const Tensor& x) {
    Tensor h = zeros(256);
    for (int64_t t = 0; t < kSteps; ++t) h = cell(x[t], h);
    return h;
  });
});
Register r6("gru_fused", [](const std::string& name, int threads) {
  classify(name, threads, 256, 3, nn::GRU(256, 256),
           [](nn::GRU& gru, const Tensor& x) { return std::get<0>(gru(x))[kSteps - 1]; });
});

// The next character, at every step: 64 characters, embedding 64, GRU 256.
void char_gru(const std::string& name, int threads) {
  nn::Embedding embedding(64, 64);
  nn::GRU gru(64, 256);
  nn::Linear head(256, 64);
  nn::Module all;
  all.register_module("embedding", embedding);
  all.register_module("gru", gru);
  all.register_module("head", head);
  init(all);
  std::vector<int64_t> text = synth::characters(kSteps + 1, kBatch, 64);
  Tensor ids = torch::tensor(text).reshape({kSteps + 1, kBatch});
  Tensor x = ids.slice(0, 0, kSteps).contiguous(), y = ids.slice(0, 1, kSteps + 1).reshape({-1}).contiguous();
  torch::optim::Adam opt(all.parameters(), torch::optim::AdamOptions(1e-3));
  auto loss = [&](size_t) { return F::cross_entropy(head(std::get<0>(gru(embedding(x)))).reshape({-1, 64}), y); };
  const double flop = 2.0 * kSteps * kBatch * 3 * (3.0 * 256 * 64 + 3.0 * 256 * 256 + 256 * 64);
  train(name, threads, opt, loss, kBatch, flop, 10);
}

Register r7("char_gru", char_gru);

}  // namespace
