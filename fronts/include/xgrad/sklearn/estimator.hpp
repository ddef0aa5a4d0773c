// What all estimators share: parameters by name, fit, and what is asked afterwards.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::sklearn {

using xgrad::operator<<;

// An estimator is used before fit.
class XGRAD_API NotFittedError : public ValueError {
  using ValueError::ValueError;
};

// A value of a parameter: none, true, 3, 0.1, "relu", {100, 50}.
class XGRAD_API ParamValue {
 public:
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, std::vector<std::int64_t>>;
  ParamValue(std::same_as<std::nullptr_t> auto) : value_(nullptr) {}  // NOLINT
  ParamValue(std::same_as<bool> auto v) : value_(v) {}                // NOLINT
  template <std::integral T>
  requires(!std::same_as<T, bool>) ParamValue(T v) : value_(static_cast<std::int64_t>(v)) {}   // NOLINT
  ParamValue(std::floating_point auto v) : value_(static_cast<double>(v)) {}                   // NOLINT
  ParamValue(const char* v) : value_(std::string(v)) {}                                        // NOLINT
  ParamValue(std::string v) : value_(std::move(v)) {}                                          // NOLINT
  ParamValue(std::vector<std::int64_t> v) : value_(std::move(v)) {}                            // NOLINT
  ParamValue(std::initializer_list<std::int64_t> v) : value_(std::vector<std::int64_t>(v)) {}  // NOLINT
  const Value& value() const { return value_; }
  std::string text() const;  // "None", "True", "0.1", "relu", "(100, 50)"
  bool operator==(const ParamValue&) const = default;

 private:
  Value value_;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const ParamValue& v);  // text()

// Parameters by name, sorted: {{"alpha", 1e-3}, {"solver", "adam"}}.
using Params = std::map<std::string, ParamValue>;
// Values to try, by name: {{"alpha", {1e-4, 1e-2}}, {"solver", {"adam", "sgd"}}}.
using ParamGrid = std::map<std::string, std::vector<ParamValue>>;

using Strings = std::vector<std::string>;

// X is (samples, features), floating (integers count as float64), finite. ShapeError for another rank, for numbers of
// samples that differ, or for another number of features than in fit; ValueError for NaN and infinity; NotFittedError
// before fit. What was learnt is kept when fit throws. Copies are independent from their next fit on.
// Classifiers, and pipelines and searches that end in one, take strings as labels as well: fit(X, y), score(X, y), and
// predict<std::string>(X), where predict(X) gives the places of the labels in the sorted list of all. ValueError from
// other estimators, and for strings after a fit to numbers.
class XGRAD_API Estimator {
 public:
  virtual ~Estimator();
  virtual std::string name() const = 0;                  // "MLPClassifier"
  virtual std::unique_ptr<Estimator> clone() const = 0;  // the same parameters, not fitted
  virtual Params get_params() const = 0;
  // Changes those that are named; ValueError for a name or a value that does not fit, and then nothing is changed.
  virtual Estimator& set_params(const Params& params, Location at = Location::current()) = 0;
  virtual bool is_classifier() const { return false; }

  virtual Estimator& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) = 0;
  // ValueError where an estimator has no such method, as here by default.
  virtual Tensor predict(const Tensor& X, Location at = Location::current()) const;
  virtual Tensor predict_proba(const Tensor& X, Location at = Location::current()) const;
  virtual Tensor transform(const Tensor& X, Location at = Location::current()) const;
  virtual double score(const Tensor& X, const Tensor& y, Location at = Location::current()) const;

  virtual Estimator& fit(const Tensor& X, const Strings& y, Location at = Location::current());
  virtual double score(const Tensor& X, const Strings& y, Location at = Location::current()) const;
  template <std::same_as<std::string> Label>
  Strings predict(const Tensor& X, Location at = Location::current()) const {
    return predict_strings(X, at);
  }

 protected:
  virtual Strings predict_strings(const Tensor& X, const Location& at) const;
  Estimator() = default;
  Estimator(const Estimator&) = default;
  Estimator& operator=(const Estimator&) = default;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Estimator& e);  // "MLPClassifier(alpha=0.001)": all of them

// An estimator of any class, as an argument: a copy of what is given.
class XGRAD_API AnyEstimator {
 public:
  template <std::derived_from<Estimator> E>
  AnyEstimator(E estimator) : held_(std::make_shared<E>(std::move(estimator))) {}  // NOLINT
  AnyEstimator(std::shared_ptr<Estimator> estimator);                              // NOLINT
  Estimator& operator*() const { return *held_; }
  Estimator* operator->() const { return held_.get(); }

 private:
  std::shared_ptr<Estimator> held_;
};

// The share of samples whose label, or row of labels, is right. ShapeError unless the shapes are equal.
XGRAD_API double accuracy_score(const Tensor& y_true, const Tensor& y_pred, Location at = Location::current());
XGRAD_API double accuracy_score(const Strings& y_true, const Strings& y_pred, Location at = Location::current());
// counts[i][j] (int64): samples of the i-th label that were told to be of the j-th, of all labels of both, sorted.
// ShapeError unless there are as many of both.
XGRAD_API Tensor confusion_matrix(const Tensor& y_true, const Tensor& y_pred, Location at = Location::current());
XGRAD_API Tensor confusion_matrix(const Strings& y_true, const Strings& y_pred, Location at = Location::current());
// 1 - sum (y - p)^2 / sum (y - mean)^2, averaged over columns: train::R2Score.
XGRAD_API double r2_score(const Tensor& y_true, const Tensor& y_pred, Location at = Location::current());

}  // namespace xgrad::sklearn
