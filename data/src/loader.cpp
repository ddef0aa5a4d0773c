#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/detail/raw_bytes.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/sampling.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>

namespace xgrad::data {

namespace {
constexpr int kMostWorkers = 1024;
}  // namespace

DataLoader::DataLoader(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at)
    : examples_(examples),
      fetch_(std::move(fetch)),
      at_(at),
      options_(options),
      position_(std::make_shared<Position>()) {
  if (options.batch_size < 1)
    ErrorReport("DataLoader", fmt::format("batch_size must be positive, got {}", options.batch_size), at).value_error();
  if (options.prefetch < 0)
    ErrorReport("DataLoader", fmt::format("prefetch must be >= 0, got {}", options.prefetch), at).value_error();
  if (options.workers < 0 || options.workers > kMostWorkers)
    ErrorReport("DataLoader", fmt::format("workers must be in 0..{}, got {}", kMostWorkers, options.workers), at)
        .value_error();
  if (examples < 1) ErrorReport("DataLoader", "the dataset is empty", at).value_error();
}

namespace {

using Order = std::vector<std::int64_t>;

std::int64_t batches_of(std::int64_t examples, const DataLoaderOptions& o) {
  return examples / o.batch_size + (!o.drop_last && examples % o.batch_size != 0);
}

}  // namespace

std::int64_t DataLoader::size() const { return batches_of(examples_, options_); }

namespace detail {
namespace {

constexpr std::int64_t kSmallExample = 16 << 10;  // bytes

std::int64_t bytes(const Tensor& t) { return t.defined() ? t.numel() * item_size(t.dtype()) : 0; }

// Prefetches the memory of an example that is copied soon, while the next ones are prepared. (Always inlined: GCC
// drops calls of a function that does nothing else.)
[[gnu::always_inline]] inline void prefetch(const Tensor& t) {
  const std::int64_t n = bytes(t);
  if (n == 0 || n > kSmallExample || !t.is_contiguous()) return;
  const char* p = static_cast<const char*>(xgrad::detail::raw_bytes(t));
  for (std::int64_t i = 0; i < n; i += 64) __builtin_prefetch(p + i, 0, 2);
}

Tensor stack_examples(const std::vector<Tensor>& parts, const Location& at) {
  std::optional<xgrad::detail::SerialGuard> alone;  // small ones are in this core's cache
  if (bytes(parts.front()) <= kSmallExample) alone.emplace();
  return stack(parts, 0, at);
}

void require_all(const char* what, const std::vector<Tensor>& parts, std::span<const std::int64_t> indices,
                 const Location& at) {
  const auto none = std::ranges::find_if_not(parts, &Tensor::defined),
             some = std::ranges::find_if(parts, &Tensor::defined);
  if (none == parts.end()) return;
  const auto example = [&](auto part) { return indices[static_cast<std::size_t>(part - parts.begin())]; };
  ErrorReport("DataLoader",
              fmt::format("example {} of the dataset has no {}{}", example(none), what,
                          some == parts.end() ? "" : fmt::format(", example {} has one", example(some))),
              at)
      .value_error();
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
  require_all("data", data, indices, at);
  if (std::ranges::none_of(target, &Tensor::defined)) return {stack_examples(data, at), Tensor()};
  require_all("target", target, indices, at);
  return {stack_examples(data, at), stack_examples(target, at)};
}

}  // namespace detail

namespace {

// A dataset hands out a row for every index.
void require_rows(const Example& e, std::int64_t rows, const Location& at) {
  const auto fits = [&](const Tensor& t) { return t.dim() > 0 && t.size(0) == rows; };
  if (!e.data.defined()) ErrorReport("DataLoader", "the dataset returned a batch without data", at).value_error();
  if (fits(e.data) && (!e.target.defined() || fits(e.target))) return;
  ErrorReport report(
      "DataLoader",
      fmt::format("the dataset returned a batch that does not have {0} row{1} for {0} ind{2} (get_batch)", rows,
                  rows == 1 ? "" : "s", rows == 1 ? "ex" : "ices"),
      at);
  report.operand("data", e.data);
  if (e.target.defined()) report.operand("target", e.target);
  report.shape_error();
}

}  // namespace

// The batches of one pass over the data, made on demand or by workers that stay `ahead` of the reader.
struct DataLoader::Epoch {
  struct Slot {
    Example batch;
    std::exception_ptr error;
    bool ready = false;
  };

  Fetch fetch;
  Location at;  // of the loader
  Order order;
  std::int64_t batch_size, batches;
  std::int64_t taken = 0;    // batches the reader has
  bool over = false;         // the reader has seen the end
  std::int64_t claimed = 0;  // batches that are made or in the making; at most `ahead` more than taken

  std::vector<Slot> slots;  // batch b is in slot b % ahead
  std::mutex mutex;
  std::condition_variable made, room;
  bool stop = false;
  std::vector<std::thread> workers;

  Epoch(const DataLoader& l, Order examples)
      : fetch(l.fetch_),
        at(l.at_),
        order(std::move(examples)),
        batch_size(l.options_.batch_size),
        batches(batches_of(static_cast<std::int64_t>(order.size()), l.options_)) {
    // No more threads and slots than there are batches.
    const std::int64_t prefetch = l.options_.prefetch, wanted = l.options_.workers ? l.options_.workers : prefetch > 0;
    const std::int64_t threads = std::min(wanted, batches);
    slots.resize(static_cast<std::size_t>(std::min(prefetch ? prefetch : 2 * threads, batches)));
    try {
      for (std::int64_t i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
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
    const auto indices = std::span(order).subspan(first, std::min(most, order.size() - first));
    Example e = fetch(indices);
    require_rows(e, static_cast<std::int64_t>(indices.size()), at);
    return e;
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
      if (s.error) claimed = batches;  // no later one will be requested
      slot(batch) = std::move(s);
      if (batch == taken) made.notify_one();
    }
  }

  std::optional<Example> take() {
    over = taken == batches;
    if (over) return std::nullopt;
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

  Order remaining() const {
    const auto gone =
        std::min(static_cast<std::ptrdiff_t>(order.size()), static_cast<std::ptrdiff_t>(taken * batch_size));
    return {order.begin() + gone, order.end()};
  }
};

// Where a loader and its copies are: in the epoch that began last, while somebody reads it, or before the rest of one
// that was loaded.
struct DataLoader::Position {
  mutable std::mutex mutex;
  std::weak_ptr<Epoch> epoch;
  std::optional<Order> loaded;

  // What is to come of the epoch that has begun, if one has.
  std::optional<Order> remaining() const {
    const std::lock_guard lock(mutex);
    if (loaded) return loaded;
    const std::shared_ptr<Epoch> running = epoch.lock();
    return running && !running->over ? std::optional(running->remaining()) : std::nullopt;
  }
  std::shared_ptr<Epoch> begin(const DataLoader& l) {
    const std::lock_guard lock(mutex);
    const auto begun = std::make_shared<Epoch>(l, loaded ? *loaded : new_order(l.examples_, l.options_));
    loaded.reset();
    epoch = begun;
    return begun;
  }
  static Order new_order(std::int64_t examples, const DataLoaderOptions& o) {
    if (o.shuffle) return randperm(examples, {.generator = o.generator}).to_vector<std::int64_t>();
    Order order(static_cast<std::size_t>(examples));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    return order;
  }
};

NamedTensors DataLoader::state_dict() const {
  const std::optional<Order> remaining = position_->remaining();
  return {{"examples", full({}, static_cast<double>(examples_), {kInt64})},
          {"in_epoch", full({}, remaining.has_value(), {kBool})},
          {"remaining", from_vector(remaining.value_or(Order{}))}};
}

namespace {

// The rest of an epoch, or none, from the state of a loader of so many examples.
std::optional<Order> read_state(const NamedTensors& state, std::int64_t examples, const Location& at) {
  std::vector<std::string> problems;
  const auto take = [&](const char* key, DType dtype, int dim) {
    for (const auto& [k, t] : state)
      if (k == key) {
        if (t.defined() && t.dtype() == dtype && t.dim() == dim) return t;
        problems.push_back(fmt::format("{} is not {} with {} dimensions", key, name(dtype), dim));
        return Tensor();
      }
    problems.push_back(fmt::format("missing: {}", key));
    return Tensor();
  };
  const Tensor size = take("examples", kInt64, 0), running = take("in_epoch", kBool, 0),
               rest = take("remaining", kInt64, 1);
  for (const auto& [k, t] : state)
    if (k != "examples" && k != "in_epoch" && k != "remaining") problems.push_back("unexpected: " + k);
  if (size.defined() && size.item<std::int64_t>() != examples)
    problems.push_back(
        fmt::format("made with a dataset of {} examples, this one has {}", size.item<std::int64_t>(), examples));
  const Order order = rest.defined() ? rest.to_vector<std::int64_t>() : Order{};
  if (const auto bad = std::ranges::find_if(order, [&](std::int64_t i) { return i < 0 || i >= examples; });
      bad != order.end())
    problems.push_back(fmt::format("remaining: no example {} among {}", *bad, examples));
  if (!problems.empty()) {
    ErrorReport error("DataLoader", "the state does not fit the loader; nothing was loaded", at);
    for (const std::string& p : problems) error.line("state", p);
    error.value_error();
  }
  return running.item<bool>() ? std::optional(order) : std::nullopt;
}

}  // namespace

void DataLoader::check_state_dict(const NamedTensors& state, Location at) const { read_state(state, examples_, at); }

std::function<void()> DataLoader::prepare_state_dict(const NamedTensors& state, Location at) {
  const auto order = std::make_shared<std::optional<Order>>(read_state(state, examples_, at));
  return [position = position_, order] {
    const std::lock_guard lock(position->mutex);
    position->loaded.swap(*order);
    position->epoch.reset();
  };
}

void DataLoader::load_state_dict(const NamedTensors& state, Location at) { prepare_state_dict(state, at)(); }

DataLoader::iterator::iterator(const DataLoader& loader) : epoch_(loader.position_->begin(loader)), done_(false) {
  ++*this;
}

DataLoader::iterator& DataLoader::iterator::operator++() {
  if (done_) return *this;
  current_ = Example{};  // its memory may serve the next batch
  if (auto e = epoch_->take())
    current_ = std::move(*e);
  else
    done_ = true;
  return *this;
}

std::ostream& operator<<(std::ostream& os, const DataLoader& loader) {
  return os << fmt::format("DataLoader({} batches of up to {} of {} examples)", loader.size(),
                           loader.options_.batch_size, loader.examples_);
}

}  // namespace xgrad::data
