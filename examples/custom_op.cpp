// Operations of your own in three sizes: an activation from one formula, a pair of functions, and a Function with a
// context. Checks their gradients, trains a small network with the first of them on two spirals, and writes its graph
// (out/custom_op.svg) and the page that steps through it (out/custom_op.html), also through such operations.
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>

namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
using xgrad::Tensor;
using Tensors = std::vector<Tensor>;

// Size 1. One formula; the derivative comes by itself: x tanh(log(1 + exp(beta x))), Misra 2019 for beta = 1.
auto make_mish(double beta) {
  return xgrad::elementwise("mish", [beta](auto x) { return x * tanh(softplus(beta * x)); });
}

// Size 2. Two functions over tensors: the pairwise squared distances of the rows of x and of y.
const auto distances = xgrad::custom_op(
    "distances",
    [](const Tensor& x, const Tensor& y) {
      return xgrad::square(x).sum({1}, true) + xgrad::square(y).sum({1}) - 2 * matmul(x, y.t());
    },
    [](const Tensor& g, const Tensor& x, const Tensor& y, const Tensor&) {
      const Tensor gx = 2 * (x * g.sum({1}, true) - matmul(g, y));
      const Tensor gy = 2 * (y * g.sum({0}).reshape({-1, 1}) - matmul(g.t(), x));
      return std::pair(gx, gy);
    });

// Size 3. A context between forward and backward: the identity whose gradient is turned round and scaled
// (Ganin and Lempitsky 2015).
struct ReverseGradient : xgrad::Function<ReverseGradient> {
  static constexpr const char* name = "reverse_gradient";
  static Tensor forward(Context& ctx, const Tensor& x, double scale) {
    ctx.save("scale", scale);
    return x.clone();
  }
  static Tensors backward(Context& ctx, const Tensors& grads) { return {-ctx.get<double>("scale") * grads[0]}; }
};

// Finite differences against the tape, first and second derivatives. Throws with the place where they differ.
void check(const char* name, const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs) {
  xgrad::gradcheck(f, inputs);
  xgrad::gradgradcheck(f, inputs);
  std::printf("%-18s gradients are right\n", name);
}

void check_gradients(double beta) {
  const Tensor x = xgrad::randn({4, 3}, {xgrad::kFloat64, true}), y = xgrad::randn({5, 3}, {xgrad::kFloat64, true});
  check("mish", [mish = make_mish(beta)](const Tensors& in) { return mish(in[0]); }, {x});
  check("distances", [](const Tensors& in) { return distances(in[0], in[1]); }, {x, y});
  const Tensor turned = ReverseGradient::apply(x, 0.5);
  const Tensor g = xgrad::grad({turned}, {x}, {xgrad::ones_like(x)})[0];
  if (g.sum().item() != -0.5 * static_cast<double>(x.numel())) throw xgrad::ValueError("reverse_gradient is wrong");
  std::printf("%-18s gradients are right\n", "reverse_gradient");
}

// Two intertwined spirals with a little noise: points (n, 2) and classes (n).
std::pair<Tensor, Tensor> spirals(std::int64_t n) {
  const Tensor label = (xgrad::arange(0, n) >= n / 2).to(xgrad::kInt64), sign = 1 - 2 * label.to(xgrad::kFloat32);
  const Tensor t = 0.5 + 2.5 * xgrad::rand({n});
  const Tensor angle = 3 * t;
  const Tensor points = xgrad::stack({sign * t * cos(angle), sign * t * sin(angle)}, 1);
  return {points + 0.05 * xgrad::randn({n, 2}), label};
}

nn::Sequential make_network(double beta) {
  const auto mish = make_mish(beta);
  return nn::Sequential(nn::Linear(2, 32), mish, nn::Linear(32, 32), mish, nn::Linear(32, 2));
}

double accuracy(const Tensor& logits, const Tensor& label) {
  return (logits.argmax(1) == label).to(xgrad::kFloat32).mean().item();
}

// The graph of one step on a few points, with values and gradients.
void draw_step(nn::Sequential& net, Tensor x, Tensor label, const std::string& file) {
  const xgrad::TapeRecorder record;
  net.zero_grad();
  x.set_name("points");
  label.set_name("labels");
  const Tensor loss = cross_entropy(net(x), label);
  loss.backward();
  for (const char* suffix : {".svg", ".html"}) std::printf("wrote %s\n", xgrad::viz::save(loss, file + suffix).c_str());
}

void run(int steps, double beta, std::uint64_t seed, const std::string& out) {
  xgrad::manual_seed(seed);
  check_gradients(beta);

  nn::Sequential net = make_network(beta);
  optim::AdamW opt(net.parameters(), {.lr = 1e-2});
  auto [x, label] = spirals(512);
  double loss = 0;
  {
    xgrad::train::Progress progress(steps, "spirals");
    for (int step = 0; step < steps; ++step) {
      opt.zero_grad();
      const Tensor l = cross_entropy(net(x), label);
      l.backward();
      opt.step();
      loss = l.item();
      progress.update(1, "loss=" + std::to_string(loss));
    }
  }
  std::printf("loss %.4f, accuracy %.1f %% after %d steps\n", loss, 100 * accuracy(net(x).detach(), label), steps);

  std::filesystem::create_directories(out);
  draw_step(net, x.slice(0, 0, 4), label.slice(0, 0, 4), out + "/custom_op");
}

int main(int argc, char** argv) {
  int steps = 600;
  double beta = 1;
  std::uint64_t seed = 1;
  std::string out = "out";
  CLI::App app("Operations of your own in three sizes");
  app.add_option("--steps", steps, "of training")->capture_default_str();
  app.add_option("--beta", beta, "slope of the activation")->capture_default_str();
  app.add_option("--seed", seed, "of data and first weights")->capture_default_str();
  app.add_option("--out", out, "folder for picture and page")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    run(steps, beta, seed, out);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
