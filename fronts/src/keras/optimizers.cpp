#include <algorithm>
#include <cctype>
#include <map>

#include <xgrad/keras/optimizers.hpp>
#include <xgrad/optim.hpp>

#include "keras/names.hpp"
#include "update_rules.hpp"

namespace xgrad::keras {

OptimizerChoice SGD(SGDOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
    return std::make_unique<optim::SGD>(
        std::move(params),
        optim::SGDOptions{.lr = o.learning_rate, .momentum = o.momentum, .nesterov = o.nesterov && o.momentum > 0}, at);
  }};
}

OptimizerChoice RMSprop(RMSpropOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
    return std::make_unique<optim::RMSprop>(
        std::move(params),
        optim::RMSpropOptions{
            .lr = o.learning_rate, .alpha = o.rho, .eps = o.epsilon, .momentum = o.momentum, .centered = o.centered},
        at);
  }};
}

OptimizerChoice Adam(AdamOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
            return std::make_unique<optim::Adam>(
                std::move(params),
                optim::AdamOptions{
                    .lr = o.learning_rate, .betas = {o.beta_1, o.beta_2}, .eps = o.epsilon, .amsgrad = o.amsgrad},
                at);
          },
          [o](optim::Optimizer& opt, std::int64_t step) {
            fronts::use_epsilon_hat(dynamic_cast<optim::Adam&>(opt), o.epsilon, step);
          }};
}

OptimizerChoice AdamW(AdamWOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
            return std::make_unique<optim::AdamW>(std::move(params),
                                                  optim::AdamWOptions{.lr = o.learning_rate,
                                                                      .betas = {o.beta_1, o.beta_2},
                                                                      .eps = o.epsilon,
                                                                      .weight_decay = o.weight_decay,
                                                                      .amsgrad = o.amsgrad},
                                                  at);
          },
          [o](optim::Optimizer& opt, std::int64_t step) {
            fronts::use_epsilon_hat(dynamic_cast<optim::AdamW&>(opt), o.epsilon, step);
          }};
}

OptimizerChoice Adagrad(AdagradOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
    return std::make_unique<optim::Adagrad>(
        std::move(params),
        optim::AdagradOptions{
            .lr = o.learning_rate, .initial_accumulator_value = o.initial_accumulator_value, .eps = o.epsilon},
        at);
  }};
}

OptimizerChoice Adadelta(AdadeltaOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
    return std::make_unique<optim::Adadelta>(
        std::move(params), optim::AdadeltaOptions{.lr = o.learning_rate, .rho = o.rho, .eps = o.epsilon}, at);
  }};
}

OptimizerChoice Adamax(AdamaxOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
    return std::make_unique<optim::Adamax>(
        std::move(params), optim::AdamaxOptions{.lr = o.learning_rate, .betas = {o.beta_1, o.beta_2}, .eps = o.epsilon},
        at);
  }};
}

OptimizerChoice Nadam(NadamOptions o) {
  return {[o](std::vector<Tensor> params, const Location& at) -> std::unique_ptr<optim::Optimizer> {
    return std::make_unique<optim::NAdam>(
        std::move(params), optim::NAdamOptions{.lr = o.learning_rate, .betas = {o.beta_1, o.beta_2}, .eps = o.epsilon},
        at);
  }};
}

namespace {

using Maker = OptimizerChoice (*)();
const std::map<std::string, Maker>& optimizers() {
  static const std::map<std::string, Maker> all{
      {"sgd", [] { return SGD(); }},         {"rmsprop", [] { return RMSprop(); }},
      {"adam", [] { return Adam(); }},       {"adamw", [] { return AdamW(); }},
      {"adagrad", [] { return Adagrad(); }}, {"adadelta", [] { return Adadelta(); }},
      {"adamax", [] { return Adamax(); }},   {"nadam", [] { return Nadam(); }}};
  return all;
}

// "Adam" is adam, as in Keras.
std::string lower_case(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace

OptimizerChoice::OptimizerChoice(const std::string& name, Location at)
    : OptimizerChoice(named(optimizers(), "compile", "optimizer", lower_case(name), at)()) {}

}  // namespace xgrad::keras
