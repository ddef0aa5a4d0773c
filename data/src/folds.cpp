#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/folds.hpp>
#include <xgrad/ops/sampling.hpp>

#include "refuse.hpp"

namespace xgrad::data {
namespace {

using Numbers = std::vector<std::int64_t>;

void require_splits(const char* what, std::int64_t n, const Location& at) {
  if (n < 2) refuse(what, fmt::format("n_splits must be at least 2, got {}", n), at);
}

Numbers permutation(std::int64_t n, const KFoldOptions& o) {
  return randperm(n, {.generator = o.generator}).to_vector<std::int64_t>();
}

// The folds of examples of which example i is validated in round fold[i].
std::vector<Fold> rounds(const Numbers& fold, std::int64_t n_splits) {
  std::vector<Fold> out(static_cast<std::size_t>(n_splits));
  for (std::size_t i = 0; i < fold.size(); ++i)
    for (std::int64_t k = 0; k < n_splits; ++k) {
      Fold& f = out[static_cast<std::size_t>(k)];
      (fold[i] == k ? f.val : f.train).push_back(static_cast<std::int64_t>(i));
    }
  return out;
}

}  // namespace

KFold::KFold(std::int64_t n_splits, KFoldOptions options, Location at)
    : n_splits_(n_splits), options_(std::move(options)) {
  require_splits("KFold", n_splits, at);
}

std::vector<Fold> KFold::split(std::int64_t n, Location at) const {
  if (n < n_splits_) refuse("KFold", fmt::format("{} folds of {} examples", n_splits_, n), at);
  Numbers order(static_cast<std::size_t>(n)), fold(order.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (options_.shuffle) order = permutation(n, options_);
  std::size_t next = 0;
  for (std::int64_t k = 0; k < n_splits_; ++k)
    for (std::int64_t i = 0; i < n / n_splits_ + (k < n % n_splits_); ++i)
      fold[static_cast<std::size_t>(order[next++])] = k;
  return rounds(fold, n_splits_);
}

StratifiedKFold::StratifiedKFold(std::int64_t n_splits, KFoldOptions options, Location at)
    : n_splits_(n_splits), options_(std::move(options)) {
  require_splits("StratifiedKFold", n_splits, at);
}

// As scikit-learn does it: with the classes in the order in which they appear, and all examples in the order of their
// classes, every n_splits-th belongs to one fold. That says how many examples of each class a fold gets.
std::vector<Fold> StratifiedKFold::split(const Tensor& target, Location at) const {
  require_defined("StratifiedKFold", target, at);
  if (target.dtype() != kBool) require_index_dtype("StratifiedKFold", target, at);
  require_rank("StratifiedKFold", target, 1, at);
  const Numbers classes = target.to_vector<std::int64_t>();
  std::map<std::int64_t, std::size_t> number;
  std::vector<Numbers> members;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto [entry, is_new] = number.emplace(classes[i], members.size());
    if (is_new) members.emplace_back();
    members[entry->second].push_back(static_cast<std::int64_t>(i));
  }
  const auto most = std::ranges::max_element(members, {}, &Numbers::size);
  if (most == members.end() || std::ssize(*most) < n_splits_)
    refuse("StratifiedKFold",
           fmt::format("{} folds, but no class has more than {} examples", n_splits_,
                       most == members.end() ? 0 : most->size()),
           at);
  Numbers fold(classes.size());
  std::int64_t place = 0;  // among all examples, ordered by class
  for (const Numbers& m : members) {
    Numbers counts(static_cast<std::size_t>(n_splits_)), folds;
    for (std::size_t i = 0; i < m.size(); ++i, ++place) ++counts[static_cast<std::size_t>(place % n_splits_)];
    for (std::int64_t k = 0; k < n_splits_; ++k)
      folds.insert(folds.end(), static_cast<std::size_t>(counts[static_cast<std::size_t>(k)]), k);
    const Numbers order = options_.shuffle ? permutation(std::ssize(m), options_) : Numbers();
    for (std::size_t i = 0; i < m.size(); ++i)
      fold[static_cast<std::size_t>(m[i])] = folds[order.empty() ? i : static_cast<std::size_t>(order[i])];
  }
  return rounds(fold, n_splits_);
}

}  // namespace xgrad::data
