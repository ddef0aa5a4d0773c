// One network in four pictures: as a table of layers, as neurons with weights as lines, as the graph of operations that
// the library recorded for its gradient, and as a page that steps through that graph.
//
//   2 inputs, 4 and 3 tanh units, 1 logit:  a[l] = tanh(W[l] a[l-1] + b[l]),  ŷ = σ(w[3] a[2] + b[3])
//
// expect: parameters == 31
// expect: lines == 23
// expect: accuracy > 0.97
// expect: parameters_in_the_graph == 6
// expect: explorer_kilobytes < 4096
// expect: explorer_kilobytes > 30
#include "lecture.hpp"

using xgrad::Tensor;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

struct Net : nn::Layer<Net> {
  nn::Linear fc1 = register_module("fc1", nn::Linear(2, 4));
  nn::Linear fc2 = register_module("fc2", nn::Linear(4, 3));
  nn::Linear fc3 = register_module("fc3", nn::Linear(3, 1));
  Tensor forward(const Tensor& x) const { return fc3(tanh(fc2(tanh(fc1(x))))); }
};

struct Place {
  double x, y;
};
Place place_of(std::size_t layer, std::int64_t unit, std::int64_t units) {
  return {static_cast<double>(layer), (static_cast<double>(units) - 1) / 2 - static_cast<double>(unit)};
}

// Lines as wide as their weights are large, units in columns, with their biases.
viz::Plot draw_neurons(const Net& net, int* lines) {
  const std::vector<nn::Linear> layers{net.fc1, net.fc2, net.fc3};
  const std::int64_t units[] = {2, 4, 3, 1};
  viz::Plot plot({.title = "Weights: green positive, purple negative, as wide as large; in the circles the biases",
                  .width = 760,
                  .height = 520,
                  .x_range = viz::Range{-0.4, 3.4},
                  .y_range = viz::Range{-2, 2},
                  .legend = false});
  plot.xticks({0, 1, 2, 3}, {"x", "a[1]", "a[2]", "z[3]"}).yticks({}, std::vector<std::string>{});
  double largest = 0;
  for (const nn::Linear& layer : layers) largest = std::max(largest, layer.weight.abs().max().item());
  for (std::size_t l = 0; l < layers.size(); ++l)
    for (std::int64_t to = 0; to < units[l + 1]; ++to)
      for (std::int64_t from = 0; from < units[l]; ++from) {
        const double w = layers[l].weight[to][from].item();
        const Place a = place_of(l, from, units[l]), b = place_of(l + 1, to, units[l + 1]);
        plot.line({a.x, b.x}, {a.y, b.y},
                  {.color = w > 0 ? "#1B7837" : "#762A83", .width = 0.4 + 11 * std::abs(w) / largest, .opacity = 0.8});
        ++*lines;
      }
  for (std::size_t l = 0; l <= layers.size(); ++l)
    for (std::int64_t unit = 0; unit < units[l]; ++unit) {
      const Place p = place_of(l, unit, units[l]);
      plot.points({p.x}, {p.y}, {.color = "#374151", .size = 27});
      plot.points({p.x}, {p.y}, {.color = "#FFFFFF", .size = 25});
      const std::string name = l == 3 ? "z" : (l == 0 ? "x" : "a") + std::to_string(unit + 1);
      plot.annotate(name, p.x, l == 0 ? p.y : p.y + 0.075, {.dx = 0, .dy = 0});
      if (l == 0) continue;
      char bias[32];
      const double b = layers[l - 1].bias[unit].item();
      std::snprintf(bias, sizeof bias, "%s%.2f", b < 0 ? "−" : "", std::fabs(b));
      plot.annotate(bias, p.x, p.y - 0.075, {.color = "#45505C", .dx = 0, .dy = 0});
    }
  return plot;
}

void lecture(const Lecture& l) {
  xgrad::manual_seed(5);
  const Points moons = two_moons(150, 0.12);
  const Tensor target = moons.y.unsqueeze(1);
  Net net;
  optim::Adam opt(net.parameters(), {.lr = 0.03});
  for (int step = 0; step < l.steps(200, 200); ++step) {
    opt.zero_grad();
    binary_cross_entropy_with_logits(net(moons.x), target).backward();
    opt.step();
  }
  figure("parameters", static_cast<double>(net.num_parameters()));
  {
    const xgrad::NoGradGuard no_grad;
    figure("accuracy", ((net(moons.x) > 0) == (target > 0.5)).to(xgrad::kFloat32).mean().item());
  }

  std::cout << xgrad::train::summary(net, moons.x);  // 1: the table

  int lines = 0;  // 2: the neurons
  viz::Plot decision({.title = "What it says", .x_label = "x1", .y_label = "x2", .width = 540, .height = 520});
  draw_decision(decision, net, {-1.6, 2.6}, {-1.1, 1.6});
  draw_points(decision, moons);
  viz::subplots({{draw_neurons(net, &lines), decision}}, l.picture("24_graph_dumps.svg"));
  figure("lines", lines);
  for (const auto& [name, value] : net.named_parameters()) std::cout << name << " =\n" << value << "\n";

  net.zero_grad();  // 3 and 4: the graph of the loss of four examples
  const xgrad::TapeRecorder record;
  const Tensor four = xgrad::tensor({0, 60, 150, 240});
  Tensor x = moons.x.index({four}), y = target.index({four});
  x.set_name("x");
  y.set_name("y");
  const Tensor loss = binary_cross_entropy_with_logits(net(x), y);
  loss.backward();
  viz::save(loss, l.picture("24_graph.svg"));
  const std::string page = viz::save(loss, l.picture("24_graph_explorer.html")), graph = viz::to_dot(loss);
  int found = 0;
  for (const auto& [name, value] : net.named_parameters()) found += graph.find(name) != std::string::npos;
  figure("parameters_in_the_graph", found);
  figure("explorer_kilobytes", static_cast<double>(std::filesystem::file_size(page)) / 1024);
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
