// The xgrad half of the exchange: xgrad_side FOLDER. Loads the state dicts that PyTorch wrote, strictly, compares the
// outputs, trains a step, and writes state dict, input and output for PyTorch to load.
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include <fmt/format.h>

#include <xgrad/xgrad.hpp>

namespace {

namespace nn = xgrad::nn;
using xgrad::Tensor;

struct Block : nn::Layer<Block> {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  nn::Sequential downsample;

  Block(std::int64_t in, std::int64_t out, std::int64_t stride)
      : conv1(in, out, 3, {.stride = stride, .padding = 1, .bias = false}),
        conv2(out, out, 3, {.padding = 1, .bias = false}),
        bn1(out),
        bn2(out) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
    if (stride != 1 || in != out)
      downsample = nn::Sequential(nn::Conv2d(in, out, 1, {.stride = stride, .bias = false}), nn::BatchNorm2d(out));
    register_module("downsample", downsample);
  }
  Tensor forward(const Tensor& x) const {
    const Tensor y = relu(bn1(conv1(x)));
    return relu(bn2(conv2(y)) + downsample(x));
  }
};

struct ResNet20 : nn::Layer<ResNet20> {
  nn::Conv2d conv1 = register_module("conv1", nn::Conv2d(3, 16, 3, {.padding = 1, .bias = false}));
  nn::BatchNorm2d bn1 = register_module("bn1", nn::BatchNorm2d(16));
  nn::Sequential layer1 = register_module("layer1", stage(16, 16, 1));
  nn::Sequential layer2 = register_module("layer2", stage(16, 32, 2));
  nn::Sequential layer3 = register_module("layer3", stage(32, 64, 2));
  nn::Linear fc = register_module("fc", nn::Linear(64, 10));

  static nn::Sequential stage(std::int64_t in, std::int64_t out, std::int64_t stride) {
    return nn::Sequential(Block(in, out, stride), Block(out, out, 1), Block(out, out, 1));
  }
  Tensor forward(const Tensor& x) const {
    const Tensor y = layer3(layer2(layer1(relu(bn1(conv1(x))))));
    return fc(y.mean({2, 3}));
  }
};

struct LSTMClassifier : nn::Layer<LSTMClassifier> {
  nn::LSTM lstm =
      register_module("lstm", nn::LSTM(12, 20, {.num_layers = 2, .batch_first = true, .bidirectional = true}));
  nn::Linear fc = register_module("fc", nn::Linear(40, 5));
  Tensor forward(const Tensor& x) const {
    const auto [y, state] = lstm(x);
    return fc(y);
  }
};

Tensor entry(const xgrad::NamedTensors& tensors, const std::string& name) {
  for (const auto& [key, tensor] : tensors)
    if (key == name) return tensor;
  throw xgrad::ValueError("no tensor " + name);
}

template <class Net>
bool exchange(const std::string& folder, const std::string& name) {
  Net net;
  const std::string path = folder + "/" + name;
  net.load_state_dict(xgrad::load_safetensors(path + ".safetensors"));
  net.eval();
  const auto io = xgrad::load_safetensors(path + "_io.safetensors");
  const Tensor x = entry(io, "input");
  const double difference = xgrad::amax(xgrad::abs(net(x) - entry(io, "output"))).item();
  fmt::print("{}: xgrad and PyTorch differ by {:.2g}\n", name, difference);

  net.train();
  xgrad::optim::SGD sgd(net.parameters(), {.lr = 0.05});
  xgrad::square(net(x)).mean().backward();
  sgd.step();
  net.eval();
  xgrad::save_safetensors(net.state_dict(), path + "_xgrad.safetensors");
  xgrad::save_safetensors({{"input", x}, {"output", net(x).detach()}}, path + "_xgrad_io.safetensors");
  return difference <= 1e-5;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw xgrad::ValueError("usage: xgrad_side FOLDER");
  const std::string folder = argv[1];
  const bool resnet = exchange<ResNet20>(folder, "resnet20"), lstm = exchange<LSTMClassifier>(folder, "lstm");
  return resnet && lstm ? 0 : 1;
} catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 1;
}
