// A convolutional autoencoder removes noise from digits: it sees noisy ones and is asked for the clean ones.
//
//   denoising_autoencoder                    the bundled 8x8 digits, a few seconds
//   denoising_autoencoder --mnist DIR        MNIST files (…-images-idx3-ubyte[.gz]) instead
//
// Writes out/denoising_autoencoder.svg (noisy, restored and clean digits it has not trained on),
// out/denoising_autoencoder_graph.svg, out/metrics.csv and out/denoising_autoencoder.safetensors. Ctrl-C stops after
// the current batch and still saves. P. Vincent et al. 2008.
#include <xgrad/autograd.hpp>

#include "common.hpp"

namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace data = xgrad::data;
namespace train = xgrad::train;
using xgrad::Tensor;

struct Settings {
  Common common;
  DigitSource source;
  int epochs = 20;
  std::int64_t batch_size = 64, channels = 16, shown = 10;
  double noise = 0.3, lr = 4e-3;
};

// Halves the image, which leaves no room for noise, and doubles it again: (N, 1, H, W) -> (N, 1, H, W), H and W even.
nn::Sequential make_autoencoder(std::int64_t channels) {
  nn::Sequential encoder(nn::Conv2d(1, channels, 3, {.padding = 1}), nn::ReLU(), nn::MaxPool2d(2),
                         nn::Conv2d(channels, 2 * channels, 3, {.padding = 1}), nn::ReLU());
  nn::Sequential decoder(nn::ConvTranspose2d(2 * channels, channels, 2, {.stride = 2}), nn::ReLU(),
                         nn::Conv2d(channels, 1, 3, {.padding = 1}));
  return nn::Sequential().add("encoder", encoder).add("decoder", decoder);
}

Tensor with_noise(const Tensor& x, double deviation) { return clamp(x + deviation * xgrad::randn_like(x), 0, 1); }

// The network's numbers before the sigmoid are logits of how bright a pixel is.
Tensor restore(const nn::Sequential& net, const Tensor& noisy) { return sigmoid(net(noisy)); }

// 10 log10(1 / mean squared error), in dB: the higher, the nearer to the original.
double signal_to_noise(const Tensor& x, const Tensor& clean) { return -10 * std::log10(mse_loss(x, clean).item()); }

double train_epoch(const nn::Sequential& net, optim::Optimizer& opt, optim::LRScheduler& schedule,
                   const data::DataLoader& loader, double noise, const train::InterruptGuard& interrupt,
                   train::Progress& progress) {
  train::Mean mean;
  for (auto& [clean, labels] : loader) {
    opt.zero_grad();
    const Tensor loss = binary_cross_entropy_with_logits(net(with_noise(clean, noise)), clean);
    mean.add(checked(loss, "denoising_autoencoder"), clean.size(0));
    loss.backward();
    opt.step();
    schedule.step();
    char note[32];
    std::snprintf(note, sizeof note, "loss=%.4f", mean.value());
    progress.update(1, note);
    if (interrupt.interrupted()) break;
  }
  return mean.value();
}

void fit(const nn::Sequential& net, const data::TensorDataset& training, const Tensor& test, const Tensor& noisy_test,
         const Settings& s, train::MetricsLog& log) {
  optim::AdamW opt(net.parameters(), {.lr = s.lr});
  const data::DataLoader loader(training, {.batch_size = s.batch_size, .shuffle = true});
  optim::OneCycleLR schedule(opt, s.lr, {.epochs = s.epochs, .steps_per_epoch = loader.size()});
  const train::InterruptGuard interrupt;
  train::Progress progress(loader.size() * s.epochs, "training");
  for (int epoch = 1; epoch <= s.epochs && !interrupt.interrupted(); ++epoch) {
    progress.set_label("epoch " + std::to_string(epoch) + "/" + std::to_string(s.epochs));
    log.add(epoch, "train", "loss", train_epoch(net, opt, schedule, loader, s.noise, interrupt, progress));
    const xgrad::NoGradGuard off;
    log.add(epoch, "test", "psnr", signal_to_noise(restore(net, noisy_test), test));
  }
  progress.close();
  if (interrupt.interrupted()) std::printf("interrupted: keeping the weights so far\n");
}

// The graph of one training step on a few digits.
void draw_step(nn::Sequential& net, const Tensor& clean, double noise, const std::string& file) {
  const xgrad::TapeRecorder record;
  net.zero_grad();
  Tensor target = clean.slice(0, 0, 4).clone(), x = with_noise(target, noise);
  x.set_name("noisy");
  target.set_name("clean");
  const Tensor loss = binary_cross_entropy_with_logits(net(x), target);
  loss.backward();
  xgrad::viz::save(loss, file);
}

void run(const Settings& s) {
  start(s.common);
  const DigitImages digits = load_digit_images(s.source.mnist, s.source.digits);
  const Tensor &clean = digits.test.data, noisy = with_noise(clean, s.noise);
  nn::Sequential net = make_autoencoder(s.channels);
  std::printf("%s", train::summary(net, clean.slice(0, 0, s.batch_size)).str().c_str());
  std::fflush(stdout);
  train::MetricsLog log;
  fit(net, digits.training, clean, noisy, s, log);

  const xgrad::NoGradGuard off;
  const Tensor restored = restore(net, noisy);
  std::printf("test digits: noisy %.2f dB, restored %.2f dB (peak signal to noise)\n", signal_to_noise(noisy, clean),
              signal_to_noise(restored, clean));
  const std::string file = s.common.out + "/denoising_autoencoder";
  const auto some = [&](const Tensor& t) { return t.slice(0, 0, s.shown); };
  xgrad::viz::image_grid({some(noisy), some(restored), some(clean)}, file + ".svg",
                         {.range = xgrad::viz::Range{0, 1},
                          .title = "Digits the network has not trained on",
                          .row_labels = {"noisy", "restored", "original"}});
  log.save(s.common.out + "/metrics.csv");
  xgrad::save_safetensors(net.state_dict(), file + ".safetensors");
  const xgrad::GradModeGuard on(true);
  draw_step(net, digits.training.data, s.noise, file + "_graph.svg");
  std::printf("wrote %s.svg, _graph.svg, .safetensors and %s/metrics.csv\n", file.c_str(), s.common.out.c_str());
}

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("A convolutional autoencoder removes noise from digits");
  app.add_option("--epochs", s.epochs, "passes over the training data")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--noise", s.noise, "standard deviation; pixels are 0 to 1")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--channels", s.channels, "of the first layer; the second has twice as many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--batch-size", s.batch_size, "digits per step")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--lr", s.lr, "highest learning rate of a cycle")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--shown", s.shown, "digits in the picture")->capture_default_str()->check(CLI::Range(1, 100));
  add_digit_options(app, s.source);
  add_common_options(app, s.common);
  CLI11_PARSE(app, argc, argv);
  return guarded([&] { run(s); });
}
