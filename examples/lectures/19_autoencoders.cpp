// Autoencoders: a network that gives back its input, through a layer that is too small for it.
//
//   code z = f(x), copy x' = g(z), J = mean of (x - x')²        with linear f and g the best z is that of PCA
//
// Three uses on 8x8 digits: a map of two numbers beside that of PCA, denoising (asked for the clean digit), and
// anomalies (trained on eights alone: what it cannot give back is none).
//
// expect: error_map < error_pca * 0.85
// expect: neighbours_map > neighbours_pca
// expect: neighbours_map > 0.6
// expect: denoised_db > noisy_db
// expect: auroc > 0.9
// expect: auroc > auroc_of_mean
#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

struct Autoencoder : nn::Layer<Autoencoder> {
  explicit Autoencoder(std::int64_t code)
      : encoder(register_module("encoder", nn::Sequential(nn::Linear(64, 64), nn::ReLU(), nn::Linear(64, 32),
                                                          nn::ReLU(), nn::Linear(32, code)))),
        decoder(register_module("decoder", nn::Sequential(nn::Linear(code, 32), nn::ReLU(), nn::Linear(32, 64),
                                                          nn::ReLU(), nn::Linear(64, 64)))) {}
  Tensor forward(const Tensor& x) const { return decoder(encoder(x)); }
  nn::Sequential encoder, decoder;
};

// Learns to make `wanted` from `given(wanted)`.
template <class F>
Autoencoder train(std::int64_t code, const Tensor& wanted, int epochs, const F& given) {
  xgrad::manual_seed(1);
  Autoencoder net(code);
  optim::Adam opt(net.parameters());
  data::DataLoader loader(data::TensorDataset(wanted, wanted), {.batch_size = 64, .shuffle = true});
  optim::OneCycleLR schedule(opt, 8e-3, {.epochs = epochs, .steps_per_epoch = loader.size()});
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (auto& [x, same] : loader) {
      opt.zero_grad();
      mse_loss(net(given(x)), x).backward();
      opt.step();
      schedule.step();
    }
  return net;
}
Tensor with_noise(const Tensor& x) { return clamp(x + 0.3 * xgrad::randn_like(x), 0, 1); }
// How often the nearest other point of a map has the same digit.
double neighbours(const Tensor& z, const Tensor& digit) {
  const Tensor far = xgrad::cdist(z, z).fill_diagonal_(1e9);
  return (digit.index({far.argmin(1)}) == digit).to(xgrad::kFloat32).mean().item();
}

viz::Plot draw_map(const Tensor& z, const Tensor& digit, const std::string& title) {
  const char* colors[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9",
                          "#8C6D1F", "#7A3FF2", "#7F0000", "#E69F00", "#8A9099"};
  viz::Plot plot({.title = title, .x_label = "z1", .y_label = "z2", .width = 650, .height = 560, .legend = false});
  for (int d = 0; d < 10; ++d) {
    const Tensor mine = z.index({digit == d});
    plot.points(mine.select(1, 0), mine.select(1, 1), {.color = colors[d], .size = 2.4, .opacity = 0.7});
  }
  for (int d = 0; d < 10; ++d) {
    const Tensor middle = z.index({digit == d}).median(0).values;
    plot.points({middle[0].item()}, {middle[1].item()}, {.color = "#FFFFFF", .size = 11, .opacity = 0.85});
    plot.annotate(std::to_string(d), middle[0].item(), middle[1].item(), {.dx = 0, .dy = 0});
  }
  return plot;
}

void two_numbers(const Lecture& l, const Tensor& x, const Tensor& digit) {
  const Autoencoder net = train(2, x, l.steps(150, 25), [](const Tensor& t) { return t; });
  const xgrad::NoGradGuard no_grad;
  const Tensor z = net.encoder(x), mean = x.mean({0}), axes = xgrad::linalg::svd(x - mean, false).Vh.slice(0, 0, 2);
  const Tensor pca = matmul(x - mean, axes.t());
  figure("error_map", mse_loss(net.decoder(z), x).item());
  figure("error_pca", mse_loss(matmul(pca, axes) + mean, x).item());
  figure("neighbours_map", neighbours(z, digit));
  figure("neighbours_pca", neighbours(pca, digit));
  viz::subplots({{draw_map(pca, digit, "PCA"), draw_map(z, digit, "Autoencoder, 64-64-32-2-32-64-64")}},
                l.picture("19_autoencoders.svg"), {.title = "1,797 digits of 64 pixels on a map of two numbers"});
}

void denoise(const Lecture& l, const Tensor& x) {
  const std::int64_t n = x.size(0) - 360;
  const Autoencoder net = train(16, x.slice(0, 0, n), l.steps(60, 15), with_noise);
  const xgrad::NoGradGuard no_grad;
  const Tensor clean = x.slice(0, n), noisy = with_noise(clean), restored = net(noisy).clamp(0, 1);
  figure("noisy_db", -10 * std::log10(mse_loss(noisy, clean).item()));
  figure("denoised_db", -10 * std::log10(mse_loss(restored, clean).item()));
  const auto some = [](const Tensor& t) { return t.slice(0, 0, 14).reshape({14, 8, 8}); };
  viz::image_grid({some(noisy), some(restored), some(clean)}, l.picture("19_denoised.svg"),
                  {.range = viz::Range{0, 1},
                   .title = "Digits the network has not trained on",
                   .row_labels = {"noisy", "restored", "original"}});
}

// The threshold goes down from the largest score: which share of the strange ones, and of the others, is above it.
double draw_roc(viz::Plot& plot, const Tensor& score, const Tensor& strange, const char* name, const char* color) {
  const Tensor sorted = strange.index({argsort(score, {.descending = true})}).to(xgrad::kFloat64);
  const Tensor start = xgrad::zeros({1}, {xgrad::kFloat64});
  const Tensor found = xgrad::cat({start, cumsum(sorted, 0) / sorted.sum()});
  const Tensor alarms = xgrad::cat({start, cumsum(1 - sorted, 0) / (1 - sorted).sum()});
  plot.line(alarms, found, {.label = name, .color = color, .width = 2.6});
  xgrad::train::AUROC auroc;
  auroc.update(score, strange);
  return auroc.compute();
}

void find_anomalies(const Lecture& l, const Tensor& x, const Tensor& digit) {
  const std::int64_t n = x.size(0) - 900;
  const Tensor eights = x.slice(0, 0, n).index({digit.slice(0, 0, n) == 8});
  const Autoencoder net = train(6, eights, l.steps(200, 100), [](const Tensor& t) { return t; });
  const xgrad::NoGradGuard no_grad;
  const Tensor test = x.slice(0, n), strange = digit.slice(0, n) != 8;
  const Tensor error = square(net(test) - test).mean({1}), simple = square(eights.mean({0}) - test).mean({1});
  viz::Plot errors({.title = "Error of the copy: eights, and all others",
                    .x_label = "mean squared error",
                    .y_label = "density",
                    .width = 650,
                    .height = 420});
  const viz::Range range{0, error.max().item()};
  for (const bool s : {false, true})
    errors.hist(error.index({strange == s}), {.label = s ? "others: never seen" : "8: what it knows",
                                              .color = s ? "#D55E00" : "#0072B2",
                                              .bins = 32,
                                              .range = range,
                                              .density = true,
                                              .opacity = 0.75});
  viz::Plot roc({.title = "Receiver operating characteristic",
                 .x_label = "false alarms",
                 .y_label = "found",
                 .width = 650,
                 .height = 420});
  roc.line({0, 1}, {0, 1}, {.label = "by chance", .color = "#8A9099", .dashed = true});
  figure("auroc_of_mean", draw_roc(roc, simple, strange, "by the distance from the mean eight", "#D55E00"));
  figure("auroc", draw_roc(roc, error, strange, "by the error of the copy", "#0072B2"));
  viz::subplots({{errors, roc}}, l.picture("19_anomalies.svg"), {.title = "What is no eight?"});
}

void lecture(const Lecture& l) {
  const Tensor table = data::read_csv("examples/data/digits.csv"), x = table.slice(1, 0, 64) / 16;
  const Tensor digit = table.select(1, 64).to(xgrad::kInt64);
  two_numbers(l, x, digit);
  denoise(l, x);
  find_anomalies(l, x, digit);
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
