#pragma once

#include <string>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::train {

// Share of rows whose largest entry is at the target. scores (n, classes) or predicted classes (n), int64 or bool;
// target (n) int64. NaN for no rows. ValueError for scores of one column, whose largest entry says nothing: compare
// them with a threshold, accuracy((scores > 0.5).flatten(), target). IndexError for a class that is not in
// 0..classes-1.
XGRAD_API double accuracy(const Tensor& scores, const Tensor& target, Location at = Location::current());

// Counts of (true class, predicted class).
class XGRAD_API ConfusionMatrix {
 public:
  // ValueError unless classes is in 1..32768.
  explicit ConfusionMatrix(std::int64_t classes, Location at = Location::current());
  // scores (n, classes) or predicted classes (n), int64 or bool; target (n) int64. IndexError for a class out of range;
  // ValueError for scores with other than `classes` columns, or with one.
  void update(const Tensor& predicted, const Tensor& target, Location at = Location::current());
  std::int64_t count(std::int64_t truth, std::int64_t predicted, Location at = Location::current()) const;
  std::int64_t total() const;
  std::int64_t classes() const { return classes_; }
  double accuracy() const;  // NaN when empty
  Tensor compute() const;   // all counts, (classes, classes) int64, a row for each true class
  void reset();
  // A table with row percentages of the diagonal, as wide as its contents; names, when given, stand beside the numbers
  // of the classes. Of more than 100 classes each row has the samples, the class predicted most often and how often
  // instead. ValueError unless there is a name for every class.
  std::string str(const std::vector<std::string>& names = {}, Location at = Location::current()) const;

 private:
  std::int64_t classes_;
  std::vector<std::int64_t> counts_;
};

XGRAD_API std::ostream& operator<<(std::ostream& os, const ConfusionMatrix& m);  // str()

// Averages weighted by the number of samples: a loss over batches of unequal size.
class Mean {
 public:
  void add(double value, std::int64_t weight = 1) {
    sum_ += value * static_cast<double>(weight);
    weight_ += weight;
  }
  double value() const { return weight_ ? sum_ / static_cast<double>(weight_) : 0; }
  std::int64_t weight() const { return weight_; }

 private:
  double sum_ = 0;
  std::int64_t weight_ = 0;
};

XGRAD_API std::ostream& operator<<(std::ostream& os, const Mean& m);  // value()

// Rows (epoch, split, name, value), saved as CSV. Values are written so that reading them gives the same bits.
class XGRAD_API MetricsLog {
 public:
  void add(std::int64_t epoch, const std::string& split, const std::string& name, double value);
  void save(const std::string& path, Location at = Location::current()) const;         // atomically; IoError
  friend XGRAD_API std::ostream& operator<<(std::ostream& os, const MetricsLog& log);  // as CSV

 private:
  std::string csv() const;
  struct Row {
    std::int64_t epoch;
    std::string split, name;
    double value;
  };
  std::vector<Row> rows_;
};

}  // namespace xgrad::train
