// Classifier and regressor: what they make of the targets.
#include <algorithm>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/sklearn/mlp.hpp>

#include "checks.hpp"
#include "mlp_state.hpp"

namespace xgrad::sklearn {
namespace {

// The targets of the net: positions of classes (n), or columns of 0 and 1.
struct Encoded {
  Tensor y;
  const char* output;
};

Encoded encode_labels(const std::string& op, const Tensor& labels, const Tensor& classes, const Location& at) {
  const std::vector<std::int64_t> numbers = positions(labels, classes);
  if (const auto unknown = std::ranges::find(numbers, -1); unknown != numbers.end())
    ErrorReport(op.c_str(),
                fmt::format("label {} is not among the classes {}",
                            labels.to_vector<std::int64_t>()[static_cast<std::size_t>(unknown - numbers.begin())],
                            fmt::join(classes.to_vector<std::int64_t>(), ", ")),
                at)
        .help("give all classes in the first call: partial_fit(X, y, classes)")
        .value_error();
  const Tensor y = from_vector(numbers);
  if (classes.numel() > 2) return {y, "softmax"};
  return {y.to(kFloat64).unsqueeze(1), "logistic"};
}

Encoded encode_columns(const std::string& op, const Tensor& y, const Location& at) {
  const Tensor columns = y.to(kFloat64);
  if (!all((columns == 0).logical_or(columns == 1)).item<bool>())
    ErrorReport(op.c_str(), "labels in columns must be 0 or 1", at).operand("y", y).value_error();
  return {columns, "logistic"};
}

// Labels in one column are labels.
Tensor without_column(const Tensor& y) { return y.defined() && y.dim() == 2 && y.size(1) == 1 ? y.flatten() : y; }

}  // namespace

// ---- MLPClassifier ----

MLPClassifier::MLPClassifier(MLPOptions options, Location at) : BaseMultilayerPerceptron(std::move(options)) {
  check_options(params(), at);
}
std::unique_ptr<Estimator> MLPClassifier::clone() const { return std::make_unique<MLPClassifier>(params()); }
MLPClassifier& MLPClassifier::set_params(const Params& params, Location at) {
  assign_params(params, at);
  return *this;
}

void MLPClassifier::train(const Tensor& X, const Tensor& y, const Tensor& classes, const Strings& names,
                          bool incremental, const Location& at) {
  const std::string op = incremental ? "MLPClassifier.partial_fit" : "MLPClassifier.fit";
  const Tensor x = checked_samples(op, X, at);
  require_as_many(op, x, y, at);
  const bool on = goes_on(incremental);
  if (on && names.empty() && !known_names(at).empty()) refuse(op, "labels are numbers, those before were strings", at);
  if (y.dim() == 2) {
    if (y.size(1) < 1) ErrorReport(op.c_str(), "y has no columns", at).operand("y", y).shape_error();
    const Encoded targets = encode_columns(op, y, at);
    learn(x, targets.y, targets.output, arange(y.size(1)), {}, incremental, at);
    return;
  }
  const Tensor labels = checked_labels(op, y, at);
  Tensor known = on ? classes_(at) : unique(classes.defined() ? checked_labels(op, classes, at) : labels).values;
  if (on && classes.defined() && !equal(unique(checked_labels(op, classes, at)).values, known))
    refuse(op, "classes differ from those of the first call", at);
  if (on && !incremental && !equal(unique(labels).values, known))
    ErrorReport(op.c_str(),
                fmt::format("warm_start: y has classes {}, the last fit had {}",
                            fmt::join(unique(labels).values.to_vector<std::int64_t>(), ", "),
                            fmt::join(known.to_vector<std::int64_t>(), ", ")),
                at)
        .help("fit anew without warm_start, or use partial_fit for data that lacks some")
        .value_error();
  if (known.numel() < 2) refuse(op, fmt::format("at least two classes are needed, got {}", known.numel()), at);
  const Encoded targets = encode_labels(op, labels, known, at);
  learn(x, targets.y, targets.output, known, names, incremental, at);
}

MLPClassifier& MLPClassifier::fit(const Tensor& X, const Tensor& y, Location at) {
  train(X, without_column(y), Tensor(), {}, false, at);
  return *this;
}

namespace {

void require_steps(const MLPOptions& o, const Location& at) {
  if (o.solver == "lbfgs")
    refuse("MLPClassifier.partial_fit", "solver lbfgs learns from all samples at once; use sgd or adam", at);
}

}  // namespace

MLPClassifier& MLPClassifier::fit(const Tensor& X, const Strings& y, Location at) {
  const char* op = "MLPClassifier.fit";
  const Strings names = different_labels(y);
  if (goes_on(false) && names != class_names(at))
    ErrorReport(op,
                fmt::format("warm_start: y has classes {}, the last fit had {}", fmt::join(names, ", "),
                            fmt::join(class_names(at), ", ")),
                at)
        .help("fit anew without warm_start, or use partial_fit for data that lacks some")
        .value_error();
  train(X, places_of(y, names), Tensor(), names, false, at);
  return *this;
}

MLPClassifier& MLPClassifier::partial_fit(const Tensor& X, const Strings& y, const Strings& classes, Location at) {
  const char* op = "MLPClassifier.partial_fit";
  require_steps(params(), at);
  const bool on = goes_on(true);
  const Strings given = different_labels(classes.empty() ? y : classes);
  const Strings names = on ? class_names(at) : given;
  if (on && !classes.empty() && given != names) refuse(op, "classes differ from those of the first call", at);
  train(X, known_places(op, y, names, at), arange(std::ssize(names)), names, true, at);
  return *this;
}

const Strings& MLPClassifier::class_names(const Location& at) const {
  const Strings& names = known_names(at);
  if (names.empty())
    ErrorReport("MLPClassifier", "was fitted to numbers, and knows no strings as labels", at)
        .help("predict(X) gives the numbers")
        .value_error();
  return names;
}

Strings MLPClassifier::predict_strings(const Tensor& X, const Location& at) const {
  const Strings& names = class_names(at);
  return labels_at(predict(X, at), names);
}

double MLPClassifier::score(const Tensor& X, const Strings& y, Location at) const {
  const Tensor truth = places_of(y, class_names(at)), predicted = predict(X, at);  // a label never seen is wrong
  require_as_many("MLPClassifier.score", predicted, truth, at);
  return accuracy_score(truth, predicted, at);
}

MLPClassifier& MLPClassifier::partial_fit(const Tensor& X, const Tensor& y, const Tensor& classes, Location at) {
  require_steps(params(), at);
  train(X, without_column(y), classes, {}, true, at);
  return *this;
}

Tensor MLPClassifier::predict(const Tensor& X, Location at) const {
  const Tensor p = scores("predict", X, at);
  const bool columns = out_activation_(at) == "logistic" && p.size(1) > 1;
  if (columns) return (p > 0.5).to(kInt64);
  const Tensor place = p.size(1) == 1 ? (p > 0.5).to(kInt64).flatten() : argmax(p, 1);
  return index_select(classes_(at), 0, place);
}

Tensor MLPClassifier::predict_proba(const Tensor& X, Location at) const {
  const Tensor p = scores("predict_proba", X, at);
  return p.size(1) == 1 && classes_(at).numel() == 2 ? cat({1 - p, p}, 1) : p;
}

Tensor MLPClassifier::predict_log_proba(const Tensor& X, Location at) const { return log(predict_proba(X, at)); }

double MLPClassifier::score(const Tensor& X, const Tensor& y, Location at) const {
  const Tensor predicted = predict(X, at), truth = without_column(y);
  require_as_many("MLPClassifier.score", predicted, truth, at);
  return accuracy_score(truth.dim() == 1 ? checked_labels("MLPClassifier.score", truth, at) : truth.to(kInt64),
                        predicted, at);
}

Tensor MLPClassifier::classes_(Location at) const { return known_classes(at); }

// ---- MLPRegressor ----

MLPRegressor::MLPRegressor(MLPOptions options, Location at) : BaseMultilayerPerceptron(std::move(options)) {
  check_options(params(), at);
}
std::unique_ptr<Estimator> MLPRegressor::clone() const { return std::make_unique<MLPRegressor>(params()); }
MLPRegressor& MLPRegressor::set_params(const Params& params, Location at) {
  assign_params(params, at);
  return *this;
}

void MLPRegressor::train(const Tensor& X, const Tensor& y, bool incremental, const Location& at) {
  const std::string op = incremental ? "MLPRegressor.partial_fit" : "MLPRegressor.fit";
  const Tensor x = checked_samples(op, X, at);
  require_as_many(op, x, y, at);
  if (y.dim() > 2) ErrorReport(op.c_str(), "y must be (n) or (n, outputs)", at).operand("y", y).shape_error();
  const Tensor targets = checked_targets(op, y.dim() == 1 ? y.unsqueeze(1) : y, at);
  // The class list is empty; its rank keeps the shape of y.
  learn(x, targets, "identity", y.dim() == 1 ? zeros({0}, kInt64) : zeros({0, 0}, kInt64), {}, incremental, at);
}

MLPRegressor& MLPRegressor::fit(const Tensor& X, const Tensor& y, Location at) {
  train(X, y, false, at);
  return *this;
}

MLPRegressor& MLPRegressor::partial_fit(const Tensor& X, const Tensor& y, Location at) {
  if (params().solver == "lbfgs")
    refuse("MLPRegressor.partial_fit", "solver lbfgs learns from all samples at once; use sgd or adam", at);
  train(X, y, true, at);
  return *this;
}

Tensor MLPRegressor::predict(const Tensor& X, Location at) const {
  const Tensor z = scores("predict", X, at);
  return known_classes(at).dim() == 1 ? z.flatten() : z;
}

double MLPRegressor::score(const Tensor& X, const Tensor& y, Location at) const {
  const Tensor predicted = predict(X, at);
  require_as_many("MLPRegressor.score", predicted, y, at);
  return r2_score(y.to(predicted.dtype()), predicted, at);
}

}  // namespace xgrad::sklearn
