// Cross-validation: which examples train and which validate, in k rounds.
//
//   for (const auto& [train, val] : data::KFold(5).split(set.size())) {
//     data::DataLoader batches(set, {.batch_size = 32, .sampler = data::SubsetRandomSampler(train)});
#pragma once

#include <iosfwd>
#include <optional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::data {

struct Fold {
  std::vector<std::int64_t> train, val;  // both rise
};

struct KFoldOptions {
  ByName by_name = ByName();
  bool shuffle = false;
  std::optional<Generator> generator = {};  // left out: the default one
};

// k parts of nearly equal size, the first ones larger, each validated once: scikit-learn's.
class XGRAD_API KFold {
 public:
  // ValueError unless n_splits is at least 2.
  explicit KFold(std::int64_t n_splits = 5, KFoldOptions options = {}, Location at = Location::current());
  // ValueError for fewer examples than folds.
  std::vector<Fold> split(std::int64_t n, Location at = Location::current()) const;

 private:
  std::int64_t n_splits_;
  KFoldOptions options_;
};

// The same, every part with the classes in nearly the same proportions.
class XGRAD_API StratifiedKFold {
 public:
  explicit StratifiedKFold(std::int64_t n_splits = 5, KFoldOptions options = {}, Location at = Location::current());
  // target (n), int64, int32 or bool. ValueError when every class has fewer examples than there are folds.
  std::vector<Fold> split(const Tensor& target, Location at = Location::current()) const;

 private:
  std::int64_t n_splits_;
  KFoldOptions options_;
};

}  // namespace xgrad::data
