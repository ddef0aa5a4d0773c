// The networks of examples/lectures/*.cpp, included as those of examples.cpp are.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <span>
#include <sstream>

#include "../../examples/lectures/lecture.hpp"
#include "case.hpp"

#pragma GCC diagnostic ignored "-Wreturn-type"  // of functions called main, which nobody calls here

namespace lecture_01 {
#include "../../examples/lectures/01_neuron.cpp"
}
namespace lecture_03 {
#include "../../examples/lectures/03_why_nonlinear.cpp"
}
namespace lecture_04 {
#include "../../examples/lectures/04_forward.cpp"
}
namespace lecture_05 {
#include "../../examples/lectures/05_backpropagation.cpp"
}
namespace lecture_06 {
#include "../../examples/lectures/06_activations.cpp"
}
namespace lecture_07 {
#include "../../examples/lectures/07_losses.cpp"
}
namespace lecture_09 {
#include "../../examples/lectures/09_learning_rate.cpp"
}
namespace lecture_13 {
#include "../../examples/lectures/13_overfitting.cpp"
}
namespace lecture_14 {
#include "../../examples/lectures/14_universal_approximation.cpp"
}
namespace lecture_15 {
#include "../../examples/lectures/15_loss_landscape.cpp"
}
namespace lecture_16 {
#include "../../examples/lectures/16_convolution.cpp"
}
namespace lecture_17 {
#include "../../examples/lectures/17_residual.cpp"
}
namespace lecture_18 {
#include "../../examples/lectures/18_recurrent.cpp"
}
namespace lecture_19 {
#include "../../examples/lectures/19_autoencoders.cpp"
}
namespace lecture_20 {
#include "../../examples/lectures/20_gan.cpp"
}
namespace lecture_21 {
#include "../../examples/lectures/21_hyperparameters.cpp"
}
namespace lecture_22 {
#include "../../examples/lectures/22_reinforcement.cpp"
}
namespace lecture_23 {
#include "../../examples/lectures/23_gpt.cpp"
}
namespace lecture_24 {
#include "../../examples/lectures/24_graph_dumps.cpp"
}

namespace xgrad::exchange {
namespace {

// Lecture 5 writes its network out in tensors.
struct ByHand : nn::Layer<ByHand> {
  lecture_05::Net net{3};
  ByHand() {
    register_parameter("W1", net.W1), register_parameter("b1", net.b1);
    register_parameter("W2", net.W2), register_parameter("b2", net.b2);
  }
  Tensor forward(const Tensor& x) const { return net.output(net.hidden(x)); }
};
// Lecture 23's scores, and the attention of each layer.
struct GptWithMaps : nn::Layer<GptWithMaps> {
  lecture_23::Gpt gpt = register_module("gpt", lecture_23::Gpt());
  std::vector<Tensor> forward(const Tensor& letters) const {
    std::vector<Tensor> maps, all{gpt(letters, &maps)};
    all.insert(all.end(), maps.begin(), maps.end());
    return all;
  }
};

void add_first_lectures(std::vector<Case>& all) {
  all.push_back(function(
      "lecture_01_neuron", [](const Tensor& x) { return lecture_01::fires(lecture_01::weighted_sum(x)); },
      randint(0, 2, {6, 3}).to(kFloat32)));
  const Tensor pairs = randn({5, 2});
  all.push_back(of<1>("lecture_03_why_nonlinear_linear", lecture_03::linear, {pairs}, {0}));
  all.push_back(of<1>("lecture_03_why_nonlinear_bent", lecture_03::bent, {pairs}, {0}));
  all.push_back(of<1>("lecture_04_forward",
                      [] {
                        return lecture_04::network(randn({3, 2}), randn({3}), randn({1, 3}), randn({1}));
                      },
                      {pairs}, {0}));
  all.push_back(of<1>("lecture_05_backpropagation", [] { return ByHand(); }, {pairs.to(kFloat64)}, {0}));
  all.push_back(functions(
      "lecture_06_activations",
      [](const Tensor& x) {
        std::vector<Tensor> values;
        for (const lecture_06::Activation& a : lecture_06::kActivations) values.push_back(a.f(x));
        return values;
      },
      linspace(-3, 3, 13)));
  all.push_back(of<1>("lecture_07_losses", [] { return lecture_07::network(64, 10); }, {rand({3, 64})}, {0}));
  all.push_back(of<1>("lecture_09_learning_rate", lecture_09::network, {pairs}, {0}));
  for (const lecture_13::Method& m : {lecture_13::kMethods[0], lecture_13::kMethods[3]})
    all.push_back(
        of<1>(std::string("lecture_13_overfitting_") + m.name, [m] { return lecture_13::network(m); }, {pairs}, {0}));
  const Tensor numbers = linspace(-3, 3, 31).unsqueeze(1);
  all.push_back(of<1>("lecture_14_universal_approximation", [] { return lecture_14::network(10); }, {numbers}, {0}));
  all.push_back(of<1>("lecture_14_universal_approximation_by_hand",
                      [] {
                        return lecture_14::by_hand({-1, 1}, {1}, 15);
                      },
                      {numbers}, {0}));
}

void add_later_lectures(std::vector<Case>& all) {
  const Tensor digits = rand({4, 64}), images = rand({3, 1, 8, 8});
  for (const bool bypass : {false, true}) {
    const std::string kind = bypass ? "bypass" : "plain";
    all.push_back(
        of<1>("lecture_15_loss_landscape_" + kind, [bypass] { return lecture_15::deep(4, bypass); }, {digits}, {0}));
    all.push_back(
        of<1>("lecture_17_residual_" + kind, [bypass] { return lecture_17::network(8, bypass); }, {digits}, {0}));
  }
  all.push_back(of<1>("lecture_16_convolution_mlp", lecture_16::mlp, {images}, {0}));
  all.push_back(of<1>("lecture_16_convolution_cnn", lecture_16::cnn, {images}, {0}));
  const Tensor steps = randn({6, 2, 2});
  all.push_back(of<1>("lecture_18_recurrent_plain", lecture_18::make_reader<nn::RNN>, {steps}, {1}));
  all.push_back(of<1>("lecture_18_recurrent_lstm", lecture_18::make_reader<nn::LSTM>, {steps}, {1}));
  all.push_back(of<1>("lecture_19_autoencoders", [] { return lecture_19::Autoencoder(2); }, {digits}, {0}));
  all.push_back(of<1>("lecture_20_gan_ring_G", [] { return lecture_20::ring_gan(1e-3, 0).G; }, {randn({3, 8})}, {0}));
  all.push_back(of<1>("lecture_20_gan_ring_D", [] { return lecture_20::ring_gan(1e-3, 0).D; }, {randn({3, 2})}, {0}));
  all.push_back(of<1>("lecture_20_gan_digit_G", [] { return lecture_20::digit_gan().G; }, {randn({3, 24})}, {0}));
  all.push_back(of<1>("lecture_20_gan_digit_D", [] { return lecture_20::digit_gan().D; }, {digits}, {0}));
  all.push_back(of<1>("lecture_20_gan_judge", lecture_20::make_judge, {digits}, {0}));
  all.push_back(of<1>("lecture_21_hyperparameters", [] { return lecture_21::network(16); }, {digits}, {0}));
  all.push_back(of<1>("lecture_22_reinforcement", [] { return lecture_22::make_net(2); }, {randn({3, 4})}, {0}));
  all.push_back(of<1>("lecture_23_gpt", [] { return GptWithMaps(); }, {randint(32, 127, {2, 12})}, {0}));
  all.push_back(of<1>("lecture_24_graph_dumps", [] { return lecture_24::Net(); }, {randn({5, 2})}, {0}));
}

}  // namespace

void add_lecture_cases(std::vector<Case>& all) {
  add_first_lectures(all);
  add_later_lectures(all);
}

std::vector<NoNetwork> lectures_without_network() {
  return {{"lecture_02_perceptron", "one line and a rule without gradients"},
          {"lecture_08_batch_size", "two numbers, w x + b"},
          {"lecture_10_optimizers", "goes down surfaces of two numbers"},
          {"lecture_11_feature_scaling", "two numbers, X w"},
          {"lecture_12_initialisation", "layers one by one, before any training"}};
}

}  // namespace xgrad::exchange
