// Optimizers of keras::Sequential, by name or as objects, with Keras's defaults.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/optim/optimizer.hpp>

namespace xgrad::keras {

using xgrad::operator<<;

// Names: sgd, rmsprop, adam, adamw, adagrad, adadelta, adamax, nadam, in any case; anything else is a ValueError. The
// update rules are those of optim. Adam and AdamW add epsilon to sqrt(v) before the correction of bias, as Keras does;
// RMSprop, Adagrad and the others add it outside of the root, where Keras has it inside.
class XGRAD_API OptimizerChoice {
 public:
  using Make = std::function<std::unique_ptr<optim::Optimizer>(std::vector<Tensor>, const Location&)>;
  // Runs before step number n, from 1.
  using BeforeStep = std::function<void(optim::Optimizer&, std::int64_t n)>;
  OptimizerChoice(const char* name, Location at = Location::current())
      : OptimizerChoice(std::string(name), at) {}                               // NOLINT
  OptimizerChoice(const std::string& name, Location at = Location::current());  // NOLINT
  OptimizerChoice(Make make, BeforeStep before_step = {})
      : make_(std::move(make)), before_step_(std::move(before_step)) {}
  std::unique_ptr<optim::Optimizer> make(std::vector<Tensor> parameters, const Location& at) const {
    return make_(std::move(parameters), at);
  }
  const BeforeStep& before_step() const { return before_step_; }

 private:
  Make make_;
  BeforeStep before_step_;
};

struct SGDOptions {
  ByName by_name = ByName();
  double learning_rate = 0.01, momentum = 0;
  bool nesterov = false;
};
struct RMSpropOptions {
  ByName by_name = ByName();
  double learning_rate = 0.001, rho = 0.9, momentum = 0, epsilon = 1e-7;
  bool centered = false;
};
struct AdamOptions {
  ByName by_name = ByName();
  double learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  bool amsgrad = false;
};
struct AdamWOptions {
  ByName by_name = ByName();
  double learning_rate = 0.001, weight_decay = 0.004, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
  bool amsgrad = false;
};
struct AdagradOptions {
  ByName by_name = ByName();
  double learning_rate = 0.001, initial_accumulator_value = 0.1, epsilon = 1e-7;
};
struct AdadeltaOptions {
  ByName by_name = ByName();
  double learning_rate = 0.001, rho = 0.95, epsilon = 1e-7;
};
struct AdamaxOptions {
  ByName by_name = ByName();
  double learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
};
struct NadamOptions {
  ByName by_name = ByName();
  double learning_rate = 0.001, beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-7;
};
// Options out of range are a ValueError when the model is compiled and its weights are known.
XGRAD_API OptimizerChoice SGD(SGDOptions options = {});
XGRAD_API OptimizerChoice RMSprop(RMSpropOptions options = {});
XGRAD_API OptimizerChoice Adam(AdamOptions options = {});
XGRAD_API OptimizerChoice AdamW(AdamWOptions options = {});
XGRAD_API OptimizerChoice Adagrad(AdagradOptions options = {});
XGRAD_API OptimizerChoice Adadelta(AdadeltaOptions options = {});
XGRAD_API OptimizerChoice Adamax(AdamaxOptions options = {});
XGRAD_API OptimizerChoice Nadam(NadamOptions options = {});

}  // namespace xgrad::keras
