// Splits of data and cross-validation.
#pragma once

#include <optional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/data/folds.hpp>
#include <xgrad/sklearn/estimator.hpp>

namespace xgrad::sklearn {

struct TrainTestSplitOptions {
  ByName by_name = ByName();
  double test_size = 0.25;  // a share of the samples, rounded up
  std::optional<std::int64_t> random_state = {};
  bool shuffle = true;
  Tensor stratify = {};  // labels (n) whose proportions both parts keep
};
struct TrainTestSplit {
  Tensor X_train, X_test, y_train, y_test;
};
struct TrainTestSplitOfStrings {
  Tensor X_train, X_test;
  Strings y_train, y_test;
};
// Two parts of the samples, drawn at random. ValueError: a share outside (0, 1), a part without a sample, stratify
// without shuffle, with a class of one sample, or with more classes than a part has samples. ShapeError for sizes that
// differ. The samples are others than scikit-learn's of the same random_state.
XGRAD_API TrainTestSplit train_test_split(const Tensor& X, const Tensor& y, const TrainTestSplitOptions& options = {},
                                          Location at = Location::current());

// The same samples, with labels that are strings.
XGRAD_API TrainTestSplitOfStrings train_test_split(const Tensor& X, const Strings& y,
                                                   const TrainTestSplitOptions& options = {},
                                                   Location at = Location::current());

struct FoldOptions {
  ByName by_name = ByName();
  std::int64_t n_splits = 5;
  bool shuffle = false;
  std::optional<std::int64_t> random_state = {};
};
// The folds of data::KFold and data::StratifiedKFold, which are scikit-learn's. ValueError: fewer than two folds,
// random_state without shuffle.
class XGRAD_API KFold {
 public:
  explicit KFold(FoldOptions options = {}, Location at = Location::current());
  std::vector<data::Fold> split(const Tensor& X, Location at = Location::current()) const;

 private:
  FoldOptions options_;
};
class XGRAD_API StratifiedKFold {
 public:
  explicit StratifiedKFold(FoldOptions options = {}, Location at = Location::current());
  std::vector<data::Fold> split(const Tensor& X, const Tensor& y, Location at = Location::current()) const;

 private:
  FoldOptions options_;
};

// How samples are divided: a number of folds (stratified for a classifier with labels of one column), KFold,
// StratifiedKFold, or the folds themselves.
class XGRAD_API CrossValidation {
 public:
  CrossValidation(std::integral auto n_splits) : n_splits_(static_cast<std::int64_t>(n_splits)) {}  // NOLINT
  CrossValidation(KFold folds) : plain_(std::move(folds)) {}                                        // NOLINT
  CrossValidation(StratifiedKFold folds) : stratified_(std::move(folds)) {}                         // NOLINT
  CrossValidation(std::vector<data::Fold> folds) : given_(std::move(folds)) {}                      // NOLINT
  std::vector<data::Fold> split(const Estimator& estimator, const Tensor& X, const Tensor& y,
                                Location at = Location::current()) const;

 private:
  std::int64_t n_splits_ = 0;
  std::optional<KFold> plain_ = {};
  std::optional<StratifiedKFold> stratified_ = {};
  std::vector<data::Fold> given_ = {};
};

struct CrossValOptions {
  CrossValidation cv = 5;
};
// The score of each fold, by a clone that was fitted to the others. ValueError, ShapeError as fit and split throw.
XGRAD_API std::vector<double> cross_val_score(const AnyEstimator& estimator, const Tensor& X, const Tensor& y,
                                              const CrossValOptions& options = {}, Location at = Location::current());
XGRAD_API std::vector<double> cross_val_score(const AnyEstimator& estimator, const Tensor& X, const Strings& y,
                                              const CrossValOptions& options = {}, Location at = Location::current());

}  // namespace xgrad::sklearn
