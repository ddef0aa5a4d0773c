// The networks of examples/*.cpp. Each program is included in a namespace of its own: what is exported here is what it
// trains, and no copy of it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <numbers>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>

#include <xgrad/autograd.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/keras.hpp>
#include <xgrad/xgrad.hpp>

#include "../../examples/common.hpp"
#include "case.hpp"

#pragma GCC diagnostic ignored "-Wreturn-type"  // of functions called main, which nobody calls here

namespace example_char_rnn {
#include "../../examples/char_rnn.cpp"
}
namespace example_custom_op {
#include "../../examples/custom_op.cpp"
}
namespace example_denoising_autoencoder {
#include "../../examples/denoising_autoencoder.cpp"
}
namespace example_digits {
#include "../../examples/digits.cpp"
}
namespace example_keras_digits {
#include "../../examples/keras_digits.cpp"
}
namespace example_mnist_cnn {
#include "../../examples/mnist_cnn.cpp"
}
namespace example_sine_rnn {
#include "../../examples/sine_rnn.cpp"
}
namespace example_xor {
#include "../../examples/xor.cpp"
}

namespace xgrad::exchange {
namespace {

// The network of the README stands in main(). So that this is the same, its text is looked for there.
#define XGRAD_README_NETWORK nn::Sequential net(nn::Linear(2, 16), nn::Tanh(), nn::Linear(16, 2))
nn::Sequential readme() {
  XGRAD_README_NETWORK;
  return net;
}
#define XGRAD_TEXT_OF(x) XGRAD_TEXT(x)
#define XGRAD_TEXT(x) #x
void require_readme_network(const std::string& folder) {
  std::ifstream in(folder + "/readme.cpp");
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str().find(XGRAD_TEXT_OF(XGRAD_README_NETWORK)) == std::string::npos)
    throw ValueError("examples/readme.cpp has no '" XGRAD_TEXT_OF(XGRAD_README_NETWORK) "'");
}

}  // namespace

void add_example_cases(std::vector<Case>& all, const std::string& folder) {
  require_readme_network(folder);
  all.push_back(of<1>("example_readme", readme, {randn({4, 2})}, {0}));
  all.push_back(of<1>("example_xor", [] { return example_xor::Xor(); }, {randn({4, 2})}, {0}));
  all.push_back(of<1>("example_digits",
                      [] {
                        return example_digits::make_network(64, {512, 256}, 10, 0.5);
                      },
                      {randn({3, 64})}, {0}));
  all.push_back(of<1>("example_char_rnn", [] { return example_char_rnn::CharRnn(90, {.hidden = 32, .layers = 2}); },
                      {randint(0, 90, {6, 2})}, {1}));
  all.push_back(of<1>("example_sine_rnn", [] { return example_sine_rnn::Forecaster(48); }, {randn({7, 2, 1})}, {1}));
  all.push_back(of<1>("example_denoising_autoencoder",
                      [] { return example_denoising_autoencoder::make_autoencoder(16); }, {randn({2, 1, 8, 8})}, {0}));
  using example_mnist_cnn::LeNet;
  all.push_back(of<1>("example_mnist_cnn_digits", [] { return LeNet(8, 8, example_mnist_cnn::kSmallImages, true); },
                      {randn({2, 1, 8, 8})}, {0}));
  all.push_back(of<1>("example_mnist_cnn_lenet5", [] { return LeNet(28, 28, example_mnist_cnn::kLeNet5, false); },
                      {randn({2, 1, 28, 28})}, {0}));
  all.push_back(of<1>("example_mnist_cnn_fashion", [] { return LeNet(28, 28, example_mnist_cnn::kFashion, false); },
                      {randn({2, 1, 28, 28})}, {0}));
  all.push_back(of<1>("example_keras_digits", [] { return example_keras_digits::make_model(8, 8).net(); },
                      {rand({2, 8, 8, 1})}, {0}));
  all.push_back(of<1>("example_keras_digits_mnist", [] { return example_keras_digits::make_model(28, 28).net(); },
                      {rand({2, 28, 28, 1})}, {0}));
  all.push_back(of<1>("example_custom_op", [] { return example_custom_op::make_network(1); }, {randn({4, 2})}, {0}));
  all.back().refusal = "onnx::save: mish: ";  // an operation of the program's own
}

std::vector<NoNetwork> examples_without_network() {
  return {{"example_optimizers", "goes down surfaces of two numbers"},
          {"example_sklearn_digits", "its MLPClassifier has weights and no module"}};
}

}  // namespace xgrad::exchange
