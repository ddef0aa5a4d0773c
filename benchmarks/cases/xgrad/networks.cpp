// Small networks: one whose layers are just large enough for libtorch to use threads, an LSTM over a long sequence, and
// two models that two threads of the program train.
#include <thread>

#include "../../xgrad/xgrad_common.hpp"

namespace {

// libtorch shares out elementwise loops from 32,768 elements on: 136 x 256 is a little more.
constexpr std::int64_t kBatch = 136, kIn = 128, kHidden = 256, kClasses = 10;

struct Net : nn::Layer<Net> {
  nn::Linear fc1 = register_module("fc1", nn::Linear(kIn, kHidden));
  nn::Linear fc2 = register_module("fc2", nn::Linear(kHidden, kHidden));
  nn::Linear fc3 = register_module("fc3", nn::Linear(kHidden, kClasses));
  Tensor forward(const Tensor& x) const { return fc3(xgrad::tanh(fc2(xgrad::tanh(fc1(x))))); }
};

void small_net(const std::string& name, int threads) {
  Net net;
  init(net);
  const Batches data(4, kBatch, {kIn}, kClasses);
  optim::Adam opt(net.parameters(), {.lr = 1e-3});
  const auto loss = [&](std::size_t k) { return xgrad::cross_entropy(net(data.x[k % 4]), data.y[k % 4]); };
  train(name, threads, opt, loss, kBatch, synth::mlp_flop(kBatch, {kIn, kHidden, kHidden, kClasses}));
}

// 2,000 steps of one sequence: 64 numbers in, 64 hidden.
void long_lstm(const std::string& name, int threads) {
  nn::LSTM lstm(64, 64);
  init(lstm);
  const Tensor x = uniform_tensor({2000, 1, 64}, 3);
  optim::SGD opt(lstm.parameters(), {.lr = 0.1});
  const auto loss = [&](std::size_t) { return lstm(x).output.square().mean(); };
  train(name, threads, opt, loss, 1, 2000.0 * 4 * 64 * 2 * (2 * 64 + 3 * 64), 5);
}

// 50 steps of training of one of the two models.
double train_one(std::uint64_t seed) {
  Net net;
  init(net);
  const Tensor x = uniform_tensor({32, kIn}, seed);
  std::vector<std::int64_t> classes(32);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<std::int64_t>(i % kClasses);
  const Tensor y = xgrad::from_vector(classes);
  optim::SGD opt(net.parameters(), {.lr = 0.05});
  double last = 0;
  for (int step = 0; step < 50; ++step) {
    opt.zero_grad();
    const Tensor loss = xgrad::cross_entropy(net(x), y);
    loss.backward();
    opt.step();
    last = loss.item<float>();
  }
  return last;
}
void two_models(const std::string& name, int threads) {
  double first = 0, second = 0;
  const auto step = [&] {
    std::thread other([&] { second = train_one(22); });
    first = train_one(21);
    other.join();
  };
  step();
  const double expected_first = first, expected_second = second;
  synth::report(name, threads, synth::measure(step), 100, expected_first, expected_second);
}

Register r1("case_small_net", small_net), r2("case_long_lstm", long_lstm), r3("case_two_models", two_models);

}  // namespace
