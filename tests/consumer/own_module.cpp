// A module of this project's own, <xgrad/nn/layer.hpp>: two inputs, and a structure of three tensors out.
#include "own_module.hpp"

#include <iostream>

#include <xgrad/xgrad.hpp>

namespace {
namespace nn = xgrad::nn;
using xgrad::Tensor;

struct Match {
  Tensor score, image, text;
};
struct Matcher : nn::Layer<Matcher> {
  nn::Linear image{nullptr}, text{nullptr};
  nn::Sequential head = register_module("head", nn::Sequential(nn::Linear(4, 8), xgrad::gelu, nn::Linear(8, 1)));
  Matcher() {
    image = register_module("image", nn::Linear(6, 4));
    text = register_module("text", nn::Linear(3, 4));
  }
  Match forward(const Tensor& picture, const Tensor& words) const {
    const Tensor i = image(picture), t = text(words);
    return {head(i * t), i, t};
  }
};

bool contains(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    if (text.find(part) == std::string::npos) return std::cout << "no '" << part << "' in\n" << text << "\n", false;
  return true;
}

std::string error_of(const Matcher& net, const Tensor& a, const Tensor& b) {
  try {
    net(a, b);
  } catch (const xgrad::ShapeError& e) {
    return e.what();
  }
  return "";
}
}  // namespace

bool check_own_module() {
  Matcher net;
  const Tensor picture = xgrad::rand({5, 6}), words = xgrad::rand({5, 3});
  int before = 0, after = 0;
  net.register_forward_pre_hook([&](const nn::Module&, const Tensor& x) {
    before += x.is_same(picture);
    return Tensor();
  });
  net.register_forward_hook([&](const nn::Module& m, const Tensor&, const Tensor& y) {
    after += m.label() == "Matcher" && y.size(1) == 1;
    return y * 2;
  });
  const Match match = net(picture, words);
  const Match copied = net.clone()(picture, words);
  const auto* first = net.head[0].as<nn::Linear>();
  return before == 2 && after == 2 && allclose(match.score, 2 * net.head(match.image * match.text)) &&
         allclose(copied.score, match.score) && first && first->weight.size(0) == 8 &&
         contains(xgrad::train::summary(net, picture, words).text, {"Matcher", "image: Linear(6 → 4)", "(5, 1)"}) &&
         contains(xgrad::viz::to_dot(match.score.sum()), {"Matcher", "image", "text"}) &&
         contains(error_of(net, picture, picture), {"in     Matcher.text : Linear(3 → 4)", "own_module.cpp"});
}
