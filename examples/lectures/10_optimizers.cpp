// Six optimizers in a ravine and at a saddle, from the same start, at the same rates in both places. g = ∂f/∂θ:
//
//   SGD        θ <- θ - η g                        momentum   v <- 0.9 v + g,  θ <- θ - η v
//   Nesterov   v <- 0.9 v + g,  θ <- θ - η (g + 0.9 v)
//   Adagrad    s <- s + g²,  θ <- θ - η g / √s     RMSprop    s <- 0.9 s + 0.1 g²,  θ <- θ - η g / √s
//   Adam       m, s <- means of g and g² that forget, without bias,  θ <- θ - η m / √s
//
// expect: ravine_momentum < ravine_SGD
// expect: ravine_Nesterov < ravine_momentum
// expect: ravine_Adam < ravine_SGD
// expect: ravine_Adam < 0.05
// expect: leaves_saddle_SGD > leaves_saddle_momentum
// expect: leaves_saddle_momentum > leaves_saddle_RMSprop
// expect: leaves_saddle_SGD > leaves_saddle_Adam
// expect: leaves_saddle_Adam < 40
#include <functional>
#include <memory>

#include <xgrad/viz/animation.hpp>

#include "lecture.hpp"

using xgrad::Tensor;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

using Function = std::function<Tensor(const Tensor& x, const Tensor& y)>;

struct Place {
  const char *name, *title;
  Function f;
  double x, y, lowest;  // where it starts, and the smallest f
  viz::Range across, up;
  std::vector<double> levels;
};
const std::vector<Place> kPlaces{
    {"ravine",
     "A ravine: 60 times as steep in y as in x",
     [](const Tensor& x, const Tensor& y) { return 0.5 * (square(x) + 60 * square(y)); },
     -4,
     1,
     0,
     {-4.6, 2.2},
     {-1.4, 1.4},
     {0.1, 0.5, 1.5, 3, 6, 10, 16, 24, 34, 46}},
    {"saddle",
     "A saddle: lowest at y = 1 and y = -1",
     [](const Tensor& x, const Tensor& y) { return 0.5 * square(x) - 0.5 * square(y) + 0.25 * square(square(y)); },
     -1.6,
     0.01,
     -0.25,
     {-1.8, 0.8},
     {-1.45, 1.45},
     {-0.22, -0.15, -0.08, -0.02, 0.02, 0.1, 0.25, 0.5, 0.9, 1.4}},
};

using Make = std::function<std::unique_ptr<optim::Optimizer>(Tensor& theta)>;
struct Rule {
  const char *name, *color;
  Make make;
};
template <class O, class Options>
Make with(Options options) {
  return [options](Tensor& theta) { return std::make_unique<O>(std::vector<Tensor>{theta}, options); };
}
const std::vector<Rule> kRules{
    {"SGD", "#0072B2", with<optim::SGD>(optim::SGDOptions{.lr = 0.031})},
    {"momentum", "#D55E00", with<optim::SGD>(optim::SGDOptions{.lr = 0.02, .momentum = 0.9})},
    {"Nesterov", "#009E73", with<optim::SGD>(optim::SGDOptions{.lr = 0.02, .momentum = 0.9, .nesterov = true})},
    {"Adagrad", "#CC79A7", with<optim::Adagrad>(optim::AdagradOptions{.lr = 0.5})},
    {"RMSprop", "#E69F00", with<optim::RMSprop>(optim::RMSpropOptions{.lr = 0.08, .alpha = 0.9})},
    {"Adam", "#56B4E9", with<optim::Adam>(optim::AdamOptions{.lr = 0.2})},
};

struct Path {
  std::vector<double> x, y, above;  // above: f - lowest
};

Path descend(const Place& place, const Rule& rule, int steps) {
  Tensor theta = xgrad::tensor({place.x, place.y}, {xgrad::kFloat64}).requires_grad_();
  const auto optimizer = rule.make(theta);
  Path path;
  for (int step = 0; step <= steps; ++step) {
    optimizer->zero_grad();
    const Tensor f = place.f(theta[0], theta[1]);
    f.backward();
    path.x.push_back(theta.detach()[0].item());
    path.y.push_back(theta.detach()[1].item());
    path.above.push_back(std::max(1e-9, f.item() - place.lowest));
    optimizer->step();
  }
  return path;
}

// The contours with the first steps of each path.
viz::Plot map(const Place& place, const std::vector<Path>& paths, int steps) {
  const Tensor u = xgrad::linspace(place.across.low, place.across.high, 81),
               v = xgrad::linspace(place.up.low, place.up.high, 81);
  viz::Plot plot({.title = place.title,
                  .x_label = "x",
                  .y_label = "y",
                  .width = 650,
                  .height = 400,
                  .x_range = place.across,
                  .y_range = place.up});
  plot.contours(u, v, place.f(u.unsqueeze(0), v.unsqueeze(1)), place.levels);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const auto part = [steps](const auto& all) { return std::vector<double>(all.begin(), all.begin() + steps + 1); };
    const std::vector<double> x = part(paths[i].x), y = part(paths[i].y);
    plot.line(x, y,
              {.label = kRules[i].name, .color = kRules[i].color, .width = 2.2, .dashed = i == 2, .casing = true});
  }
  for (std::size_t i = 0; i < paths.size(); ++i)
    plot.points({paths[i].x[steps]}, {paths[i].y[steps]}, {.color = kRules[i].color, .size = 6});
  return plot;
}

void lecture(const Lecture& l) {
  const int steps = 80;
  std::vector<std::vector<Path>> paths;
  std::vector<viz::Plot> maps, curves;
  for (const Place& place : kPlaces) {
    viz::Plot curve({.title = std::string("f above its lowest value: ") + place.name,
                     .x_label = "step",
                     .width = 650,
                     .height = 280,
                     .y_scale = viz::Scale::log,
                     .y_range = viz::Range{1e-4, place.lowest < 0 ? 3. : 40.}});
    std::vector<Path>& here = paths.emplace_back();
    for (const Rule& rule : kRules) {
      const Path& p = here.emplace_back(descend(place, rule, steps));
      const auto out = std::find_if(p.above.begin(), p.above.end(), [](double f) { return f < 0.1; });
      figure((std::string(place.name) + "_" + rule.name).c_str(), p.above.back());
      if (place.lowest < 0)
        figure((std::string("leaves_saddle_") + rule.name).c_str(), static_cast<double>(out - p.above.begin()));
      curve.line(xgrad::arange(steps + 1), p.above, {.label = rule.name, .width = 2});
    }
    maps.push_back(map(place, here, steps));
    curves.push_back(curve);
  }
  viz::subplots({maps, curves}, l.picture("10_optimizers.svg"), {.title = "Six optimizers, 80 steps"});

  std::vector<std::vector<std::vector<viz::Plot>>> frames;
  for (int step = 2; step < steps; step += 1 + step / 12)
    frames.push_back({{map(kPlaces[0], paths[0], step), map(kPlaces[1], paths[1], step)}});
  frames.push_back({maps});
  viz::animation(frames, l.picture("10_optimizers_moving.svg"), {.title = "Six optimizers, 80 steps", .seconds = 8});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
