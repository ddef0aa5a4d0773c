// Recurrent networks, one training step: 50 steps of 32 sequences, by cells in a loop and by whole sequences.
#include "torch_common.hpp"

namespace {

constexpr int64_t kSteps = 50, kBatch = 32;

double rnn_flop(double gates, double in, double hidden, double outputs) {  // forward 2mnk, backward 2mnk per product
  const double n = static_cast<double>(kSteps * kBatch);
  return 2 * n * gates * hidden * (2 * in + 3 * hidden) + 6 * outputs * 10 * hidden;
}

// Classification by the last hidden state; `last` gives it.
template <class Cell, class Last>
void classify(const std::string& name, int threads, int64_t hidden, int gates, Cell cell, Last last) {
  struct Net : nn::Module {
  } net;
  nn::Linear head(hidden, 10);
  net.register_module("cell", cell);
  net.register_module("head", head);
  init(net);
  std::vector<Tensor> x;
  for (uint64_t i = 0; i < 2; ++i) x.push_back(uniform_tensor({kSteps, kBatch, hidden}, 11 + i));
  const Tensor y = torch::arange(kBatch) % 10;
  torch::optim::SGD opt(net.parameters(), torch::optim::SGDOptions(0.05));
  auto loss = [&](size_t k) { return F::cross_entropy(head(last(cell, x[k % 2])), y); };
  const double h = static_cast<double>(hidden);
  train(name, threads, opt, loss, kBatch, rnn_flop(gates, h, h, kBatch), 10);
}

template <class Cell>
Tensor loop(Cell& cell, const Tensor& x) {
  Tensor h = torch::zeros({x.size(1), x.size(2)});
  for (int64_t t = 0; t < kSteps; ++t) h = cell(x[t], h);
  return h;
}
Tensor lstm_loop(nn::LSTMCell& cell, const Tensor& x) {
  std::tuple<Tensor, Tensor> s{torch::zeros({x.size(1), x.size(2)}), torch::zeros({x.size(1), x.size(2)})};
  for (int64_t t = 0; t < kSteps; ++t) s = cell(x[t], s);
  return std::get<0>(s);
}
template <class Module>
Tensor whole(Module& m, const Tensor& x) {
  return std::get<0>(m(x))[kSteps - 1];
}

Register r1("rnn_tanh_cell",
            [](const std::string& n, int t) { classify(n, t, 128, 1, nn::RNNCell(128, 128), loop<nn::RNNCell>); });
Register r2("rnn_tanh_fused",
            [](const std::string& n, int t) { classify(n, t, 128, 1, nn::RNN(128, 128), whole<nn::RNN>); });
Register r3("lstm_cell",
            [](const std::string& n, int t) { classify(n, t, 256, 4, nn::LSTMCell(256, 256), lstm_loop); });
Register r4("lstm_fused",
            [](const std::string& n, int t) { classify(n, t, 256, 4, nn::LSTM(256, 256), whole<nn::LSTM>); });
Register r5("gru_cell",
            [](const std::string& n, int t) { classify(n, t, 256, 3, nn::GRUCell(256, 256), loop<nn::GRUCell>); });
Register r6("gru_fused",
            [](const std::string& n, int t) { classify(n, t, 256, 3, nn::GRU(256, 256), whole<nn::GRU>); });

// Next-character prediction: vocabulary 64, embedding 64, GRU of 256, Adam.
void char_gru(const std::string& name, int threads) {
  struct Net : nn::Module {
  } net;
  nn::Embedding emb(64, 64);
  nn::GRU gru(64, 256);
  nn::Linear head(256, 64);
  net.register_module("emb", emb);
  net.register_module("gru", gru);
  net.register_module("head", head);
  init(net);
  std::vector<int64_t> v((kSteps + 1) * kBatch);
  for (size_t i = 0; i < v.size(); ++i)
    v[i] = static_cast<int64_t>((i / 32 * 7 + i % 32 * 3 + synth::bits(5, i) % 3) % 64);
  const Tensor ids = torch::tensor(v).reshape({kSteps + 1, kBatch});
  const Tensor x = ids.slice(0, 0, kSteps).contiguous(), y = ids.slice(0, 1, kSteps + 1).contiguous().reshape({-1});
  torch::optim::Adam opt(net.parameters(), torch::optim::AdamOptions(1e-3));
  auto loss = [&](size_t) { return F::cross_entropy(head(std::get<0>(gru(emb(x)))).reshape({-1, 64}), y); };
  const double flop = 1600.0 * 2 * 3 * (3.0 * 256 * 64 + 3.0 * 256 * 256 + 256 * 64);
  train(name, threads, opt, loss, kBatch, flop, 10);
}
Register r7("char_gru", char_gru);

}  // namespace
