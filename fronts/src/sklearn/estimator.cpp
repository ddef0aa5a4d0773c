#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/sklearn/estimator.hpp>
#include <xgrad/train/metrics_of_values.hpp>

#include "checks.hpp"

namespace xgrad::sklearn {

std::string ParamValue::text() const {
  struct Text {
    std::string operator()(std::nullptr_t) const { return "None"; }
    std::string operator()(bool v) const { return v ? "True" : "False"; }
    std::string operator()(std::int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const { return fmt::format("{}", v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<std::int64_t>& v) const {
      return fmt::format("({}{})", fmt::join(v, ", "), v.size() == 1 ? "," : "");
    }
  };
  return std::visit(Text(), value_);
}

std::ostream& operator<<(std::ostream& os, const ParamValue& v) { return os << v.text(); }

std::ostream& operator<<(std::ostream& os, const Estimator& e) {
  std::vector<std::string> params;
  for (const auto& [name, value] : e.get_params()) params.push_back(fmt::format("{}={}", name, value.text()));
  return os << fmt::format("{}({})", e.name(), fmt::join(params, ", "));
}

Estimator::~Estimator() = default;
Tensor Estimator::predict(const Tensor&, Location at) const { refuse(name(), "has no predict", at); }
Tensor Estimator::predict_proba(const Tensor&, Location at) const { refuse(name(), "has no predict_proba", at); }
Tensor Estimator::transform(const Tensor&, Location at) const { refuse(name(), "has no transform", at); }
double Estimator::score(const Tensor&, const Tensor&, Location at) const { refuse(name(), "has no score", at); }
Estimator& Estimator::fit(const Tensor&, const Strings&, Location at) {
  refuse(name(), "takes no strings as labels", at);
}
double Estimator::score(const Tensor&, const Strings&, Location at) const {
  refuse(name(), "takes no strings as labels", at);
}
Strings Estimator::predict_strings(const Tensor&, const Location& at) const {
  refuse(name(), "gives no strings as labels", at);
}

AnyEstimator::AnyEstimator(std::shared_ptr<Estimator> estimator) : held_(std::move(estimator)) {
  if (!held_) refuse("AnyEstimator", "the pointer is null", Location::current());
}

double accuracy_score(const Tensor& y_true, const Tensor& y_pred, Location at) {
  require_same_shape("accuracy_score", y_true, y_pred, at);
  Tensor right = y_true == y_pred;
  if (right.dim() > 1) right = all(right.flatten(1), 1);
  return right.numel() == 0 ? std::numeric_limits<double>::quiet_NaN() : right.to(kFloat64).mean().item();
}

namespace {

void require_as_many_labels(const char* op, std::int64_t of_true, std::int64_t of_predicted, const Location& at) {
  if (of_true != of_predicted)
    ErrorReport(op, fmt::format("y_true has {} labels, y_pred {}", of_true, of_predicted), at).shape_error();
}

// Places in a list of `classes` labels.
Tensor counts_of_pairs(const Tensor& y_true, const Tensor& y_pred, std::int64_t classes) {
  return bincount(y_true * classes + y_pred, Tensor(), classes * classes).reshape({classes, classes});
}

}  // namespace

double accuracy_score(const Strings& y_true, const Strings& y_pred, Location at) {
  require_as_many_labels("accuracy_score", std::ssize(y_true), std::ssize(y_pred), at);
  const Strings known = different_labels(y_true);
  return accuracy_score(places_of(y_true, known), places_of(y_pred, known), at);
}

Tensor confusion_matrix(const Tensor& y_true, const Tensor& y_pred, Location at) {
  const char* op = "confusion_matrix";
  const Tensor truth = checked_labels(op, y_true, at), told = checked_labels(op, y_pred, at);
  require_as_many_labels(op, truth.numel(), told.numel(), at);
  const UniqueResult all = unique(cat({truth, told}));
  const std::int64_t n = truth.numel();
  return counts_of_pairs(all.inverse.slice(0, 0, n), all.inverse.slice(0, n, 2 * n), all.values.numel());
}

Tensor confusion_matrix(const Strings& y_true, const Strings& y_pred, Location at) {
  require_as_many_labels("confusion_matrix", std::ssize(y_true), std::ssize(y_pred), at);
  Strings all = y_true;
  all.insert(all.end(), y_pred.begin(), y_pred.end());
  const Strings known = different_labels(all);
  return counts_of_pairs(places_of(y_true, known), places_of(y_pred, known), std::ssize(known));
}

double r2_score(const Tensor& y_true, const Tensor& y_pred, Location at) {
  train::R2Score r2;
  r2.update(y_pred, y_true, at);
  return r2.compute();
}

}  // namespace xgrad::sklearn
