// Residual networks (He et al. 2016): the same layers on 8x8 digits, 8 to 56 of them, once as a plain chain and once
// with a bypass around every two.
//
//   plain      a[l+2] = ReLU(z[l+2])           z = W a + b, normalised over the batch
//   residual   a[l+2] = ReLU(z[l+2] + a[l])    so that ∂a[l+2]/∂a[l] has 1 in it, whatever the weights are
//
// expect: plain_8 < 0.3
// expect: residual_8 < 0.3
// expect: residual_56 < plain_56 * 0.5
// expect: residual_56 < 0.3
// expect: plain_56 > plain_8 * 2
// expect: test_residual_56 > 0.85
// expect: gradient_plain_56 > gradient_residual_56 * 10
#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace train = xgrad::train;
namespace viz = xgrad::viz;

constexpr std::int64_t kWidth = 32;

struct Block : nn::Layer<Block> {
  explicit Block(bool bypass)
      : bypass(bypass),
        fc1(register_module("fc1", nn::Linear(kWidth, kWidth))),
        fc2(register_module("fc2", nn::Linear(kWidth, kWidth))),
        norm1(register_module("norm1", nn::BatchNorm1d(kWidth))),
        norm2(register_module("norm2", nn::BatchNorm1d(kWidth))) {}
  Tensor forward(const Tensor& x) const {
    const Tensor z = norm2(fc2(relu(norm1(fc1(x)))));
    return relu(bypass ? z + x : z);
  }
  bool bypass;
  nn::Linear fc1, fc2;
  nn::BatchNorm1d norm1, norm2;
};

// 64 -> width, blocks of two layers, width -> 10: `depth` layers with weights.
nn::Sequential network(int depth, bool bypass) {
  xgrad::manual_seed(5);
  nn::Sequential net(nn::Linear(64, kWidth), nn::ReLU());
  for (int i = 0; i < (depth - 2) / 2; ++i) net.push_back(Block(bypass));
  return net.push_back(nn::Linear(kWidth, 10));
}

struct Run {
  std::vector<double> loss;       // of the training set, after each epoch
  std::vector<double> gradients;  // norm for each layer's weights, before the first step
  double test = 0;                // accuracy
};

double mean_loss(nn::Sequential& net, const data::TensorDataset& set) {
  const xgrad::NoGradGuard no_grad;
  return cross_entropy(net(set.data), set.target).item();
}

Run learn(int depth, bool bypass, const data::TensorDataset& training, const data::TensorDataset& test, int epochs) {
  nn::Sequential net = network(depth, bypass);
  Run run;
  cross_entropy(net(training.data), training.target).backward();
  for (const Tensor& p : net.parameters())
    if (p.dim() == 2) run.gradients.push_back(p.grad().norm().item());
  optim::SGD opt(net.parameters(), {.lr = 0.02, .momentum = 0.9});
  run.loss.push_back(mean_loss(net, training));
  data::DataLoader loader(training, {.batch_size = 128, .shuffle = true});
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (auto& [x, y] : loader) {
      opt.zero_grad();
      cross_entropy(net(x), y).backward();
      opt.step();
    }
    run.loss.push_back(mean_loss(net, training));
  }
  const xgrad::NoGradGuard no_grad;
  net.eval();
  run.test = train::accuracy(net(test.data), test.target);
  return run;
}

void lecture(const Lecture& l) {
  const int epochs = l.steps(20, 8);
  const std::vector<int> depths = l.brief ? std::vector<int>{8, 56} : std::vector<int>{8, 20, 32, 44, 56};
  const Tensor table = data::read_csv("examples/data/digits.csv");
  const data::TensorDataset digits(table.slice(1, 0, 64) / 8 - 1, table.select(1, 64).to(xgrad::kInt64));
  const data::TensorDataset training = digits.slice(0, 1437), test = digits.slice(1437, 1797);

  std::vector<viz::Plot> curves;
  viz::Plot ends({.title = "Training loss at the end, by depth",
                  .x_label = "layers",
                  .y_label = "loss",
                  .width = 430,
                  .height = 400,
                  .y_scale = viz::Scale::log});
  viz::Plot gradients({.title = "Before the first step: gradients in the networks of 56 layers",
                       .x_label = "layer l",
                       .y_label = "norm of the gradient of W[l]",
                       .width = 1306,
                       .height = 270,
                       .y_scale = viz::Scale::log});
  std::printf("layers            training loss   test accuracy\n");
  for (const bool bypass : {false, true}) {
    const std::string name = bypass ? "residual" : "plain";
    viz::Plot plot({.title = bypass ? "With a bypass around every two layers" : "Plain: one layer behind the other",
                    .x_label = "epoch",
                    .y_label = "training loss",
                    .width = 430,
                    .height = 400,
                    .y_scale = viz::Scale::log,
                    .y_range = viz::Range{0.001, 5}});
    std::vector<double> last;
    for (const int depth : depths) {
      const Run run = learn(depth, bypass, training, test, epochs);
      const std::string which = name + "_" + std::to_string(depth);
      std::printf("%2d, %-9s     %.4f          %.4f\n", depth, name.c_str(), run.loss.back(), run.test);
      figure(which.c_str(), run.loss.back());
      figure(("test_" + which).c_str(), run.test);
      plot.line(xgrad::arange(epochs + 1), run.loss,
                {.label = std::to_string(depth) + (depth == 56 ? " layers" : ""), .width = 2.2});
      last.push_back(run.loss.back());
      if (depth != 56) continue;
      gradients.line(xgrad::arange(1, depth + 1), run.gradients,
                     {.label = name, .width = 2.2, .dashed = !bypass, .marker = viz::Marker::circle});
      figure(("gradient_" + which).c_str(), run.gradients.front() / run.gradients.back());
    }
    curves.push_back(plot);
    ends.line(depths, last, {.label = name, .width = 2.4, .dashed = !bypass, .marker = viz::Marker::circle});
  }
  curves.push_back(ends);
  viz::subplots({curves, {gradients}}, l.picture("17_residual.svg"), {.title = "Depth, without and with a bypass"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
