// McCulloch and Pitts 1943: a neuron adds up what comes in, each input with its weight, and fires above a threshold.
//
// Shall we go swimming?   x1 the sun shines   x2 the water is warm   x3 friends come along
//
//   z = w1 x1 + w2 x2 + w3 x3        a = 1 if z > threshold, else 0        w = (4, 2, 4), threshold 3
//
// expect: swims == 6
// expect: swims_alone_in_the_sun == 1
// expect: swims_for_warm_water == 0
// expect: swims_at_home == 0
#include "lecture.hpp"

using xgrad::Tensor;
namespace viz = xgrad::viz;

const std::vector<double> kWeights{4, 2, 4};
constexpr double kThreshold = 3;

// All inputs at once: X has one row per example, so z = X w.
Tensor weighted_sum(const Tensor& x) { return matmul(x, xgrad::tensor(kWeights)); }
Tensor fires(const Tensor& z) { return (z > kThreshold).to(xgrad::kFloat32); }

// The plane of x1 and x2 for a given x3: the line w1 x1 + w2 x2 = threshold - w3 x3 parts yes from no.
viz::Plot plane(double x3) {
  const viz::Range side{-0.5, 1.5};
  viz::Plot plot({.title = x3 == 0 ? "x3 = 0: no friends" : "x3 = 1: friends come along",
                  .x_label = "x1 the sun shines",
                  .y_label = "x2 the water is warm",
                  .width = 430,
                  .height = 400,
                  .x_range = side,
                  .y_range = side});
  const Tensor x = xgrad::tensor({{0., 0., x3}, {0., 1., x3}, {1., 0., x3}, {1., 1., x3}});
  const Tensor a = fires(weighted_sum(x));
  const Tensor u = xgrad::linspace(side.low, side.high, 41);
  const Tensor z = 4 * u.unsqueeze(0) + 2 * u.unsqueeze(1) + 4 * x3;
  plot.contours(u, u, z, {kThreshold}, {.colors = {"#DCEBF6", "#FBE5D6"}});
  draw_points(plot, {x.slice(1, 0, 2), a}, 8, "a");
  return plot;
}

void lecture(const Lecture& l) {
  const Tensor x = xgrad::tensor(
      {{0., 0., 0.}, {0., 0., 1.}, {0., 1., 0.}, {0., 1., 1.}, {1., 0., 0.}, {1., 0., 1.}, {1., 1., 0.}, {1., 1., 1.}});
  const Tensor z = weighted_sum(x), a = fires(z);

  std::printf("sun  warm  friends     z   z > 3   swim?\n");
  std::vector<std::string> names;
  for (int i = 0; i < 8; ++i) {
    const auto bit = [&](int k) { return x[i][k].item<int>(); };
    std::printf("%3d  %4d  %7d  %4g  %6s   %s\n", bit(0), bit(1), bit(2), z[i].item(), a[i].item() == 1 ? "yes" : "no",
                a[i].item() == 1 ? "a = 1" : "a = 0");
    names.push_back(std::to_string(bit(0)) + std::to_string(bit(1)) + std::to_string(bit(2)));
  }
  figure("swims", a.sum().item());
  figure("swims_alone_in_the_sun", a[4].item());
  figure("swims_for_warm_water", a[2].item());
  figure("swims_at_home", a[0].item());

  viz::Plot sums({.title = "z for each (x1 x2 x3); dashed: threshold 3",
                  .x_label = "inputs",
                  .y_label = "z",
                  .width = 430,
                  .height = 400});
  sums.bar(names, z, {.color = "#7A8794", .numbers = true}).horizontal(kThreshold);
  viz::subplots({{sums, plane(0), plane(1)}}, l.picture("01_neuron.svg"), {.title = "Going swimming? w = (4, 2, 4)"});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture); }
