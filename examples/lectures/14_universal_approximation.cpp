// Universal approximation (Cybenko 1989, Hornik 1991): one hidden layer is enough for any continuous function, if it is
// wide enough. A sine, a step and a bump by 1, 3, 10 and 100 units, found by training; and weights set by hand:
//
//   bump from s to t:   h σ(k (x - s)) - h σ(k (x - t))        W[1] = (k, k), b[1] = (-k s, -k t), W[2] = (h, -h)
//
// expect: sine_1 > 0.1
// expect: sine_3 < sine_1
// expect: sine_10 < sine_3 * 0.5
// expect: sine_100 < 0.01
// expect: step_1 < 0.1
// expect: bump_1 > bump_3 * 3
// expect: bump_10 < 0.1
// expect: hand_bump_outside < 0.001
// expect: hand_bump_inside > 0.999
// expect: towers_40 < towers_10 * 0.5
#include <functional>

#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

struct Target {
  const char *name, *title;
  viz::Range y;
  std::function<Tensor(const Tensor&)> f;
};
Tensor between(const Tensor& x, double low, double high) { return ((x > low) && (x < high)).to(x.dtype()); }
const std::vector<Target> kTargets{
    {"sine", "A sine", {-1.4, 1.6}, [](const Tensor& x) { return sin(2 * x); }},
    {"step", "A step", {-0.3, 1.4}, [](const Tensor& x) { return between(x, 0.5, 10); }},
    {"bump", "A bump", {-0.3, 1.4}, [](const Tensor& x) { return between(x, -1, 1); }},
};

nn::Sequential network(std::int64_t hidden) {
  return nn::Sequential(nn::Linear(1, hidden), nn::Sigmoid(), nn::Linear(hidden, 1));
}

// The root of the mean squared error.
double error(const Tensor& a, const Tensor& y) { return std::sqrt(mse_loss(a, y).item()); }

nn::Sequential fit(std::int64_t hidden, const Tensor& x, const Tensor& y, int steps) {
  xgrad::manual_seed(1);
  nn::Sequential net = network(hidden);
  {
    // Each unit its own place on the axis: σ(w x + b) rises at x = -b / w.
    const xgrad::NoGradGuard no_grad;
    Tensor w = net.parameters()[0], b = net.parameters()[1];
    w.uniform_(2, 6);
    b.copy_(-w.squeeze(1) * (hidden == 1 ? xgrad::zeros({1}) : xgrad::linspace(-3, 3, hidden)));
  }
  optim::Adam opt(net.parameters(), {.lr = 0.03});
  optim::CosineAnnealingLR schedule(opt, steps);
  for (int step = 0; step < steps; ++step) {
    opt.zero_grad();
    mse_loss(net(x), y).backward();
    opt.step();
    schedule.step();
  }
  return net;
}

// Towers side by side, as high as f is in the middle of each: two units for each, no training.
nn::Sequential by_hand(const std::vector<double>& edges, const std::vector<double>& heights, double k) {
  const auto towers = static_cast<std::int64_t>(heights.size());
  nn::Sequential net = network(2 * towers);
  const xgrad::NoGradGuard no_grad;
  Tensor w1 = net.parameters()[0], b1 = net.parameters()[1], w2 = net.parameters()[2], b2 = net.parameters()[3];
  w1.fill_(k);
  b2.zero_();
  for (std::int64_t i = 0; i < towers; ++i) {
    const auto at = static_cast<std::size_t>(i);
    b1[2 * i] = -k * edges[at], b1[2 * i + 1] = -k * edges[at + 1];
    w2[0][2 * i] = heights[at], w2[0][2 * i + 1] = -heights[at];
  }
  return net;
}

viz::Plot panel(const std::string& title, viz::Range y) {
  return viz::Plot({.title = title, .x_label = "x", .width = 430, .height = 330, .y_range = y});
}
void draw_target(viz::Plot& plot, const Tensor& x, const Tensor& y) {
  plot.line(x, y, {.label = "f(x)", .color = "#9CA3AF", .width = 5});
}

void lecture(const Lecture& l) {
  const Tensor x = xgrad::linspace(-3, 3, 301).unsqueeze(1);
  const int steps = l.steps(6000, 2000);
  std::vector<viz::Plot> learned;
  std::printf("root of the mean squared error with 1, 3, 10, 100 hidden units, trained\n");
  for (const Target& t : kTargets) {
    const Tensor y = t.f(x);
    viz::Plot plot = panel(t.title, t.y);
    draw_target(plot, x, y);
    for (const int hidden : {1, 3, 10, 100}) {
      nn::Sequential net = fit(hidden, x, y, steps);
      const xgrad::NoGradGuard no_grad;
      const Tensor a = net(x);
      plot.line(x, a, {.label = std::to_string(hidden) + (hidden == 1 ? " unit" : " units"), .width = 1.8});
      figure((std::string(t.name) + "_" + std::to_string(hidden)).c_str(), error(a, y));
    }
    learned.push_back(plot);
  }

  const xgrad::NoGradGuard no_grad;
  std::printf("weights set by hand\n");
  viz::Plot bump = panel("A bump by hand: two units, k = 5, 15, 100", {-0.3, 1.4});
  draw_target(bump, x, kTargets[2].f(x));
  for (const double k : {5., 15., 100.})
    bump.line(x, by_hand({-1, 1}, {1}, k)(x), {.label = "k = " + std::to_string(static_cast<int>(k)), .width = 2.2});
  const Tensor a = by_hand({-1, 1}, {1}, 100)(xgrad::tensor({{-1.5}, {0.}, {1.5}})).flatten();
  figure("hand_bump_inside", a[1].item());
  figure("hand_bump_outside", std::max(std::abs(a[0].item()), std::abs(a[2].item())));

  std::vector<viz::Plot> second_row{bump};
  for (const int towers : {10, 40}) {
    std::vector<double> edges, heights;
    for (int i = 0; i <= towers; ++i) edges.push_back(-3 + 6. * i / towers);
    for (int i = 0; i < towers; ++i) heights.push_back(std::sin(edges[static_cast<std::size_t>(i)] * 2 + 6. / towers));
    viz::Plot plot = panel("The sine from " + std::to_string(towers) + " bumps by hand", {-1.4, 1.6});
    draw_target(plot, x, sin(2 * x));
    const Tensor built = by_hand(edges, heights, 100)(x);
    plot.line(x, built, {.label = std::to_string(2 * towers) + " units", .color = "#0072B2", .width = 2.2});
    figure(("towers_" + std::to_string(towers)).c_str(), error(built, sin(2 * x)));
    second_row.push_back(plot);
  }
  viz::subplots({learned, second_row}, l.picture("14_universal_approximation.svg"),
                {.title = "One hidden layer: 1, 3, 10 and 100 units trained (above), weights set by hand (below)"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
