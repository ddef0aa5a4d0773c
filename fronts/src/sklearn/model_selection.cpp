#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/sklearn/model_selection.hpp>

#include "checks.hpp"
#include "splits.hpp"

namespace xgrad::sklearn {
namespace {

using Numbers = std::vector<std::int64_t>;

std::size_t place(std::int64_t i) { return static_cast<std::size_t>(i); }

void shuffle_numbers(Numbers& v, const Generator& generator) {
  const Numbers order = randperm(std::ssize(v), {.generator = generator}).to_vector<std::int64_t>();
  Numbers out;
  for (const std::int64_t i : order) out.push_back(v[place(i)]);
  v = std::move(out);
}

// How many of `wanted` samples each class gives: in proportion, the rest to the largest remainders.
Numbers shares(const std::vector<Numbers>& members, std::int64_t n, std::int64_t wanted) {
  Numbers out, by_remainder(members.size());
  std::vector<double> remainders;
  for (const Numbers& m : members) {
    const double exact = static_cast<double>(std::ssize(m) * wanted) / static_cast<double>(n);
    out.push_back(static_cast<std::int64_t>(exact));
    remainders.push_back(exact - std::floor(exact));
  }
  std::iota(by_remainder.begin(), by_remainder.end(), std::int64_t{0});
  std::ranges::stable_sort(by_remainder, std::greater<>(), [&](std::int64_t i) { return remainders[place(i)]; });
  const std::int64_t rest = wanted - std::accumulate(out.begin(), out.end(), std::int64_t{0});
  for (std::int64_t i = 0; i < rest; ++i) ++out[place(by_remainder[place(i)])];
  return out;
}

Parts split_by_class(const std::string& op, const Tensor& labels, std::int64_t n_test, const Generator& generator,
                     const Location& at) {
  const UniqueResult classes = unique(labels);
  const Numbers which = classes.inverse.to_vector<std::int64_t>();
  std::vector<Numbers> members(place(classes.values.numel()));
  for (std::size_t i = 0; i < which.size(); ++i) members[place(which[i])].push_back(static_cast<std::int64_t>(i));
  for (std::size_t c = 0; c < members.size(); ++c)
    if (members[c].size() < 2)
      refuse(op,
             fmt::format("stratify: class {} has a single sample",
                         classes.values.select(0, static_cast<std::int64_t>(c)).item<std::int64_t>()),
             at);
  const std::int64_t n = std::ssize(which), n_train = n - n_test;
  if (std::min(n_train, n_test) < std::ssize(members))
    refuse(op, fmt::format("stratify: parts of {} and {} samples for {} classes", n_train, n_test, members.size()), at);
  const Numbers of_train = shares(members, n, n_train);
  Parts out;
  for (std::size_t c = 0; c < members.size(); ++c) {
    shuffle_numbers(members[c], generator);
    const auto cut = members[c].begin() + of_train[c];
    out.train.insert(out.train.end(), members[c].begin(), cut);
    out.test.insert(out.test.end(), cut, members[c].end());
  }
  shuffle_numbers(out.train, generator);
  shuffle_numbers(out.test, generator);
  return out;
}

}  // namespace

Generator generator_of(const std::optional<std::int64_t>& random_state) {
  return random_state ? Generator(static_cast<std::uint64_t>(*random_state)) : default_generator();
}

Parts split_samples(const std::string& op, std::int64_t n, double test_size, bool shuffle, const Tensor& labels,
                    const Generator& generator, const Location& at) {
  if (!(test_size > 0 && test_size < 1)) refuse(op, fmt::format("test_size must be in (0, 1), got {}", test_size), at);
  const auto n_test = static_cast<std::int64_t>(std::ceil(test_size * static_cast<double>(n)));
  if (n_test >= n) refuse(op, fmt::format("a test_size of {} of {} samples leaves none to train", test_size, n), at);
  if (labels.defined()) {
    if (!shuffle) refuse(op, "stratify needs shuffle", at);
    return split_by_class(op, labels, n_test, generator, at);
  }
  Numbers order(place(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (shuffle) shuffle_numbers(order, generator);
  // Drawn samples are the test's first, as scikit-learn has them; in order they are the last.
  const auto cut = order.begin() + (shuffle ? n_test : n - n_test);
  return shuffle ? Parts{{cut, order.end()}, {order.begin(), cut}} : Parts{{order.begin(), cut}, {cut, order.end()}};
}

namespace {

template <class Split, class Labels>
Split in_two(const Tensor& X, const Labels& y, const Tensor& numbers, const TrainTestSplitOptions& o,
             const Location& at) {
  const char* op = "train_test_split";
  require_defined(op, X, at);
  if (X.dim() == 0 || X.size(0) == 0) ErrorReport(op, "X has no samples", at).operand("X", X).shape_error();
  require_as_many(op, X, numbers, at);
  Tensor labels;
  if (o.stratify.defined()) {
    labels = checked_labels(op, o.stratify, at);
    require_as_many(op, X, labels, at);
  }
  const Parts parts = split_samples(op, X.size(0), o.test_size, o.shuffle, labels, generator_of(o.random_state), at);
  return {rows(X, parts.train), rows(X, parts.test), rows(y, parts.train), rows(y, parts.test)};
}

}  // namespace

TrainTestSplit train_test_split(const Tensor& X, const Tensor& y, const TrainTestSplitOptions& o, Location at) {
  return in_two<TrainTestSplit>(X, y, y, o, at);
}
TrainTestSplitOfStrings train_test_split(const Tensor& X, const Strings& y, const TrainTestSplitOptions& o,
                                         Location at) {
  return in_two<TrainTestSplitOfStrings>(X, y, places_of(y, different_labels(y)), o, at);
}

namespace {

data::KFoldOptions options_of(const FoldOptions& o) {
  data::KFoldOptions out{.shuffle = o.shuffle};
  if (o.random_state) out.generator = generator_of(o.random_state);
  return out;
}

void require_shuffle(const char* op, const FoldOptions& o, const Location& at) {
  if (o.random_state && !o.shuffle)
    ErrorReport(op, "random_state has no effect without shuffle", at)
        .help("leave it out, or set .shuffle = true")
        .value_error();
}

}  // namespace

// (data's folds check the number of splits.)
KFold::KFold(FoldOptions options, Location at) : options_(options) {
  data::KFold(options.n_splits, {}, at);
  require_shuffle("KFold", options, at);
}
std::vector<data::Fold> KFold::split(const Tensor& X, Location at) const {
  require_defined("KFold", X, at);
  if (X.dim() == 0) ErrorReport("KFold", "X has no samples", at).operand("X", X).shape_error();
  return data::KFold(options_.n_splits, options_of(options_), at).split(X.size(0), at);
}

StratifiedKFold::StratifiedKFold(FoldOptions options, Location at) : options_(options) {
  data::StratifiedKFold(options.n_splits, {}, at);
  require_shuffle("StratifiedKFold", options, at);
}
std::vector<data::Fold> StratifiedKFold::split(const Tensor& X, const Tensor& y, Location at) const {
  require_defined("StratifiedKFold", X, at);
  require_as_many("StratifiedKFold", X, y, at);
  return data::StratifiedKFold(options_.n_splits, options_of(options_), at)
      .split(checked_labels("StratifiedKFold", y, at), at);
}

std::vector<data::Fold> CrossValidation::split(const Estimator& estimator, const Tensor& X, const Tensor& y,
                                               Location at) const {
  if (plain_) return plain_->split(X, at);
  if (stratified_) return stratified_->split(X, y, at);
  if (!given_.empty()) return given_;
  if (n_splits_ < 2) refuse("cv", fmt::format("the number of folds must be at least 2, got {}", n_splits_), at);
  const bool by_class = estimator.is_classifier() && y.defined() && y.dim() == 1;
  return by_class ? StratifiedKFold({.n_splits = n_splits_}, at).split(X, y, at)
                  : KFold({.n_splits = n_splits_}, at).split(X, at);
}

std::vector<double> cross_val_score(const AnyEstimator& estimator, const Tensor& X, const Tensor& y,
                                    const CrossValOptions& options, Location at) {
  require_defined("cross_val_score", X, at);
  require_as_many("cross_val_score", X, y, at);
  std::vector<double> scores;
  for (const data::Fold& fold : options.cv.split(*estimator, X, y, at)) {
    const std::unique_ptr<Estimator> fresh = estimator->clone();
    fresh->fit(rows(X, fold.train), rows(y, fold.train), at);
    scores.push_back(fresh->score(rows(X, fold.val), rows(y, fold.val), at));
  }
  return scores;
}

// (Scores do not depend on what the classes are called.)
std::vector<double> cross_val_score(const AnyEstimator& estimator, const Tensor& X, const Strings& y,
                                    const CrossValOptions& options, Location at) {
  if (!estimator->is_classifier()) refuse("cross_val_score", estimator->name() + " takes no strings as labels", at);
  return cross_val_score(estimator, X, places_of(y, different_labels(y)), options, at);
}

}  // namespace xgrad::sklearn
