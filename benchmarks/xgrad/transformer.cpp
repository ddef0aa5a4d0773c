// One training step of a transformer block, attention written with operations.
#include "xgrad_common.hpp"

namespace {

constexpr std::int64_t kWidth = 256, kHeads = 4;

// Normalisation first: x + attention(norm(x)), then x + feed_forward(norm(x)).
struct Block : nn::Layer<Block> {
  nn::LayerNorm n1 = register_module("n1", nn::LayerNorm({kWidth}));
  nn::Linear qkv = register_module("qkv", nn::Linear(kWidth, 3 * kWidth));
  nn::Linear proj = register_module("proj", nn::Linear(kWidth, kWidth));
  nn::LayerNorm n2 = register_module("n2", nn::LayerNorm({kWidth}));
  nn::Linear f1 = register_module("f1", nn::Linear(kWidth, 4 * kWidth));
  nn::Linear f2 = register_module("f2", nn::Linear(4 * kWidth, kWidth));

  Tensor attention(const Tensor& x) const {
    const std::int64_t b = x.size(0), s = x.size(1), head = kWidth / kHeads;
    Tensor p = qkv(x).reshape({b, s, 3, kHeads, head}).permute({2, 0, 3, 1, 4});
    Tensor scores = xgrad::matmul(p[0], p[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(head));
    return proj(xgrad::matmul(xgrad::softmax(scores, -1), p[2]).transpose(1, 2).reshape({b, s, kWidth}));
  }
  Tensor forward(Tensor x) const {
    x = x + attention(n1(x));
    return x + f2(xgrad::gelu(f1(n2(x))));
  }
};

void transformer(const std::string& name, int threads) {
  Block net;
  init(net);
  const std::int64_t batch = 8, steps = 128;
  Tensor x = uniform_tensor({batch, steps, kWidth}, 21), y = uniform_tensor({batch, steps, kWidth}, 22);
  optim::AdamW opt(net.parameters(), {.lr = 1e-3, .weight_decay = 0.01});
  const double flop = 3.0 * batch * steps * (24.0 * kWidth * kWidth + 4.0 * steps * kWidth);
  train(
      name, threads, opt, [&](std::size_t) { return xgrad::mse_loss(net(x), y); }, batch, flop, 10);
}

Register r1("transformer_block", transformer);

}  // namespace
