#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/atomic_file.hpp>
#include <xgrad/detail/csv_field.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/train/metrics.hpp>

#include "classes_of.hpp"
#include "table.hpp"

namespace xgrad::train {

double accuracy(const Tensor& scores, const Tensor& target, Location at) {
  const auto [best, truth] = classes_of("accuracy", scores, target, kAnyClass, at);
  std::int64_t hits = 0;
  for (std::size_t i = 0; i < best.size(); ++i) hits += best[i] == truth[i];
  return static_cast<double>(hits) / static_cast<double>(best.size());
}

namespace {

// The matrix has the square of this number of entries.
constexpr std::int64_t kMostClasses = 1 << 15;

std::size_t cells(std::int64_t classes, const Location& at) {
  const auto refuse = [&](const std::string& rule) { ErrorReport("ConfusionMatrix", rule, at).value_error(); };
  if (classes < 1) refuse(fmt::format("needs at least 1 class, got {}", classes));
  if (classes > kMostClasses) refuse(fmt::format("at most {} classes, got {}", kMostClasses, classes));
  return static_cast<std::size_t>(classes * classes);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(std::int64_t classes, Location at) : classes_(classes), counts_(cells(classes, at)) {}

void ConfusionMatrix::update(const Tensor& predicted, const Tensor& target, Location at) {
  const auto [best, truth] = classes_of("ConfusionMatrix", predicted, target, classes_, at);
  for (std::size_t i = 0; i < best.size(); ++i) ++counts_[static_cast<std::size_t>(truth[i] * classes_ + best[i])];
}

std::int64_t ConfusionMatrix::count(std::int64_t truth, std::int64_t predicted, Location at) const {
  for (const std::int64_t c : {truth, predicted})
    if (c < 0 || c >= classes_)
      ErrorReport("ConfusionMatrix", fmt::format("class {} outside 0..{}", c, classes_ - 1), at).index_error();
  return counts_[static_cast<std::size_t>(truth * classes_ + predicted)];
}
std::int64_t ConfusionMatrix::total() const { return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}); }
double ConfusionMatrix::accuracy() const {
  std::int64_t hits = 0;
  for (std::int64_t c = 0; c < classes_; ++c) hits += count(c, c);
  return static_cast<double>(hits) / static_cast<double>(total());
}
Tensor ConfusionMatrix::compute() const { return from_vector(counts_).reshape({classes_, classes_}); }
void ConfusionMatrix::reset() { counts_.assign(counts_.size(), 0); }

namespace {

// With more classes than this a full matrix is too large to be read.
constexpr std::int64_t kMostColumns = 100;

std::string percent(std::int64_t part, std::int64_t whole) {
  return whole ? fmt::format("{:.1f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole)) : "--";
}

}  // namespace

std::string ConfusionMatrix::str(const std::vector<std::string>& names, Location at) const {
  if (!names.empty() && static_cast<std::int64_t>(names.size()) != classes_)
    ErrorReport("ConfusionMatrix", fmt::format("{} names for {} classes", names.size(), classes_), at).value_error();
  std::vector<std::vector<std::string>> rows(1, {""});
  const bool square = classes_ <= kMostColumns;
  if (square)
    for (std::int64_t c = 0; c < classes_; ++c) rows[0].push_back(fmt::format("{}", c));
  else
    rows[0].insert(rows[0].end(), {"samples", "most often", "times"});
  rows[0].push_back("recall");
  for (std::int64_t t = 0; t < classes_; ++t) {
    const auto begin = counts_.begin() + t * classes_;
    const std::int64_t sum = std::accumulate(begin, begin + classes_, std::int64_t{0});
    std::vector<std::string> row{names.empty() ? fmt::format("{}", t)
                                               : fmt::format("{} {}", t, names[static_cast<std::size_t>(t)])};
    if (square) {
      for (auto n = begin; n != begin + classes_; ++n) row.push_back(*n ? fmt::format("{}", *n) : ".");
    } else {
      const auto most = std::max_element(begin, begin + classes_);
      row.insert(row.end(),
                 {fmt::format("{}", sum), sum ? fmt::format("{}", most - begin) : "--", fmt::format("{}", *most)});
    }
    row.push_back(percent(count(t, t), sum));
    rows.push_back(std::move(row));
  }
  return "true \\ predicted\n" + detail::table(rows, names.empty() ? detail::Align::right : detail::Align::left);
}

std::ostream& operator<<(std::ostream& os, const ConfusionMatrix& m) { return os << m.str(); }

std::ostream& operator<<(std::ostream& os, const Mean& m) { return os << m.value(); }

void MetricsLog::add(std::int64_t epoch, const std::string& split, const std::string& name, double value) {
  rows_.push_back({epoch, split, name, value});
}

std::string MetricsLog::csv() const {
  std::string text = "epoch,split,name,value\n";
  for (const Row& r : rows_)
    text += fmt::format("{},{},{},{}\n", r.epoch, xgrad::detail::csv_field(r.split), xgrad::detail::csv_field(r.name),
                        r.value);
  return text;
}

std::ostream& operator<<(std::ostream& os, const MetricsLog& log) { return os << log.csv(); }

void MetricsLog::save(const std::string& path, Location at) const {
  const std::string text = csv();
  write_file_atomically("MetricsLog::save", path, {{text.data(), text.size()}}, at);
}

}  // namespace xgrad::train
