// Recurrent networks, one training step: 50 steps of 32 sequences, by cells in a loop and by whole sequences.
#include "xgrad_common.hpp"

namespace {

constexpr std::int64_t kSteps = 50, kBatch = 32;

double rnn_flop(double gates, double in, double hidden, double outputs) {  // forward 2mnk, backward 2mnk per product
  const double n = static_cast<double>(kSteps * kBatch);
  return 2 * n * gates * hidden * (2 * in + 3 * hidden) + 6 * outputs * 10 * hidden;
}

// Classification by the last hidden state; `last` gives it.
template <class Cell, class Last>
void classify(const std::string& name, int threads, std::int64_t hidden, int gates, Cell cell, Last last) {
  struct Net : nn::Module {
  } net;
  nn::Linear head(hidden, 10);
  net.register_module("cell", cell);
  net.register_module("head", head);
  init(net);
  std::vector<Tensor> x;
  for (std::uint64_t i = 0; i < 2; ++i) x.push_back(uniform_tensor({kSteps, kBatch, hidden}, 11 + i));
  std::vector<std::int64_t> classes(kBatch);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::int64_t>(i % 10);
  const Tensor y = xgrad::from_vector(classes);
  optim::SGD opt(net.parameters(), {.lr = 0.05});
  auto loss = [&](std::size_t k) { return xgrad::cross_entropy(head(last(cell, x[k % 2])), y); };
  const double h = static_cast<double>(hidden);
  train(name, threads, opt, loss, static_cast<double>(kBatch), rnn_flop(gates, h, h, static_cast<double>(kBatch)), 10);
}

template <class Cell>
Tensor loop(const Cell& cell, const Tensor& x) {
  Tensor h = xgrad::zeros({x.size(1), x.size(2)});
  for (std::int64_t t = 0; t < kSteps; ++t) h = cell(x[t], h);
  return h;
}
Tensor lstm_loop(const nn::LSTMCell& cell, const Tensor& x) {
  xgrad::LSTMState s{xgrad::zeros({x.size(1), x.size(2)}), xgrad::zeros({x.size(1), x.size(2)})};
  for (std::int64_t t = 0; t < kSteps; ++t) s = cell(x[t], s);
  return s.h;
}
template <class Module>
Tensor whole(const Module& m, const Tensor& x) {
  return m(x).output[kSteps - 1];
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
struct CharNet : nn::Layer<CharNet> {
  nn::Embedding emb = register_module("emb", nn::Embedding(64, 64));
  nn::GRU gru = register_module("gru", nn::GRU(64, 256));
  nn::Linear head = register_module("head", nn::Linear(256, 64));
  Tensor forward(const Tensor& ids) const { return head(gru(emb(ids)).output).reshape({kSteps * kBatch, 64}); }
};

void char_gru(const std::string& name, int threads) {
  CharNet net;
  init(net);
  std::vector<std::int64_t> v((kSteps + 1) * kBatch);
  for (std::size_t i = 0; i < v.size(); ++i)
    v[i] = static_cast<std::int64_t>((i / 32 * 7 + i % 32 * 3 + synth::bits(5, i) % 3) % 64);
  const Tensor ids = xgrad::from_vector(v, {kSteps + 1, kBatch});
  const Tensor x = ids.slice(0, 0, kSteps), y = ids.slice(0, 1, kSteps + 1).reshape({kSteps * kBatch});
  optim::Adam opt(net.parameters(), {.lr = 1e-3});
  auto loss = [&](std::size_t) { return xgrad::cross_entropy(net(x), y); };
  const double flop = 1600.0 * 2 * 3 * (3.0 * 256 * 64 + 3.0 * 256 * 256 + 256 * 64);
  train(name, threads, opt, loss, static_cast<double>(kBatch), flop, 10);
}
Register r7("char_gru", char_gru);

}  // namespace
