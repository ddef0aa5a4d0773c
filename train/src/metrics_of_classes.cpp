#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/train/metrics_of_classes.hpp>

#include "classes_of.hpp"

namespace xgrad::train {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

[[noreturn]] void refuse(const std::string& metric, const std::string& rule, const Location& at) {
  ErrorReport(metric.c_str(), rule, at).value_error();
}

}  // namespace

Metric::~Metric() = default;
std::ostream& operator<<(std::ostream& os, const Metric& m) {
  return os << fmt::format("{} {:.6g}", m.name(), m.compute());
}

// ---- metrics of counts ----

ClassMetric::ClassMetric(std::string name, std::int64_t num_classes, const ClassMetricOptions& options,
                         const Location& at)
    : Metric(std::move(name)), options_(options), counts_(num_classes, at) {}

void ClassMetric::update(const Tensor& predicted, const Tensor& target, Location at) {
  const Classes c = classes_of(name().c_str(), predicted, target, counts_.classes(), at);
  counts_.update(from_vector(c.predicted), from_vector(c.target), at);
}

double ClassMetric::value(double target, double predicted, double both) const {
  const auto [over, under] = ratio(target, predicted, both);
  return under == 0 ? options_.zero_division : over / under;
}

namespace {

// How often each class is the target, was predicted, and both.
struct Counts {
  std::vector<double> target, predicted, both;
};
Counts counts_of(const ConfusionMatrix& m) {
  const auto n = static_cast<std::size_t>(m.classes());
  Counts c{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
  for (std::size_t t = 0; t < n; ++t)
    for (std::size_t p = 0; p < n; ++p) {
      const auto k = static_cast<double>(m.count(static_cast<std::int64_t>(t), static_cast<std::int64_t>(p)));
      c.target[t] += k;
      c.predicted[p] += k;
      if (t == p) c.both[t] += k;
    }
  return c;
}

double sum(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }

}  // namespace

std::vector<double> ClassMetric::per_class() const {
  const Counts c = counts_of(counts_);
  std::vector<double> out;
  for (std::size_t i = 0; i < c.target.size(); ++i) out.push_back(value(c.target[i], c.predicted[i], c.both[i]));
  return out;
}

double ClassMetric::compute() const {
  if (counts_.total() == 0) return kNone;
  const Counts c = counts_of(counts_);
  if (options_.average == Average::micro) return value(sum(c.target), sum(c.predicted), sum(c.both));
  double total = 0, weights = 0;
  for (std::size_t i = 0; i < c.target.size(); ++i) {
    if (c.target[i] == 0 && c.predicted[i] == 0) continue;
    const double weight = options_.average == Average::weighted ? c.target[i] : 1;
    total += weight * value(c.target[i], c.predicted[i], c.both[i]);
    weights += weight;
  }
  return total / weights;
}

Precision::Precision(std::int64_t num_classes, ClassMetricOptions options, Location at)
    : ClassMetric("Precision", num_classes, options, at) {}
std::array<double, 2> Precision::ratio(double, double predicted, double both) const { return {both, predicted}; }

Recall::Recall(std::int64_t num_classes, ClassMetricOptions options, Location at)
    : ClassMetric("Recall", num_classes, options, at) {}
std::array<double, 2> Recall::ratio(double target, double, double both) const { return {both, target}; }

F1Score::F1Score(std::int64_t num_classes, ClassMetricOptions options, Location at)
    : ClassMetric("F1Score", num_classes, options, at) {}
std::array<double, 2> F1Score::ratio(double target, double predicted, double both) const {
  return {2 * both, target + predicted};
}

// ---- accuracy ----

Accuracy::Accuracy(AccuracyOptions options, Location at) : Metric("Accuracy"), top_k_(options.top_k) {
  if (top_k_ < 1) refuse(name(), fmt::format("top_k must be positive, got {}", top_k_), at);
}

void Accuracy::update(const Tensor& predicted, const Tensor& target, Location at) {
  const Classes c = classes_of("Accuracy", predicted, target, kAnyClass, at);
  std::int64_t hits = 0;
  if (top_k_ == 1) {
    for (std::size_t i = 0; i < c.target.size(); ++i) hits += c.predicted[i] == c.target[i];
  } else {
    if (predicted.dim() != 2) refuse(name(), "top_k needs scores, not predicted classes", at);
    const auto classes = static_cast<std::size_t>(predicted.size(1));
    if (top_k_ > predicted.size(1)) refuse(name(), fmt::format("top_k {} of {} classes", top_k_, classes), at);
    const std::vector<double> scores = predicted.detach(at).to_vector<double>();
    for (std::size_t i = 0; i < c.target.size(); ++i) {
      const auto row = scores.begin() + static_cast<std::ptrdiff_t>(i * classes);
      const double own = row[c.target[i]];
      const std::int64_t before = std::count(row, row + c.target[i], own);
      hits += before + std::count_if(row, row + static_cast<std::ptrdiff_t>(classes),
                                     [&](double s) { return !(s <= own); }) <
              top_k_;
    }
  }
  hits_ += hits;
  seen_ += static_cast<std::int64_t>(c.target.size());
}

double Accuracy::compute() const { return static_cast<double>(hits_) / static_cast<double>(seen_); }

// ---- metrics of rankings ----

RankingMetric::RankingMetric(std::string name, std::int64_t num_classes, Average average, const Location& at)
    : Metric(std::move(name)), classes_(num_classes == 2 ? 0 : num_classes), average_(average) {
  if (num_classes < 2) refuse(this->name(), fmt::format("num_classes must be at least 2, got {}", num_classes), at);
  if (average == Average::micro) refuse(this->name(), "average is macro or weighted", at);
}

void RankingMetric::reset() {
  scores_.clear();
  targets_.clear();
}

void RankingMetric::update(const Tensor& scores, const Tensor& target, Location at) {
  const char* what = name().c_str();
  require_defined(what, scores, at);
  require_floating(what, scores, at);
  require_defined(what, target, at);
  if (target.dtype() != kBool) require_index_dtype(what, target, at);
  require_rank(what, scores, classes_ ? 2 : 1, at);
  require_rank(what, target, 1, at);
  if (scores.size(0) != target.size(0))
    ErrorReport(what, fmt::format("{} scores but {} targets", scores.size(0), target.size(0)), at)
        .operand("scores", scores)
        .operand("target", target)
        .shape_error();
  if (classes_ && scores.size(1) != classes_)
    refuse(name(), fmt::format("scores of {} columns, but there are {} classes", scores.size(1), classes_), at);
  const std::vector<double> s = scores.detach(at).to_vector<double>();
  const std::vector<std::int64_t> t = target.to_vector<std::int64_t>();
  const std::int64_t last = classes_ ? classes_ - 1 : 1;
  for (std::size_t i = 0; i < t.size(); ++i)
    if (t[i] < 0 || t[i] > last)
      ErrorReport(what, fmt::format("target: class {} at row {} outside 0..{}", t[i], i, last), at).index_error();
  if (std::ranges::any_of(s, [](double x) { return std::isnan(x); })) refuse(name(), "a score is NaN", at);
  scores_.reserve(scores_.size() + s.size());
  targets_.reserve(targets_.size() + t.size());
  scores_.insert(scores_.end(), s.begin(), s.end());
  targets_.insert(targets_.end(), t.begin(), t.end());
}

std::vector<double> RankingMetric::per_class() const {
  const std::size_t columns = classes_ ? static_cast<std::size_t>(classes_) : 1;
  std::vector<double> out;
  for (std::size_t c = 0; c < columns; ++c) {
    std::vector<Scored> samples;
    for (std::size_t i = 0; i < targets_.size(); ++i)
      samples.push_back(
          {scores_[i * columns + c], classes_ ? targets_[i] == static_cast<std::int64_t>(c) : targets_[i] == 1});
    std::ranges::sort(samples, std::greater(), &Scored::score);
    const auto positive = std::ranges::count(samples, true, &Scored::positive);
    const bool defined = positive > 0 && positive < std::ssize(samples);
    out.push_back(defined ? of_ranking(samples) : kNone);
  }
  return out;
}

double RankingMetric::compute() const {
  const std::vector<double> values = per_class();
  if (!classes_) return values[0];
  double total = 0, weights = 0;
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (std::isnan(values[c])) continue;
    const double weight = average_ == Average::macro
                              ? 1
                              : static_cast<double>(std::ranges::count(targets_, static_cast<std::int64_t>(c)));
    total += weight * values[c];
    weights += weight;
  }
  return weights > 0 ? total / weights : kNone;
}

AUROC::AUROC(RankingOptions options, Location at) : RankingMetric("AUROC", options.num_classes, options.average, at) {}

double AUROC::of_ranking(const std::vector<Scored>& samples) const {
  double positives = 0, negatives = 0, pairs = 0;  // pairs in the right order
  for (std::size_t i = 0; i < samples.size();) {
    double p = 0, n = 0;  // of one score
    for (const double score = samples[i].score; i < samples.size() && samples[i].score == score; ++i)
      (samples[i].positive ? p : n) += 1;
    pairs += n * (positives + p / 2);
    positives += p;
    negatives += n;
  }
  return pairs / (positives * negatives);
}

AveragePrecision::AveragePrecision(RankingOptions options, Location at)
    : RankingMetric("AveragePrecision", options.num_classes, options.average, at) {}

double AveragePrecision::of_ranking(const std::vector<Scored>& samples) const {
  double positives = 0, sum = 0;
  for (std::size_t i = 0; i < samples.size();) {
    double p = 0;
    for (const double score = samples[i].score; i < samples.size() && samples[i].score == score; ++i)
      p += samples[i].positive;
    positives += p;
    sum += p * positives / static_cast<double>(i);
  }
  return sum / positives;
}

}  // namespace xgrad::train
