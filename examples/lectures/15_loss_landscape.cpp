// Loss landscapes (Li et al. 2018): the loss around trained weights θ* in a plane of two random directions,
//
//   f(α, β) = J(θ* + α d + β e)        each row of d and e as long as the row of weights it is added to
//
// for logistic regression, which is convex, and for 20 hidden layers with a bypass around each and without.
//
// expect: logistic_loss < 0.1
// expect: residual_loss < 0.1
// expect: plain_loss > residual_loss
// expect: logistic_curvature > -0.01
// expect: residual_curvature < -0.01
// expect: plain_curvature < residual_curvature * 2
#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

struct Digits {
  Tensor x, y;
};

struct Block : nn::Layer<Block> {
  explicit Block(bool bypass)
      : bypass(bypass),
        fc(register_module("fc", nn::Linear(32, 32))),
        norm(register_module("norm", nn::BatchNorm1d(32, {.track_running_stats = false}))) {}
  Tensor forward(const Tensor& x) const { return bypass ? x + relu(norm(fc(x))) : relu(norm(fc(x))); }
  bool bypass;
  nn::Linear fc;
  nn::BatchNorm1d norm;
};

nn::Sequential deep(int layers, bool bypass) {
  nn::Sequential net(nn::Linear(64, 32), nn::ReLU());
  for (int i = 0; i < layers; ++i) net.push_back(Block(bypass));
  return net.push_back(nn::Linear(32, 10));
}

double loss_of(const nn::Sequential& net, const Digits& set) {
  const xgrad::NoGradGuard no_grad;
  return cross_entropy(net(set.x), set.y).item();
}

void learn(nn::Sequential& net, const Digits& set, double eta, int epochs) {
  optim::Adam opt(net.parameters(), {.lr = eta});
  data::DataLoader loader(data::TensorDataset(set.x, set.y), {.batch_size = 64, .shuffle = true});
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (auto& [x, y] : loader) {
      opt.zero_grad();
      cross_entropy(net(x), y).backward();
      opt.step();
    }
}

// A random direction for every parameter: rows of matrices as long as the rows of weights, 0 for all others.
std::vector<Tensor> direction(const std::vector<Tensor>& weights) {
  std::vector<Tensor> d;
  for (const Tensor& w : weights) {
    const Tensor r = xgrad::randn_like(w);
    d.push_back(w.dim() < 2 ? xgrad::zeros_like(w) : r * (norm(w, 2, {1}, true) / norm(r, 2, {1}, true)));
  }
  return d;
}

struct Landscape {
  Tensor places, f;      // α = β: (n), and f(α, β): (n, n), rows β
  double curvature = 0;  // the smallest second derivative along α or β, by differences: below 0 f is not convex
};

Landscape survey(nn::Sequential& net, const Digits& set, int n) {
  const xgrad::NoGradGuard no_grad;
  std::vector<Tensor> weights = net.parameters(), minimum;
  for (const Tensor& w : weights) minimum.push_back(w.detach().clone());
  xgrad::manual_seed(7);
  const std::vector<Tensor> d = direction(minimum), e = direction(minimum);
  Landscape land{xgrad::linspace(-1, 1, n), xgrad::zeros({n, n})};
  for (int row = 0; row < n; ++row)
    for (int column = 0; column < n; ++column) {
      const double alpha = land.places[column].item(), beta = land.places[row].item();
      for (std::size_t i = 0; i < weights.size(); ++i)
        if (weights[i].dim() == 2) weights[i].copy_(minimum[i] + alpha * d[i] + beta * e[i]);
      land.f[row][column] = loss_of(net, set);
    }
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i].copy_(minimum[i]);
  const auto bend = [&](int dim) {
    return land.f.slice(dim, 2, n) - 2 * land.f.slice(dim, 1, n - 1) + land.f.slice(dim, 0, n - 2);
  };
  land.curvature = std::min(bend(0).min().item(), bend(1).min().item()) * (n - 1) * (n - 1) / 4;
  return land;
}

void lecture(const Lecture& l) {
  const int n = l.steps(41, 15), layers = 20;
  const Tensor table = data::read_csv("examples/data/digits.csv");
  const Tensor some = table.slice(0, 0, 512);
  const Digits digits{some.slice(1, 0, 64) / 8 - 1, some.select(1, 64).to(xgrad::kInt64)};

  std::vector<viz::Plot> maps, slices;
  for (const std::string name : {"logistic", "residual", "plain"}) {
    xgrad::manual_seed(6);
    nn::Sequential net = name == "logistic" ? nn::Sequential(nn::Linear(64, 10)) : deep(layers, name == "residual");
    learn(net, digits, name == "logistic" ? 0.02 : 0.002, l.steps(60, 30));
    net.eval();
    figure((name + "_loss").c_str(), loss_of(net, digits));
    const Landscape land = survey(net, digits, n);
    figure((name + "_curvature").c_str(), land.curvature);
    const std::string title = name == "logistic"   ? "Logistic regression: a bowl"
                              : name == "residual" ? "20 layers with bypasses"
                                                   : "20 layers without";
    viz::Plot map({.title = title, .x_label = "α", .y_label = "β", .width = 430, .height = 380});
    map.contours(land.places, land.places, land.f, {0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8},
                 {.colors = {"#08306B", "#08519C", "#2171B5", "#4292C6", "#6BAED6", "#9ECAE1", "#C6DBEF", "#DEEBF7",
                             "#F7FBFF"}});
    map.points({0}, {0}, {.label = "θ*", .color = "#D55E00", .marker = viz::Marker::star, .size = 8});
    maps.push_back(map);
    viz::Plot slice({.title = title + ", slices", .x_label = "α, β", .y_label = "J", .width = 430, .height = 270});
    slice.line(land.places, land.f[n / 2], {.label = "along d", .width = 2.4})
        .line(land.places, land.f.select(1, n / 2), {.label = "along e", .width = 2.4, .dashed = true});
    slices.push_back(slice);
  }
  viz::subplots({maps, slices}, l.picture("15_loss_landscape.svg"), {.title = "The loss around a minimum"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
