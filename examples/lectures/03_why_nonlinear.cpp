// Why a network needs something that is not linear between its layers.
//
//   W[2] (W[1] x + b[1]) + b[2] = (W[2] W[1]) x + (W[2] b[1] + b[2]) = W x + b
//
// Two linear layers are one, however many units are between them: the boundary stays a straight line. A tanh between
// them bends it.
//
// expect: difference < 1e-5
// expect: linear_accuracy < 0.93
// expect: tanh_accuracy > 0.97
// expect: tanh_loss < linear_loss * 0.5
#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

nn::Sequential linear() { return nn::Sequential(nn::Linear(2, 16), nn::Linear(16, 1)); }
nn::Sequential bent() { return nn::Sequential(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 1)); }

struct Trained {
  double loss, accuracy;
};

Trained train(nn::Sequential& net, const Points& p, int steps) {
  optim::Adam opt(net.parameters(), {.lr = 0.05});
  const Tensor y = p.y.unsqueeze(1);
  Tensor loss;
  for (int step = 0; step < steps; ++step) {
    opt.zero_grad();
    loss = binary_cross_entropy_with_logits(net(p.x), y);
    loss.backward();
    opt.step();
  }
  const Tensor right = (net(p.x) > 0) == (y > 0.5);
  return {loss.item(), right.to(xgrad::kFloat32).mean().item()};
}

viz::Plot draw(const std::string& title, const nn::Sequential& net, const Points& p) {
  const viz::Range x{-1.6, 2.6}, y{-1.2, 1.7};
  viz::Plot plot(
      {.title = title, .x_label = "x1", .y_label = "x2", .width = 620, .height = 470, .x_range = x, .y_range = y});
  draw_decision(
      plot, [&](const Tensor& grid) { return net(grid); }, x, y);
  draw_points(plot, p);
  return plot;
}

void lecture(const Lecture& l) {
  // By numbers: a layer of 3 after a layer of 5, and the one layer that does the same.
  const nn::Linear first(2, 5), second(5, 3);
  const Tensor x = xgrad::randn({4, 2});
  const Tensor W = matmul(second.weight, first.weight);
  const Tensor b = matmul(second.weight, first.bias) + second.bias;
  const Tensor two = second(first(x)), one = matmul(x, W.t()) + b;
  std::cout << "W[2] (W[1] x + b[1]) + b[2]:\n" << two.detach() << "\nW x + b:\n" << one.detach() << "\n";
  figure("difference", (two - one).abs().max().item());

  // By pictures: the same network with and without tanh, on two moons.
  const Points moons = two_moons(100, 0.12);
  const int steps = l.steps(600, 250);
  nn::Sequential straight = linear(), curved = bent();
  const Trained without = train(straight, moons, steps), with = train(curved, moons, steps);
  figure("linear_loss", without.loss);
  figure("linear_accuracy", without.accuracy);
  figure("tanh_loss", with.loss);
  figure("tanh_accuracy", with.accuracy);
  viz::subplots({{draw("2 -> 16 -> 1, linear: one straight line", straight, moons),
                  draw("2 -> 16 -> 1, tanh between: the line bends", curved, moons)}},
                l.picture("03_why_nonlinear.svg"), {.title = "Two linear layers are one"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
