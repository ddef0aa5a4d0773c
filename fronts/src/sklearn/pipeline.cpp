#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include <xgrad/sklearn/pipeline.hpp>

#include "checks.hpp"

namespace xgrad::sklearn {
namespace {

std::vector<Pipeline::Step> copies(const std::vector<Pipeline::Step>& steps) {
  std::vector<Pipeline::Step> out;
  for (const auto& [name, step] : steps) out.emplace_back(name, AnyEstimator(std::shared_ptr(step->clone())));
  return out;
}

}  // namespace

Pipeline::Pipeline(std::vector<Step> steps, Location at) : steps_(std::move(steps)) {
  if (steps_.empty()) refuse("Pipeline", "there are no steps", at);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const std::string& name = steps_[i].first;
    if (name.empty() || name.find("__") != std::string::npos)
      refuse("Pipeline", fmt::format("the name of a step must not be empty or have '__', got '{}'", name), at);
    for (std::size_t j = 0; j < i; ++j)
      if (steps_[j].first == name) refuse("Pipeline", fmt::format("two steps are called '{}'", name), at);
  }
}
Pipeline::Pipeline(const Pipeline& o) : Estimator(o), steps_(copies(o.steps_)) {}
Pipeline& Pipeline::operator=(const Pipeline& o) {
  steps_ = copies(o.steps_);
  return *this;
}
std::unique_ptr<Estimator> Pipeline::clone() const { return std::make_unique<Pipeline>(*this); }

Params Pipeline::get_params() const {
  Params out;
  for (const auto& [name, step] : steps_)
    for (const auto& [param, value] : step->get_params()) out.emplace(name + "__" + param, value);
  return out;
}

Pipeline& Pipeline::set_params(const Params& params, Location at) {
  std::map<std::string, Params> of_step;
  for (const auto& [name, value] : params) {
    const std::size_t cut = name.find("__");
    if (cut == std::string::npos)
      refuse("Pipeline",
             fmt::format("no parameter '{}'; those of a step have its name in front, '{}__...'", name,
                         steps_.back().first),
             at);
    of_step[name.substr(0, cut)].emplace(name.substr(cut + 2), value);
  }
  // On copies first, so that nothing is changed when one of them throws.
  for (const auto& [name, own] : of_step) step(name, at).clone()->set_params(own, at);
  for (const auto& [name, own] : of_step) step(name, at).set_params(own, at);
  return *this;
}

bool Pipeline::is_classifier() const { return steps_.back().second->is_classifier(); }

template <class Labels>
Pipeline& Pipeline::fit_steps(const Tensor& X, const Tensor& y, const Labels& of_last, const Location& at) {
  std::vector<Step> fresh = copies(steps_);
  Tensor x = X;
  for (std::size_t i = 0; i + 1 < fresh.size(); ++i) x = fresh[i].second->fit(x, y, at).transform(x, at);
  // The last one itself, for it may have warm_start; when it throws it keeps what it learnt, as do the others.
  fresh.back() = steps_.back();
  fresh.back().second->fit(x, of_last, at);
  steps_ = std::move(fresh);
  return *this;
}
Pipeline& Pipeline::fit(const Tensor& X, const Tensor& y, Location at) { return fit_steps(X, y, y, at); }
Pipeline& Pipeline::fit(const Tensor& X, const Strings& y, Location at) {
  return fit_steps(X, places_of(y, different_labels(y)), y, at);
}

Tensor Pipeline::before_last(const Tensor& X, const Location& at) const {
  Tensor x = X;
  for (std::size_t i = 0; i + 1 < steps_.size(); ++i) x = steps_[i].second->transform(x, at);
  return x;
}
Tensor Pipeline::predict(const Tensor& X, Location at) const {
  return steps_.back().second->predict(before_last(X, at), at);
}
Tensor Pipeline::predict_proba(const Tensor& X, Location at) const {
  return steps_.back().second->predict_proba(before_last(X, at), at);
}
Tensor Pipeline::transform(const Tensor& X, Location at) const {
  return steps_.back().second->transform(before_last(X, at), at);
}
double Pipeline::score(const Tensor& X, const Tensor& y, Location at) const {
  return steps_.back().second->score(before_last(X, at), y, at);
}
double Pipeline::score(const Tensor& X, const Strings& y, Location at) const {
  return steps_.back().second->score(before_last(X, at), y, at);
}
Strings Pipeline::predict_strings(const Tensor& X, const Location& at) const {
  return steps_.back().second->predict<std::string>(before_last(X, at), at);
}

Estimator& Pipeline::step(const std::string& name, Location at) const {
  std::vector<std::string> names;
  for (const auto& [own, step] : steps_) {
    if (own == name) return *step;
    names.push_back(own);
  }
  refuse("Pipeline", fmt::format("no step '{}'; there are {}", name, fmt::join(names, ", ")), at);
}

void Pipeline::wrong_class(const std::string& name, const Location& at) const {
  refuse("Pipeline", fmt::format("step '{}' is a {}", name, step(name, at).name()), at);
}

Pipeline make_pipeline(const std::vector<AnyEstimator>& estimators, Location at) {
  std::vector<std::string> names;
  for (const AnyEstimator& e : estimators) {
    std::string name = e->name();
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    names.push_back(std::move(name));
  }
  std::map<std::string, int> seen;
  std::vector<Pipeline::Step> steps;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool alone = std::ranges::count(names, names[i]) == 1;
    steps.emplace_back(alone ? names[i] : fmt::format("{}-{}", names[i], ++seen[names[i]]), estimators[i]);
  }
  return Pipeline(std::move(steps), at);
}

}  // namespace xgrad::sklearn
