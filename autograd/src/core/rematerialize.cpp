#include "core/rematerialize.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/blocked.hpp"
#include "core/held.hpp"
#include "core/running_op.hpp"

namespace xgrad::detail {

std::atomic<int> memory_budgets{0};

namespace {

struct Watch;

// All that follows is rare, and a value may be made again on any thread: one lock for everything.
std::recursive_mutex& watch_mutex() {
  static auto* m = new std::recursive_mutex;  // tensors in static storage may outlive it
  return *m;
}
using Lock = std::lock_guard<std::recursive_mutex>;

}  // namespace

class BudgetState {
 public:
  const std::thread::id thread = std::this_thread::get_id();
  std::int64_t limit = 0;
  std::int64_t held = 0;  // when room was made last
  std::int64_t rise = 0;  // the most that an operation took since then, beyond that
  BudgetCounts counts;
  Watch *first = nullptr, *last = nullptr;  // in the order in which their values were computed
};

namespace {

struct Alias {
  TensorImpl* tensor;     // a weak reference
  std::ptrdiff_t offset;  // in bytes, while the values are gone
};

// Of a storage whose values can be made again, or that such values are made from.
struct Watch final : StorageOwner {
  explicit Watch(Storage& s) : StorageOwner(Kind::watch), storage(&s) {}

  Storage* storage;
  std::vector<Watch*> readers;  // whose recipes read these values
  // The recipe, empty for a storage that is only read.
  std::shared_ptr<BudgetState> budget;
  Watch *previous = nullptr, *next = nullptr;
  std::vector<Alias> aliases;
  std::vector<Tensor> inputs;
  std::vector<std::uint32_t> versions;  // of the inputs
  Remake remake = nullptr;
  std::unique_ptr<std::byte[]> closure;
  double nanoseconds = 0;
  std::uint64_t number = 0;  // in the order in which values were computed
  std::uint64_t mark = 0;    // of the last search that came here
  double total = 0;          // in a search: with what must be made before it
  std::uint32_t wanted = 0;  // recipes under way that read it
  bool absent = false, plain = true;
  Watch* next_dead = nullptr;

  std::int64_t bytes() const;
  bool has_recipe() const { return remake != nullptr; }
  void release(Storage&) noexcept override;
};

Watch* watch_of(const Storage& s) {
  return s.is_owned_by(StorageOwner::Kind::watch) ? static_cast<Watch*>(s.owner.load(std::memory_order_relaxed))
                                                  : nullptr;
}

// Of an input of a recipe, which may be a bias that there is not.
Watch* watch_of(const Tensor& input) { return input.defined() ? watch_of(*impl(input).storage) : nullptr; }

std::uint64_t computed = 0, visits = 0;  // both with the lock

thread_local std::vector<std::shared_ptr<BudgetState>> budgets;  // of this thread, the newest last

// ---- recipes come and go ----
void append(BudgetState& b, Watch& w) {
  w.previous = b.last;
  (b.last ? b.last->next : b.first) = &w;
  b.last = &w;
}

void unlink(Watch& w) noexcept {
  BudgetState& b = *w.budget;
  (w.previous ? w.previous->next : b.first) = w.next;
  (w.next ? w.next->previous : b.last) = w.previous;
  w.previous = w.next = nullptr;
}

// The values stay as they are.
void forget_recipe(Watch& w) noexcept {
  if (!w.has_recipe()) return;
  w.remake = nullptr;
  unlink(w);
  for (const Tensor& in : w.inputs)
    if (Watch* of = watch_of(in)) std::erase(of->readers, &w);
  for (const Alias& a : w.aliases) release_weak(a.tensor);
  w.aliases.clear();
  w.versions.clear();
  const std::vector<Tensor> inputs = std::move(w.inputs);  // may end other storages, and this one's readers
  w.inputs.clear();
}

// A storage that ends may end those that its recipe reads, and so on: a work list instead of recursion, as for nodes.
void Watch::release(Storage&) noexcept {
  thread_local Watch* waiting = nullptr;
  thread_local bool busy = false;
  const Lock lock(watch_mutex());
  next_dead = waiting;
  waiting = this;
  if (busy) return;
  busy = true;
  while (Watch* dead = waiting) {
    waiting = dead->next_dead;
    forget_recipe(*dead);
    delete dead;
  }
  busy = false;
}

Watch& watch(Storage& s) {
  if (Watch* known = watch_of(s)) return *known;
  auto* fresh = new Watch(s);
  s.owner = fresh;
  return *fresh;
}

std::int64_t Watch::bytes() const {
  return static_cast<std::int64_t>(storage->blocked ? storage->blocked->bytes : storage->bytes);
}

// ---- values go ----
// Whether all who hold the storage are known: then their pointers can be taken back.
bool is_known_to_all(Watch& w) {
  std::erase_if(w.aliases, [](const Alias& a) {
    const bool gone = a.tensor->refs.load(std::memory_order_acquire) == 0;
    if (gone) release_weak(a.tensor);
    return gone;
  });
  return !w.aliases.empty() && w.storage->refs.load(std::memory_order_acquire) == w.aliases.size();
}

// Whether only recipes hold the values: the program and the tape are through with them.
bool is_unused(const Watch& w) {
  std::size_t held = 0;
  for (const Watch* reader : w.readers) {
    if (!reader->has_recipe()) continue;
    for (const Tensor& in : reader->inputs) held += watch_of(in) == &w;
  }
  return held == w.storage->refs.load(std::memory_order_relaxed);
}

// For memory_report().
void note_bytes(const Watch& w, std::int64_t bytes) {
  if (memory_tracked.load(std::memory_order_relaxed)) [[unlikely]]
    track_memory(w.storage, static_cast<std::size_t>(bytes));
}

void drop(Watch& w) noexcept {
  w.plain = w.storage->data != nullptr;
  if (!is_unused(w)) {  // without a budget, what is not used would have gone by itself
    w.budget->counts.dropped += 1;
    w.budget->counts.dropped_bytes += w.bytes();
  }
  for (Alias& a : w.aliases) {
    if (a.tensor->has_memory()) a.offset = a.tensor->memory() - w.storage->data;
    a.tensor->place(nullptr);
  }
  w.storage->drop_values();
  w.absent = true;
  note_bytes(w, 0);
}

bool may_go(Watch& w) {
  return w.has_recipe() && !w.absent && !w.storage->is_shared() && w.wanted == 0 && w.storage->has_values() &&
         is_known_to_all(w);
}

// ---- values come back ----
[[noreturn]] void overwritten(const Storage& input) {
  ErrorReport(
      "MemoryBudget",
      fmt::format("a value that was given up is to be computed again, but {} overwrote what it is computed from",
                  input.changed_by ? input.changed_by : "an in-place operation"),
      running_op.at)
      .help("use the out-of-place operation, or a larger budget")
      .autograd_error();
}

void remake(Watch& w) {
  for (std::size_t i = 0; i < w.inputs.size(); ++i)
    if (w.inputs[i].defined() && impl(w.inputs[i]).storage->version != w.versions[i])
      overwritten(*impl(w.inputs[i]).storage);
  const auto start = std::chrono::steady_clock::now();
  const RunningOp before = running_op;
  {
    const Tensor again = w.remake(w.closure.get(), w.inputs);
    if (w.plain) impl(again).memory();
    w.storage->take_values(*impl(again).storage);
  }
  running_op = before;
  for (const Alias& a : w.aliases)
    if (w.storage->data) a.tensor->place(w.storage->data + a.offset);
  w.absent = false;
  note_bytes(w, w.bytes());
  BudgetCounts& counts = w.budget->counts;
  counts.recomputed += 1;
  counts.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What the next operation may take is kept free.
std::int64_t limit_before_operation(const BudgetState& b) { return b.limit - std::min(b.rise, b.limit / 2); }
bool is_over(const BudgetState& b) { return used_bytes() > limit_before_operation(b); }

// Looks at what happened since room was made last.
void note_peak(BudgetState& b) {
  const std::int64_t peak = used_peak();
  b.counts.peak = std::max(b.counts.peak, peak);
  b.rise = std::max(b.rise, peak - b.held);
  begin_used_peak();
}

// w, and what is absent of all that leads to it, in the order in which it was computed.
std::vector<Watch*> absent_before(Watch& w) {
  const std::uint64_t mark = ++visits;
  std::vector<Watch*> found{&w};
  w.mark = mark;
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const Tensor& in : found[i]->inputs) {
      Watch* of = watch_of(in);
      if (!of || !of->absent || of->mark == mark) continue;
      of->mark = mark;
      found.push_back(of);
    }
  std::sort(found.begin(), found.end(), [](const Watch* a, const Watch* b) { return a->number < b->number; });
  return found;
}

// Recipes under way: what they read is wanted, and does not go.
class Underway {
 public:
  explicit Underway(const std::vector<Watch*>& order) : order_(order) {
    for (const Watch* w : order_) count(*w, 1);
  }
  ~Underway() {
    for (; done_ < order_.size(); ++done_) count(*order_[done_], ~std::uint32_t{0});
  }
  void pop() { count(*order_[done_++], ~std::uint32_t{0}); }

 private:
  static void count(const Watch& w, std::uint32_t by) {
    for (const Tensor& in : w.inputs)
      if (Watch* of = watch_of(in)) of->wanted += by;
  }
  const std::vector<Watch*>& order_;
  std::size_t done_ = 0;
};

// Makes w's values and those it needs, each once. What was made on the way goes again when there is no room for it.
void make_values(Watch& w) {
  const std::vector<Watch*> order = absent_before(w);
  const std::uint64_t mark = w.mark;
  Underway underway(order);
  for (Watch* made : order) {
    remake(*made);
    underway.pop();
    for (const Tensor& in : made->inputs)
      if (Watch* of = watch_of(in); of && of->mark == mark && is_over(*of->budget) && may_go(*of)) drop(*of);
  }
}

// Makes the values again of one that is asked for in the middle of an operation: no part of what the operation takes.
void make_asked(Watch& w) {
  const std::shared_ptr<BudgetState> b = w.budget;
  note_peak(*b);
  make_values(w);
  b->counts.peak = std::max(b->counts.peak, used_peak());
  b->held = used_bytes();
  begin_used_peak();
}

// ---- the choice ----
constexpr std::size_t kMostRemade = 100;
constexpr int kRecent = 8;

// Values that are gone and lead to w, or come from it, each once, into `found`; at most kMostRemade of them.
void find_absent(Watch& w, bool before, std::uint64_t mark, std::vector<Watch*>& found) {
  const auto visit = [&](Watch* of) {
    if (!of || !of->absent || of->mark == mark || found.size() > kMostRemade) return;
    of->mark = mark;
    found.push_back(of);
  };
  const auto look = [&](const Watch& at) {
    if (before)
      for (const Tensor& in : at.inputs) visit(watch_of(in));
    else
      for (Watch* reader : at.readers) visit(reader);
  };
  const std::size_t start = found.size();
  look(w);
  for (std::size_t i = start; i < found.size(); ++i) look(*found[i]);
}

// Whether no value would need very many others to be made before it: time would grow with the square of the number of
// operations. (A little cautious: what leads to w need not be needed by all that come from it.)
bool stays_near(Watch& w) {
  std::vector<Watch*> found;
  const std::uint64_t mark = ++visits;
  find_absent(w, true, mark, found);
  find_absent(w, false, mark, found);
  return found.size() < kMostRemade;
}

struct Candidate {
  Watch* watch;
  bool recent;   // likely to be used soon: by the rest of a forward pass, or by the nodes that come next
  double score;  // nanoseconds a byte
};

// Old ones first where the scores are equal: the backward pass needs them last.
void drop_cheapest(BudgetState& b, const Watch* newest) {
  std::vector<Candidate> candidates;
  const Watch* recent = b.last;
  for (int n = 1; n < kRecent && recent; ++n) recent = recent->previous;
  bool is_recent = !recent;
  for (Watch* w = b.first; w; w = w->next) {
    is_recent |= w == recent;
    w->total = w->nanoseconds;
    for (const Tensor& in : w->inputs)
      if (const Watch* of = watch_of(in); of && of->absent) w->total += of->total;
    if (w == newest || (newest && std::find(w->readers.begin(), w->readers.end(), newest) != w->readers.end()))
      continue;
    if (may_go(*w))
      candidates.push_back({w, is_recent, is_unused(*w) ? 0 : w->total / static_cast<double>(w->bytes())});
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& c) {
    return a.recent != c.recent ? c.recent : a.score < c.score;
  });
  // Somewhat below the limit, so that not each operation has to search.
  const std::int64_t goal = limit_before_operation(b) - b.limit / 20;
  for (const Candidate& c : candidates) {
    if (used_bytes() <= goal) break;
    if (stays_near(*c.watch)) drop(*c.watch);
  }
}

// Values that nobody needs but recipes, among the newest.
void drop_unused(BudgetState& b) {
  int n = kRecent;
  for (Watch* w = b.last; w && n > 0; w = w->previous, --n)
    if (!w->absent && is_unused(*w) && may_go(*w) && stays_near(*w)) drop(*w);
}

}  // namespace

void add_recipe(const Tensor& y, std::span<TensorImpl* const> aliases, std::span<const Tensor* const> inputs,
                const Recipe& recipe) {
  if (budgets.empty()) return;
  Storage& s = *impl(y).storage;
  if (s.owner || s.is_shared() || (s.data && !s.has_own_block())) return;
  for (const Tensor* in : inputs) {  // the program may write where it has a pointer whenever it likes
    if (!in->defined()) continue;
    if (impl(*in).storage->is_shared() || impl(*in).storage == &s) return;
    if (impl(*in).storage->is_owned_by(StorageOwner::Kind::held)) before_change_of_held(*impl(*in).storage);
    if (impl(*in).storage->is_owned_by(StorageOwner::Kind::held)) return;
  }
  const Lock lock(watch_mutex());
  auto w = std::make_unique<Watch>(s);
  w->budget = budgets.back();
  w->nanoseconds = recipe.nanoseconds;
  w->closure = std::make_unique<std::byte[]>(recipe.closure_size);
  std::memcpy(w->closure.get(), recipe.closure, recipe.closure_size);
  w->aliases.reserve(aliases.size() + 1);
  std::vector<Watch*> read;
  for (const Tensor* in : inputs) {
    w->inputs.push_back(in->defined() ? make_alias(*in) : Tensor());
    w->versions.push_back(in->defined() ? impl(*in).storage->version : 0);
    if (!in->defined()) continue;
    Watch& of = watch(*impl(*in).storage);
    of.readers.reserve(of.readers.size() + 1);
    if (std::find(read.begin(), read.end(), &of) == read.end()) read.push_back(&of);
  }
  // Nothing throws from here on.
  w->remake = recipe.remake;
  w->number = ++computed;
  for (Watch* of : read) of->readers.push_back(w.get());
  const auto know = [&](TensorImpl* t) {
    retain_weak(t);
    w->aliases.push_back({t, 0});
  };
  know(handle(y));
  for (TensorImpl* t : aliases) know(t);
  append(*w->budget, *w);
  s.owner = w.release();
}

void make_room(const Tensor& newest) {
  if (budgets.empty()) return;
  const Lock lock(watch_mutex());
  BudgetState& b = *budgets.back();
  note_peak(b);
  if (newest.defined()) drop_unused(b);
  if (is_over(b)) drop_cheapest(b, watch_of(newest));
  b.held = used_bytes();
}

void note_alias(TensorImpl& t, const TensorImpl& from) {
  if (!watch_of(*t.storage)) return;
  const Lock lock(watch_mutex());
  Watch* w = watch_of(*t.storage);
  if (!w || !w->has_recipe()) return;
  std::ptrdiff_t offset = 0;
  for (const Alias& a : w->aliases)
    if (a.tensor == &from) offset = a.offset;
  w->aliases.push_back({&t, offset});
  retain_weak(&t);
}

void find_values(Storage& storage) {
  if (storage.is_owned_by(StorageOwner::Kind::held)) return find_held_values(storage);
  Watch* w = watch_of(storage);
  if (!w) return;
  const Lock lock(watch_mutex());
  if (w->absent) make_asked(*w);
}

void keep_values_of(Storage& storage) {
  if (storage.is_owned_by(StorageOwner::Kind::held)) return find_held_values(storage);
  Watch* w = watch_of(storage);
  if (!w) return;
  const Lock lock(watch_mutex());
  if (w->absent) make_asked(*w);
  forget_recipe(*w);
}

void use_on_this_thread(Storage& storage) {
  Watch* w = watch_of(storage);
  if (!w) return;
  const Lock lock(watch_mutex());
  if (w->has_recipe() && w->budget->thread != std::this_thread::get_id()) keep_values_of(storage);
}

void before_change(Storage& storage) {
  if (storage.is_owned_by(StorageOwner::Kind::held)) return before_change_of_held(storage);
  Watch* w = watch_of(storage);
  if (!w) return;
  const Lock lock(watch_mutex());
  while (!w->readers.empty()) {
    Watch& reader = *w->readers.back();
    if (reader.absent) make_asked(reader);
    forget_recipe(reader);
  }
  if (w->absent) make_asked(*w);
  forget_recipe(*w);
}

std::shared_ptr<BudgetState> begin_budget(std::int64_t bytes) {
  auto b = std::make_shared<BudgetState>();
  b->limit = bytes;
  b->held = used_bytes();
  budgets.push_back(b);
  begin_used_peak();
  memory_budgets.fetch_add(1, std::memory_order_relaxed);
  return b;
}

// What was given up can still be made again; the rest stays as it is.
void end_budget(const std::shared_ptr<BudgetState>& budget) noexcept {
  memory_budgets.fetch_sub(1, std::memory_order_relaxed);
  std::erase(budgets, budget);
  const Lock lock(watch_mutex());
  budget->limit = INT64_MAX;
  for (Watch *w = budget->first, *next; w; w = next) {  // a recipe ends older ones only
    next = w->next;
    if (!w->absent) forget_recipe(*w);
  }
}

BudgetCounts counts_of(const BudgetState& budget) {
  const Lock lock(watch_mutex());
  BudgetCounts counts = budget.counts;
  counts.peak = std::max(counts.peak, used_peak());
  return counts;
}

}  // namespace xgrad::detail
