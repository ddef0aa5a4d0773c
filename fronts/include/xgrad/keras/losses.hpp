// Losses and metrics of keras::Sequential, by name or as objects. Values are clipped to [1e-7, 1 - 1e-7] before a
// logarithm, as keras.config.epsilon() has it.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <xgrad/by_name.hpp>
#include <xgrad/ops/loss_reduction.hpp>
#include <xgrad/tensor.hpp>
#include <xgrad/train/metric.hpp>

namespace xgrad::keras {

using xgrad::operator<<;

// loss(y_true, y_pred), a number; loss(y_true, y_pred, sample_weight) is the mean of the losses of all samples (n), or
// of all steps (n, steps), times their weights, (n) or (n, steps). Names: mean_squared_error (mse), mean_absolute_error
// (mae), huber, binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy, kl_divergence; anything
// else is a ValueError. Functions of your own: .loss = [](const Tensor& y_true, const Tensor& y_pred) { ... }; their
// mean counts. Targets (n) fit predictions (n, 1). ShapeError, DTypeError where they do not fit; of
// sparse_categorical_crossentropy IndexError for a label outside 0..classes - 1, ValueError for one that is not a whole
// number, and with weights for a function that gives one number instead of one for each sample.
class XGRAD_API Loss {
 public:
  using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;
  // With Reduction::mean a number, with Reduction::none one for each sample or step.
  using Reducible = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred, Reduction reduction)>;
  Loss(const char* name, Location at = Location::current()) : Loss(std::string(name), at) {}  // NOLINT
  Loss(const std::string& name, Location at = Location::current());                           // NOLINT
  template <std::invocable<const Tensor&, const Tensor&> F>
  Loss(F f) : Loss("loss", Function(std::move(f))) {}  // NOLINT
  Loss(std::string name, Function f);
  Loss(std::string name, Reducible f) : name_(std::move(name)), f_(std::move(f)) {}
  const std::string& name() const { return name_; }
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, Location at = Location::current()) const;
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight,
                    Location at = Location::current()) const;

 private:
  std::string name_;
  Reducible f_;
};

// from_logits: the predictions are scores before sigmoid or softmax.
struct CrossentropyOptions {
  bool from_logits = false;
};
XGRAD_API Loss BinaryCrossentropy(CrossentropyOptions options = {});
XGRAD_API Loss CategoricalCrossentropy(CrossentropyOptions options = {});        // targets of the predictions' shape
XGRAD_API Loss SparseCategoricalCrossentropy(CrossentropyOptions options = {});  // targets are numbers of classes
XGRAD_API Loss MeanSquaredError();
XGRAD_API Loss MeanAbsoluteError();
XGRAD_API Loss Huber(double delta = 1);
XGRAD_API Loss KLDivergence();  // y log(y / p), summed over classes

// A metric by name, or one of train: "accuracy" (binary where the predictions have one column, else categorical or
// sparse, as the targets are), binary_accuracy (targets equal to 1 for predictions above 0.5, else to 0),
// categorical_accuracy, sparse_categorical_accuracy, mean_squared_error (mse), mean_absolute_error (mae);
// train::F1Score(10).
class XGRAD_API MetricChoice {
 public:
  MetricChoice(const char* name, Location at = Location::current()) : MetricChoice(std::string(name), at) {}  // NOLINT
  MetricChoice(const std::string& name, Location at = Location::current());                                   // NOLINT
  template <std::derived_from<train::Metric> M>
  MetricChoice(M metric)  // NOLINT
      : name_(metric.name()), metric_(std::make_shared<M>(std::move(metric))) {}
  const std::string& name() const { return name_; }
  train::Metric& metric() const { return *metric_; }

 private:
  std::string name_;
  std::shared_ptr<train::Metric> metric_;
};

}  // namespace xgrad::keras
