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

AnyEstimator::AnyEstimator(std::shared_ptr<Estimator> estimator) : held_(std::move(estimator)) {
  if (!held_) refuse("AnyEstimator", "the pointer is null", Location::current());
}

double accuracy_score(const Tensor& y_true, const Tensor& y_pred, Location at) {
  require_same_shape("accuracy_score", y_true, y_pred, at);
  Tensor right = y_true == y_pred;
  if (right.dim() > 1) right = all(right.flatten(1), 1);
  return right.numel() == 0 ? std::numeric_limits<double>::quiet_NaN() : right.to(kFloat64).mean().item();
}

double r2_score(const Tensor& y_true, const Tensor& y_pred, Location at) {
  train::R2Score r2;
  r2.update(y_pred, y_true, at);
  return r2.compute();
}

}  // namespace xgrad::sklearn
