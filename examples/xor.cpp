// What one neuron can learn and what it cannot: Rosenblatt's perceptron on AND, OR and XOR, then a network of two
// layers that solves XOR, and the picture of its graph with every value and gradient.
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include <xgrad/xgrad.hpp>

namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
using xgrad::Tensor;

// Rosenblatt 1958: w += (target - output) x for each sample, output = 1 if w x + b > 0. Returns the number of passes
// until all four points are right, or -1.
int perceptron(const Tensor& x, const Tensor& target, int passes) {
  Tensor w = xgrad::zeros({2}), b = xgrad::zeros({});
  for (int pass = 1; pass <= passes; ++pass) {
    int wrong = 0;
    for (int i = 0; i < 4; ++i) {
      const double output = (dot(w, x[i]) + b).item() > 0 ? 1 : 0;
      const double error = target[i].item() - output;
      if (error == 0) continue;
      ++wrong;
      w += error * x[i];
      b += error;
    }
    if (wrong == 0) return pass;
  }
  return -1;
}

struct Xor : nn::Layer<Xor> {
  nn::Linear fc1 = register_module("fc1", nn::Linear(2, 3));
  nn::Linear fc2 = register_module("fc2", nn::Linear(3, 1));
  Tensor forward(const Tensor& x) const { return fc2(tanh(fc1(x))); }
};

void run(std::uint64_t seed, const std::string& out) {
  Tensor x = xgrad::tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}});
  const std::pair<const char*, Tensor> gates[] = {{"AND", xgrad::tensor({0., 0., 0., 1.})},
                                                  {"OR", xgrad::tensor({0., 1., 1., 1.})},
                                                  {"XOR", xgrad::tensor({0., 1., 1., 0.})}};
  for (const auto& [name, target] : gates) {
    const int passes = perceptron(x, target, 1000);
    if (passes > 0)
      std::printf("perceptron on %-3s  learnt after %d passes\n", name, passes);
    else
      std::printf("perceptron on %-3s  not learnt in 1000 passes: no straight line separates it\n", name);
  }

  xgrad::manual_seed(seed);
  Xor net;
  Tensor y = gates[2].second.reshape({4, 1});
  optim::Adam opt(net.parameters(), {.lr = 0.05});
  double loss = 1;
  int step = 0;
  for (; step < 5000 && loss > 1e-3; ++step) {
    opt.zero_grad();
    const Tensor l = mse_loss(sigmoid(net(x)), y);
    l.backward();
    opt.step();
    loss = l.item();
  }
  std::printf("2-3-1 network     loss %.5f after %d steps\n", loss, step);
  const Tensor p = sigmoid(net(x)).detach();
  for (int i = 0; i < 4; ++i) std::printf("  %g xor %g = %.3f\n", x[i][0].item(), x[i][1].item(), p[i].item());
  if (loss > 1e-3) throw xgrad::ValueError("xor: not solved; try another --seed");

  // A fresh network, one step, everything recorded: the finished one has hardly any gradient left to see.
  std::filesystem::create_directories(out);
  xgrad::manual_seed(seed);
  Xor fresh;
  const xgrad::TapeRecorder record;
  x.set_name("x");
  y.set_name("y");
  const Tensor l = mse_loss(sigmoid(fresh(x)), y);
  l.backward();
  std::printf("wrote %s\n", xgrad::viz::save(l, out + "/xor.svg").c_str());
}

int main(int argc, char** argv) {
  std::uint64_t seed = 1;
  std::string out = "out";
  CLI::App app("Perceptron and XOR");
  app.add_option("--seed", seed, "of the first weights")->capture_default_str();
  app.add_option("--out", out, "folder for the picture")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    run(seed, out);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
