// Searches for the best parameters by cross-validation.
//
//   sklearn::GridSearchCV search(sklearn::MLPClassifier({.random_state = 0}),
//                                {{"alpha", {1e-4, 1e-2}}, {"hidden_layer_sizes", {{16}, {32, 16}}}}, {.cv = 3});
//   search.fit(X, y);
//   search.best_params_(), search.best_score_(), search.predict(X_new)
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/random.hpp>
#include <xgrad/sklearn/model_selection.hpp>

namespace xgrad::sklearn {

// A row for each choice of parameters that was tried.
struct SearchResult {
  Params params;
  std::vector<double> split_test_score;
  double mean_test_score = 0, std_test_score = 0;  // of the population
  std::int64_t rank_test_score = 0;                // 1 is best; equal scores share a rank
};

struct SearchOptions {
  ByName by_name = ByName();
  CrossValidation cv = 5;
  bool refit = true;  // fit the best parameters to all samples, for predict and score
};
struct RandomizedSearchOptions {
  ByName by_name = ByName();
  std::int64_t n_iter = 10;
  std::optional<std::int64_t> random_state = {};
  CrossValidation cv = 5;
  bool refit = true;
};

// What both searches share. Before fit NotFittedError; without refit, ValueError from what needs it. A choice whose
// score is NaN ranks last.
class XGRAD_API BaseSearchCV : public Estimator {
 public:
  // Those of the estimator, "estimator__" in front.
  Params get_params() const override;
  bool is_classifier() const override { return estimator_->is_classifier(); }
  Tensor predict(const Tensor& X, Location at = Location::current()) const override;
  Tensor predict_proba(const Tensor& X, Location at = Location::current()) const override;
  Tensor transform(const Tensor& X, Location at = Location::current()) const override;
  double score(const Tensor& X, const Tensor& y, Location at = Location::current()) const override;
  double score(const Tensor& X, const Strings& y, Location at = Location::current()) const override;
  using Estimator::predict;

  const std::vector<SearchResult>& cv_results_(Location at = Location::current()) const;
  std::int64_t best_index_(Location at = Location::current()) const;  // the first of rank 1
  const Params& best_params_(Location at = Location::current()) const;
  double best_score_(Location at = Location::current()) const;
  Estimator& best_estimator_(Location at = Location::current()) const;

 protected:
  BaseSearchCV(AnyEstimator estimator, CrossValidation cv, bool refit);
  BaseSearchCV(const BaseSearchCV& o);
  BaseSearchCV& operator=(const BaseSearchCV& o);
  // labels: y, or strings in the place of it, for what is fitted to all samples.
  template <class Labels>
  void search(const std::vector<Params>& choices, const Tensor& X, const Tensor& y, const Labels& labels,
              const Location& at);
  void search(const std::vector<Params>& choices, const Tensor& X, const Strings& y, const Location& at);
  void set_estimator_params(const Params& params, const Location& at);
  void check_names(const std::vector<std::string>& names, const Location& at) const;

  AnyEstimator estimator_;
  CrossValidation cv_;
  bool refit_;

 private:
  struct Found;
  Strings predict_strings(const Tensor& X, const Location& at) const override;
  const Found& found(const Location& at) const;
  std::shared_ptr<const Found> found_;
};

// Every combination of the values. ValueError: an empty grid or list, a parameter that the estimator does not have.
class XGRAD_API GridSearchCV final : public BaseSearchCV {
 public:
  GridSearchCV(AnyEstimator estimator, ParamGrid param_grid, SearchOptions options = {},
               Location at = Location::current());
  std::string name() const override { return "GridSearchCV"; }
  std::unique_ptr<Estimator> clone() const override;
  GridSearchCV& set_params(const Params& params, Location at = Location::current()) override;
  GridSearchCV& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override;
  GridSearchCV& fit(const Tensor& X, const Strings& y, Location at = Location::current()) override;

 private:
  ParamGrid grid_;
};

// What a parameter is drawn from: a list, or one of those below, or a function of a generator.
class XGRAD_API ParamDistribution {
 public:
  ParamDistribution(std::vector<ParamValue> values) : values_(std::move(values)) {}  // NOLINT
  ParamDistribution(std::initializer_list<ParamValue> values) : values_(values) {}   // NOLINT
  template <std::invocable<const Generator&> F>
  ParamDistribution(F f) : draw_(std::move(f)) {}  // NOLINT
  bool is_list() const { return !draw_; }
  const std::vector<ParamValue>& values() const { return values_; }
  ParamValue draw(const Generator& generator) const;

 private:
  std::vector<ParamValue> values_;
  std::function<ParamValue(const Generator&)> draw_;
};
// scipy.stats': U[loc, loc + scale); a number whose logarithm is uniform in [a, b); an integer in [low, high).
// ValueError: empty or infinite ranges, a <= 0.
XGRAD_API ParamDistribution uniform(double loc = 0, double scale = 1, Location at = Location::current());
XGRAD_API ParamDistribution loguniform(double a, double b, Location at = Location::current());
XGRAD_API ParamDistribution randint(std::int64_t low, std::int64_t high, Location at = Location::current());

// n_iter choices drawn at random; of lists alone no choice twice, and no more than there are.
class XGRAD_API RandomizedSearchCV final : public BaseSearchCV {
 public:
  RandomizedSearchCV(AnyEstimator estimator, std::map<std::string, ParamDistribution> param_distributions,
                     RandomizedSearchOptions options = {}, Location at = Location::current());
  std::string name() const override { return "RandomizedSearchCV"; }
  std::unique_ptr<Estimator> clone() const override;
  RandomizedSearchCV& set_params(const Params& params, Location at = Location::current()) override;
  RandomizedSearchCV& fit(const Tensor& X, const Tensor& y, Location at = Location::current()) override;
  RandomizedSearchCV& fit(const Tensor& X, const Strings& y, Location at = Location::current()) override;

 private:
  std::vector<Params> choices() const;
  std::map<std::string, ParamDistribution> distributions_;
  std::int64_t n_iter_;
  std::optional<std::int64_t> random_state_;
};

}  // namespace xgrad::sklearn
