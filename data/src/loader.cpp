#include <xgrad/data/loader.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/parallel.hpp>

namespace xgrad::data {

DataLoader::DataLoader(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at)
    : examples_(examples), fetch_(std::move(fetch)), options_(options) {
  if (options.batch_size < 1)
    ErrorReport("DataLoader", fmt::format("batch_size must be positive, got {}", options.batch_size), at).value_error();
  if (options.prefetch < 0) ErrorReport("DataLoader", fmt::format("prefetch must be >= 0, got {}", options.prefetch), at).value_error();
  if (examples < 1) ErrorReport("DataLoader", "the dataset is empty", at).value_error();
}

std::int64_t DataLoader::size() const {
  const std::int64_t b = options_.batch_size;
  return options_.drop_last ? examples_ / b : (examples_ + b - 1) / b;
}

// The batches of one pass over the data, made on demand or by a thread that stays `prefetch` ahead.
struct DataLoader::iterator::Epoch {
  Fetch fetch;
  std::vector<std::int64_t> order;
  std::int64_t batch_size, batches, next = 0;
  std::size_t ahead;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Example> ready;
  std::exception_ptr error;
  bool stop = false;
  std::thread worker;

  explicit Epoch(const DataLoader& l)
      : fetch(l.fetch_), batch_size(l.options_.batch_size), batches(l.size()), ahead(static_cast<std::size_t>(l.options_.prefetch)) {
    if (l.options_.shuffle) order = randperm(l.examples_).to_vector<std::int64_t>();
    else {
      order.resize(static_cast<std::size_t>(l.examples_));
      std::iota(order.begin(), order.end(), std::int64_t{0});
    }
    if (ahead > 0) worker = std::thread([this] { work(); });
  }

  ~Epoch() {
    {
      std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    if (worker.joinable()) worker.join();
  }

  Example make(std::int64_t batch) {
    const auto first = static_cast<std::size_t>(batch * batch_size);
    return fetch(std::span<const std::int64_t>(order).subspan(first, std::min(static_cast<std::size_t>(batch_size), order.size() - first)));
  }

  void work() {
    const detail::SerialGuard serial;  // the training thread has the cores
    try {
      for (std::int64_t b = 0; b < batches; ++b) {
        Example e = make(b);
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stop || ready.size() < ahead; });
        if (stop) return;
        ready.push_back(std::move(e));
        changed.notify_all();
      }
    } catch (...) {
      std::lock_guard lock(mutex);
      error = std::current_exception();
      changed.notify_all();
    }
  }

  std::optional<Example> take() {
    if (next == batches) return std::nullopt;
    ++next;
    if (ahead == 0) return make(next - 1);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return error || !ready.empty(); });
    if (ready.empty()) std::rethrow_exception(error);
    Example e = std::move(ready.front());
    ready.pop_front();
    changed.notify_all();
    return e;
  }
};

DataLoader::iterator::iterator(const DataLoader& loader) : epoch_(std::make_shared<Epoch>(loader)), done_(false) { ++*this; }

DataLoader::iterator& DataLoader::iterator::operator++() {
  current_ = Example{};  // its memory may serve the next batch
  if (auto e = epoch_->take()) current_ = std::move(*e);
  else done_ = true;
  return *this;
}

}  // namespace xgrad::data
