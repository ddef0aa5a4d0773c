// Initialisation: 10 layers of 100 units, before any training. What remains of the signal on its way forward, and of
// the gradient on its way back, for weights that are zero, too small, too large, Xavier's and He's?
//
//   Var(a[l]) = n Var(w) Var(a[l-1])      for units that are linear near 0
//   Xavier: Var(w) = 2 / (n_in + n_out), 1/n here, keeps it      He: Var(w) = 2/n, as ReLU halves the second moment
//
// expect: zeros_last == 0
// expect: small_last < 1e-6
// expect: large_saturated > 0.5
// expect: xavier_last > 0.1
// expect: he_last > 0.3
// expect: he_gradient_ratio > 0.3
// expect: small_gradient < xavier_gradient * 0.001
#include <functional>

#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace viz = xgrad::viz;

constexpr int kLayers = 10, kUnits = 100;

struct Scheme {
  const char *name, *title;
  bool rectified;
  std::function<void(Tensor&)> initialise;
};
const std::vector<Scheme> kSchemes{
    {"zeros", "zeros, tanh", false, [](Tensor& w) { nn::init::zeros_(w); }},
    {"small", "too small: 0.01, tanh", false, [](Tensor& w) { nn::init::normal_(w, 0, 0.01); }},
    {"large", "too large: 0.5, tanh", false, [](Tensor& w) { nn::init::normal_(w, 0, 0.5); }},
    {"xavier", "Xavier, tanh", false, [](Tensor& w) { nn::init::xavier_normal_(w); }},
    {"he", "He, ReLU", true, [](Tensor& w) { nn::init::kaiming_normal_(w); }},
};

struct Pass {
  std::vector<Tensor> activations;            // of each layer
  std::vector<double> deviations, gradients;  // of a[l], and the norm of the gradient of W[l]
};

Pass forward_and_back(const Scheme& s) {
  xgrad::manual_seed(1);
  std::vector<nn::Linear> net;
  for (int i = 0; i < kLayers; ++i) {
    net.emplace_back(kUnits, kUnits, nn::LinearOptions{.bias = false});
    s.initialise(net.back().weight);
  }
  Pass pass;
  Tensor a = xgrad::randn({500, kUnits});
  for (const nn::Linear& layer : net) {
    a = s.rectified ? relu(layer(a)) : tanh(layer(a));
    pass.activations.push_back(a.detach());
    pass.deviations.push_back(a.std().item());
  }
  (a * xgrad::randn_like(a)).sum().backward();
  for (const nn::Linear& layer : net) pass.gradients.push_back(layer.weight.grad().norm().item());
  return pass;
}

void lecture(const Lecture& l) {
  viz::Plot gradients({.title = "Norm of the gradient of W[l] by layer (for zeros it is 0 everywhere)",
                       .x_label = "layer l",
                       .y_label = "norm",
                       .width = 1300,
                       .height = 265,
                       .y_scale = viz::Scale::log});
  std::vector<std::vector<viz::Plot>> rows(2);
  for (const Scheme& s : kSchemes) {
    const Pass pass = forward_and_back(s);
    const Tensor last = pass.activations.back();
    const std::string name = s.name;
    std::printf("%-24s deviation of a[1] %.3g, of a[10] %.3g\n", s.title, pass.deviations.front(),
                pass.deviations.back());
    figure((name + "_last").c_str(), pass.deviations.back());
    figure((name + "_gradient").c_str(), pass.gradients.front());
    if (pass.gradients.back() > 0)
      figure((name + "_gradient_ratio").c_str(), pass.gradients.front() / pass.gradients.back());
    if (name == "large") figure("large_saturated", (last.abs() > 0.9).to(xgrad::kFloat32).mean().item());
    for (const std::size_t layer : {std::size_t{0}, std::size_t{kLayers - 1}}) {
      const double most = s.rectified ? 3 : 1;
      viz::Plot plot({.title = std::string(s.title) + ": a[" + std::to_string(layer + 1) + "]",
                      .width = 254,
                      .height = 200,
                      .x_range = viz::Range{s.rectified ? -0.1 : -1.05, most * 1.05},
                      .legend = false});
      const viz::Range range{s.rectified ? 0 : -1.0, most};
      plot.hist(pass.activations[layer].clamp(range.low, range.high),
                {.color = layer == 0 ? "#0072B2" : "#D55E00", .bins = 41, .range = range});
      rows[layer == 0 ? 0 : 1].push_back(plot);
    }
    if (pass.gradients.back() > 0)
      gradients.line(xgrad::arange(1, kLayers + 1), pass.gradients,
                     {.label = s.title, .width = 2.2, .marker = viz::Marker::circle});
  }
  viz::subplots({rows[0], rows[1], {gradients}}, l.picture("12_initialisation.svg"),
                {.title = "Activations of the first and the last of 10 layers, before any training"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
