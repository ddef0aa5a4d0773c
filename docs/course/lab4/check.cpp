// Checks modules.hpp: layers, losses, a network.
#include <random>
#include <stdexcept>

#include <modules.hpp>

#include <xgrad/ops.hpp>

#include "checker.hpp"
#include "graphs.hpp"

template <class V>
concept HasLayers = requires(V a) {
  { relu(a) } -> course::Is<V>;
  { linear(a, a, a) } -> course::Is<V>;
  { transpose(a) } -> course::Is<V>;
};
template <class V>
concept HasLosses = requires(V a, std::vector<int> y) {
  { mse_loss(a, a->value) } -> course::Is<V>;
  { softmax(a->value) } -> course::Is<decltype(a->value)>;
  { cross_entropy(a, y) } -> course::Is<V>;
};
static_assert(HasLayers<Var>, "lab 4: transpose, relu or linear is missing in modules.hpp, or is another");
static_assert(HasLosses<Var>, "lab 4: mse_loss, softmax or cross_entropy is missing in modules.hpp, or is another");

namespace {

using course::both;
using course::some;
using xgrad::Tensor;

// Targets are plain arrays in this lab.
struct Networks : course::Graphs {
  Array data(const course::Numbers& n) { return course::array(n); }
  using course::Graphs::value;
  static course::Numbers value(const Array& a) { return course::numbers(a); }
};

struct Softmaxes : course::Arrays {};

// One name for your function and xgrad's. It is always written with both_ways::, so that functions of your own may have
// the same names.
namespace both_ways {
Array rows_of_softmax(const Array& z) { return softmax(z); }
Tensor rows_of_softmax(const Tensor& z) { return softmax(z, 1); }
Tensor transposed(const Tensor& a) { return a.t(); }
Var transposed(const Var& a) { return transpose(a); }

// Your network with these parameters in it.
Var network(const Var& X, const Var& W1, const Var& b1, const Var& W2, const Var& b2) {
  std::mt19937 random(0);
  Mlp net(W1->value.shape[1], W1->value.shape[0], W2->value.shape[0], random);
  for (const auto& [own, given] :
       {std::pair(net.fc1.weight, W1), {net.fc1.bias, b1}, {net.fc2.weight, W2}, {net.fc2.bias, b2}})
    if (!own || own->value.shape != given->value.shape)
      throw std::logic_error("Linear(inputs, outputs): weight must have the shape (outputs, inputs), bias (outputs)");
  net.fc1.weight = W1, net.fc1.bias = b1, net.fc2.weight = W2, net.fc2.bias = b2;
  if (net.parameters() != std::vector<Var>{W1, b1, W2, b2})
    throw std::logic_error("parameters() must return fc1.weight, fc1.bias, fc2.weight, fc2.bias");
  return net(X);
}
Tensor network(const Tensor& X, const Tensor& W1, const Tensor& b1, const Tensor& W2, const Tensor& b2) {
  return linear(tanh(linear(X, W1, b1)), W2, b2);
}
}  // namespace both_ways

const course::Lab checked_lab{
    4,
    "modules and losses",
    "modules.hpp",
    {
        both<Networks>({.title = "transpose", .formula = "B = Aᵀ, L = Σ B ⊙ B", .function = "transpose"},
                       [](auto& e) {
                         auto a = e.leaf("A", some({2, 3}));
                         auto b = e.name("B", both_ways::transposed(a));
                         return e.name("L", sum(mul(b, b)));
                       }),
        both<Networks>({.title = "relu",
                        .formula = "a = relu(z), L = Σ a ⊙ c",
                        .function = "relu",
                        .hint = "where z > 0, the gradient passes as it is, whatever its sign"},
                       [](auto& e) {
                         auto z = e.leaf("z", {{2, 3}, {1, -2, 0.5, -0.25, 3, 2}});
                         auto c = e.leaf("c", {{2, 3}, {2, 1, -1, -3, -0.5, 4}});
                         auto a = e.name("a", relu(z));
                         return e.name("L", sum(mul(a, c)));
                       }),
        both<Networks>({.title = "relu at 0",
                        .formula = "z = (0, 1, −1), L = Σ relu(z)",
                        .function = "relu",
                        .hint = "the gradient passes where z > 0, and 0 is not"},
                       [](auto& e) {
                         auto z = e.leaf("z", {{3}, {0, 1, -1}});
                         auto a = e.name("a", relu(z));
                         return e.name("L", sum(a));
                       }),
        both<Networks>(
            {.title = "linear", .formula = "Z = X Wᵀ + b, two inputs, two outputs", .function = "linear"},
            [](auto& e) {
              auto X = e.leaf("X", some({3, 2})), W = e.leaf("W", some({2, 2}, 2)), b = e.leaf("b", some({2}, 7));
              auto Z = e.name("Z", linear(X, W, b));
              return e.name("L", sum(mul(Z, Z)));
            }),
        both<Networks>(
            {.title = "linear", .formula = "Z = X Wᵀ + b, three inputs, two outputs", .function = "linear"},
            [](auto& e) {
              auto X = e.leaf("X", some({4, 3})), W = e.leaf("W", some({2, 3}, 2)), b = e.leaf("b", some({2}, 7));
              auto Z = e.name("Z", linear(X, W, b));
              return e.name("L", sum(mul(Z, Z)));
            }),
        both<Networks>({.title = "mean squared error", .formula = "L = mean of (a - y)²", .function = "mse_loss"},
                       [](auto& e) {
                         auto a = e.leaf("a", some({3, 2}));
                         auto y = e.data("y", some({3, 2}, 4));
                         return e.name("L", mse_loss(a, y));
                       }),
        both<Networks>({.title = "loss, not last",
                        .formula = "l = mean of (a - y)², L = l l",
                        .function = "mse_loss",
                        .hint = "∂L/∂l is not always 1: g must be a factor of what is sent"},
                       [](auto& e) {
                         auto a = e.leaf("a", some({3, 2}));
                         auto y = e.data("y", some({3, 2}, 4));
                         auto l = e.name("l", mse_loss(a, y));
                         return e.name("L", mul(l, l));
                       }),
        both<Networks>({.title = "mean squared error, twice",
                        .formula = "l = mean of (a - y)², L = l + l; backward, backward",
                        .function = "mse_loss",
                        .passes = 2,
                        .leaves_add_up = true,
                        .hint = "each pass sends the same: what is kept for the way back must not be changed by it"},
                       [](auto& e) {
                         auto a = e.leaf("a", some({3, 2}));
                         auto y = e.data("y", some({3, 2}, 4));
                         auto l = e.name("l", mse_loss(a, y));
                         return e.name("L", add(l, l));
                       }),
        both<Softmaxes>(
            {.title = "softmax", .formula = "p = softmax(z), row by row", .function = "softmax", .backward = false},
            [](auto& e) {
              return e.name("p", both_ways::rows_of_softmax(e.leaf("z", some({2, 3}))));
            }),
        both<Softmaxes>(
            {.title = "softmax, far out",
             .formula = "z = (1000, 1001, 999), (-1000, -1001, -1003)",
             .function = "softmax",
             .backward = false,
             .hint = "take the largest number of each row off first, which may be negative: the result is the same"},
            [](auto& e) {
              return e.name("p",
                            both_ways::rows_of_softmax(e.leaf("z", {{2, 3}, {1000, 1001, 999, -1000, -1001, -1003}})));
            }),
        both<Networks>(
            {.title = "cross entropy", .formula = "L = mean of -log softmax(z)ᵧ", .function = "cross_entropy"},
            [](auto& e) {
              auto z = e.leaf("z", some({4, 3}));
              return e.name("L", cross_entropy(z, e.classes("y", {2, 0, 1, 2})));
            }),
        both<Networks>({.title = "cross entropy, not last",
                        .formula = "l = mean of -log softmax(z)ᵧ, L = l l",
                        .function = "cross_entropy",
                        .hint = "∂L/∂l is not always 1: g must be a factor of what is sent"},
                       [](auto& e) {
                         auto z = e.leaf("z", some({4, 3}));
                         auto l = e.name("l", cross_entropy(z, e.classes("y", {2, 0, 1, 2})));
                         return e.name("L", mul(l, l));
                       }),
        both<Networks>({.title = "cross entropy, twice",
                        .formula = "L = mean of -log softmax(z)ᵧ; backward, backward",
                        .function = "cross_entropy",
                        .passes = 2,
                        .leaves_add_up = true,
                        .hint = "each pass sends the same: what is kept for the way back must not be changed by it"},
                       [](auto& e) {
                         auto z = e.leaf("z", some({4, 3}));
                         return e.name("L", cross_entropy(z, e.classes("y", {2, 0, 1, 2})));
                       }),
        both<Networks>({.title = "a network",
                        .formula = "Z = W₂ tanh(W₁ x + b₁) + b₂ for every row x, L = cross entropy",
                        .function = "Mlp and Linear"},
                       [](auto& e) {
                         auto X = e.leaf("X", some({4, 2}));
                         auto W1 = e.leaf("fc1.weight", some({3, 2}, 2)), b1 = e.leaf("fc1.bias", some({3}, 7));
                         auto W2 = e.leaf("fc2.weight", some({2, 3}, 4)), b2 = e.leaf("fc2.bias", some({2}, 9));
                         auto Z = e.name("Z", both_ways::network(X, W1, b1, W2, b2));
                         return e.name("L", cross_entropy(Z, e.classes("y", {1, 0, 0, 1})));
                       }),
    }};

}  // namespace

int main(int argc, char** argv) { return course::run(checked_lab, argc, argv); }
