// Activations and first values by name.
#include <cmath>
#include <map>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/keras/layers.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops.hpp>

#include "keras/names.hpp"

namespace xgrad::keras {
namespace {

using Function = Tensor (*)(const Tensor&, const Location&);

const std::map<std::string, Function>& activations() {
  static const std::map<std::string, Function> all{
      {"relu", [](const Tensor& x, const Location& at) { return relu(x, at); }},
      {"relu6", [](const Tensor& x, const Location& at) { return relu6(x, at); }},
      {"leaky_relu", [](const Tensor& x, const Location& at) { return leaky_relu(x, 0.2, at); }},
      {"elu", [](const Tensor& x, const Location& at) { return elu(x, 1, at); }},
      {"selu", [](const Tensor& x, const Location& at) { return selu(x, at); }},
      {"gelu", [](const Tensor& x, const Location& at) { return gelu(x, Gelu::none, at); }},
      {"sigmoid", [](const Tensor& x, const Location& at) { return sigmoid(x, at); }},
      {"hard_sigmoid", [](const Tensor& x, const Location& at) { return hardsigmoid(x, at); }},
      {"tanh", [](const Tensor& x, const Location& at) { return tanh(x, at); }},
      {"softmax", [](const Tensor& x, const Location& at) { return softmax(x, -1, at); }},
      {"log_softmax", [](const Tensor& x, const Location& at) { return log_softmax(x, -1, at); }},
      {"softplus", [](const Tensor& x, const Location& at) { return softplus(x, 1, 20, at); }},
      {"softsign", [](const Tensor& x, const Location& at) { return softsign(x, at); }},
      {"silu", [](const Tensor& x, const Location& at) { return silu(x, at); }},
      {"swish", [](const Tensor& x, const Location& at) { return silu(x, at); }},
      {"mish", [](const Tensor& x, const Location& at) { return mish(x, at); }},
      {"exponential", [](const Tensor& x, const Location& at) { return exp(x, at); }},
      {"linear", nullptr}};
  return all;
}

enum class Fan { in, mean };

// Glorot has the mean of both fans and factor 1, He fan_in and 2, LeCun fan_in and 1: the variance is factor / fan.
double deviation(const Tensor& w, Fan fan, double factor) {
  const auto [in, out] = nn::init::calculate_fan_in_and_fan_out(w);
  const double n = fan == Fan::in ? static_cast<double>(in) : static_cast<double>(in + out) / 2;
  return std::sqrt(factor / std::max(n, 1.0));
}
// Of a normal distribution that is cut at two standard deviations.
constexpr double kCutDeviation = 0.87962566103423978;

void cut_normal(Tensor& w, double stddev) {
  const double s = stddev / kCutDeviation;
  nn::init::trunc_normal_(w, 0, s, -2 * s, 2 * s);
}

const std::map<std::string, nn::Initializer>& initializers() {
  static const std::map<std::string, nn::Initializer> all{
      {"glorot_uniform", nn::init::xavier_uniform_},
      {"glorot_normal", [](Tensor& w) { cut_normal(w, deviation(w, Fan::mean, 1)); }},
      {"he_uniform", nn::init::kaiming_uniform_},
      {"he_normal", [](Tensor& w) { cut_normal(w, deviation(w, Fan::in, 2)); }},
      {"lecun_uniform", nn::init::lecun_uniform_},
      {"lecun_normal", [](Tensor& w) { cut_normal(w, deviation(w, Fan::in, 1)); }},
      {"zeros", nn::init::zeros_},
      {"ones", nn::init::ones_},
      {"orthogonal", [](Tensor& w) { nn::init::orthogonal_(w); }},
      {"random_uniform", [](Tensor& w) { nn::init::uniform_(w, -0.05, 0.05); }},
      {"random_normal", [](Tensor& w) { nn::init::normal_(w, 0, 0.05); }}};
  return all;
}

}  // namespace

nn::AnyModule ActivationChoice::module(const std::string& layer, const Location& at) const {
  if (module_) return module_;
  if (name_.empty()) return nullptr;
  const Function f = named(activations(), layer, "activation", name_, at);
  if (f == nullptr) return nullptr;
  return [f](const Tensor& x, const Location& where) { return f(x, where); };
}

nn::Initializer InitializerChoice::initializer(const std::string& layer, const char* option, const Location& at) const {
  if (given_) return given_;
  return named(initializers(), layer, option, name_, at);
}

}  // namespace xgrad::keras
