// Residual networks: a way around every two layers. Deep plain networks train worse than shallow ones, not for want of
// units but because the gradient does not come through in good shape; with the sum, one term of it comes as it is.
//
//   plain      a[l+2] = relu(F(a[l]))               F = two layers of 48 units, each with batch normalisation
//   residual   a[l+2] = relu(F(a[l]) + a[l])        δ of a[l] = δ of the sum, times (1 + ∂F/∂a[l])
//
// Depths 8, 20, 32 and 56 on 8x8 digits: 1,437 to learn from, 360 to test.
//
// expect: plain_56_loss > plain_8_loss * 5
// expect: residual_56_loss < plain_56_loss * 0.2
// expect: residual_56_loss < 0.3
// expect: residual_56_accuracy > 0.85
// expect: plain_56_accuracy < residual_56_accuracy
#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

constexpr int kUnits = 48;

struct Block : nn::Layer<Block> {
  Block(std::int64_t units, bool bypass)
      : fc1(register_module("fc1", nn::Linear(units, units, {.bias = false}))),
        bn1(register_module("bn1", nn::BatchNorm1d(units))),
        fc2(register_module("fc2", nn::Linear(units, units, {.bias = false}))),
        bn2(register_module("bn2", nn::BatchNorm1d(units))),
        bypass(bypass) {
    nn::init::kaiming_normal_(fc1.weight);
    nn::init::kaiming_normal_(fc2.weight);
  }
  Tensor forward(const Tensor& a) const {
    const Tensor f = bn2(fc2(relu(bn1(fc1(a)))));
    return relu(bypass ? f + a : f);
  }
  nn::Linear fc1;
  nn::BatchNorm1d bn1;
  nn::Linear fc2;
  nn::BatchNorm1d bn2;
  bool bypass;
};

nn::Sequential make_net(int depth, bool bypass) {
  nn::Sequential net(nn::Linear(64, kUnits), nn::ReLU());
  for (int layer = 1; layer + 1 < depth; layer += 2) net.push_back(Block(kUnits, bypass));
  return net.push_back(nn::Linear(kUnits, 10));
}

struct Result {
  std::vector<double> losses;     // the mean of each epoch
  std::vector<double> gradients;  // the norm for each weight matrix in the first step, from the first layer on
  double accuracy;
};

Result train(int depth, bool bypass, const data::TensorDataset& training, const Tensor& x, const Tensor& y,
             int epochs) {
  xgrad::manual_seed(3);
  nn::Sequential net = make_net(depth, bypass);
  optim::SGD opt(net.parameters(), {.lr = 0.05, .momentum = 0.9});
  optim::CosineAnnealingLR schedule(opt, epochs);
  data::DataLoader loader(training, {.batch_size = 128, .shuffle = true});
  Result r;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    xgrad::train::Mean mean;
    for (auto& [xs, ys] : loader) {
      opt.zero_grad();
      const Tensor loss = cross_entropy(net(xs), ys);
      loss.backward();
      if (r.gradients.empty())
        for (const Tensor& p : net.parameters())
          if (p.dim() == 2) r.gradients.push_back(p.grad().norm().item());
      opt.step();
      mean.add(loss.item(), xs.size(0));
    }
    r.losses.push_back(mean.value());
    schedule.step();
  }
  net.eval();
  const xgrad::NoGradGuard no_grad;
  r.accuracy = xgrad::train::accuracy(net(x), y);
  return r;
}

// One block of 3 units as the library records it: the gradient goes through the sum on two ways.
void draw_block(const std::string& file) {
  Block block(3, true);
  const xgrad::TapeRecorder record;
  Tensor a = xgrad::rand({4, 3}).requires_grad_();
  a.set_name("a");
  const Tensor loss = block(a).mean();
  loss.backward();
  viz::save(loss, file,
            {.rankdir = viz::Rankdir::left_to_right, .values = viz::Values::off, .depth = 1, .fit_page = false});
}

void lecture(const Lecture& l) {
  const Tensor table = data::read_csv("examples/data/digits.csv"), x = table.slice(1, 0, 64) / 16;
  const Tensor digit = table.select(1, 64).to(xgrad::kInt64);
  const std::int64_t n = x.size(0) - 360;
  const data::TensorDataset training(x.slice(0, 0, n), digit.slice(0, 0, n));
  const int epochs = l.steps(20, 10);
  const std::vector<int> depths = l.brief ? std::vector<int>{8, 56} : std::vector<int>{8, 20, 32, 56};

  std::vector<viz::Plot> curves;
  viz::Plot gradients({.title = "The first step at depth 56: gradient of W[l]",
                       .x_label = "layer l",
                       .y_label = "norm",
                       .width = 650,
                       .height = 330,
                       .y_scale = viz::Scale::log});
  viz::Plot accuracy({.title = "Test digits that are right, by depth",
                      .x_label = "layers",
                      .y_label = "share",
                      .width = 650,
                      .height = 330});
  for (const bool bypass : {false, true}) {
    const std::string name = bypass ? "residual" : "plain";
    const char* color = bypass ? "#0072B2" : "#D55E00";
    viz::Plot plot({.title = (bypass ? "Residual" : "Plain") + std::string(": training loss"),
                    .x_label = "epoch",
                    .y_label = "cross entropy",
                    .width = 650,
                    .height = 350,
                    .y_scale = viz::Scale::log,
                    .y_range = viz::Range{0.002, 6}});
    std::vector<double> right;
    for (const int depth : depths) {
      const Result r = train(depth, bypass, training, x.slice(0, n), digit.slice(0, n), epochs);
      const std::string key = name + "_" + std::to_string(depth);
      figure((key + "_loss").c_str(), r.losses.back());
      figure((key + "_accuracy").c_str(), r.accuracy);
      plot.line(xgrad::arange(1, epochs + 1), r.losses, {.label = std::to_string(depth) + " layers", .width = 2.4});
      right.push_back(r.accuracy);
      if (depth == 56)
        gradients.line(xgrad::arange(1, depth + 1), r.gradients,
                       {.label = name, .color = color, .width = 2.4, .marker = viz::Marker::circle});
    }
    curves.push_back(plot);
    accuracy.line(depths, right, {.label = name, .color = color, .width = 2.4, .marker = viz::Marker::circle});
  }
  viz::subplots({curves, {gradients, accuracy}}, l.picture("17_residual.svg"),
                {.title = "Depth with and without a way around"});
  draw_block(l.picture("17_block.svg"));
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
