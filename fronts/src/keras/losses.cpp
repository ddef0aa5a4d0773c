#include <map>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/keras/losses.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/train/metrics_of_values.hpp>

#include "keras/names.hpp"

namespace xgrad::keras {
namespace {

constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()

// Targets in the shape and type of the predictions; (n) fits (n, 1).
Tensor like(const char* op, const Tensor& y, const Tensor& p) {
  Tensor t = y.to(p.dtype());
  if (t.dim() + 1 == p.dim() && p.size(-1) == 1) t = t.unsqueeze(-1);
  if (t.shape() == p.shape()) return t;
  const bool numbers = op == std::string("categorical_crossentropy") && (y.dim() < p.dim() || y.size(-1) == 1);
  ErrorReport(op, fmt::format("targets {} do not fit predictions {}", to_string(y.shape()), to_string(p.shape())),
              Location::current())
      .operand("y_true", y)
      .operand("y_pred", p)
      .help(numbers ? "targets that are numbers of classes: sparse_categorical_crossentropy"
                    : "the last layer gives one value for each value of a target")
      .shape_error();
}
// Numbers of classes in the shape of the predictions without the classes.
Tensor classes_of(const Tensor& y, const Tensor& p) {
  Tensor t = y.dim() == p.dim() && y.size(-1) == 1 ? y.squeeze(-1) : y;
  return t.to(kInt64).flatten();
}
// One label in 0..classes - 1 for each row of the predictions. (nll_loss would leave out its ignore_index.)
void require_labels(const Tensor& y, const Tensor& p) {
  const char* op = "sparse_categorical_crossentropy";
  const auto report = [&](const std::string& rule) {
    return ErrorReport(op, rule, Location::current()).operand("y_true", y).operand("y_pred", p);
  };
  if (p.dim() < 2) report("predictions must be (n, ..., classes)").shape_error();
  if (y.numel() * p.size(-1) != p.numel())
    report("targets must be numbers of classes, one for each row of the predictions")
        .help(y.shape() == p.shape() ? "one-hot targets: categorical_crossentropy" : "y_true is (n) or (n, 1)")
        .shape_error();
  if (y.numel() == 0) return;
  if (y.is_floating_point() && !all(y == trunc(y)).item<bool>()) report("targets must be whole numbers").value_error();
  const Tensor labels = classes_of(y, p);
  const auto least = labels.min().item<std::int64_t>(), most = labels.max().item<std::int64_t>();
  if (least < 0 || most >= p.size(-1))
    report(fmt::format("label {} is outside 0..{}", least < 0 ? least : most, p.size(-1) - 1))
        .help("the last layer needs a unit for each class; classes count from 0")
        .index_error();
}
Tensor log_of_shares(const Tensor& p) { return log(clamp(p / sum(p, {-1}, true), kEpsilon, 1 - kEpsilon)); }

// Of the losses of all elements those of the samples, as their means over the last dimension.
Tensor of_samples(const Tensor& losses, Reduction r) {
  return r == Reduction::none && losses.dim() > 1 ? mean(losses, {-1}) : losses;
}
Tensor reduced(const Tensor& of_samples, Reduction r) { return r == Reduction::none ? of_samples : mean(of_samples); }

Tensor binary(const Tensor& y, const Tensor& p, bool logits, Reduction r) {
  const Tensor t = like("binary_crossentropy", y, p);
  return of_samples(logits ? binary_cross_entropy_with_logits(p, t, {.reduction = r})
                           : binary_cross_entropy(clamp(p, kEpsilon, 1 - kEpsilon), t, {}, r),
                    r);
}
Tensor categorical(const Tensor& y, const Tensor& p, bool logits, Reduction r) {
  const Tensor t = like("categorical_crossentropy", y, p);
  return -reduced(sum(t * (logits ? log_softmax(p, -1) : log_of_shares(p)), {-1}), r);
}
Tensor sparse(const Tensor& y, const Tensor& p, bool logits, Reduction r) {
  require_labels(y, p);
  const Tensor log_p = logits ? log_softmax(p, -1) : log_of_shares(p);
  const Tensor losses = nll_loss(log_p.flatten(0, -2), classes_of(y, p), {.reduction = r});
  return r == Reduction::none ? losses.reshape(p.select(-1, 0).shape()) : losses;
}
Tensor divergence(const Tensor& y, const Tensor& p, Reduction r) {
  const Tensor t = clamp(like("kl_divergence", y, p), kEpsilon, 1);
  return reduced(sum(t * log(t / clamp(p, kEpsilon, 1)), {-1}), r);
}
Tensor squared(const Tensor& y, const Tensor& p, Reduction r) {
  return of_samples(mse_loss(p, like("mean_squared_error", y, p), r), r);
}
Tensor absolute(const Tensor& y, const Tensor& p, Reduction r) {
  return of_samples(l1_loss(p, like("mean_absolute_error", y, p), r), r);
}
Tensor bent(const Tensor& y, const Tensor& p, double delta, Reduction r) {
  return of_samples(huber_loss(p, like("huber", y, p), r, delta), r);
}

const std::map<std::string, Loss::Reducible>& losses() {
  static const std::map<std::string, Loss::Reducible> all{
      {"mean_squared_error", squared},
      {"mse", squared},
      {"mean_absolute_error", absolute},
      {"mae", absolute},
      {"huber", [](const Tensor& y, const Tensor& p, Reduction r) { return bent(y, p, 1, r); }},
      {"binary_crossentropy", [](const Tensor& y, const Tensor& p, Reduction r) { return binary(y, p, false, r); }},
      {"categorical_crossentropy",
       [](const Tensor& y, const Tensor& p, Reduction r) { return categorical(y, p, false, r); }},
      {"sparse_categorical_crossentropy",
       [](const Tensor& y, const Tensor& p, Reduction r) { return sparse(y, p, false, r); }},
      {"kl_divergence", divergence}};
  return all;
}

// keras.metrics' accuracies; which one "accuracy" is follows from the shapes.
enum class AccuracyKind { by_shapes, binary, categorical, sparse };

AccuracyKind kind_of(const Tensor& p, const Tensor& y) {
  if (p.dim() < 2 || p.size(-1) == 1) return AccuracyKind::binary;
  return y.dim() < p.dim() || y.size(-1) == 1 ? AccuracyKind::sparse : AccuracyKind::categorical;
}

class Accuracy final : public train::Metric {
 public:
  Accuracy(std::string name, AccuracyKind kind) : Metric(std::move(name)), kind_(kind) {}
  void update(const Tensor& p, const Tensor& y, Location at) override {
    require_defined(name().c_str(), p, at);
    require_defined(name().c_str(), y, at);
    Tensor told = (p > 0.5).to(p.dtype()).flatten(), wanted = y.to(p.dtype()).flatten();
    const AccuracyKind kind = kind_ == AccuracyKind::by_shapes ? kind_of(p, y) : kind_;
    if (kind == AccuracyKind::sparse)
      told = argmax(p, -1).flatten(), wanted = classes_of(y, p);
    else if (kind == AccuracyKind::categorical)
      told = argmax(p, -1).flatten(), wanted = argmax(y, -1).flatten();
    require_same_shape(name().c_str(), told, wanted, at);
    const Tensor right = told == wanted;
    right_ += right.to(kInt64).sum().item<std::int64_t>();
    seen_ += right.numel();
  }
  double compute() const override { return static_cast<double>(right_) / static_cast<double>(seen_); }
  void reset() override { right_ = 0, seen_ = 0; }

 private:
  AccuracyKind kind_;
  std::int64_t right_ = 0, seen_ = 0;
};

// One of train's under Keras's name, whose targets may lack the column of the predictions.
template <class M>
class OfValues final : public train::Metric {
 public:
  explicit OfValues(std::string name) : Metric(std::move(name)) {}
  void update(const Tensor& p, const Tensor& y, Location at) override {
    metric_.update(p, like(name().c_str(), y, p), at);
  }
  double compute() const override { return metric_.compute(); }
  void reset() override { metric_.reset(); }

 private:
  M metric_;
};

using MakeMetric = std::function<std::shared_ptr<train::Metric>(const std::string& name)>;
const std::map<std::string, MakeMetric>& metrics() {
  static const std::map<std::string, MakeMetric> all = [] {
    std::map<std::string, MakeMetric> m;
    const auto accuracy = [&m](const char* name, AccuracyKind kind) {
      m[name] = [name, kind](const std::string&) { return std::make_shared<Accuracy>(name, kind); };
    };
    accuracy("accuracy", AccuracyKind::by_shapes);
    m["acc"] = m["accuracy"];
    accuracy("binary_accuracy", AccuracyKind::binary);
    accuracy("categorical_accuracy", AccuracyKind::categorical);
    accuracy("sparse_categorical_accuracy", AccuracyKind::sparse);
    m["mean_squared_error"] =
        m["mse"] = [](const std::string& name) { return std::make_shared<OfValues<train::MeanSquaredError>>(name); };
    m["mean_absolute_error"] =
        m["mae"] = [](const std::string& name) { return std::make_shared<OfValues<train::MeanAbsoluteError>>(name); };
    return m;
  }();
  return all;
}

}  // namespace

Loss::Loss(const std::string& name, Location at) : name_(name), f_(named(losses(), "compile", "loss", name, at)) {}
Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred, Location at) const {
  const detail::CallSite site(at);
  const Tensor loss = f_(y_true, y_pred, Reduction::mean);
  return loss.numel() == 1 ? loss.reshape({}) : loss.mean();
}
Tensor Loss::operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight, Location at) const {
  if (!sample_weight.defined()) return (*this)(y_true, y_pred, at);
  const detail::CallSite site(at);
  const Tensor losses = f_(y_true, y_pred, Reduction::none);
  if (losses.dim() == 0)
    ErrorReport(name_.c_str(), "with sample_weight the loss must give a number for each sample, not one for all", at)
        .help("return the losses of the samples; their mean counts")
        .value_error();
  Tensor w = sample_weight.to(losses.dtype());
  if (w.dim() > losses.dim() && w.size(-1) == 1) w = w.squeeze(-1);
  while (w.dim() < losses.dim()) w = w.unsqueeze(-1);
  for (int d = 0; d < losses.dim(); ++d)
    if (w.dim() != losses.dim() || (w.size(d) != losses.size(d) && (d == 0 || w.size(d) != 1)))
      ErrorReport(name_.c_str(), "sample_weight must have a weight for each sample, or for each step", at)
          .operand("losses", losses)
          .operand("sample_weight", sample_weight)
          .shape_error();
  return mean(losses * w);
}
Loss::Loss(std::string name, Function f)
    : name_(std::move(name)), f_([f = std::move(f)](const Tensor& y, const Tensor& p, Reduction) { return f(y, p); }) {}

Loss BinaryCrossentropy(CrossentropyOptions o) {
  return {"binary_crossentropy",
          [o](const Tensor& y, const Tensor& p, Reduction r) { return binary(y, p, o.from_logits, r); }};
}
Loss CategoricalCrossentropy(CrossentropyOptions o) {
  return {"categorical_crossentropy",
          [o](const Tensor& y, const Tensor& p, Reduction r) { return categorical(y, p, o.from_logits, r); }};
}
Loss SparseCategoricalCrossentropy(CrossentropyOptions o) {
  return {"sparse_categorical_crossentropy",
          [o](const Tensor& y, const Tensor& p, Reduction r) { return sparse(y, p, o.from_logits, r); }};
}
Loss MeanSquaredError() { return "mean_squared_error"; }
Loss MeanAbsoluteError() { return "mean_absolute_error"; }
Loss Huber(double delta) {
  return {"huber", [delta](const Tensor& y, const Tensor& p, Reduction r) { return bent(y, p, delta, r); }};
}
Loss KLDivergence() { return "kl_divergence"; }

MetricChoice::MetricChoice(const std::string& name, Location at)
    : name_(name), metric_(named(metrics(), "compile", "metric", name, at)(name)) {}

}  // namespace xgrad::keras
