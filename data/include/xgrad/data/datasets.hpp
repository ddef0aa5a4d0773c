// Datasets made of others, of any number of tensors, and streams. Any class with `std::int64_t size() const` and
// `T get(std::int64_t index) const` is a dataset of examples of type T: tensors, tuples of tensors, structures.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/data/dataset.hpp>

namespace xgrad::data {

namespace detail {
[[noreturn]] XGRAD_API void bad_index(const char* dataset, std::int64_t index, std::int64_t size, const Location& at);
[[noreturn]] XGRAD_API void bad_dataset(const char* dataset, const std::string& rule, const Location& at);
// The first size of all of them. ValueError when they differ or one has no dimension.
XGRAD_API std::int64_t common_length(std::span<const Tensor> tensors, const Location& at);
XGRAD_API std::vector<std::vector<std::int64_t>> random_parts(std::int64_t size,
                                                              const std::vector<std::int64_t>& lengths,
                                                              const std::optional<Generator>& generator,
                                                              const Location& at);
XGRAD_API std::vector<std::int64_t> lengths_of(std::int64_t size, const std::vector<double>& shares,
                                               const Location& at);

// A dataset whose examples are taken one by one.
template <class D>
concept AnyDataset = requires(const D& d, std::int64_t i) {
  { d.size() } -> std::convertible_to<std::int64_t>;
  d.get(i);
};
}  // namespace detail

// Rows of N tensors that belong together: an example is one tensor, or an std::array of them,
// `auto& [a, b, c] = example`. PyTorch's TensorDataset; two tensors are a data::TensorDataset.
template <std::size_t N>
class TensorDatasetOf {
 public:
  explicit TensorDatasetOf(std::array<Tensor, N> tensors, Location at = Location::current())
      : size_(detail::common_length(tensors, at)), tensors(std::move(tensors)) {}
  std::int64_t size() const { return size_; }
  auto get(std::int64_t index, Location at = Location::current()) const {
    if constexpr (N == 1) {
      return tensors[0].select(0, index, at);
    } else {
      std::array<Tensor, N> row;
      for (std::size_t i = 0; i < N; ++i) row[i] = tensors[i].select(0, index, at);
      return row;
    }
  }
  template <class F>
  auto map(F f) const {
    return MappedDataset<TensorDatasetOf, F>(*this, std::move(f));
  }

 private:
  std::int64_t size_;

 public:
  std::array<Tensor, N> tensors;
};
// tensor_dataset(x), tensor_dataset(x, mask, y). ValueError when the first sizes differ.
template <std::same_as<Tensor>... T>
requires(sizeof...(T) > 0) TensorDatasetOf<sizeof...(T)> tensor_dataset(const T&... tensors) {
  return TensorDatasetOf<sizeof...(T)>(std::array<Tensor, sizeof...(T)>{tensors...});
}

// The examples of these numbers. IndexError for one that is not there.
template <detail::AnyDataset Dataset>
class Subset {
 public:
  Subset(Dataset dataset, std::vector<std::int64_t> indices, Location at = Location::current())
      : dataset(std::move(dataset)), indices(std::move(indices)) {
    for (const std::int64_t i : this->indices)
      if (i < 0 || i >= this->dataset.size()) detail::bad_index("Subset", i, this->dataset.size(), at);
  }
  std::int64_t size() const { return static_cast<std::int64_t>(indices.size()); }
  auto get(std::int64_t index, Location at = Location::current()) const {
    if (index < 0 || index >= size()) detail::bad_index("Subset", index, size(), at);
    return dataset.get(indices[static_cast<std::size_t>(index)]);
  }
  template <class F>
  auto map(F f) const {
    return MappedDataset<Subset, F>(*this, std::move(f));
  }

  Dataset dataset;
  std::vector<std::int64_t> indices;
};

// One dataset after the other. ValueError for none.
template <detail::AnyDataset Dataset>
class ConcatDataset {
 public:
  explicit ConcatDataset(std::vector<Dataset> datasets, Location at = Location::current())
      : datasets(std::move(datasets)) {
    if (this->datasets.empty()) detail::bad_dataset("ConcatDataset", "there are no datasets", at);
    std::int64_t end = 0;
    for (const Dataset& d : this->datasets) ends_.push_back(end += d.size());
  }
  std::int64_t size() const { return ends_.back(); }
  auto get(std::int64_t index, Location at = Location::current()) const {
    if (index < 0 || index >= size()) detail::bad_index("ConcatDataset", index, size(), at);
    const auto end = std::ranges::upper_bound(ends_, index);
    const auto which = static_cast<std::size_t>(end - ends_.begin());
    return datasets[which].get(index - (which ? ends_[which - 1] : 0));
  }
  template <class F>
  auto map(F f) const {
    return MappedDataset<ConcatDataset, F>(*this, std::move(f));
  }

  std::vector<Dataset> datasets;

 private:
  std::vector<std::int64_t> ends_;
};

// A stream: examples that come one after the other, of unknown number. A loop over it asks for a new iterator, a
// function that gives nothing at the end.
//
//   struct Lines : data::IterableDataset<Tensor> {
//     std::function<std::optional<Tensor>()> iter() const override;
//   };
template <class T>
class IterableDataset {
 public:
  using Example = T;
  virtual ~IterableDataset() = default;
  virtual std::function<std::optional<T>()> iter() const = 0;
};

// Disjoint random parts of any dataset, as of a TensorDataset.
template <detail::AnyDataset Dataset, Arithmetic N>
requires(!std::same_as<Dataset, TensorDataset>) std::vector<Subset<Dataset>> random_split(
    const Dataset& set, const std::vector<N>& parts, const std::optional<Generator>& generator = {},
    Location at = Location::current()) {
  std::vector<std::int64_t> lengths;
  if constexpr (std::is_floating_point_v<N>)
    lengths = detail::lengths_of(set.size(), {parts.begin(), parts.end()}, at);
  else
    lengths.assign(parts.begin(), parts.end());
  std::vector<Subset<Dataset>> out;
  for (auto& indices : detail::random_parts(set.size(), lengths, generator, at))
    out.emplace_back(set, std::move(indices), at);
  return out;
}

}  // namespace xgrad::data
