// Networks of layers: perceptrons, convolutions, attention, adversaries, shared weights.
#include "networks.hpp"

namespace nn = xgrad::nn;
using xgrad::Tensor;

namespace gallery {
namespace {

Tensor after_backward(const Tensor& loss) {
  loss.backward();
  return loss;
}

Tensor mlp_2_3_1() {
  const nn::Sequential net =
      nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh()).add("fc2", nn::Linear(3, 1));
  const Tensor x = xgrad::tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}}).set_name("x");
  const Tensor y = xgrad::tensor({{0.}, {1.}, {1.}, {0.}}).set_name("y");
  return after_backward(mse_loss(sigmoid(net(x)), y));
}

Tensor mlp_5_hidden() {
  nn::Sequential net(nn::Linear(16, 32));
  for (int i = 0; i < 4; ++i) net.push_back(nn::ReLU()).push_back(nn::Linear(32, 32));
  net.push_back(nn::ReLU()).push_back(nn::Linear(32, 10));
  const Tensor x = xgrad::randn({8, 16}).set_name("x"), y = xgrad::randint(0, 10, {8}).set_name("label");
  return after_backward(cross_entropy(net(x), y));
}

// The example of micrograd's README.
Tensor micrograd_expression() {
  const Tensor a = xgrad::tensor(-4., {xgrad::kFloat64}).requires_grad_().set_name("a"),
               b = xgrad::tensor(2., {xgrad::kFloat64}).requires_grad_().set_name("b");
  Tensor c = a + b, d = a * b + pow(b, 3);
  c = c + c + 1;
  c = c + 1 + c + -a;
  d = d + d * 2 + relu(b + a);
  d = d + 3 * d + relu(b - a);
  const Tensor e = c - d, f = square(e);
  Tensor g = f / 2.0;
  g = g + 10.0 / f;
  return after_backward(g);
}

struct ResidualBlock : nn::Layer<ResidualBlock> {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  nn::Sequential shortcut;
  bool same;
  ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t stride)
      : conv1(in, out, 3, {.stride = stride, .padding = 1, .bias = false}),
        conv2(out, out, 3, {.padding = 1, .bias = false}),
        bn1(out),
        bn2(out),
        same(in == out) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    if (same) return;
    shortcut.add("conv", nn::Conv2d(in, out, 1, {.stride = stride, .bias = false})).add("bn", nn::BatchNorm2d(out));
    register_module("shortcut", shortcut);
  }
  Tensor forward(const Tensor& x) const {
    const Tensor y = relu(bn1(conv1(x)));
    return relu(bn2(conv2(y)) + (same ? x : shortcut(x)));
  }
};

Tensor resnet20() {
  nn::Sequential net(nn::Conv2d(3, 16, 3, {.padding = 1, .bias = false}), nn::BatchNorm2d(16), nn::ReLU());
  for (int stage = 0, in = 16; stage < 3; ++stage)
    for (int k = 0; k < 3; ++k, in = 16 << stage) net.push_back(ResidualBlock(in, 16 << stage, stage && !k ? 2 : 1));
  net.push_back(nn::AdaptiveAvgPool2d(1)).push_back(nn::Flatten()).push_back(nn::Linear(64, 10));
  const Tensor x = xgrad::randn({2, 3, 16, 16}).set_name("images"), y = xgrad::randint(0, 10, {2}).set_name("label");
  return after_backward(cross_entropy(net(x), y));
}

Tensor transformer(int layers) {
  nn::Sequential net;
  for (int i = 0; i < layers; ++i)
    net.push_back(nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 16, .dropout = 0.1}));
  const Tensor x = xgrad::randn({5, 2, 8}).set_name("tokens");
  return after_backward(square(net(x)).mean());
}

// No two layers are equal.
Tensor transformer_of_different_layers() {
  nn::Sequential net;
  for (int i = 0; i < 40; ++i)
    net.push_back(nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 16 + i, .dropout = 0.1}));
  return after_backward(square(net(xgrad::randn({5, 2, 8}).set_name("tokens"))).mean());
}

// The generator's step: noise goes through both networks, the real samples through one.
Tensor gan_step() {
  struct Gan : nn::Layer<Gan> {
    using State = Tensor;
    nn::Sequential g = register_module("generator", nn::Sequential(nn::Linear(4, 8), nn::ReLU(), nn::Linear(8, 2)));
    nn::Sequential d =
        register_module("discriminator", nn::Sequential(nn::Linear(2, 8), nn::LeakyReLU(), nn::Linear(8, 1)));
    Tensor forward(const Tensor& noise, const Tensor& real, xgrad::Location = {}) const {
      const Tensor fake = d(g(noise)), truth = d(real);
      return binary_cross_entropy_with_logits(truth, ones_like(truth)) +
             binary_cross_entropy_with_logits(fake, zeros_like(fake));
    }
  };
  const Gan gan;
  return after_backward(gan(xgrad::randn({8, 4}).set_name("noise"), xgrad::randn({8, 2}).set_name("real")));
}

Tensor siamese() {
  struct Siamese : nn::Layer<Siamese> {
    using State = Tensor;
    nn::Sequential tower = register_module("tower", nn::Sequential(nn::Linear(6, 8), nn::Tanh(), nn::Linear(8, 4)));
    Tensor forward(const Tensor& left, const Tensor& right, xgrad::Location = {}) const {
      const Tensor a = tower(left), b = tower(right);  // in this order
      return square(a - b).sum({1});
    }
  };
  const Siamese net;
  return after_backward(net(xgrad::randn({3, 6}).set_name("left"), xgrad::randn({3, 6}).set_name("right")).mean());
}

Tensor shared_weights() {
  struct Tied : nn::Layer<Tied> {
    nn::Embedding embedding = register_module("embedding", nn::Embedding(12, 4));
    nn::Linear hidden = register_module("hidden", nn::Linear(4, 4));
    Tensor forward(const Tensor& tokens) const { return linear(tanh(hidden(embedding(tokens))), embedding.weight); }
  };
  const Tied net;
  const Tensor tokens = xgrad::randint(0, 12, {5}).set_name("tokens");
  return after_backward(cross_entropy(net(tokens), tokens));
}

Tensor frozen_parameters() {
  struct Net : nn::Layer<Net> {
    nn::Linear backbone = register_module("backbone", nn::Linear(4, 6)),
               head = register_module("head", nn::Linear(6, 2));
    Tensor forward(const Tensor& x) const { return head(relu(backbone(x))); }
  };
  Net net;
  net.backbone.requires_grad_(false);
  const Tensor x = xgrad::randn({3, 4}).set_name("x").requires_grad_();
  return after_backward(net(x).sum());
}

Tensor no_parameters() {
  const nn::Sequential net(nn::Tanh(), nn::Softmax({.dim = 1}));
  const Tensor x = xgrad::randn({2, 3}).requires_grad_().set_name("x");
  return after_backward(square(net(x)).sum());
}

}  // namespace

std::vector<Network> layered_networks() {
  return {{"mlp_2_3_1", mlp_2_3_1},
          {"mlp_5_hidden", mlp_5_hidden},
          {"micrograd_expression", micrograd_expression},
          {"resnet20", resnet20},
          {"transformer_1", [] { return transformer(1); }},
          {"transformer_6", [] { return transformer(6); }},
          {"transformer_40_different", transformer_of_different_layers},
          {"gan_step", gan_step},
          {"siamese", siamese},
          {"shared_weights", shared_weights},
          {"frozen_parameters", frozen_parameters},
          {"no_parameters", no_parameters}};
}

}  // namespace gallery
