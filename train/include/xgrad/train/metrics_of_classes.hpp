// Metrics of classifiers. Predicted: scores (n, classes) or classes (n), int64 or bool; target (n) int64. Errors are
// those of train::accuracy().
#pragma once

#include <array>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/train/metric.hpp>
#include <xgrad/train/metrics.hpp>

namespace xgrad::train {

// How the values of the classes become one: of all samples together; the mean over the classes that occur, as target or
// as prediction; the same weighted with their samples.
enum class Average { micro, macro, weighted };
inline std::ostream& operator<<(std::ostream& os, Average v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"micro", "macro", "weighted"});
}

struct ClassMetricOptions {
  ByName by_name = ByName();
  Average average = Average::macro;
  double zero_division = 0;  // the value of a class for which it is 0 / 0
};

// What the metrics of counts share. t, p and h: how often a class is the target, was predicted, and both.
class XGRAD_API ClassMetric : public Metric {
 public:
  void update(const Tensor& predicted, const Tensor& target, Location at = Location::current()) override;
  double compute() const override;
  void reset() override { counts_.reset(); }
  std::vector<double> per_class() const;
  const ConfusionMatrix& confusion_matrix() const { return counts_; }

 protected:
  ClassMetric(std::string name, std::int64_t num_classes, const ClassMetricOptions& options, const Location& at);
  // Numerator and denominator, from sums over one class or over all.
  virtual std::array<double, 2> ratio(double target, double predicted, double both) const = 0;

 private:
  double value(double target, double predicted, double both) const;
  ClassMetricOptions options_;
  ConfusionMatrix counts_;
};

// h / p: how many of those predicted are right.
class XGRAD_API Precision : public ClassMetric {
 public:
  explicit Precision(std::int64_t num_classes, ClassMetricOptions options = {}, Location at = Location::current());

 protected:
  std::array<double, 2> ratio(double target, double predicted, double both) const override;
};
// h / t: how many of a class were found. With Average::macro the balanced accuracy.
class XGRAD_API Recall : public ClassMetric {
 public:
  explicit Recall(std::int64_t num_classes, ClassMetricOptions options = {}, Location at = Location::current());

 protected:
  std::array<double, 2> ratio(double target, double predicted, double both) const override;
};
// 2 h / (t + p): their harmonic mean.
class XGRAD_API F1Score : public ClassMetric {
 public:
  explicit F1Score(std::int64_t num_classes, ClassMetricOptions options = {}, Location at = Location::current());

 protected:
  std::array<double, 2> ratio(double target, double predicted, double both) const override;
};

struct AccuracyOptions {
  std::int64_t top_k = 1;
};
// The share of samples whose target is among the top_k largest scores; of equal scores the first counts as larger. For
// more than 1 the prediction must be scores. ValueError for a top_k below 1, or above the number of classes.
class XGRAD_API Accuracy : public Metric {
 public:
  explicit Accuracy(AccuracyOptions options = {}, Location at = Location::current());
  void update(const Tensor& predicted, const Tensor& target, Location at = Location::current()) override;
  double compute() const override;
  void reset() override { hits_ = seen_ = 0; }

 private:
  std::int64_t top_k_, hits_ = 0, seen_ = 0;
};

// What the metrics of rankings share: they keep all scores. Two classes: scores (n) of class 1, target (n) of 0 and 1,
// int64 or bool. More, each against the rest: scores (n, classes), target (n). Classes without a sample, or with
// nothing else, have no value and are left out of averages. ValueError for a score that is NaN.
class XGRAD_API RankingMetric : public Metric {
 public:
  void update(const Tensor& scores, const Tensor& target, Location at = Location::current()) override;
  double compute() const override;
  void reset() override;
  std::vector<double> per_class() const;  // NaN where there is none

 protected:
  RankingMetric(std::string name, std::int64_t num_classes, Average average, const Location& at);
  struct Scored {
    double score;
    bool positive;
  };
  // From the samples in descending order of scores; both kinds occur.
  virtual double of_ranking(const std::vector<Scored>& samples) const = 0;

 private:
  std::int64_t classes_;  // 0: scores of one class
  Average average_;
  std::vector<double> scores_;
  std::vector<std::int64_t> targets_;
};

struct RankingOptions {
  ByName by_name = ByName();
  std::int64_t num_classes = 2;
  Average average = Average::macro;  // for more than two classes; there is no micro
};
// The area under the receiver operating characteristic: the probability that a positive sample has a higher score than
// a negative one, equal scores counted half.
class XGRAD_API AUROC : public RankingMetric {
 public:
  explicit AUROC(RankingOptions options = {}, Location at = Location::current());

 protected:
  double of_ranking(const std::vector<Scored>& samples) const override;
};
// The mean of the precisions at the scores of the positive samples.
class XGRAD_API AveragePrecision : public RankingMetric {
 public:
  explicit AveragePrecision(RankingOptions options = {}, Location at = Location::current());

 protected:
  double of_ranking(const std::vector<Scored>& samples) const override;
};

}  // namespace xgrad::train
