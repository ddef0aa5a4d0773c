// Activation functions with their derivatives, and why the choice matters for deep networks: through 20 layers of
// sigmoids, whose derivative is at most 1/4, hardly any gradient arrives.
//
// expect: largest_slope_of_sigmoid <= 0.25
// expect: largest_slope_of_sigmoid > 0.2499
// expect: sigmoid_first_over_last < 1e-6
// expect: relu_first_over_last > 0.01
// expect: sigmoid_first_over_last < relu_first_over_last * 0.0001
#include <functional>

#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace viz = xgrad::viz;

struct Activation {
  const char* name;
  std::function<Tensor(const Tensor&)> f;
};

const std::vector<Activation> kActivations{
    {"step: 1 if x > 0", [](const Tensor& x) { return (x > 0).to(x.dtype()) + 0 * x; }},
    {"linear: x", [](const Tensor& x) { return x * 1; }},
    {"sigmoid: 1 / (1 + e^-x)", [](const Tensor& x) { return sigmoid(x); }},
    {"tanh", [](const Tensor& x) { return tanh(x); }},
    {"ReLU: max(0, x)", [](const Tensor& x) { return relu(x); }},
    {"leaky ReLU, slope 0.1", [](const Tensor& x) { return leaky_relu(x, 0.1); }},
    {"PReLU: the slope is learned", [](const Tensor& x) { return prelu(x, xgrad::full({1}, 0.25, {x.dtype()})); }},
    {"ELU: e^x - 1 below 0", [](const Tensor& x) { return elu(x); }},
    {"SELU", [](const Tensor& x) { return selu(x); }},
    {"GELU: x Φ(x)", [](const Tensor& x) { return gelu(x); }},
    {"swish: x sigmoid(x)", [](const Tensor& x) { return silu(x); }},
    {"maxout of -x-1, x/2, 2x-2", [](const Tensor& x) { return maximum(maximum(-x - 1, x / 2), 2 * x - 2); }},
};

viz::Plot draw(const Activation& a, double* largest_slope) {
  Tensor x = xgrad::linspace(-3, 3, 601, {xgrad::kFloat64}).requires_grad_();
  const Tensor y = a.f(x);
  y.sum().backward();
  *largest_slope = x.grad().max().item();
  viz::Plot plot({.title = a.name, .width = 320, .height = 230, .y_range = viz::Range{-1.4, 2.4}});
  plot.line(x, y, {.label = "f(x)", .width = 2.6}).line(x, x.grad(), {.label = "f'(x)", .width = 2.2, .dashed = true});
  return plot;
}

// Softmax of (x, 0, 0): it looks at all of its inputs, so its derivative is a matrix; this is one row of it.
viz::Plot draw_softmax() {
  Tensor x = xgrad::linspace(-3, 3, 601, {xgrad::kFloat64}).requires_grad_();
  const Tensor rows = softmax(xgrad::stack({x, 0 * x, 0 * x}, 1), 1);
  viz::Plot plot({.title = "softmax of (x, 0, 0)", .width = 320, .height = 230, .y_range = viz::Range{-1.4, 2.4}});
  for (const int k : {0, 1}) {
    const std::string name = "a" + std::to_string(k + 1);
    plot.line(x, rows.select(1, k), {.label = name, .width = 2.6});
    plot.line(x, grad(rows.select(1, k).sum(), x, {.retain_graph = true})[0],
              {.label = "∂" + name + "/∂x", .width = 2.2, .dashed = true});
  }
  return plot;
}

// The norm of ∂L/∂W[l] for each of the layers.
std::vector<double> gradient_norms(const Activation& a, int layers) {
  xgrad::manual_seed(1);
  std::vector<nn::Linear> net;
  for (int i = 0; i < layers; ++i) net.emplace_back(64, 64);
  const bool rectified = std::string(a.name).starts_with("ReLU");
  for (nn::Linear& layer : net) {
    if (rectified)
      nn::init::kaiming_normal_(layer.weight);
    else
      nn::init::xavier_normal_(layer.weight);
  }
  Tensor x = xgrad::randn({32, 64});
  for (const nn::Linear& layer : net) x = a.f(layer(x));
  mse_loss(x, xgrad::randn({32, 64})).backward();
  std::vector<double> norms;
  for (const nn::Linear& layer : net) norms.push_back(layer.weight.grad().norm().item());
  return norms;
}

void lecture(const Lecture& l) {
  std::vector<std::vector<viz::Plot>> rows;
  std::printf("%-30s largest slope\n", "activation");
  for (std::size_t i = 0; i < kActivations.size(); ++i) {
    double largest = 0;
    if (i % 5 == 0) rows.emplace_back();
    rows.back().push_back(draw(kActivations[i], &largest));
    std::printf("%-30s %.4f\n", kActivations[i].name, largest);
    if (i == 2) figure("largest_slope_of_sigmoid", largest);
  }
  rows.back().push_back(draw_softmax());
  viz::subplots(rows, l.picture("06_activations.svg"), {.title = "Activation functions and their derivatives"});

  constexpr int kLayers = 20;
  viz::Plot norms({.title = "Gradients of a network of 20 layers",
                   .x_label = "layer l",
                   .y_label = "norm of the gradient of W[l]",
                   .width = 900,
                   .height = 460,
                   .y_scale = viz::Scale::log});
  for (const auto& [i, name] : {std::pair{2, "sigmoid"}, {3, "tanh"}, {4, "relu"}}) {
    const std::vector<double> n = gradient_norms(kActivations[static_cast<std::size_t>(i)], kLayers);
    norms.line(xgrad::arange(1, kLayers + 1), n, {.label = name, .marker = viz::Marker::circle});
    figure((std::string(name) + "_first_over_last").c_str(), n.front() / n.back());
  }
  norms.save(l.picture("06_vanishing.svg"));
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
