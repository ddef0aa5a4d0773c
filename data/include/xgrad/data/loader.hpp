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
#include <xgrad/random.hpp>

namespace xgrad::data {

using xgrad::operator<<;

struct DataLoaderOptions {
  ByName by_name = ByName();
  std::int64_t batch_size = 1;
  bool shuffle = false;    // a new order each epoch
  bool drop_last = false;  // leave out a last batch that is not full
  int prefetch = 0;        // batches that background threads keep ready; 0: two for each worker
  int workers = 0;         // background threads; 0: one when prefetch > 0, else batches are made when asked for
  std::optional<Generator> generator = {};  // what orders are drawn from; left out: the default generator
};

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
class XGRAD_API DataLoader {
  struct Epoch;
  struct Position;

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
  // ValueError: batch_size < 1, prefetch < 0, workers not in 0..1024, an empty dataset.
  DataLoader(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at = Location::current());

  // Copies share where they are in the data; there is no moving, which would leave a loader of nothing behind.
  DataLoader(const DataLoader&) = default;
  DataLoader& operator=(const DataLoader&) = default;

  std::int64_t size() const;  // batches per epoch
  // "DataLoader(2 batches of up to 32 of 50 examples)"
  friend XGRAD_API std::ostream& operator<<(std::ostream& os, const DataLoader& loader);

  // What the loader does next, for a checkpoint in the middle of an epoch: "in_epoch" (bool), "remaining" (int64: the
  // examples still to come, in their order, without the batch in hand) and "examples" (the size of the dataset). An
  // epoch lasts until the loop over it ends: after a `break` the next one is new. Of several loops at once the one that
  // began last counts. Copies of a loader share this.
  NamedTensors state_dict() const;
  // The next loop hands out what remained; those after it are whole epochs. ValueError lists what does not fit; then
  // nothing is changed.
  void load_state_dict(const NamedTensors& state, Location at = Location::current());
  // Throws what load_state_dict would and changes nothing.
  void check_state_dict(const NamedTensors& state, Location at = Location::current()) const;
  // The same, but what it returns takes the state over, once, and does not throw.
  [[nodiscard]] std::function<void()> prepare_state_dict(const NamedTensors& state, Location at = Location::current());

  // One epoch. What a background thread throws arrives in operator++ or begin(), after the batches before it.
  class XGRAD_API iterator {
   public:
    using value_type = Example;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(const DataLoader& loader);
    Example& operator*() { return current_; }
    Example* operator->() { return &current_; }
    iterator& operator++();  // at the end it stays there
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    std::shared_ptr<Epoch> epoch_;
    Example current_;
    bool done_ = true;
  };
  iterator begin() const { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

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

  std::int64_t examples_;
  Fetch fetch_;
  Location at_;
  DataLoaderOptions options_;
  std::shared_ptr<Position> position_;
};

}  // namespace xgrad::data
