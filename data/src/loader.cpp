#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>
#include <xgrad/check.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/parallel.hpp>

#include "raw_bytes.hpp"

namespace xgrad::data {

DataLoader::DataLoader(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at)
    : examples_(examples), fetch_(std::move(fetch)), options_(options) {
  if (options.batch_size < 1)
    ErrorReport("DataLoader", fmt::format("batch_size must be positive, got {}", options.batch_size), at).value_error();
  if (options.prefetch < 0)
    ErrorReport("DataLoader", fmt::format("prefetch must be >= 0, got {}", options.prefetch), at).value_error();
  if (options.workers < 0)
    ErrorReport("DataLoader", fmt::format("workers must be >= 0, got {}", options.workers), at).value_error();
  if (examples < 1) ErrorReport("DataLoader", "the dataset is empty", at).value_error();
}

std::int64_t DataLoader::size() const {
  const std::int64_t b = options_.batch_size;
  return options_.drop_last ? examples_ / b : (examples_ + b - 1) / b;
}

namespace detail {
namespace {

constexpr std::int64_t kSmallExample = 16 << 10;  // bytes

std::int64_t bytes(const Tensor& t) { return t.defined() ? t.numel() * item_size(t.dtype()) : 0; }

// Asks for the memory of an example that is copied soon: it comes while the next ones are made. (Always inlined: GCC
// drops calls of a function that does nothing else.)
[[gnu::always_inline]] inline void prefetch(const Tensor& t) {
  const std::int64_t n = bytes(t);
  if (n == 0 || n > kSmallExample || !t.is_contiguous()) return;
  const char* p = static_cast<const char*>(raw_bytes(t));
  for (std::int64_t i = 0; i < n; i += 64) __builtin_prefetch(p + i, 0, 2);
}

Tensor stack_examples(const std::vector<Tensor>& parts, const Location& at) {
  std::optional<xgrad::detail::SerialGuard> alone;  // small ones are in this core's cache
  if (bytes(parts.front()) <= kSmallExample) alone.emplace();
  return stack(parts, 0, at);
}

}  // namespace

Example collate(std::span<const std::int64_t> indices, const std::function<Example(std::int64_t)>& get, Location at) {
  std::vector<Tensor> data, target;
  data.reserve(indices.size());
  target.reserve(indices.size());
  for (const std::int64_t i : indices) {
    Example e = get(i);
    prefetch(e.data);
    data.push_back(std::move(e.data));
    target.push_back(std::move(e.target));
  }
  const NoGradGuard off;
  return {stack_examples(data, at), stack_examples(target, at)};
}

}  // namespace detail

// The batches of one pass over the data, made on demand or by workers that stay `ahead` of the reader.
struct DataLoader::iterator::Epoch {
  struct Slot {
    Example batch;
    std::exception_ptr error;
    bool ready = false;
  };

  Fetch fetch;
  std::vector<std::int64_t> order;
  std::int64_t batch_size, batches;
  std::int64_t taken = 0;    // batches the reader has
  std::int64_t claimed = 0;  // batches that are made or in the making; at most `ahead` more than taken

  std::vector<Slot> slots;  // batch b is in slot b % ahead
  std::mutex mutex;
  std::condition_variable made, room;
  bool stop = false;
  std::vector<std::thread> workers;

  explicit Epoch(const DataLoader& l) : fetch(l.fetch_), batch_size(l.options_.batch_size), batches(l.size()) {
    if (l.options_.shuffle) {
      order = randperm(l.examples_).to_vector<std::int64_t>();
    } else {
      order.resize(static_cast<std::size_t>(l.examples_));
      std::iota(order.begin(), order.end(), std::int64_t{0});
    }
    const int prefetch = l.options_.prefetch, threads = l.options_.workers ? l.options_.workers : prefetch > 0;
    slots.resize(static_cast<std::size_t>(prefetch ? prefetch : 2 * threads));
    try {
      for (int i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    } catch (...) {
      close();
      throw;
    }
  }
  ~Epoch() { close(); }

  void close() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    room.notify_all();
    for (std::thread& t : workers) t.join();
  }

  Slot& slot(std::int64_t batch) { return slots[static_cast<std::size_t>(batch) % slots.size()]; }

  Example make(std::int64_t batch) const {
    const auto first = static_cast<std::size_t>(batch * batch_size), most = static_cast<std::size_t>(batch_size);
    return fetch(std::span(order).subspan(first, std::min(most, order.size() - first)));
  }

  Slot try_make(std::int64_t batch) const noexcept {
    Slot s{.batch = {}, .error = {}, .ready = true};
    try {
      s.batch = make(batch);
    } catch (...) {
      s.error = std::current_exception();
    }
    return s;
  }

  void work() {
    const xgrad::detail::SerialGuard serial;  // the training thread has the cores
    const auto ahead = static_cast<std::int64_t>(slots.size());
    std::unique_lock lock(mutex);
    for (;;) {
      room.wait(lock, [&] { return stop || claimed == batches || claimed < taken + ahead; });
      if (stop || claimed == batches) return;
      const std::int64_t batch = claimed++;
      lock.unlock();
      Slot s = try_make(batch);
      lock.lock();
      if (s.error) claimed = batches;  // none of the later ones will be asked for
      slot(batch) = std::move(s);
      if (batch == taken) made.notify_one();
    }
  }

  std::optional<Example> take() {
    if (taken == batches) return std::nullopt;
    if (slots.empty()) return make(taken++);
    std::unique_lock lock(mutex);
    Slot& s = slot(taken);
    made.wait(lock, [&] { return s.ready; });
    if (s.error) std::rethrow_exception(s.error);
    std::optional<Example> e = std::move(s.batch);
    s.ready = false;
    ++taken;
    lock.unlock();
    room.notify_one();
    return e;
  }
};

DataLoader::iterator::iterator(const DataLoader& loader) : epoch_(std::make_shared<Epoch>(loader)), done_(false) {
  ++*this;
}

DataLoader::iterator& DataLoader::iterator::operator++() {
  current_ = Example{};  // its memory may serve the next batch
  if (auto e = epoch_->take())
    current_ = std::move(*e);
  else
    done_ = true;
  return *this;
}

}  // namespace xgrad::data
