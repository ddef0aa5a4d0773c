// Rosenblatt 1958: a neuron that learns its weights from its mistakes.
//
//   a = 1 if w x + b > 0, else 0        for each example:  w <- w + η (y - a) x,   b <- b + η (y - a)
//
// Where a line parts the classes (AND, OR) it stops after finitely many mistakes; for XOR there is no such line.
//
// expect: AND_errors == 0
// expect: OR_errors == 0
// expect: XOR_errors >= 1
// expect: AND_epochs <= 12
// expect: OR_epochs <= 12
#include "lecture.hpp"

using xgrad::Tensor;
namespace viz = xgrad::viz;

struct Line {
  double w1, w2, b;
};
struct Run {
  std::vector<int> errors;  // of each epoch
  std::vector<Line> lines;  // behind each epoch
};

Run learn(const Tensor& x, const Tensor& y, double eta, int epochs) {
  Run run;
  Tensor w = xgrad::tensor({0.3, -0.45}), b = xgrad::tensor(0.2);  // anywhere
  for (int epoch = 0; epoch < epochs; ++epoch) {
    int errors = 0;
    for (int i = 0; i < 4; ++i) {
      const Tensor a = (dot(w, x[i]) + b > 0).to(xgrad::kFloat32);
      const Tensor mistake = y[i] - a;  // -1, 0 or 1
      w += eta * mistake * x[i];
      b += eta * mistake;
      errors += mistake.item() != 0;
    }
    run.errors.push_back(errors);
    run.lines.push_back({w[0].item(), w[1].item(), b.item()});
    if (errors == 0) break;
  }
  return run;
}

const viz::Range kSide{-0.6, 1.6};

// w1 u + w2 v + b = 0, if it crosses the picture.
void draw_line(viz::Plot& plot, const Line& l, viz::LineStyle style) {
  const auto side = [&](double u, double v) { return l.w1 * u + l.w2 * v + l.b > 0; };
  const int positive = side(kSide.low, kSide.low) + side(kSide.low, kSide.high) + side(kSide.high, kSide.low) +
                       side(kSide.high, kSide.high);
  if (positive == 0 || positive == 4) return;
  const double scale = std::hypot(l.w1, l.w2), u = -l.b * l.w1 / (scale * scale), v = -l.b * l.w2 / (scale * scale);
  const double du = -3 * l.w2 / scale, dv = 3 * l.w1 / scale;
  plot.line({u - du, u + du}, {v - dv, v + dv}, std::move(style));
}

viz::Plot draw(const std::string& gate, const Tensor& x, const Tensor& y, const Run& run) {
  viz::Plot plot({.title = gate + ": the line after each epoch",
                  .x_label = "x1",
                  .y_label = "x2",
                  .width = 430,
                  .height = 380,
                  .x_range = kSide,
                  .y_range = kSide});
  const std::size_t n = run.lines.size();
  for (std::size_t i = 0; i < n; ++i) {
    const bool last = i + 1 == n;
    draw_line(plot, run.lines[i],
              {.label = last ? "after epoch " + std::to_string(n) : "",
               .color = last ? "#1A1A1A" : "#7A8794",
               .width = last ? 3.0 : 1.5,
               .dashed = !last,
               .opacity = 0.3 + 0.7 * static_cast<double>(i + 1) / static_cast<double>(n)});
  }
  draw_points(plot, {x, y}, 8);
  return plot;
}

void lecture(const Lecture& l) {
  const Tensor x = xgrad::tensor({{0., 0.}, {0., 1.}, {1., 0.}, {1., 1.}});
  const std::pair<std::string, Tensor> gates[] = {{"AND", xgrad::tensor({0., 0., 0., 1.})},
                                                  {"OR", xgrad::tensor({0., 1., 1., 1.})},
                                                  {"XOR", xgrad::tensor({0., 1., 1., 0.})}};
  viz::Plot errors({.title = "Mistakes in each epoch, of 4 examples",
                    .x_label = "epoch",
                    .y_label = "mistakes",
                    .width = 1306,
                    .height = 300,
                    .y_range = viz::Range{-0.3, 4.6}});
  std::vector<viz::Plot> planes;
  for (const auto& [gate, y] : gates) {
    const Run run = learn(x, y, /*eta=*/0.15, /*epochs=*/20);
    std::printf("%-3s  mistakes per epoch:", gate.c_str());
    for (const int e : run.errors) std::printf(" %d", e);
    const Line& last = run.lines.back();
    std::printf("\n     last line: %+g x1 %+g x2 %+g = 0\n", last.w1, last.w2, last.b);
    figure((gate + "_errors").c_str(), run.errors.back());
    figure((gate + "_epochs").c_str(), static_cast<double>(run.errors.size()));
    planes.push_back(draw(gate, x, y, run));
    errors.line(xgrad::arange(1, static_cast<double>(run.errors.size()) + 1), run.errors,
                {.label = gate, .marker = viz::Marker::circle});
  }
  viz::subplots({planes, {errors}}, l.picture("02_perceptron.svg"), {.title = "Rosenblatt's perceptron"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
