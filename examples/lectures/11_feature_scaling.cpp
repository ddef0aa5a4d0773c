// Feature scaling: the price of a flat from its area (m²) and its rooms, by gradient descent on
//
//   J(w) = mean of 1/2 (w·x - y)²        H = mean of x x^T        η = 1 / the largest eigenvalue of H
//
// Numbers of different size make H long and narrow: the contours are a ditch, η is set by the steep side, and along the
// flat side nothing moves. Scaled features make it round. (Features and prices have mean 0, so that b is not needed.)
//
// expect: condition_none > 100
// expect: condition_z < 10
// expect: condition_robust < condition_none * 0.2
// expect: left_none > 0.2
// expect: left_z < 0.001
// expect: left_min_max < left_none
#include <functional>

#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace optim = xgrad::optim;
namespace viz = xgrad::viz;

struct Scaling {
  const char *name, *title;
  std::function<Tensor(const Tensor&)> scale;
};
const std::vector<Scaling> kScalings{
    {"none", "as it is", [](const Tensor& x) { return x; }},
    {"min_max", "min-max: 0 to 1", [](const Tensor& x) { return data::MinMaxScaler().fit_transform(x); }},
    {"robust", "robust: median, quartiles", [](const Tensor& x) { return data::RobustScaler().fit_transform(x); }},
    {"z", "z: mean 0, deviation 1", [](const Tensor& x) { return data::StandardScaler().fit_transform(x); }},
};

Tensor cost(const Tensor& w, const Tensor& x, const Tensor& y) { return 0.5 * square(matmul(x, w) - y).mean(); }

struct Run {
  std::vector<double> w1, w2, left;  // left: the share of J above its lowest value that is left
};

Run descend(const Tensor& x, const Tensor& y, const Tensor& best, const Tensor& start, double eta, int steps) {
  Run run;
  Tensor w = start.clone().requires_grad_();
  optim::SGD opt({w}, {.lr = eta});
  const double lowest = cost(best, x, y).item(), first = cost(start, x, y).item() - lowest;
  for (int step = 0; step <= steps; ++step) {
    opt.zero_grad();
    const Tensor J = cost(w, x, y);
    run.w1.push_back(w.detach()[0].item());
    run.w2.push_back(w.detach()[1].item());
    run.left.push_back(std::max(1e-9, (J.item() - lowest) / first));
    J.backward();
    opt.step();
  }
  return run;
}

void lecture(const Lecture& l) {
  const int n = 200, steps = 40;
  const xgrad::TensorOptions in_double{xgrad::kFloat64};
  Tensor area = 70 + 20 * xgrad::randn({n}, {xgrad::kFloat64});
  const Tensor rooms = (area / 28 + 0.8 * xgrad::randn({n}, {xgrad::kFloat64})).round();
  area[0] = 320.;  // a palace: one outlier sets the range of min-max
  const Tensor price = 3 * area + 25 * rooms + 20 * xgrad::randn({n}, {xgrad::kFloat64});
  const Tensor y = (price - price.mean()) / price.std(), features = xgrad::stack({area, rooms}, 1);

  viz::Plot curves({.title = "What is left of J above its lowest value",
                    .x_label = "step",
                    .y_label = "share",
                    .width = 1312,
                    .height = 300,
                    .y_scale = viz::Scale::log});
  std::vector<viz::Plot> maps;
  std::printf("%-8s  η        largest / smallest eigenvalue of H\n", "scaling");
  for (const Scaling& s : kScalings) {
    const Tensor scaled = s.scale(features), x = scaled - scaled.mean({0}, true);
    const Tensor H = matmul(x.t(), x) / n, eigenvalues = xgrad::linalg::eigvalsh(H);
    const double largest = eigenvalues[1].item(), smallest = eigenvalues[0].item(), eta = 1 / largest;
    const Tensor best = xgrad::linalg::solve(H, matmul(x.t(), y) / n);
    // From the same loss everywhere: as far as sqrt(2 J / λ) along each axis of the ellipse.
    const Tensor deviations = 1 / sqrt(H.diagonal()),
                 start = best + deviations * xgrad::tensor({-1.6, 1.6}, {xgrad::kFloat64});
    const Run run = descend(x, y, best, start, eta, steps);
    std::printf("%-8s  %-8.3g %.4g\n", s.name, eta, largest / smallest);
    figure((std::string("condition_") + s.name).c_str(), largest / smallest);
    figure((std::string("left_") + s.name).c_str(), run.left.back());

    // All four in one frame, the same width of w1 and of w2: that is what makes the ditch visible.
    const double span = 2.4 * deviations.max().item(), w1 = best[0].item(), w2 = best[1].item();
    const viz::Range side1{w1 - span, w1 + span}, side2{w2 - span, w2 + span};
    const Tensor u = xgrad::linspace(-span, span, 141, in_double), v = u.unsqueeze(1);
    const double h11 = H[0][0].item(), h12 = H[0][1].item(), h22 = H[1][1].item();
    const Tensor above = 0.5 * (h11 * square(u) + 2 * h12 * u * v + h22 * square(v));
    viz::Plot map({.title = s.title,
                   .x_label = "w1 (area)",
                   .y_label = "w2 (rooms)",
                   .width = 322,
                   .height = 330,
                   .x_range = side1,
                   .y_range = side2,
                   .legend = false});
    map.contours(u + w1, v.squeeze(1) + w2, above, {0.02, 0.08, 0.2, 0.5, 1, 2, 4, 10, 40, 200});
    map.line(run.w1, run.w2, {.color = "#D55E00", .width = 2, .marker = viz::Marker::circle, .casing = true});
    map.points({w1}, {w2}, {.color = "#1A1A1A", .marker = viz::Marker::star, .size = 7});
    maps.push_back(map);
    curves.line(xgrad::arange(steps + 1), run.left, {.label = s.title, .width = 2.4});
  }
  viz::subplots({maps, {curves}}, l.picture("11_feature_scaling.svg"), {.title = "Feature scaling"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
