// Datasets: things with a size from which examples are taken by number.
#pragma once

#include <array>
#include <concepts>
#include <iosfwd>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::data {

// One example, or a batch of them stacked along dimension 0. `auto& [x, y] = batch`.
// A dataset without targets leaves `target` undefined in every example.
struct Example {
  Tensor data, target;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Example& e);

// f(example) of every example of a dataset; of an Example f may also take the data alone, a Tensor.
template <class Dataset, class F>
class MappedDataset {
 public:
  MappedDataset(Dataset dataset, F f) : dataset_(std::move(dataset)), f_(std::move(f)) {}
  std::int64_t size() const { return dataset_.size(); }
  auto get(std::int64_t index) const { return apply(dataset_.get(index)); }
  template <class G>
  auto map(G g) const {
    return MappedDataset<MappedDataset, G>(*this, std::move(g));
  }

 private:
  template <class E>
  auto apply(E example) const {
    if constexpr (std::same_as<E, Example> && !std::invocable<const F&, Example> &&
                  std::invocable<const F&, const Tensor&>) {
      example.data = f_(std::as_const(example.data));
      return example;
    } else {
      return f_(std::move(example));
    }
  }
  Dataset dataset_;
  F f_;
};

// Rows of two tensors that belong together. ValueError when their first sizes differ or one has no dimension.
class XGRAD_API TensorDataset {
 public:
  TensorDataset(Tensor data, Tensor target, Location at = Location::current());
  template <std::derived_from<Tensor> X>
  explicit TensorDataset(const X&) = delete;  // of inputs and targets: TensorDataset(x, y)
  template <class X, class Y>
  requires(!std::convertible_to<const X&, Tensor> || !std::convertible_to<const Y&, Tensor>)  //
      TensorDataset(const X&, const Y&)  // of two Tensors: TensorDataset(tensor(x), tensor(y))
  = delete;
  std::int64_t size(Location at = Location::current()) const;                // ValueError when it was moved from
  Example get(std::int64_t index, Location at = Location::current()) const;  // views; IndexError
  Example get_batch(std::span<const std::int64_t> indices, Location at = Location::current()) const;  // copies
  // f of every example, or of its data alone: set.map(transforms). It runs whenever an example is taken.
  template <class F>
  auto map(F f) const {
    return MappedDataset<TensorDataset, F>(*this, std::move(f));
  }
  // Rows [begin, end) as a dataset that shares the memory.
  TensorDataset slice(std::int64_t begin, std::int64_t end, Location at = Location::current()) const;

  Tensor data, target;
};

// "TensorDataset(100 examples: data (100, 4), target (100))"
XGRAD_API std::ostream& operator<<(std::ostream& os, const TensorDataset& set);

namespace detail {
XGRAD_API std::vector<TensorDataset> split_by_lengths(const TensorDataset& set,
                                                      const std::vector<std::int64_t>& lengths,
                                                      const std::optional<Generator>& generator, const Location& at);
XGRAD_API std::vector<TensorDataset> split_by_shares(const TensorDataset& set, const std::vector<double>& shares,
                                                     const std::optional<Generator>& generator, const Location& at);
}  // namespace detail

// Disjoint random parts (drawn from the generator, left out: the default one) of the given lengths, or with the given
// shares of the rows:
//
//   auto [train, val] = data::random_split(set, {0.8, 0.2});          // or {800, 200}
//   auto [train, val, test] = data::random_split(set, {0.7, 0.2, 0.1});
//
// Whole numbers are lengths, which add up to the size; others are shares, which add up to 1: floor(share * size) rows
// each, and one of the remaining rows to each of the first parts. ValueError otherwise, and for a negative part.
template <Arithmetic N>
std::vector<TensorDataset> random_split(const TensorDataset& set, const std::vector<N>& parts,
                                        const std::optional<Generator>& generator = {},
                                        Location at = Location::current()) {
  if constexpr (std::is_floating_point_v<N>)
    return detail::split_by_shares(set, {parts.begin(), parts.end()}, generator, at);
  else
    return detail::split_by_lengths(set, {parts.begin(), parts.end()}, generator, at);
}
template <Arithmetic N, std::size_t K>
std::array<TensorDataset, K> random_split(const TensorDataset& set, const N (&parts)[K],
                                          const std::optional<Generator>& generator = {},
                                          Location at = Location::current()) {
  std::vector<TensorDataset> all = random_split(set, std::vector<N>(parts, parts + K), generator, at);
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return std::array<TensorDataset, K>{std::move(all[I])...}; }
  (std::make_index_sequence<K>());
}
template <Arithmetic N>
void random_split(const TensorDataset&, N) = delete;  // a share for every part: random_split(set, {0.8, 0.2})

}  // namespace xgrad::data
