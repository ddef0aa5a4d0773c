// Generative adversarial networks (Goodfellow et al. 2014): G makes samples of noise z, D says which are real.
//
//   J_D = mean of -log D(x) - log(1 - D(G(z)))        J_G = mean of -log D(G(z))        D = σ(its output)
//
// First a ring of eight Gaussians. Where D learns too slowly, G puts all samples where D is fooled just now, and moves
// on: mode collapse. D in step, with a penalty γ/2 |∂D/∂x|² at data (Mescheder et al. 2018), finds all. Then digits.
//
// expect: ring_modes >= 7
// expect: ring_on_a_mode > 0.5
// expect: collapsed_modes <= 2
// expect: digit_classes >= 5
// expect: made_to_nearest_real < shuffled_to_nearest_real * 0.95
#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

struct Gan {
  nn::Sequential G, D;
  std::int64_t noise;
  double gamma;
  optim::Adam opt_G, opt_D;
  Gan(nn::Sequential g, nn::Sequential d, std::int64_t noise, double lr_D, double gamma)
      : G(std::move(g)),
        D(std::move(d)),
        noise(noise),
        gamma(gamma),
        opt_G(G.parameters(), {.lr = 1e-3, .betas = std::array{0.5, 0.99}}),
        opt_D(D.parameters(), {.lr = lr_D, .betas = std::array{0.5, 0.99}}) {}
  Tensor sample(std::int64_t n) const { return G(xgrad::randn({n, noise})); }
  void step(const Tensor& data) {
    opt_D.zero_grad();
    Tensor x = data.clone().requires_grad_(gamma > 0);
    const Tensor score = D(x);
    Tensor J = softplus(-score).mean() + softplus(D(sample(data.size(0)).detach())).mean();
    if (gamma > 0) J = J + gamma / 2 * square(grad(score.sum(), x, {.create_graph = true})[0]).sum({1}).mean();
    J.backward();
    opt_D.step();
    opt_G.zero_grad();
    softplus(-D(sample(data.size(0)))).mean().backward();
    opt_G.step();
  }
};

constexpr int kModes = 8;
constexpr double kDeviation = 0.08;
const viz::Range kSide{-1.6, 1.6};
Tensor ring_centers() {
  const Tensor angle = xgrad::linspace(0, 2 * std::numbers::pi, kModes + 1).slice(0, 1);
  return xgrad::stack({cos(angle), sin(angle)}, 1);
}
Tensor ring(std::int64_t n) {
  return ring_centers().index({xgrad::randint(0, kModes, {n})}) + kDeviation * xgrad::randn({n, 2});
}
struct Coverage {
  int modes = 0;    // Gaussians that got at least a third of their share
  double hits = 0;  // the share of samples within three deviations of one
};
Coverage coverage(const Tensor& samples) {
  const Tensor share = (xgrad::cdist(samples, ring_centers()) < 3 * kDeviation).to(xgrad::kFloat32).mean({0});
  return {static_cast<int>((share > 1. / (3 * kModes)).sum().item()), share.sum().item()};
}
Gan ring_gan(double lr_D, double gamma) {
  return Gan(
      nn::Sequential(nn::Linear(8, 64), nn::ReLU(), nn::Linear(64, 64), nn::ReLU(), nn::Linear(64, 2)),
      nn::Sequential(nn::Linear(2, 64), nn::LeakyReLU(0.2), nn::Linear(64, 64), nn::LeakyReLU(0.2), nn::Linear(64, 1)),
      8, lr_D, gamma);
}
// Trains on the ring and draws samples on the way.
std::vector<viz::Plot> on_the_ring(double lr_D, double gamma, int steps, Coverage* last) {
  xgrad::manual_seed(2);
  Gan gan = ring_gan(lr_D, gamma);
  const Tensor real = ring(160), z = xgrad::randn({1000, 8});
  std::vector<viz::Plot> plots;
  for (int step = 0; step <= steps; ++step) {
    const double part = static_cast<double>(step) / steps;
    if (part == 0.05 || part == 0.125 || part == 0.25 || part == 0.5 || part == 1) {
      const xgrad::NoGradGuard no_grad;
      const Tensor all = gan.G(z), made = all.slice(0, 0, 300);
      *last = coverage(all);
      const std::string title = "step " + std::to_string(step) + ": " + std::to_string(last->modes) + " of 8";
      viz::Plot plot({.title = title, .width = 262, .height = 262, .x_range = kSide, .y_range = kSide});
      plot.points(real.select(1, 0), real.select(1, 1), {.color = "#B8C0C8", .size = 2});
      plot.points(made.select(1, 0), made.select(1, 1), {.color = "#D55E00", .size = 2, .opacity = 0.7});
      plots.push_back(plot);
    }
    gan.step(ring(256));
  }
  return plots;
}
nn::Sequential make_judge() { return nn::Sequential(nn::Linear(64, 64), nn::ReLU(), nn::Linear(64, 10)); }
Gan digit_gan() {
  return Gan(nn::Sequential(nn::Linear(24, 128), nn::ReLU(), nn::Linear(128, 128), nn::ReLU(), nn::Linear(128, 64),
                            nn::Sigmoid()),
             nn::Sequential(nn::Linear(64, 128), nn::LeakyReLU(0.2), nn::Dropout(0.3), nn::Linear(128, 64),
                            nn::LeakyReLU(0.2), nn::Linear(64, 1)),
             24, 1e-3, 0);
}
void digits(const Lecture& l) {
  const Tensor table = data::read_csv("examples/data/digits.csv"), x = table.slice(1, 0, 64) / 16;
  xgrad::manual_seed(3);
  nn::Sequential judge = make_judge();
  optim::Adam opt(judge.parameters(), {.lr = 0.01});
  for (int step = 0; step < 150; ++step) {
    opt.zero_grad();
    cross_entropy(judge(x), table.select(1, 64).to(xgrad::kInt64)).backward();
    opt.step();
  }
  Gan gan = digit_gan();
  data::DataLoader loader(data::TensorDataset(x, x), {.batch_size = 64, .shuffle = true, .drop_last = true});
  const Tensor z = xgrad::randn({14, 24});  // the same noise in each row
  std::vector<Tensor> rows;
  std::vector<std::string> labels;
  const int epochs = l.steps(160, 80);
  for (int epoch = 0; epoch <= epochs; ++epoch) {
    if (epoch == 0 || epoch == 2 || epoch == epochs / 8 || epoch == epochs / 2 || epoch == epochs) {
      const xgrad::NoGradGuard no_grad;
      rows.push_back(gan.G(z).reshape({14, 8, 8})), labels.push_back("epoch " + std::to_string(epoch));
    }
    for (auto& [real, same] : loader) gan.step(real);
  }
  const xgrad::NoGradGuard no_grad;
  const Tensor made = gan.sample(1000), share = one_hot(judge(made).argmax(1), 10).to(xgrad::kFloat32).mean({0});
  figure("digit_classes", (share > 0.02).sum().item());
  figure("made_to_nearest_real", xgrad::cdist(made, x).min(1).values.mean().item());
  // The same of images whose pixels are right one by one, but not together.
  const Tensor shuffled = gather(x, 0, xgrad::randint(0, x.size(0), {1000, 64}));
  figure("shuffled_to_nearest_real", xgrad::cdist(shuffled, x).min(1).values.mean().item());
  rows.push_back(x.slice(0, 0, 14).reshape({14, 8, 8})), labels.push_back("real");
  viz::image_grid(rows, l.picture("20_digits.svg"),
                  {.range = viz::Range{0, 1}, .title = "Digits made of noise", .row_labels = labels});
}

void lecture(const Lecture& l) {
  const int steps = l.steps(2000, 1000);
  Coverage collapsed, found;
  const std::vector<std::vector<viz::Plot>> rows{on_the_ring(2e-4, 0, steps, &collapsed),
                                                 on_the_ring(1e-3, 0.5, steps, &found)};
  figure("collapsed_modes", collapsed.modes);
  figure("ring_modes", found.modes);
  figure("ring_on_a_mode", found.hits);
  viz::subplots(rows, l.picture("20_gan.svg"),
                {.title = "Eight Gaussians (grey), samples of G (orange): D too slow (above), D in step (below)"});
  digits(l);
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
