// How five optimizers find the lowest point of a surface: their paths on its contour map.
//
//   optimizers                          Beale's function: flat plateaus and steep walls
//   optimizers --function rosenbrock    a curved valley
//
// Writes out/optimizers.svg (paths), out/optimizers_loss.svg (height per step) and out/optimizers_graph.svg (the graph
// of the surface, with the gradient at the start).
#include <array>
#include <functional>
#include <map>
#include <memory>

#include "common.hpp"

namespace optim = xgrad::optim;
namespace viz = xgrad::viz;
using xgrad::Tensor;

// H. H. Rosenbrock 1960: a curved valley, easy to find and hard to follow. Lowest at (1, 1).
Tensor rosenbrock(const Tensor& x, const Tensor& y) { return square(1 - x) + 100 * square(y - square(x)); }
// E. M. L. Beale 1958. Lowest at (3, 0.5).
Tensor beale(const Tensor& x, const Tensor& y) {
  return square(1.5 - x + x * y) + square(2.25 - x + x * square(y)) + square(2.625 - x + x * square(y) * y);
}
// A long ditch: curvature 1 along x and 40 along y. Lowest at (0, 0).
Tensor ditch(const Tensor& x, const Tensor& y) { return 0.5 * square(x) + 20 * square(y); }

struct Surface {
  const char* title;
  Tensor (*f)(const Tensor&, const Tensor&);
  viz::Range x, y;
  std::array<double, 2> start, lowest;
  std::vector<double> levels;
  std::map<std::string, double> lr;  // a rate for each optimizer that suits this surface
};

const std::map<std::string, Surface>& surfaces() {
  static const std::map<std::string, Surface> all{
      {"rosenbrock",
       {"Rosenbrock's valley: (1 − x)² + 100 (y − x²)²",
        rosenbrock,
        {-2, 2},
        {-1, 3},
        {-0.8, -0.8},
        {1, 1},
        {0.3, 1, 3, 10, 30, 100, 300, 1000},
        {{"SGD", 1e-3}, {"momentum", 4e-4}, {"Adagrad", 0.4}, {"RMSprop", 0.015}, {"Adam", 0.06}}}},
      {"beale",
       {"Beale's function",
        beale,
        {-1, 4.5},
        {-2, 2},
        {1, 1.5},
        {3, 0.5},
        {0.1, 0.3, 1, 3, 10, 30, 100, 1000, 10000},
        {{"SGD", 5e-3}, {"momentum", 1e-3}, {"Adagrad", 0.3}, {"RMSprop", 0.02}, {"Adam", 0.05}}}},
      {"ditch",
       {"A ditch: ½ x² + 20 y²",
        ditch,
        {-4.5, 2},
        {-1.6, 1.6},
        {-4, 1.3},
        {0, 0},
        {0.05, 0.2, 0.7, 2, 5, 10, 20, 40},
        {{"SGD", 0.045}, {"momentum", 0.01}, {"Adagrad", 0.5}, {"RMSprop", 0.05}, {"Adam", 0.15}}}},
  };
  return all;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& name, const Tensor& p, double lr) {
  if (name == "SGD") return std::make_unique<optim::SGD>(std::vector{p}, optim::SGDOptions{.lr = lr});
  if (name == "momentum")
    return std::make_unique<optim::SGD>(std::vector{p}, optim::SGDOptions{.lr = lr, .momentum = 0.9});
  if (name == "Adagrad") return std::make_unique<optim::Adagrad>(std::vector{p}, optim::AdagradOptions{.lr = lr});
  if (name == "RMSprop") return std::make_unique<optim::RMSprop>(std::vector{p}, optim::RMSpropOptions{.lr = lr});
  return std::make_unique<optim::Adam>(std::vector{p}, optim::AdamOptions{.lr = lr});
}

struct Path {
  std::string name;
  double lr;
  std::vector<double> x, y, height;
};

struct Settings {
  Common common;
  std::string function = "beale";
  std::vector<std::string> names{"SGD", "momentum", "Adagrad", "RMSprop", "Adam"};
  int steps = 500;
  double lr_factor = 1;
};

Tensor height_at(const Surface& s, const Tensor& p) { return s.f(p[0], p[1]); }

Path descend(const Surface& s, const std::string& name, const Settings& settings, xgrad::train::Progress& progress,
             const xgrad::train::InterruptGuard& interrupt) {
  Path path{name, s.lr.at(name) * settings.lr_factor, {}, {}, {}};
  Tensor p = xgrad::tensor({s.start[0], s.start[1]}, {xgrad::kFloat64}).requires_grad_();
  const std::unique_ptr<optim::Optimizer> opt = make_optimizer(name, p, path.lr);
  for (int step = 0; step <= settings.steps && !interrupt.interrupted(); ++step) {
    opt->zero_grad();
    const Tensor height = height_at(s, p);
    path.x.push_back(p.detach()[0].item());
    path.y.push_back(p.detach()[1].item());
    path.height.push_back(height.item());
    if (!std::isfinite(path.height.back()))
      throw xgrad::ValueError("optimizers: " + name + " left the surface after " + std::to_string(step) +
                              " steps; try a smaller --lr-factor");
    height.backward();
    opt->step();
    progress.update();
  }
  return path;
}

// The surface's graph at the start, with every value and gradient.
void draw_graph(const Surface& s, const std::string& path) {
  const xgrad::TapeRecorder record;
  Tensor x = xgrad::tensor(s.start[0], {xgrad::kFloat64}).requires_grad_(),
         y = xgrad::tensor(s.start[1], {xgrad::kFloat64}).requires_grad_();
  x.set_name("x");
  y.set_name("y");
  const Tensor height = s.f(x, y);
  height.backward();
  viz::save(height, path);
}

void draw_paths(const Surface& s, const std::vector<Path>& paths, const std::string& file) {
  constexpr std::array kMarkers{viz::Marker::circle, viz::Marker::square, viz::Marker::triangle, viz::Marker::diamond,
                                viz::Marker::cross};
  constexpr std::int64_t kGrid = 301;
  const Tensor x = xgrad::linspace(s.x.low, s.x.high, kGrid, {xgrad::kFloat64}),
               y = xgrad::linspace(s.y.low, s.y.high, kGrid, {xgrad::kFloat64});
  viz::Plot map(
      {.title = s.title, .x_label = "x", .y_label = "y", .width = 720, .height = 560, .x_range = s.x, .y_range = s.y});
  map.contours(x, y, s.f(x.unsqueeze(0), y.unsqueeze(1)), s.levels);
  viz::Plot heights({.title = "Height per step", .x_label = "step", .y_label = "height", .y_scale = viz::Scale::log});
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Path& p = paths[i];
    const int every = std::max<int>(1, static_cast<int>(p.x.size()) / 20);
    char label[64];
    std::snprintf(label, sizeof label, "%s (rate %g)", p.name.c_str(), p.lr);
    const double width = 2 + 0.7 * static_cast<double>(paths.size() - 1 - i);  // those below show at the edges
    map.line(p.x, p.y,
             {.label = label, .width = width, .marker = kMarkers[i % kMarkers.size()], .marker_every = every});
    heights.line(xgrad::arange(static_cast<double>(p.height.size())), p.height, {.label = p.name});
  }
  map.points({s.start[0]}, {s.start[1]}, {.label = "start", .color = "#1A1A1A", .size = 5});
  map.points({s.lowest[0]}, {s.lowest[1]},
             {.label = "lowest point", .color = "#1A1A1A", .marker = viz::Marker::star, .size = 7});
  map.save(file + ".svg");
  heights.save(file + "_loss.svg");
}

void run(const Settings& settings) {
  start(settings.common);
  const Surface& s = surfaces().at(settings.function);
  const std::string file = settings.common.out + "/optimizers";
  std::vector<Path> paths;
  {
    const xgrad::train::InterruptGuard interrupt;
    xgrad::train::Progress progress(static_cast<std::int64_t>(settings.names.size()) * (settings.steps + 1),
                                    "descending");
    for (const std::string& name : settings.names) {
      progress.set_label(name);
      paths.push_back(descend(s, name, settings, progress, interrupt));
      if (interrupt.interrupted()) break;
    }
    progress.close();
    if (interrupt.interrupted()) std::printf("interrupted: drawing what there is\n");
  }
  std::printf("%-10s %8s %6s %12s  distance to the lowest point\n", "optimizer", "rate", "steps", "height");
  for (const Path& p : paths)
    std::printf("%-10s %8g %6zu %12.3e  %.4f\n", p.name.c_str(), p.lr, p.height.size() - 1, p.height.back(),
                std::hypot(p.x.back() - s.lowest[0], p.y.back() - s.lowest[1]));
  draw_paths(s, paths, file);
  draw_graph(s, file + "_graph.svg");
  std::printf("wrote %s.svg, %s_loss.svg and %s_graph.svg\n", file.c_str(), file.c_str(), file.c_str());
}

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("Paths of optimizers on a surface");
  std::vector<std::string> functions;
  for (const auto& [name, surface] : surfaces()) functions.push_back(name);
  app.add_option("--function", s.function, "rosenbrock, beale or ditch")
      ->capture_default_str()
      ->check(CLI::IsMember(functions));
  app.add_option("--optimizers", s.names, "which ones, in this order")
      ->delimiter(',')
      ->capture_default_str()
      ->check(CLI::IsMember(s.names));
  app.add_option("--steps", s.steps, "of each optimizer")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--lr-factor", s.lr_factor, "multiplies every learning rate")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  add_common_options(app, s.common);
  CLI11_PARSE(app, argc, argv);
  return guarded([&] { run(s); });
}
