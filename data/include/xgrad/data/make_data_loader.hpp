// Loaders of datasets of any kind of example.
//
//   auto loader = data::make_data_loader(data::tensor_dataset(x, mask, y), {.batch_size = 32, .shuffle = true});
//   for (auto& [inputs, masks, targets] : loader) ...
#pragma once

#include <array>
#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <xgrad/data/datasets.hpp>
#include <xgrad/data/loader.hpp>

namespace xgrad::data {

namespace detail {
XGRAD_API Tensor stack_all(const std::vector<Tensor>& parts);
XGRAD_API Tensor numbers(const std::vector<std::int64_t>& values);
XGRAD_API Tensor numbers(const std::vector<double>& values);

template <class T>
concept TupleLike = requires {
  std::tuple_size<T>::value;
};
}  // namespace detail

// A batch of examples: tensors are stacked, so are the parts of an Example, array, pair or tuple; integers become an
// int64 tensor, other numbers a float64 one; of other types the batch is the std::vector of them. ShapeError where
// shapes differ. PyTorch's default_collate.
template <class T>
auto default_collate(std::vector<T> examples) {
  if constexpr (std::derived_from<T, Tensor>) {
    return detail::stack_all({examples.begin(), examples.end()});
  } else if constexpr (std::same_as<T, Example>) {
    std::vector<std::int64_t> all(examples.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
    return detail::collate(
        all, [&](std::int64_t i) { return examples[static_cast<std::size_t>(i)]; }, Location::current());
  } else if constexpr (std::integral<T>) {
    return detail::numbers(std::vector<std::int64_t>(examples.begin(), examples.end()));
  } else if constexpr (std::floating_point<T>) {
    return detail::numbers(std::vector<double>(examples.begin(), examples.end()));
  } else if constexpr (detail::TupleLike<T>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto column = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
        std::vector<std::remove_cvref_t<std::tuple_element_t<K, T>>> all;
        for (const T& e : examples) all.push_back(std::get<K>(e));
        return default_collate(std::move(all));
      };
      return std::tuple(column(std::integral_constant<std::size_t, I>())...);
    }
    (std::make_index_sequence<std::tuple_size_v<T>>());
  } else {
    return examples;
  }
}
struct DefaultCollate {
  template <class T>
  auto operator()(std::vector<T> examples) const {
    return default_collate(std::move(examples));
  }
};

struct PadCollateOptions {
  ByName by_name = ByName();
  bool batch_first = false;
  double padding_value = 0;
};
// Sequences of different lengths along dimension 0, padded behind to the longest: (longest, batch, ...), with
// batch_first (batch, longest, ...). ShapeError when the other dimensions differ.
XGRAD_API Tensor pad_sequences(const std::vector<Tensor>& sequences, const PadCollateOptions& options = {},
                               Location at = Location::current());
// A padded batch of Examples or of tensors: data, the lengths (int64), and the targets stacked, where there are any.
struct PaddedBatch {
  Tensor data, lengths, target;
};
class XGRAD_API PadCollate {
 public:
  explicit PadCollate(PadCollateOptions options = {}) : options_(options) {}
  PaddedBatch operator()(std::vector<Example> examples) const;
  PaddedBatch operator()(std::vector<Tensor> sequences) const;

 private:
  PadCollateOptions options_;
};

// A loader of any dataset: of a batch for every list of numbers, made by `collate` from a std::vector of the examples.
// Several workers call both at the same time.
template <detail::AnyDataset Dataset, class Collate = DefaultCollate>
auto make_data_loader(const Dataset& dataset, DataLoaderOptions options = {}, Collate collate = {},
                      Location at = Location::current()) {
  using T = std::remove_cvref_t<decltype(dataset.get(0))>;
  using Batch = std::remove_cvref_t<std::invoke_result_t<const Collate&, std::vector<T>>>;
  const auto make = [dataset, collate = std::move(collate)](std::span<const std::int64_t> indices) -> Batch {
    std::vector<T> examples;
    examples.reserve(indices.size());
    for (const std::int64_t i : indices) examples.push_back(dataset.get(i));
    return collate(std::move(examples));
  };
  return DataLoaderOf<Batch>(detail::size_of(dataset, at), make, std::move(options), at);
}

// A stream in batches; a loop over it is one pass. The last batch may be smaller.
template <class T, class Collate>
class StreamLoader {
 public:
  using Batch = std::remove_cvref_t<std::invoke_result_t<const Collate&, std::vector<T>>>;
  StreamLoader(std::function<std::function<std::optional<T>()>()> stream, DataLoaderOptions options, Collate collate)
      : stream_(std::move(stream)), options_(std::move(options)), collate_(std::move(collate)) {}

  class iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(const StreamLoader& loader) : loader_(&loader), next_(loader.stream_()), done_(false) { ++*this; }
    Batch& operator*() { return current_; }
    Batch* operator->() { return &current_; }
    iterator& operator++() {
      if (done_) return *this;
      std::vector<T> examples;
      while (static_cast<std::int64_t>(examples.size()) < loader_->options_.batch_size) {
        std::optional<T> e = next_();
        if (!e) break;
        examples.push_back(std::move(*e));
      }
      const bool full = static_cast<std::int64_t>(examples.size()) == loader_->options_.batch_size;
      done_ = examples.empty() || (!full && loader_->options_.drop_last);
      current_ = done_ ? Batch() : loader_->collate_(std::move(examples));
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    const StreamLoader* loader_ = nullptr;
    std::function<std::optional<T>()> next_;
    Batch current_{};
    bool done_ = true;
  };
  iterator begin() const { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::function<std::function<std::optional<T>()>()> stream_;
  DataLoaderOptions options_;
  Collate collate_;
};

namespace detail {
// A stream has no numbers to order, and one reader. ValueError.
XGRAD_API void require_stream_options(const DataLoaderOptions& options, const Location& at);
}  // namespace detail

// Of a class that derives from IterableDataset. ValueError: options about order, workers or prefetch.
template <class Stream, class Collate = DefaultCollate>
requires std::derived_from<Stream, IterableDataset<typename Stream::Example>>
auto make_data_loader(const Stream& stream, DataLoaderOptions options = {}, Collate collate = {},
                      Location at = Location::current()) {
  detail::require_stream_options(options, at);
  return StreamLoader<typename Stream::Example, Collate>([stream] { return stream.iter(); }, std::move(options),
                                                         std::move(collate));
}

}  // namespace xgrad::data
