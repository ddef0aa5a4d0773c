// DataLoader: batches of a dataset, shuffled or in order, prepared by background threads if wanted.
//
//   for (auto& [x, y] : data::DataLoader(train, {.batch_size = 64, .shuffle = true})) { ... }
#pragma once

#include <concepts>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>

#include <xgrad/by_name.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader_base.hpp>
#include <xgrad/random.hpp>

namespace xgrad::data {

namespace detail {

// The examples with these numbers, taken one by one, stacked along a new dimension 0.
XGRAD_API Example collate(std::span<const std::int64_t> indices, const std::function<Example(std::int64_t)>& get,
                          Location at);

template <class Dataset>
concept HasSize = requires(const Dataset& d) {
  { d.size() } -> std::convertible_to<std::int64_t>;
};
template <class Dataset>
concept HasBatches = requires(const Dataset& d, std::span<const std::int64_t> i) {
  { d.get_batch(i) } -> std::convertible_to<Example>;
};
template <class Dataset>
concept HasExamples = requires(const Dataset& d, std::int64_t i) {
  { d.get(i) } -> std::convertible_to<Example>;
};
template <class Dataset>
std::int64_t size_of(const Dataset& dataset, [[maybe_unused]] const Location& at) {
  static_assert(HasSize<Dataset>,
                "xgrad: a dataset has `std::int64_t size() const` and `data::Example get(std::int64_t) const`; of "
                "tensors: data::TensorDataset(x, y)");
  if constexpr (requires { static_cast<std::int64_t>(dataset.size(at)); })
    return static_cast<std::int64_t>(dataset.size(at));
  else if constexpr (HasSize<Dataset>)
    return static_cast<std::int64_t>(dataset.size());
  else
    return 0;
}

// What is given in place of options: 32, {32, true}.
struct Positional {
  template <class First, class... More>
  Positional(const First&, const More&...);  // NOLINT
};

}  // namespace detail

// A dataset in batches; a loop over it is one epoch.
class XGRAD_API DataLoader : public DataLoaderOf<Example> {
 public:
  using Fetch = std::function<Example(std::span<const std::int64_t>)>;

  // Any dataset with size() and get_batch(indices), or with get(index), whose examples are then stacked (ShapeError
  // when their shapes differ, ValueError when only some have a target). A batch has a row for every index (ShapeError);
  // its target is undefined where the dataset has none. Several workers call it at the same time. The batches and their
  // order do not depend on the number of workers.
  template <class Dataset>
  DataLoader(const Dataset& dataset, DataLoaderOptions options = {}, Location at = Location::current())
      : DataLoader(detail::size_of(dataset, at), make_fetch(dataset, at), options, at) {}
  template <class Dataset, Arithmetic N>
  DataLoader(Dataset, N) = delete;  // options by name: {.batch_size = 32}
  template <class Dataset>
  DataLoader(const Dataset&, detail::Positional) = delete;  // options by name: {.batch_size = 32}
  template <class = void>
  explicit DataLoader(...) = delete;  // options by name: {.batch_size = 32, .shuffle = true}
  template <std::derived_from<Tensor> X>
  DataLoader(X, Tensor, DataLoaderOptions = {}) = delete;  // DataLoader(data::TensorDataset(x, y), ...)
  // ValueError: batch_size < 1, prefetch < 0, workers not in 0..1024, an empty dataset; shuffle with a sampler, or
  // either with a batch_sampler. IndexError where a sampler names an example that is not there.
  DataLoader(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at = Location::current());

 private:
  template <class Dataset>
  static Fetch make_fetch(const Dataset& dataset, [[maybe_unused]] Location at) {
    static_assert(!detail::HasSize<Dataset> || detail::HasBatches<Dataset> || detail::HasExamples<Dataset>,
                  "xgrad: a dataset has `data::Example get(std::int64_t index) const`, which returns {x, y}, or "
                  "`data::Example get_batch(std::span<const std::int64_t> indices) const`");
    static_assert(std::is_copy_constructible_v<Dataset>,
                  "xgrad: a dataset is copied into the loader: hold what cannot be copied in a std::shared_ptr");
    if constexpr (!std::is_copy_constructible_v<Dataset>) {
      return {};
    } else if constexpr (requires(std::span<const std::int64_t> i) { dataset.get_batch(i, at); }) {
      return [dataset, at](std::span<const std::int64_t> indices) -> Example { return dataset.get_batch(indices, at); };
    } else if constexpr (detail::HasBatches<Dataset>) {
      return [dataset](std::span<const std::int64_t> indices) -> Example { return dataset.get_batch(indices); };
    } else if constexpr (detail::HasExamples<Dataset>) {
      const std::function<Example(std::int64_t)> get = [dataset](std::int64_t i) -> Example { return dataset.get(i); };
      return [get, at](std::span<const std::int64_t> indices) { return detail::collate(indices, get, at); };
    } else {
      return {};
    }
  }
};

}  // namespace xgrad::data
