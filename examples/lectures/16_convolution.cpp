// Convolution on one handwritten digit: a 3x3 kernel, padding, stride and pooling, every number shown; then a network
// that learns its kernels, beside one without any. With --mnist DIR also LeNet-5 (LeCun et al. 1998) on MNIST's test
// set.
//
//   z[i][j] = b + sum over u, v of w[u][v] x[i s + u - p][j s + v - p]        stride s, padding p with zeros
//   size of z = (size of x + 2 p - size of w) / s + 1, rounded down           pooling 2: the largest of 2x2
//
// expect: by_hand_difference < 1e-5
// expect: size_plain == 6
// expect: size_padded == 8
// expect: size_stride_2 == 4
// expect: size_pooled == 4
// expect: cnn_weights < mlp_weights
// expect: cnn_accuracy > 0.9
// expect: mlp_accuracy > 0.85
// expect: cnn_accuracy > mlp_accuracy
// expect --mnist: lenet5_accuracy >= 0.989
#include "lecture.hpp"

using xgrad::Tensor;
namespace data = xgrad::data;
namespace nn = xgrad::nn;
namespace optim = xgrad::optim;
namespace train = xgrad::train;
namespace viz = xgrad::viz;

// A square of numbers in colours: purple below 0, green above.
viz::Plot cells(const std::string& title, const Tensor& z, double largest, viz::Colormap map = viz::Colormap::PRGn) {
  viz::Plot plot({.title = title, .width = 322, .height = 330});
  const bool ink = map == viz::Colormap::Blues;
  return plot.imshow(z.reshape({z.size(-2), z.size(-1)}),
                     {.cmap = map, .vmin = ink ? 0 : -largest, .vmax = largest, .colorbar = false, .numbers = true});
}
// One number of a convolution, written out.
double by_hand(const Tensor& x, const Tensor& w, std::int64_t i, std::int64_t j) {
  double sum = 0;
  std::printf("z[%d][%d] =", static_cast<int>(i), static_cast<int>(j));
  for (std::int64_t u = 0; u < w.size(0); ++u)
    for (std::int64_t v = 0; v < w.size(1); ++v) {
      const double weight = w[u][v].item(), pixel = x[i + u][j + v].item();
      sum += weight * pixel;
      if (weight != 0) std::printf(" %+g·%g", weight, pixel);
    }
  std::printf(" = %g\n", sum);
  return sum;
}
void explain(const Tensor& x, const Lecture& l) {
  const Tensor w = xgrad::tensor({{-1., 0., 1.}, {-2., 0., 2.}, {-1., 0., 1.}});
  const Tensor image = x.reshape({1, 1, 8, 8}), kernel = w.reshape({1, 1, 3, 3});
  const Tensor plain = conv2d(image, kernel), padded = conv2d(image, kernel, {}, {.padding = 1}),
               strided = conv2d(image, kernel, {}, {.stride = 2, .padding = 1}), active = relu(padded),
               largest = max_pool2d(active, 2), average = avg_pool2d(active, 2);
  figure("by_hand_difference", std::abs(by_hand(x, w, 2, 1) - plain[0][0][2][1].item()));
  for (const auto& [name, z] :
       {std::pair{"size_plain", plain}, {"size_padded", padded}, {"size_stride_2", strided}, {"size_pooled", largest}})
    figure(name, static_cast<double>(z.size(-1)));
  const double most = padded.abs().max().item();
  viz::Plot window = cells("x: 8×8 pixels, and the window of z[2][1]", x, 16, viz::Colormap::Blues);
  window.line({0.5, 3.5, 3.5, 0.5, 0.5}, {1.5, 1.5, 4.5, 4.5, 1.5}, {.color = "#D55E00", .width = 3});
  viz::Plot result = cells("z, no padding: 6×6", plain, most);
  result.line({0.5, 1.5, 1.5, 0.5, 0.5}, {1.5, 1.5, 2.5, 2.5, 1.5}, {.color = "#D55E00", .width = 3});
  viz::subplots({{window, cells("w: the kernel, 3×3", w, 2), result, cells("padding 1: 8×8", padded, most)},
                 {cells("padding 1, stride 2: 4×4", strided, most), cells("ReLU of padding 1", active, most),
                  cells("its max pooling 2: 4×4", largest, most), cells("its average pooling 2: 4×4", average, most)}},
                l.picture("16_convolution.svg"), {.title = "A kernel that sees edges from left to right"});
}

nn::Sequential mlp() { return nn::Sequential(nn::Flatten(), nn::Linear(64, 96), nn::ReLU(), nn::Linear(96, 10)); }
nn::Sequential cnn() {
  return nn::Sequential(nn::Conv2d(1, 16, 3, {.padding = 1}), nn::ReLU(), nn::MaxPool2d(2),
                        nn::Conv2d(16, 32, 3, {.padding = 1}), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                        nn::Linear(32 * 2 * 2, 10));
}
nn::Sequential lenet5() {  // 28x28 pixels
  return nn::Sequential(nn::Conv2d(1, 6, 5, {.padding = 2}), nn::ReLU(), nn::MaxPool2d(2), nn::Conv2d(6, 16, 5),
                        nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(400, 120), nn::ReLU(),
                        nn::Linear(120, 84), nn::ReLU(), nn::Linear(84, 10));
}
struct Network {
  const char *name, *title;
  nn::Sequential net;
};

template <class Set>  // how many of 100 test images are misread after each epoch
std::vector<double> learn(nn::Sequential& net, const Set& training, const data::TensorDataset& test, int epochs) {
  optim::Adam opt(net.parameters(), {.lr = 0.004});
  optim::CosineAnnealingLR schedule(opt, epochs);
  data::DataLoader loader(training, {.batch_size = 32, .shuffle = true});
  std::vector<double> misread;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (auto& [x, y] : loader) {
      opt.zero_grad();
      cross_entropy(net(x), y).backward();
      opt.step();
    }
    schedule.step();
    const xgrad::NoGradGuard no_grad;
    misread.push_back(100 * (1 - train::accuracy(net(test.data), test.target)));
  }
  return misread;
}

// The first 8,500 images, each moved by up to two pixels whenever it is seen; the other 1,500 test.
void read_mnist(const Lecture& l) {
  const data::TensorDataset set = data::read_mnist(l.folder, "t10k");
  const data::TensorDataset images(set.data.unsqueeze(1).to(xgrad::kFloat32) / 255, set.target);
  const auto moved = images.slice(0, 8500).map(data::transforms::RandomCrop({28, 28}, {.padding = 2}));
  nn::Sequential net = lenet5();
  figure("lenet5_accuracy", 1 - learn(net, moved, images.slice(8500, 10000), l.steps(24, 16)).back() / 100);
}

void lecture(const Lecture& l) {
  const Tensor table = data::read_csv("examples/data/digits.csv");
  const Tensor pixels = table.slice(1, 0, 64).reshape({-1, 1, 8, 8}), labels = table.select(1, 64).to(xgrad::kInt64);
  const data::TensorDataset digits(pixels / 16, labels);
  explain(pixels[0][0], l);
  const int epochs = l.steps(24, 10);
  std::vector<Network> networks{{"mlp", "MLP: 64-96-10", mlp()}, {"cnn", "CNN: two convolutions", cnn()}};
  viz::Plot curves({.title = "Misread test digits, %", .x_label = "epoch", .width = 900, .y_range = viz::Range{0, 30}});
  for (Network& n : networks) {
    const std::vector<double> misread = learn(n.net, digits.slice(0, 1437), digits.slice(1437, 1797), epochs);
    const double weights = static_cast<double>(n.net.num_parameters()), read = 1 - misread.back() / 100;
    std::printf("%-22s %5g weights, reads %.4f of 360 test digits\n", n.title, weights, read);
    figure((std::string(n.name) + "_weights").c_str(), weights);
    figure((std::string(n.name) + "_accuracy").c_str(), read);
    curves.line(xgrad::arange(1, epochs + 1), misread, {.label = n.title, .width = 2.4, .marker = viz::Marker::circle});
  }
  curves.save(l.picture("16_training.svg"));
  if (!l.folder.empty()) read_mnist(l);

  // Half of what the first layer has learned, and what it makes of three digits.
  const xgrad::NoGradGuard no_grad;
  const auto enlarged = [](const Tensor& images, std::int64_t times) {
    return repeat_interleave(repeat_interleave(images, times, 1), times, 2);
  };
  nn::Sequential& net = networks[1].net;
  const Tensor kernels = net.parameters()[0].slice(0, 0, 8).squeeze(1);
  std::vector<Tensor> rows{enlarged(kernels, 8)};
  for (const int digit : {0, 3, 7}) {
    const Tensor maps = net[1](net[0](digits.data.slice(0, digit, digit + 1)))[0].slice(0, 0, 8);
    rows.push_back(enlarged(xgrad::cat({maps, digits.data[digit]}), 3));
  }
  viz::image_grid(rows, l.picture("16_features.svg"),
                  {.tile = 120,
                   .shared_range = false,
                   .title = "Eight of the learned kernels, and their feature maps of three digits",
                   .row_labels = {"kernels", "a 0", "a 3", "a 7"}});
}

int main(int argc, char** argv) { return give_lecture(argc, argv, lecture, "--mnist"); }
