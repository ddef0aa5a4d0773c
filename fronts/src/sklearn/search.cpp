#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/nn/option_check.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/sklearn/search.hpp>

#include "checks.hpp"
#include "splits.hpp"

namespace xgrad::sklearn {
namespace {

constexpr const char* kPrefix = "estimator__";

// Every combination, the last name varying fastest.
std::vector<Params> combinations(const std::vector<std::pair<std::string, std::vector<ParamValue>>>& lists) {
  std::vector<Params> out{{}};
  for (const auto& [name, values] : lists) {
    std::vector<Params> longer;
    for (const Params& so_far : out)
      for (const ParamValue& value : values) {
        Params next = so_far;
        next.emplace(name, value);
        longer.push_back(std::move(next));
      }
    out = std::move(longer);
  }
  return out;
}

void rank(std::vector<SearchResult>& results) {
  // NaN is below all others.
  const auto key = [](const SearchResult& r) {
    return std::isnan(r.mean_test_score) ? -std::numeric_limits<double>::infinity() : r.mean_test_score;
  };
  for (SearchResult& r : results)
    r.rank_test_score = 1 + std::ranges::count_if(results, [&](const SearchResult& o) { return key(o) > key(r); });
}

}  // namespace

struct BaseSearchCV::Found {
  std::vector<SearchResult> results;
  std::size_t best = 0;
  std::shared_ptr<Estimator> refitted;
};

BaseSearchCV::BaseSearchCV(AnyEstimator estimator, CrossValidation cv, bool refit)
    : estimator_(std::move(estimator)), cv_(std::move(cv)), refit_(refit) {}

BaseSearchCV::BaseSearchCV(const BaseSearchCV& o)
    : Estimator(o),
      estimator_(std::shared_ptr(o.estimator_->clone())),
      cv_(o.cv_),
      refit_(o.refit_),
      found_(o.found_) {}
BaseSearchCV& BaseSearchCV::operator=(const BaseSearchCV& o) {
  estimator_ = AnyEstimator(std::shared_ptr(o.estimator_->clone()));
  cv_ = o.cv_;
  refit_ = o.refit_;
  found_ = o.found_;
  return *this;
}

Params BaseSearchCV::get_params() const {
  Params out;
  for (const auto& [name, value] : estimator_->get_params()) out.emplace(kPrefix + name, value);
  return out;
}

void BaseSearchCV::set_estimator_params(const Params& params, const Location& at) {
  Params own;
  for (const auto& [param, value] : params) {
    if (!param.starts_with(kPrefix))
      refuse(name(), fmt::format("no parameter '{}'; those of the estimator have '{}' in front", param, kPrefix), at);
    own.emplace(param.substr(std::string(kPrefix).size()), value);
  }
  estimator_->set_params(own, at);
}

void BaseSearchCV::check_names(const std::vector<std::string>& names, const Location& at) const {
  if (names.empty()) refuse(name(), "there are no parameters to try", at);
  const Params known = estimator_->get_params();
  std::vector<std::string> all;
  for (const auto& [param, value] : known) all.push_back(param);
  for (const std::string& wanted : names)
    if (!known.contains(wanted))
      refuse(name(),
             fmt::format("{} has no parameter '{}'; there are {}", estimator_->name(), wanted, fmt::join(all, ", ")),
             at);
}

template <class Labels>
void BaseSearchCV::search(const std::vector<Params>& choices, const Tensor& X, const Tensor& y, const Labels& labels,
                          const Location& at) {
  const auto found = std::make_shared<Found>();
  // The same folds for all.
  const CrossValidation folds(cv_.split(*estimator_, X, y, at));
  for (const Params& choice : choices) {
    const std::shared_ptr<Estimator> candidate = estimator_->clone();
    candidate->set_params(choice, at);
    SearchResult r{.params = choice, .split_test_score = cross_val_score(AnyEstimator(candidate), X, y, {folds}, at)};
    const Tensor scores = from_vector(r.split_test_score);
    r.mean_test_score = scores.mean().item();
    r.std_test_score = sqrt(square(scores - scores.mean()).mean()).item();
    found->results.push_back(std::move(r));
  }
  rank(found->results);
  const auto best = std::ranges::find(found->results, 1, &SearchResult::rank_test_score);
  found->best = static_cast<std::size_t>(best - found->results.begin());
  if (refit_) {
    found->refitted = estimator_->clone();
    found->refitted->set_params(best->params, at).fit(X, labels, at);
  }
  found_ = found;
}
// (Scores do not depend on what the classes are called.)
void BaseSearchCV::search(const std::vector<Params>& choices, const Tensor& X, const Strings& y, const Location& at) {
  if (!is_classifier()) refuse(name(), fmt::format("{} takes no strings as labels", estimator_->name()), at);
  search(choices, X, places_of(y, different_labels(y)), y, at);
}

const BaseSearchCV::Found& BaseSearchCV::found(const Location& at) const {
  if (!found_) not_fitted(name(), at);
  return *found_;
}
const std::vector<SearchResult>& BaseSearchCV::cv_results_(Location at) const { return found(at).results; }
std::int64_t BaseSearchCV::best_index_(Location at) const { return static_cast<std::int64_t>(found(at).best); }
const Params& BaseSearchCV::best_params_(Location at) const { return found(at).results[found_->best].params; }
double BaseSearchCV::best_score_(Location at) const { return found(at).results[found_->best].mean_test_score; }
Estimator& BaseSearchCV::best_estimator_(Location at) const {
  if (!found(at).refitted) refuse(name(), "made with .refit = false: no estimator was fitted to all samples", at);
  return *found_->refitted;
}
Tensor BaseSearchCV::predict(const Tensor& X, Location at) const { return best_estimator_(at).predict(X, at); }
Tensor BaseSearchCV::predict_proba(const Tensor& X, Location at) const {
  return best_estimator_(at).predict_proba(X, at);
}
Tensor BaseSearchCV::transform(const Tensor& X, Location at) const { return best_estimator_(at).transform(X, at); }
double BaseSearchCV::score(const Tensor& X, const Tensor& y, Location at) const {
  return best_estimator_(at).score(X, y, at);
}
double BaseSearchCV::score(const Tensor& X, const Strings& y, Location at) const {
  return best_estimator_(at).score(X, y, at);
}
Strings BaseSearchCV::predict_strings(const Tensor& X, const Location& at) const {
  return best_estimator_(at).predict<std::string>(X, at);
}

// ---- GridSearchCV ----

GridSearchCV::GridSearchCV(AnyEstimator estimator, ParamGrid grid, SearchOptions o, Location at)
    : BaseSearchCV(std::move(estimator), std::move(o.cv), o.refit), grid_(std::move(grid)) {
  std::vector<std::string> names;
  for (const auto& [param, values] : grid_) {
    names.push_back(param);
    if (values.empty()) refuse(name(), fmt::format("no values for '{}'", param), at);
  }
  check_names(names, at);
}
std::unique_ptr<Estimator> GridSearchCV::clone() const {
  return std::make_unique<GridSearchCV>(AnyEstimator(std::shared_ptr(estimator_->clone())), grid_,
                                        SearchOptions{.cv = cv_, .refit = refit_});
}
GridSearchCV& GridSearchCV::set_params(const Params& params, Location at) {
  set_estimator_params(params, at);
  return *this;
}
GridSearchCV& GridSearchCV::fit(const Tensor& X, const Tensor& y, Location at) {
  search(combinations({grid_.begin(), grid_.end()}), X, y, y, at);
  return *this;
}
GridSearchCV& GridSearchCV::fit(const Tensor& X, const Strings& y, Location at) {
  search(combinations({grid_.begin(), grid_.end()}), X, y, at);
  return *this;
}

// ---- RandomizedSearchCV ----

ParamValue ParamDistribution::draw(const Generator& generator) const {
  if (draw_) return draw_(generator);
  const auto i = xgrad::randint(0, std::ssize(values_), {}, {.generator = generator}).item<std::int64_t>();
  return values_[static_cast<std::size_t>(i)];
}

namespace {

double unit(const Generator& generator) { return rand({}, {.dtype = kFloat64, .generator = generator}).item(); }

}  // namespace

ParamDistribution uniform(double loc, double scale, Location at) {
  const nn::OptionCheck check("uniform", at);
  check.finite("loc", loc);
  check.positive("scale", scale);
  return [=](const Generator& g) { return ParamValue(loc + scale * unit(g)); };
}
ParamDistribution loguniform(double a, double b, Location at) {
  const nn::OptionCheck check("loguniform", at);
  check.positive("a", a);
  check.positive("b", b);
  if (a >= b) check.fail(fmt::format("a must be below b, got {} and {}", a, b));
  return [=](const Generator& g) { return ParamValue(a * std::pow(b / a, unit(g))); };
}
ParamDistribution randint(std::int64_t low, std::int64_t high, Location at) {
  if (low >= high) refuse("randint", fmt::format("low must be below high, got {} and {}", low, high), at);
  return [=](const Generator& g) {
    return ParamValue(xgrad::randint(low, high, {}, {.generator = g}).item<std::int64_t>());
  };
}

RandomizedSearchCV::RandomizedSearchCV(AnyEstimator estimator, std::map<std::string, ParamDistribution> distributions,
                                       RandomizedSearchOptions o, Location at)
    : BaseSearchCV(std::move(estimator), std::move(o.cv), o.refit),
      distributions_(std::move(distributions)),
      n_iter_(o.n_iter),
      random_state_(o.random_state) {
  std::vector<std::string> names;
  for (const auto& [param, values] : distributions_) {
    names.push_back(param);
    if (values.is_list() && values.values().empty()) refuse(name(), fmt::format("no values for '{}'", param), at);
  }
  check_names(names, at);
  if (n_iter_ < 1) refuse(name(), fmt::format("n_iter must be at least 1, got {}", n_iter_), at);
}
std::unique_ptr<Estimator> RandomizedSearchCV::clone() const {
  return std::make_unique<RandomizedSearchCV>(
      AnyEstimator(std::shared_ptr(estimator_->clone())), distributions_,
      RandomizedSearchOptions{.n_iter = n_iter_, .random_state = random_state_, .cv = cv_, .refit = refit_});
}
RandomizedSearchCV& RandomizedSearchCV::set_params(const Params& params, Location at) {
  set_estimator_params(params, at);
  return *this;
}

std::vector<Params> RandomizedSearchCV::choices() const {
  const Generator generator = generator_of(random_state_);
  std::vector<Params> out;
  if (std::ranges::all_of(distributions_, [](const auto& d) { return d.second.is_list(); })) {
    std::vector<std::pair<std::string, std::vector<ParamValue>>> lists;
    for (const auto& [name, d] : distributions_) lists.emplace_back(name, d.values());
    const std::vector<Params> all = combinations(lists);
    for (const std::int64_t i : randperm(std::ssize(all), {.generator = generator}).to_vector<std::int64_t>())
      if (std::ssize(out) < n_iter_) out.push_back(all[static_cast<std::size_t>(i)]);
    return out;
  }
  for (std::int64_t i = 0; i < n_iter_; ++i) {
    Params choice;
    for (const auto& [name, d] : distributions_) choice.emplace(name, d.draw(generator));
    out.push_back(std::move(choice));
  }
  return out;
}

RandomizedSearchCV& RandomizedSearchCV::fit(const Tensor& X, const Tensor& y, Location at) {
  search(choices(), X, y, y, at);
  return *this;
}
RandomizedSearchCV& RandomizedSearchCV::fit(const Tensor& X, const Strings& y, Location at) {
  search(choices(), X, y, at);
  return *this;
}

}  // namespace xgrad::sklearn
