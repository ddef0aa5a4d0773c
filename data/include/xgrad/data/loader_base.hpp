// What all loaders share: order, background threads, and the place in the epoch.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/data/sampler.hpp>
#include <xgrad/random.hpp>
#include <xgrad/tensor.hpp>

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
  SamplerPart sampler = {};                 // in the place of shuffle
  BatchSamplerPart batch_sampler = {};      // in the place of batch_size, shuffle, drop_last and sampler
};

// What random transforms draw from: in a batch that a loader makes, a sequence that depends on the epoch and the batch
// alone, whatever thread makes it and whether the run was resumed in between; elsewhere the default generator.
XGRAD_API const Generator& transform_generator();

// A dataset in batches. Copies share where they are in the data; there is no moving, which would leave a loader of
// nothing behind.
class XGRAD_API LoaderBase {
 public:
  LoaderBase(const LoaderBase&) = default;
  LoaderBase& operator=(const LoaderBase&) = default;

  std::int64_t size() const;  // batches per epoch
  // "DataLoader(2 batches of up to 32 of 50 examples)"
  friend XGRAD_API std::ostream& operator<<(std::ostream& os, const LoaderBase& loader);

  // What the loader does next, for a checkpoint in the middle of an epoch: "in_epoch" (bool), "remaining" (int64: the
  // examples still to come, in their order, without the batch in hand), "examples" (the size of the dataset), "epoch"
  // and "seed" (int64: for transform_generator()), and with a batch_sampler "lengths" (int64: of the batches still to
  // come). An epoch lasts until the loop over it ends: after a `break` the next one is new. Of several loops at once
  // the one that began last counts. Copies of a loader share this.
  NamedTensors state_dict() const;
  // The next loop hands out what remained; those after it are whole epochs. ValueError lists what does not fit; then
  // nothing is changed. A state without "epoch" and "seed" is one of a release that had none.
  void load_state_dict(const NamedTensors& state, Location at = Location::current());
  // Throws what load_state_dict would and changes nothing.
  void check_state_dict(const NamedTensors& state, Location at = Location::current()) const;
  // The same, but what it returns takes the state over, once, and does not throw.
  [[nodiscard]] std::function<void()> prepare_state_dict(const NamedTensors& state, Location at = Location::current());

 protected:
  using Erased = std::shared_ptr<void>;  // a batch
  using Fetch = std::function<Erased(std::span<const std::int64_t>)>;
  struct Epoch;
  struct Position;

  // ValueError: batch_size < 1, prefetch < 0, workers not in 0..1024, an empty dataset, options that exclude each
  // other.
  LoaderBase(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at);
  // The same examples fetched otherwise, at a place of its own.
  LoaderBase(const LoaderBase& o, Fetch fetch);
  const Fetch& fetch() const { return fetch_; }
  std::shared_ptr<Epoch> begin_epoch() const;
  // The next batch, null at the end. What a background thread throws arrives here, after the batches before it.
  static Erased take(Epoch& epoch);

 private:
  std::int64_t examples_;
  Fetch fetch_;
  Location at_;
  DataLoaderOptions options_;
  std::shared_ptr<Position> position_;
};

// Of batches of one type; a loop over it is one epoch.
template <class Batch>
class DataLoaderOf : public LoaderBase {
 public:
  class iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(const DataLoaderOf& loader) : epoch_(loader.begin_epoch()), done_(false) { ++*this; }
    Batch& operator*() { return current_; }
    Batch* operator->() { return &current_; }
    iterator& operator++() {  // at the end it stays there
      if (done_) return *this;
      current_ = Batch();  // its memory may serve the next batch
      if (const Erased next = take(*epoch_))
        current_ = std::move(*static_cast<Batch*>(next.get()));
      else
        done_ = true;
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    std::shared_ptr<Epoch> epoch_;
    Batch current_{};
    bool done_ = true;
  };
  iterator begin() const { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

  // A loader of f(batch), which runs where the batch is made: in the background, if there are workers. It has a place
  // in the data of its own.
  template <class F>
  auto map(F f) const {
    using Result = std::remove_cvref_t<std::invoke_result_t<const F&, Batch>>;
    return DataLoaderOf<Result>(*this, [fetch = fetch(), f = std::move(f)](std::span<const std::int64_t> i) -> Erased {
      const Erased batch = fetch(i);
      return std::make_shared<Result>(f(std::move(*static_cast<Batch*>(batch.get()))));
    });
  }

  // For make_data_loader() and map().
  template <class F>
  DataLoaderOf(std::int64_t examples, F make, DataLoaderOptions options, Location at)
      : LoaderBase(
            examples,
            [make = std::move(make)](std::span<const std::int64_t> i) -> Erased {
              return std::make_shared<Batch>(make(i));
            },
            std::move(options), at) {}
  DataLoaderOf(const LoaderBase& o, Fetch fetch) : LoaderBase(o, std::move(fetch)) {}
};

}  // namespace xgrad::data
