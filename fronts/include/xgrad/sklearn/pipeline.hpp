// Estimators in a row: sklearn::Pipeline.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <xgrad/sklearn/estimator.hpp>

namespace xgrad::sklearn {

// Each step but the last transforms what the next one gets. Parameters of a step have its name in front,
// "mlp__alpha". ValueError: no steps, an empty name, one with "__" or one that is there twice.
class XGRAD_API Pipeline final : public Estimator {
 public:
  using Step = std::pair<std::string, AnyEstimator>;
  explicit Pipeline(std::vector<Step> steps, Location at = Location::current());
  Pipeline(const Pipeline& o);  // with copies of the steps, not fitted
  Pipeline& operator=(const Pipeline& o);
  std::string name() const override { return "Pipeline"; }
  std::unique_ptr<Estimator> clone() const override;
  Params get_params() const override;
  Pipeline& set_params(const Params& params, Location at = Location::current()) override;
  bool is_classifier() const override;

  Pipeline& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override;
  Tensor predict(const Tensor& X, Location at = Location::current()) const override;
  Tensor predict_proba(const Tensor& X, Location at = Location::current()) const override;
  Tensor transform(const Tensor& X, Location at = Location::current()) const override;
  double score(const Tensor& X, const Tensor& y, Location at = Location::current()) const override;
  Pipeline& fit(const Tensor& X, const Strings& y, Location at = Location::current()) override;
  double score(const Tensor& X, const Strings& y, Location at = Location::current()) const override;
  using Estimator::predict;

  // The step of a name; ValueError lists those there are. as<MLPClassifier>("mlp") gives it as its class.
  Estimator& step(const std::string& name, Location at = Location::current()) const;
  template <std::derived_from<Estimator> E>
  E& as(const std::string& name, Location at = Location::current()) const {
    if (E* found = dynamic_cast<E*>(&step(name, at))) return *found;
    wrong_class(name, at);
  }

 private:
  Strings predict_strings(const Tensor& X, const Location& at) const override;
  // of_last: what the last step is fitted to; the others see numbers.
  template <class Labels>
  Pipeline& fit_steps(const Tensor& X, const Tensor& y, const Labels& of_last, const Location& at);
  [[noreturn]] void wrong_class(const std::string& name, const Location& at) const;
  Tensor before_last(const Tensor& X, const Location& at) const;
  std::vector<Step> steps_;
};

// A pipeline whose steps have their classes' names in lower case, "standardscaler", numbered where there are several:
// make_pipeline(StandardScaler(), MLPClassifier()).
XGRAD_API Pipeline make_pipeline(const std::vector<AnyEstimator>& estimators, Location at = Location::current());
template <std::derived_from<Estimator>... E>
Pipeline make_pipeline(E... estimators) {
  return make_pipeline(std::vector<AnyEstimator>{AnyEstimator(std::move(estimators))...});
}

}  // namespace xgrad::sklearn
