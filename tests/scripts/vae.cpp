// A variational autoencoder of 8x8 digits (D. Kingma & M. Welling 2014): what it says of digits it has not seen, in
// nats per image, against the frequencies of the pixels alone; and digits of its own.
#include <cstdio>

#include <xgrad/xgrad.hpp>

using namespace xgrad;  // NOLINT
namespace F = nn::functional;
constexpr std::int64_t kPixels = 64, kHidden = 128, kCodes = 8, kTest = 360;
constexpr double kReached = 24.5;

struct VAE : nn::Layer<VAE> {
  nn::Sequential encoder = register_module("encoder", nn::Sequential(nn::Linear(kPixels, kHidden), nn::ReLU()));
  nn::Linear mean = register_module("mean", nn::Linear(kHidden, kCodes));
  nn::Linear log_variance = register_module("log_variance", nn::Linear(kHidden, kCodes));
  nn::Sequential decoder =
      register_module("decoder", nn::Sequential(nn::Linear(kCodes, kHidden), nn::ReLU(), nn::Linear(kHidden, kPixels)));

  // The negative evidence lower bound: what the code costs, and what the image costs given the code.
  Tensor forward(const Tensor& x) const {
    const Tensor h = encoder(x), m = mean(h), v = log_variance(h);
    const Tensor code = m + exp(0.5 * v) * randn_like(m);
    const Tensor image = F::binary_cross_entropy_with_logits(decoder(code), x, {.reduction = Reduction::sum});
    const Tensor divergence = -0.5 * sum(1 + v - square(m) - exp(v));
    return (image + divergence) / x.size(0);
  }
  Tensor sample(std::int64_t n) const { return sigmoid(decoder(randn({n, kCodes}))); }
};

int main(int argc, char** argv) {
  const int epochs = argc > 1 ? std::atoi(argv[1]) : 40;
  manual_seed(1);
  const Tensor pixels = data::read_csv(XGRAD_SOURCE_DIR "/examples/data/digits.csv").slice(1, 0, kPixels) / 16;
  const Tensor seen = pixels.slice(0, 0, -kTest), unseen = pixels.slice(0, -kTest);
  VAE net;
  optim::Adam opt(net.parameters(), {.lr = 2e-3});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const Tensor order = randperm(seen.size(0));
    for (std::int64_t i = 0; i + 64 <= order.size(0); i += 64) {
      opt.zero_grad();
      net(seen.index_select(0, order.slice(0, i, i + 64))).backward();
      opt.step();
    }
  }
  const NoGradGuard off;
  Tensor bound = zeros({});
  for (int i = 0; i < 10; ++i) bound = bound + net(unseen) / 10;
  const Tensor frequencies = clamp(seen.mean({0}, true), 1e-3, 1 - 1e-3).expand(unseen.shape());
  const double alone = binary_cross_entropy(frequencies, unseen, {}, Reduction::sum).item() / kTest;
  const double least = binary_cross_entropy(unseen, unseen, {}, Reduction::sum).item() / kTest;  // pixels are grey
  std::printf("%.2f nats per unseen image; pixel by pixel %.2f, the images %.2f\n", bound.item(), alone, least);
  const Tensor digit = net.sample(1).reshape({8, 8});
  for (int row = 0; row < 8; ++row) {
    for (int column = 0; column < 8; ++column)
      std::putchar(" .:-=+*#%@"[static_cast<int>(digit[row][column].item() * 9.99)]);
    std::putchar('\n');
  }
  return bound.item() < 1.02 * kReached && bound.item() < alone ? 0 : 1;
}
