// Convolutional networks, one training step.
#include "resnet20.hpp"

namespace {

void lenet5(const std::string& name, int threads) {
  nn::Sequential net(conv(1, 6, 5, 1, 2, true), nn::ReLU(), nn::MaxPool2d(2), conv(6, 16, 5, 1, 0, true), nn::ReLU(),
                     nn::MaxPool2d(2), nn::Flatten(), nn::Linear(400, 120), nn::ReLU(), nn::Linear(120, 84), nn::ReLU(),
                     nn::Linear(84, 10));
  init(net);
  Batches b(8, 64, {1, 28, 28}, 10);
  optim::SGD opt(net.parameters(), {.lr = 0.05});
  auto loss = [&](std::size_t k) { return xgrad::cross_entropy(net(b.x[k % 8]), b.y[k % 8]); };
  const double flop = 64.0 * (2.0 * 2 * 28 * 28 * 25 * 6 + 3.0 * 2 * 10 * 10 * 150 * 16) +
                      synth::mlp_flop(64, {400, 120, 84, 10}) + 2.0 * 64 * 400 * 120;
  train(name, threads, opt, loss, 64, flop);
}

// channels_last: the images have their channels innermost in memory. In libtorch the kernels too; here layers choose
// the layout of kernels and results themselves.
void resnet20(const std::string& name, int threads, bool channels_last) {
  double products = 0;
  nn::Sequential net = make_resnet20(products);
  Batches b(4, 64, {3, 32, 32}, 10);
  if (channels_last)
    for (auto& x : b.x) x = x.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
  // At the usual learning rate of 0.1, rounding grows to 1e-2 of the loss within five steps, in both libraries.
  optim::SGD opt(net.parameters(), {.lr = 1e-3, .momentum = 0.9, .weight_decay = 1e-4});
  auto loss = [&](std::size_t k) { return xgrad::cross_entropy(net(b.x[k % 4]), b.y[k % 4]); };
  train(name, threads, opt, loss, 64, 64 * 6 * products, 5);
}

void autoencoder(const std::string& name, int threads) {
  auto up = [](std::int64_t in, std::int64_t out) {
    return nn::ConvTranspose2d(in, out, 3, {.stride = 2, .padding = 1, .output_padding = 1});
  };
  nn::Sequential net(conv(1, 16, 3, 2, 1, true), nn::ReLU(), conv(16, 32, 3, 2, 1, true), nn::ReLU(), up(32, 16),
                     nn::ReLU(), up(16, 1), nn::Sigmoid());
  init(net);
  Tensor x = uniform_tensor({64, 1, 28, 28}, 31, 0, 1);
  optim::Adam opt(net.parameters(), {.lr = 1e-3});
  const double flop = 64.0 * 2 * (2 * 196.0 * 9 * 16 + 3 * 49.0 * 144 * 32 + 3 * 49.0 * 288 * 16 + 3 * 196.0 * 144);
  train(
      name, threads, opt, [&](std::size_t) { return xgrad::mse_loss(net(x), x); }, 64, flop);
}

nn::Sequential generator() {
  auto up = [](std::int64_t in, std::int64_t out) {
    return nn::ConvTranspose2d(in, out, 4, {.stride = 2, .padding = 1, .bias = false});
  };
  auto unflatten = [](const Tensor& x) { return x.reshape({-1, 64, 7, 7}); };
  return nn::Sequential(nn::Linear(64, 64 * 49), unflatten, nn::BatchNorm2d(64), nn::ReLU(), up(64, 32),
                        nn::BatchNorm2d(32), nn::ReLU(), up(32, 1), nn::Tanh());
}
nn::Sequential discriminator() {
  auto leaky = [] { return nn::LeakyReLU({.negative_slope = 0.2}); };
  return nn::Sequential(conv(1, 32, 4, 2, 1, false), leaky(), conv(32, 64, 4, 2, 1, false), nn::BatchNorm2d(64),
                        leaky(), nn::Flatten(), nn::Linear(64 * 49, 1));
}

// One step of the discriminator on real and made images, one of the generator.
void dcgan(const std::string& name, int threads) {
  nn::Sequential g = generator(), d = discriminator();
  init(g);
  init(d);
  Tensor real = uniform_tensor({64, 1, 28, 28}, 41), z = uniform_tensor({64, 64}, 42);
  Tensor one = xgrad::ones({64, 1}), zero = xgrad::zeros({64, 1});
  const optim::AdamOptions options{.lr = 2e-4, .betas = {0.5, 0.999}};
  optim::Adam opt_g(g.parameters(), options), opt_d(d.parameters(), options);
  auto judge = [&](const Tensor& x, const Tensor& y) { return xgrad::binary_cross_entropy_with_logits(d(x), y); };
  double first = 0, last = 0;
  auto step = [&](bool read) {
    Tensor fake = g(z);
    opt_d.zero_grad();
    Tensor loss_d = judge(real, one) + judge(fake.detach(), zero);
    loss_d.backward();
    opt_d.step();
    opt_g.zero_grad();
    Tensor loss_g = judge(fake, one);
    loss_g.backward();
    opt_g.step();
    if (read) last = loss_d.item<float>() + loss_g.item<float>();
  };
  step(true);
  first = last;
  for (int i = 1; i < 10; ++i) step(true);
  // Products of the layers of the discriminator; the generator's are the same, backwards.
  const double c1 = 196.0 * 16 * 32, c2 = 49.0 * 512 * 64, out = 3136, in = 64.0 * 3136;
  const double flop = 64.0 * 2 * (2 * (2 * c1 + 3 * c2 + 3 * out) + 3 * (c1 + c2 + out) + 3 * (c1 + c2) + 2 * in);
  synth::report(name, threads, synth::measure([&] { step(false); }), 64, first, last, flop);
}

Register r1("lenet5", lenet5);
Register r2("resnet20", [](const std::string& name, int threads) { resnet20(name, threads, false); });
Register r3("resnet20_channels_last", [](const std::string& name, int threads) { resnet20(name, threads, true); });
Register r4("conv_autoencoder", autoencoder), r5("dcgan_step", dcgan);

}  // namespace
