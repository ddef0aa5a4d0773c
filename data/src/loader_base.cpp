#include <algorithm>
#include <bit>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/data/loader_base.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/sampling.hpp>
#include <xgrad/parallel.hpp>

#include "draw_scope.hpp"
#include "refuse.hpp"

namespace xgrad::data {

namespace {
constexpr int kMostWorkers = 1024;

using Order = std::vector<std::int64_t>;

}  // namespace

LoaderBase::LoaderBase(std::int64_t examples, Fetch fetch, DataLoaderOptions options, Location at)
    : examples_(examples),
      fetch_(std::move(fetch)),
      at_(at),
      options_(std::move(options)),
      position_(std::make_shared<Position>()) {
  const DataLoaderOptions& o = options_;
  if (o.batch_size < 1) refuse("DataLoader", fmt::format("batch_size must be positive, got {}", o.batch_size), at);
  if (o.prefetch < 0) refuse("DataLoader", fmt::format("prefetch must be >= 0, got {}", o.prefetch), at);
  if (o.workers < 0 || o.workers > kMostWorkers)
    refuse("DataLoader", fmt::format("workers must be in 0..{}, got {}", kMostWorkers, o.workers), at);
  if (examples < 1) refuse("DataLoader", "the dataset is empty", at);
  if (o.sampler.sampler && o.shuffle) refuse("DataLoader", "either shuffle or a sampler", at);
  if (o.batch_sampler.sampler && (o.shuffle || o.sampler.sampler || o.drop_last || o.batch_size != 1))
    refuse("DataLoader", "a batch_sampler takes the place of batch_size, shuffle, sampler and drop_last", at);
}

LoaderBase::LoaderBase(const LoaderBase& o, Fetch fetch)
    : examples_(o.examples_),
      fetch_(std::move(fetch)),
      at_(o.at_),
      options_(o.options_),
      position_(std::make_shared<Position>()) {}

namespace {

std::int64_t batches_of(std::int64_t examples, const DataLoaderOptions& o) {
  return examples / o.batch_size + (!o.drop_last && examples % o.batch_size != 0);
}

}  // namespace

std::int64_t LoaderBase::size() const {
  if (options_.batch_sampler.sampler) return options_.batch_sampler.sampler->size();
  return batches_of(options_.sampler.sampler ? options_.sampler.sampler->size() : examples_, options_);
}

// ---- what random transforms draw from ----

namespace {

// The numbers from which the generator of a batch is made, and it, when it was asked for.
struct Draws {
  std::uint64_t epoch, batch;
  std::optional<Generator> generator;
};
thread_local Draws* current_draws = nullptr;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const auto word = [](std::uint64_t x, int shift) { return static_cast<std::uint32_t>(x >> shift); };
  const auto r = Generator::philox({word(a, 0), word(a, 32), 0x5eed, 0}, {word(b, 0), word(b, 32)});
  return r[0] | (static_cast<std::uint64_t>(r[1]) << 32);
}

}  // namespace

struct DrawScope::Kept : Draws {
  Draws* before;
};

DrawScope::DrawScope(std::uint64_t epoch, std::uint64_t batch)
    : kept_(new Kept{{epoch, batch, std::nullopt}, current_draws}) {
  current_draws = kept_.get();
}
DrawScope::~DrawScope() { current_draws = kept_->before; }

const Generator& transform_generator() {
  if (!current_draws) return default_generator();
  Draws& d = *current_draws;
  if (!d.generator) d.generator.emplace(mixed(d.epoch, d.batch));
  return *d.generator;
}

// ---- epochs ----

namespace {

// The batches of an epoch: numbers of examples, and where each batch ends among them.
struct Plan {
  Order order;
  std::vector<std::size_t> ends;
  std::int64_t epoch = 0;  // how many came before
  std::int64_t seed = 0;   // of what transforms draw
};

void cut_evenly(Plan& p, const DataLoaderOptions& o) {
  const std::int64_t n = std::ssize(p.order), batches = batches_of(n, o);
  for (std::int64_t b = 1; b <= batches; ++b) p.ends.push_back(static_cast<std::size_t>(std::min(b * o.batch_size, n)));
}

// A new epoch. Nothing is drawn for the seed, so that the numbers a program draws do not depend on it.
Plan new_plan(std::int64_t examples, const DataLoaderOptions& o, std::int64_t epoch, const Location& at) {
  const Generator& g = xgrad::detail::generator_or_default(o.generator);
  const auto [seed, offset] = g.get_state();
  Plan p;
  p.epoch = epoch;
  p.seed = static_cast<std::int64_t>(mixed(seed, mixed(offset, static_cast<std::uint64_t>(epoch))) >> 1);
  if (o.batch_sampler.sampler) {
    for (const Order& batch : o.batch_sampler.sampler->batches()) {
      if (batch.empty()) refuse("DataLoader", "the batch_sampler has a batch without examples", at);
      p.order.insert(p.order.end(), batch.begin(), batch.end());
      p.ends.push_back(p.order.size());
    }
  } else if (o.sampler.sampler) {
    p.order = o.sampler.sampler->indices();
  } else if (o.shuffle) {
    p.order = randperm(examples, {.generator = o.generator}).to_vector<std::int64_t>();
  } else {
    p.order.resize(static_cast<std::size_t>(examples));
    std::iota(p.order.begin(), p.order.end(), std::int64_t{0});
  }
  if (!o.batch_sampler.sampler) cut_evenly(p, o);
  for (const std::int64_t i : p.order)
    if (i < 0 || i >= examples)
      ErrorReport("DataLoader", fmt::format("the sampler names example {} of {}", i, examples), at).index_error();
  return p;
}

}  // namespace

// The batches of one pass over the data, made on demand or by workers that stay `ahead` of the reader.
struct LoaderBase::Epoch {
  struct Slot {
    Erased batch;
    std::exception_ptr error;
    bool ready = false;
  };

  Fetch fetch;
  Plan plan;
  std::int64_t batches;
  std::int64_t taken = 0;    // batches the reader has
  bool over = false;         // the reader has seen the end
  std::int64_t claimed = 0;  // batches that are made or in the making; at most `ahead` more than taken

  std::vector<Slot> slots;  // batch b is in slot b % ahead
  std::mutex mutex;
  std::condition_variable made, room;
  bool stop = false;
  std::vector<std::thread> workers;

  Epoch(const LoaderBase& l, Plan p)
      : fetch(l.fetch_), plan(std::move(p)), batches(static_cast<std::int64_t>(plan.ends.size())) {
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

  // Where the examples of a batch begin; of the one after the last: where all of them end.
  std::size_t begin(std::int64_t batch) const {
    return batch == 0 ? 0 : plan.ends[static_cast<std::size_t>(batch - 1)];
  }

  // The first example says which batch it is, also when the run was resumed in between.
  Erased make(std::int64_t batch) const {
    const std::size_t first = begin(batch), end = begin(batch + 1);
    const DrawScope scope(static_cast<std::uint64_t>(plan.seed), static_cast<std::uint64_t>(plan.order[first]));
    return fetch(std::span(plan.order).subspan(first, end - first));
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

  Erased take() {
    over = taken == batches;
    if (over) return nullptr;
    if (slots.empty()) return make(taken++);
    std::unique_lock lock(mutex);
    Slot& s = slot(taken);
    made.wait(lock, [&] { return s.ready; });
    if (s.error) std::rethrow_exception(s.error);
    Erased e = std::move(s.batch);
    s.ready = false;
    ++taken;
    lock.unlock();
    room.notify_one();
    return e;
  }

  // What is to come.
  Plan remaining() const {
    const std::size_t gone = begin(taken);
    Plan rest{{plan.order.begin() + static_cast<std::ptrdiff_t>(gone), plan.order.end()}, {}, plan.epoch, plan.seed};
    for (std::size_t b = static_cast<std::size_t>(taken); b < plan.ends.size(); ++b)
      rest.ends.push_back(plan.ends[b] - gone);
    return rest;
  }
};

// Where a loader and its copies are: in the epoch that began last, while somebody reads it, or before the rest of one
// that was loaded.
struct LoaderBase::Position {
  mutable std::mutex mutex;
  std::weak_ptr<Epoch> running;
  std::optional<Plan> loaded;
  std::int64_t epochs = 0;  // that were begun

  // What is to come of the epoch that has begun, if one has.
  std::optional<Plan> remaining() const {
    const std::lock_guard lock(mutex);
    if (loaded) return loaded;
    const std::shared_ptr<Epoch> epoch = running.lock();
    return epoch && !epoch->over ? std::optional(epoch->remaining()) : std::nullopt;
  }
  std::shared_ptr<Epoch> begin(const LoaderBase& l) {
    const std::lock_guard lock(mutex);
    const auto begun = std::make_shared<Epoch>(l, loaded ? *loaded : new_plan(l.examples_, l.options_, epochs, l.at_));
    if (!loaded) ++epochs;
    loaded.reset();
    running = begun;
    return begun;
  }
};

std::shared_ptr<LoaderBase::Epoch> LoaderBase::begin_epoch() const { return position_->begin(*this); }
LoaderBase::Erased LoaderBase::take(Epoch& epoch) { return epoch.take(); }

NamedTensors LoaderBase::state_dict() const {
  const std::optional<Plan> rest = position_->remaining();
  const Plan plan = rest.value_or(Plan{});
  std::int64_t epochs = 0;
  {
    const std::lock_guard lock(position_->mutex);
    epochs = position_->epochs;
  }
  NamedTensors state{{"examples", full({}, examples_, {kInt64})},
                     {"in_epoch", full({}, rest.has_value(), {kBool})},
                     {"remaining", from_vector(plan.order)},
                     {"epoch", full({}, epochs, {kInt64})},
                     {"seed", full({}, plan.seed, {kInt64})}};
  if (options_.batch_sampler.sampler) {
    Order lengths;
    std::size_t begin = 0;
    for (const std::size_t end : plan.ends) {
      lengths.push_back(static_cast<std::int64_t>(end - begin));
      begin = end;
    }
    state.emplace_back("lengths", from_vector(lengths));
  }
  return state;
}

namespace {

struct Loaded {
  std::optional<Plan> plan;
  std::int64_t epochs = 0;
};

// Collects what does not fit, and says it at once.
class StateReader {
 public:
  explicit StateReader(const NamedTensors& state) : state_(state) {}
  Tensor take(const char* key, DType dtype, int dim, bool needed = true) {
    known_.emplace_back(key);
    for (const auto& [k, t] : state_)
      if (k == key) {
        if (t.defined() && t.dtype() == dtype && t.dim() == dim) return t;
        problems_.push_back(fmt::format("{} is not {} with {} dimensions", key, name(dtype), dim));
        return Tensor();
      }
    if (needed) problems_.push_back(fmt::format("missing: {}", key));
    return Tensor();
  }
  std::int64_t number(const char* key) {
    const Tensor t = take(key, kInt64, 0, false);
    const std::int64_t n = t.defined() ? t.item<std::int64_t>() : 0;
    if (n < 0) problems_.push_back(fmt::format("{} is {}", key, n));
    return n;
  }
  void problem(std::string text) { problems_.push_back(std::move(text)); }
  void finish(const Location& at) {
    for (const auto& [k, t] : state_)
      if (std::ranges::find(known_, k) == known_.end()) problems_.push_back("unexpected: " + k);
    if (problems_.empty()) return;
    ErrorReport error("DataLoader", "the state does not fit the loader; nothing was loaded", at);
    for (const std::string& p : problems_) error.line("state", p);
    error.value_error();
  }

 private:
  const NamedTensors& state_;
  std::vector<std::string> known_, problems_;
};

// Where the batches of a loader with a batch_sampler end.
void cut_at(Plan& p, const Order& lengths, StateReader& reader) {
  std::int64_t end = 0;
  for (const std::int64_t n : lengths) {
    if (n < 1 || n > std::ssize(p.order) - end) break;
    end += n;
    p.ends.push_back(static_cast<std::size_t>(end));
  }
  if (std::ssize(p.ends) != std::ssize(lengths) || end != std::ssize(p.order))
    reader.problem("lengths: not those of batches of the remaining examples");
}

// The rest of an epoch, or none, from the state of a loader of so many examples.
Loaded read_state(const NamedTensors& state, std::int64_t examples, const DataLoaderOptions& o, const Location& at) {
  StateReader reader(state);
  const Tensor size = reader.take("examples", kInt64, 0), running = reader.take("in_epoch", kBool, 0),
               rest = reader.take("remaining", kInt64, 1);
  const std::int64_t epochs = reader.number("epoch"), seed = reader.number("seed");
  if (size.defined() && size.item<std::int64_t>() != examples)
    reader.problem(
        fmt::format("made with a dataset of {} examples, this one has {}", size.item<std::int64_t>(), examples));
  Plan plan{rest.defined() ? rest.to_vector<std::int64_t>() : Order{}, {}, epochs, seed};
  if (const auto bad = std::ranges::find_if(plan.order, [&](std::int64_t i) { return i < 0 || i >= examples; });
      bad != plan.order.end())
    reader.problem(fmt::format("remaining: no example {} among {}", *bad, examples));
  if (o.batch_sampler.sampler) {
    const Tensor lengths = reader.take("lengths", kInt64, 1);
    cut_at(plan, lengths.defined() ? lengths.to_vector<std::int64_t>() : Order{}, reader);
  } else {
    cut_evenly(plan, o);
  }
  reader.finish(at);
  return {running.item<bool>() ? std::optional(std::move(plan)) : std::nullopt, epochs};
}

}  // namespace

void LoaderBase::check_state_dict(const NamedTensors& state, Location at) const {
  read_state(state, examples_, options_, at);
}

std::function<void()> LoaderBase::prepare_state_dict(const NamedTensors& state, Location at) {
  const auto loaded = std::make_shared<Loaded>(read_state(state, examples_, options_, at));
  return [position = position_, loaded] {
    const std::lock_guard lock(position->mutex);
    position->loaded.swap(loaded->plan);
    position->epochs = loaded->epochs;
    position->running.reset();
  };
}

void LoaderBase::load_state_dict(const NamedTensors& state, Location at) { prepare_state_dict(state, at)(); }

std::ostream& operator<<(std::ostream& os, const LoaderBase& loader) {
  if (loader.options_.batch_sampler.sampler)
    return os << fmt::format("DataLoader({} batches of {} examples)", loader.size(), loader.examples_);
  return os << fmt::format("DataLoader({} batches of up to {} of {} examples)", loader.size(),
                           loader.options_.batch_size, loader.examples_);
}

}  // namespace xgrad::data
