// Gradient descent with the whole set, one example, or a few at a time, on a straight line through 256 points:
//
//   J(w, b) = mean of 1/2 (w x + b - y)²        (w, b) <- (w, b) - η ∂J_batch/∂(w, b)
//
// The gradient of a batch is that of J plus noise, which shrinks with the batch; a step costs what its batch costs.
//
// expect: steps_1 == 2048
// expect: steps_256 == 8
// expect: excess_256 > excess_32
// expect: excess_32 < 0.02
// expect: wobble_1 > wobble_8
// expect: wobble_8 > wobble_32
#include <ctime>

#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

constexpr int kExamples = 256;
constexpr double kEta = 0.1;

struct Run {
  std::int64_t batch;
  std::vector<double> w, b;  // after each step
  std::vector<double> loss;  // of all examples, after each epoch
  double seconds = 0;
};

Tensor cost(const Tensor& w, const Tensor& b, const Tensor& x, const Tensor& y) {
  return 0.5 * square(w * x + b - y).mean();
}

Run descend(const Tensor& x, const Tensor& y, std::int64_t batch, int epochs) {
  Run run{batch, {-1.5}, {3}, {}};
  Tensor w = xgrad::tensor(run.w[0]).requires_grad_(), b = xgrad::tensor(run.b[0]).requires_grad_();
  optim::SGD opt({w, b}, {.lr = kEta});
  data::DataLoader loader(data::TensorDataset(x, y), {.batch_size = batch, .shuffle = true});
  run.loss.push_back(cost(w, b, x, y).item());
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const std::clock_t start = std::clock();  // of this program alone, whatever else the machine does
    for (auto& [xs, ys] : loader) {
      opt.zero_grad();
      cost(w, b, xs, ys).backward();
      opt.step();
      run.w.push_back(w.item());
      run.b.push_back(b.item());
    }
    run.seconds += static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    run.loss.push_back(cost(w, b, x, y).item());
  }
  return run;
}

// How far a step goes, on average over the last eighth of the path.
double wobble(const Run& r) {
  const std::size_t n = r.w.size(), from = n - std::max<std::size_t>(2, n / 8);
  double sum = 0;
  for (std::size_t i = from + 1; i < n; ++i) sum += std::hypot(r.w[i] - r.w[i - 1], r.b[i] - r.b[i - 1]);
  return sum / static_cast<double>(n - from - 1);
}

void lecture(const Lecture& l) {
  const int epochs = 8;
  const Tensor x = xgrad::randn({kExamples}), y = 2 * x + 0.5 + 0.8 * xgrad::randn({kExamples});

  // The lowest point of J, in closed form: the line of least squares.
  const Tensor dx = x - x.mean();
  const double w_best = (dot(dx, y) / dot(dx, dx)).item(), b_best = (y.mean() - w_best * x.mean()).item();
  const double lowest = cost(xgrad::tensor(w_best), xgrad::tensor(b_best), x, y).item();
  std::printf("least squares: w = %.4f, b = %.4f, J = %.4f\n", w_best, b_best, lowest);

  const Tensor u = xgrad::linspace(-2, 4, 121), v = xgrad::linspace(-1.5, 3.5, 121);
  const Tensor residuals = u.reshape({1, -1, 1}) * x + v.reshape({-1, 1, 1}) - y;
  viz::Plot map({.title = "Paths on the contours of J",
                 .x_label = "w",
                 .y_label = "b",
                 .width = 540,
                 .height = 450,
                 .x_range = viz::Range{-2, 4},
                 .y_range = viz::Range{-1.5, 3.5}});
  map.contours(u, v, 0.5 * square(residuals).mean({2}), {0.35, 0.5, 0.8, 1.3, 2, 3, 4.5, 6.5, 9});
  viz::Plot by_epoch({.title = "Above the lowest J, by epoch",
                      .x_label = "epoch",
                      .y_label = "J - lowest J",
                      .width = 400,
                      .height = 450,
                      .y_scale = viz::Scale::log});
  viz::Plot by_step({.title = "The same by step",
                     .x_label = "step",
                     .y_label = "J - lowest J",
                     .width = 400,
                     .height = 450,
                     .x_scale = viz::Scale::log,
                     .y_scale = viz::Scale::log});
  viz::Plot by_time({.title = "The same by time",
                     .x_label = "seconds of computing",
                     .y_label = "J - lowest J",
                     .width = 900,
                     .height = 380,
                     .x_scale = viz::Scale::log,
                     .y_scale = viz::Scale::log});

  std::printf("batch  steps  J at the end\n");
  for (const std::int64_t batch : {1, 8, 32, 256}) {
    const Run run = descend(x, y, batch, epochs);
    const std::string name = std::to_string(batch), label = "batch of " + name;
    std::printf("%5s  %5zu  %.4f\n", name.c_str(), run.w.size() - 1, run.loss.back());
    std::fprintf(stderr, "batch of %s: %.3f milliseconds\n", name.c_str(), 1e3 * run.seconds);
    figure(("steps_" + name).c_str(), static_cast<double>(run.w.size() - 1));
    figure(("excess_" + name).c_str(), run.loss.back() - lowest);
    figure(("wobble_" + name).c_str(), wobble(run));
    map.line(run.w, run.b, {.label = label, .width = batch == 1 ? 1.0 : 2.4, .opacity = batch == 1 ? 0.6 : 1.0});
    std::vector<double> excess, steps, seconds;
    for (std::size_t i = 1; i < run.loss.size(); ++i) {
      excess.push_back(run.loss[i] - lowest);
      steps.push_back(static_cast<double>(run.w.size() - 1) * static_cast<double>(i) / epochs);
      seconds.push_back(run.seconds * static_cast<double>(i) / epochs);
    }
    by_epoch.line(xgrad::arange(1, epochs + 1), excess, {.label = label, .marker = viz::Marker::circle});
    by_step.line(steps, excess, {.label = label, .marker = viz::Marker::circle});
    by_time.line(seconds, excess, {.label = label, .marker = viz::Marker::circle});
  }
  map.points({-1.5}, {3}, {.label = "start", .color = "#1A1A1A", .size = 5});
  map.points({w_best}, {b_best},
             {.label = "least squares", .color = "#1A1A1A", .marker = viz::Marker::star, .size = 8});
  by_time.save(l.picture("08_time.svg"));
  viz::subplots({{map, by_epoch, by_step}}, l.picture("08_batch_size.svg"), {.title = "Batches of 1, 8, 32 and 256"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
