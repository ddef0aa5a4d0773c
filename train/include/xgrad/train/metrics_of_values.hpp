// Metrics of regressions and of language models. Sums run in double.
#pragma once

#include <optional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/train/metric.hpp>

namespace xgrad::train {

struct MeanSquaredErrorOptions {
  bool squared = true;  // false: the root of it
};
// The mean of (predicted - target)^2 over all elements. ShapeError unless the shapes are equal, DTypeError unless
// floating; here and below.
class XGRAD_API MeanSquaredError : public Metric {
 public:
  explicit MeanSquaredError(MeanSquaredErrorOptions options = {});
  void update(const Tensor& predicted, const Tensor& target, Location at = Location::current()) override;
  double compute() const override;
  void reset() override { sum_ = 0, count_ = 0; }

 private:
  bool squared_;
  double sum_ = 0;
  std::int64_t count_ = 0;
};

// The mean of |predicted - target| over all elements.
class XGRAD_API MeanAbsoluteError : public Metric {
 public:
  MeanAbsoluteError();
  void update(const Tensor& predicted, const Tensor& target, Location at = Location::current()) override;
  double compute() const override;
  void reset() override { sum_ = 0, count_ = 0; }

 private:
  double sum_ = 0;
  std::int64_t count_ = 0;
};

// 1 - sum (target - predicted)^2 / sum (target - mean)^2, for (n) or, column by column and then averaged, (n, columns).
// A constant column counts 1 when it was predicted exactly, else 0; NaN for fewer than two samples.
class XGRAD_API R2Score : public Metric {
 public:
  R2Score();
  void update(const Tensor& predicted, const Tensor& target, Location at = Location::current()) override;
  double compute() const override;
  void reset() override;
  std::vector<double> per_column() const;

 private:
  struct Column {
    double mean = 0, squares = 0, errors = 0;  // squares: of the distances to the mean
  };
  std::int64_t count_ = 0;
  std::vector<Column> columns_;
};

struct PerplexityOptions {
  std::optional<std::int64_t> ignore_index = {};  // a target that does not count
};
// exp of the mean negative log-likelihood of the targets: scores before softmax (..., classes), floating; target (...)
// int64. IndexError for a class that is not there.
class XGRAD_API Perplexity : public Metric {
 public:
  explicit Perplexity(PerplexityOptions options = {});
  void update(const Tensor& scores, const Tensor& target, Location at = Location::current()) override;
  double compute() const override;
  void reset() override { sum_ = 0, count_ = 0; }

 private:
  std::optional<std::int64_t> ignore_index_;
  double sum_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace xgrad::train
