#include <xgrad/train/metrics.hpp>

#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <xgrad/check.hpp>
#include <xgrad/atomic_file.hpp>
#include <xgrad/ops/reduce.hpp>

namespace xgrad::train {
namespace {

std::vector<std::int64_t> classes_of(const char* what, const Tensor& predicted, const Tensor& target, const Location& at) {
  require_defined(what, predicted, at);
  require_index_dtype(what, target, at);
  if (predicted.dim() != 2) require_index_dtype(what, predicted, at);
  const Tensor best = predicted.dim() == 2 ? argmax(predicted.detach(), 1, false, at) : predicted;
  if (!(best.shape() == target.shape()))
    ErrorReport(what, fmt::format("{} predictions but {} targets", best.numel(), target.numel()), at).operand("predicted", predicted).operand("target", target).shape_error();
  return best.to_vector<std::int64_t>();
}

// A CSV field, in quotes where it needs them (RFC 4180).
std::string field(const std::string& s) {
  if (s.find_first_of(",\"\r\n") == std::string::npos) return s;
  std::string quoted = "\"";
  for (const char c : s) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

double accuracy(const Tensor& scores, const Tensor& target, Location at) {
  const std::vector<std::int64_t> best = classes_of("accuracy", scores, target, at), truth = target.to_vector<std::int64_t>();
  std::int64_t hits = 0;
  for (std::size_t i = 0; i < best.size(); ++i) hits += best[i] == truth[i];
  return static_cast<double>(hits) / static_cast<double>(best.size());
}

namespace {

// The matrix holds the square of it.
constexpr std::int64_t kMostClasses = 1 << 15;

std::size_t cells(std::int64_t classes) {
  if (classes < 1) throw ValueError(fmt::format("xgrad: ConfusionMatrix: needs at least 1 class, got {}", classes));
  if (classes > kMostClasses)
    throw ValueError(fmt::format("xgrad: ConfusionMatrix: at most {} classes, got {}", kMostClasses, classes));
  return static_cast<std::size_t>(classes * classes);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(std::int64_t classes) : classes_(classes), counts_(cells(classes)) {}

void ConfusionMatrix::update(const Tensor& predicted, const Tensor& target, Location at) {
  const std::vector<std::int64_t> best = classes_of("ConfusionMatrix", predicted, target, at), truth = target.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < best.size(); ++i)
    for (const std::int64_t c : {best[i], truth[i]})
      if (c < 0 || c >= classes_) ErrorReport("ConfusionMatrix", fmt::format("class {} at row {} outside 0..{}", c, i, classes_ - 1), at).index_error();
  for (std::size_t i = 0; i < best.size(); ++i) ++counts_[static_cast<std::size_t>(truth[i] * classes_ + best[i])];
}

std::int64_t ConfusionMatrix::count(std::int64_t truth, std::int64_t predicted) const {
  for (const std::int64_t c : {truth, predicted})
    if (c < 0 || c >= classes_) throw IndexError(fmt::format("xgrad: ConfusionMatrix: class {} outside 0..{}", c, classes_ - 1));
  return counts_[static_cast<std::size_t>(truth * classes_ + predicted)];
}
std::int64_t ConfusionMatrix::total() const { return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}); }
double ConfusionMatrix::accuracy() const {
  std::int64_t hits = 0;
  for (std::int64_t c = 0; c < classes_; ++c) hits += count(c, c);
  return static_cast<double>(hits) / static_cast<double>(total());
}
void ConfusionMatrix::reset() { counts_.assign(counts_.size(), 0); }

std::string ConfusionMatrix::str() const {
  std::string s = "true \\ predicted\n     ";
  for (std::int64_t c = 0; c < classes_; ++c) s += fmt::format("{:>5}", c);
  s += "   recall\n";
  for (std::int64_t t = 0; t < classes_; ++t) {
    s += fmt::format("{:>5}", t);
    std::int64_t row = 0;
    for (std::int64_t p = 0; p < classes_; ++p) {
      s += count(t, p) ? fmt::format("{:>5}", count(t, p)) : "    .";
      row += count(t, p);
    }
    s += row ? fmt::format("{:>8.1f}%\n", 100.0 * static_cast<double>(count(t, t)) / static_cast<double>(row)) : "       --\n";
  }
  return s;
}

std::ostream& operator<<(std::ostream& os, const ConfusionMatrix& m) { return os << m.str(); }

void MetricsLog::add(std::int64_t epoch, const std::string& split, const std::string& name, double value) {
  rows_.push_back({epoch, split, name, value});
}

void MetricsLog::save(const std::string& path, Location at) const {
  std::string text = "epoch,split,name,value\n";
  for (const Row& r : rows_) text += fmt::format("{},{},{},{}\n", r.epoch, field(r.split), field(r.name), r.value);
  write_file_atomically("MetricsLog::save", path, {{text.data(), text.size()}}, at);
}

}  // namespace xgrad::train
