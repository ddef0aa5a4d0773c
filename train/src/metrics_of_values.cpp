#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/train/metrics_of_values.hpp>

namespace xgrad::train {
namespace {

struct Values {
  std::vector<double> predicted, target;
};
Values values_of(const char* what, const Tensor& predicted, const Tensor& target, const Location& at) {
  require_defined(what, predicted, at);
  require_defined(what, target, at);
  require_floating(what, predicted, at);
  require_floating(what, target, at);
  require_same_shape(what, predicted, target, at);
  return {predicted.detach(at).to_vector<double>(), target.detach(at).to_vector<double>()};
}

double mean(double sum, std::int64_t count) { return sum / static_cast<double>(count); }

}  // namespace

MeanSquaredError::MeanSquaredError(MeanSquaredErrorOptions options)
    : Metric(options.squared ? "MeanSquaredError" : "RootMeanSquaredError"), squared_(options.squared) {}
void MeanSquaredError::update(const Tensor& predicted, const Tensor& target, Location at) {
  const auto [p, t] = values_of("MeanSquaredError", predicted, target, at);
  for (std::size_t i = 0; i < p.size(); ++i) sum_ += (p[i] - t[i]) * (p[i] - t[i]);
  count_ += static_cast<std::int64_t>(p.size());
}
double MeanSquaredError::compute() const { return squared_ ? mean(sum_, count_) : std::sqrt(mean(sum_, count_)); }

MeanAbsoluteError::MeanAbsoluteError() : Metric("MeanAbsoluteError") {}
void MeanAbsoluteError::update(const Tensor& predicted, const Tensor& target, Location at) {
  const auto [p, t] = values_of("MeanAbsoluteError", predicted, target, at);
  for (std::size_t i = 0; i < p.size(); ++i) sum_ += std::fabs(p[i] - t[i]);
  count_ += static_cast<std::int64_t>(p.size());
}
double MeanAbsoluteError::compute() const { return mean(sum_, count_); }

R2Score::R2Score() : Metric("R2Score") {}
void R2Score::reset() {
  count_ = 0;
  columns_.clear();
}
void R2Score::update(const Tensor& predicted, const Tensor& target, Location at) {
  const auto [p, t] = values_of("R2Score", predicted, target, at);
  if (predicted.dim() != 1 && predicted.dim() != 2)
    ErrorReport("R2Score", "values are (n) or (n, columns)", at).operand("predicted", predicted).shape_error();
  const auto columns = static_cast<std::size_t>(predicted.dim() == 2 ? predicted.size(1) : 1);
  if (count_ > 0 && columns != columns_.size())
    ErrorReport("R2Score", fmt::format("{} columns, {} before", columns, columns_.size()), at)
        .operand("predicted", predicted)
        .shape_error();
  columns_.resize(columns);
  // Welford's formulas: a common offset of the targets costs no digits.
  for (std::size_t i = 0; i < p.size(); ++i) {
    Column& c = columns_[i % columns];
    const double distance = t[i] - c.mean;
    c.mean += distance / static_cast<double>(count_ + static_cast<std::int64_t>(i / columns) + 1);
    c.squares += distance * (t[i] - c.mean);
    c.errors += (t[i] - p[i]) * (t[i] - p[i]);
  }
  count_ += predicted.size(0);
}
std::vector<double> R2Score::per_column() const {
  std::vector<double> out;
  for (const Column& c : columns_)
    if (count_ < 2)
      out.push_back(std::numeric_limits<double>::quiet_NaN());
    else
      out.push_back(c.squares > 0 ? 1 - c.errors / c.squares : c.errors == 0 ? 1 : 0);
  return out;
}
double R2Score::compute() const {
  const std::vector<double> all = per_column();
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

Perplexity::Perplexity(PerplexityOptions options) : Metric("Perplexity"), ignore_index_(options.ignore_index) {}

void Perplexity::update(const Tensor& scores, const Tensor& target, Location at) {
  require_defined("Perplexity", scores, at);
  require_defined("Perplexity", target, at);
  require_floating("Perplexity", scores, at);
  require_index_dtype("Perplexity", target, at);
  bool fits = scores.dim() == target.dim() + 1 && scores.size(-1) > 0;
  for (int d = 0; d < target.dim(); ++d) fits = fits && scores.size(d) == target.size(d);
  if (!fits)
    ErrorReport("Perplexity", "scores have the dimensions of the target and then one of classes", at)
        .operand("scores", scores)
        .operand("target", target)
        .shape_error();
  const std::vector<double> s = scores.detach(at).to_vector<double>();
  const std::vector<std::int64_t> t = target.to_vector<std::int64_t>();
  const std::int64_t classes = scores.size(-1);
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (ignore_index_ && t[i] == *ignore_index_) continue;
    if (t[i] < 0 || t[i] >= classes)
      ErrorReport("Perplexity", fmt::format("target: class {} at place {} outside 0..{}", t[i], i, classes - 1), at)
          .index_error();
    const double* row = s.data() + i * static_cast<std::size_t>(classes);
    const double top = *std::max_element(row, row + classes);
    double total = 0;
    for (std::int64_t c = 0; c < classes; ++c) total += std::exp(row[c] - top);
    sum += top + std::log(total) - row[t[i]];
    ++count;
  }
  sum_ += sum;
  count_ += count;
}
double Perplexity::compute() const { return std::exp(mean(sum_, count_)); }

}  // namespace xgrad::train
