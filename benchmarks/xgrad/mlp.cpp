// Multi-layer perceptrons, one training step.
#include "xgrad_common.hpp"

namespace {

nn::Sequential mlp(const std::vector<std::int64_t>& sizes) {
  nn::Sequential net;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    net.push_back(nn::Linear(sizes[i], sizes[i + 1]));
    if (i + 2 < sizes.size()) net.push_back(nn::ReLU());
  }
  init(net);
  return net;
}

template <class Optimizer, class Options>
void train_mlp(const std::string& name, int threads, const std::vector<std::int64_t>& sizes, std::int64_t batch,
               std::size_t batches, const Options& options, int check) {
  nn::Sequential net = mlp(sizes);
  Batches b(static_cast<std::int64_t>(batches), batch, {sizes.front()}, sizes.back());
  Optimizer opt(net.parameters(), options);
  auto loss = [&](std::size_t k) { return xgrad::cross_entropy(net(b.x[k % batches]), b.y[k % batches]); };
  const double n = static_cast<double>(batch);
  train(name, threads, opt, loss, n, synth::mlp_flop(n, sizes), check);
}

void small(const std::string& name, int threads) {
  train_mlp<optim::Adam>(name, threads, {64, 64, 64, 10}, 32, 8, optim::AdamOptions{.lr = 1e-3}, 20);
}
void mnist(const std::string& name, int threads) {
  train_mlp<optim::Adam>(name, threads, {784, 512, 256, 10}, 128, 8, optim::AdamOptions{.lr = 1e-3}, 20);
}
void large(const std::string& name, int threads) {
  train_mlp<optim::SGD>(name, threads, {2048, 4096, 4096, 1000}, 256, 2, optim::SGDOptions{.lr = 0.01, .momentum = 0.9},
                        5);
}

Register r1("mlp_small", small), r2("mlp_mnist", mnist), r3("mlp_large", large);

}  // namespace
