#include "core/storage.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <pthread.h>
#include <string_view>
#include <sys/mman.h>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include <xgrad/memory.hpp>

#include "core/blocked.hpp"
#include "core/free_list.hpp"
#include "core/rematerialize.hpp"
#include "core/running_op.hpp"

// Freed blocks go back to a list of their size class: first a list of this thread (no lock), from there, in bulk, a
// shared one, so that a thread that only frees (a consumer of another's tensors) does not hoard. Small classes are
// carved from slabs. Measured: a fresh 64 MB array costs 25 ms in page faults, a pooled one 2.6 ms to fill.
// Nothing here needs memory to free memory, not even in a thread's first call: a thread_local with a destructor would,
// to register it, and the C library ends the process when there is none.
// Under AddressSanitizer every request goes to the system, so that it sees each use after free; and with
// XGRAD_NO_POOL=1 in the environment, for other tools that watch malloc.
#if defined(__SANITIZE_ADDRESS__)
#define XGRAD_POOL_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XGRAD_POOL_OFF 1
#endif
#endif

namespace xgrad::detail {
namespace {

constexpr std::size_t kSmall = 512;            // 16-byte classes up to here, then 4 per power of two
constexpr std::size_t kSlabbed = 16 << 10;     // classes up to here are carved from slabs
constexpr std::size_t kThreadLocal = 1 << 20;  // larger blocks always go to the shared cache
constexpr std::size_t kHuge = 2 << 20;         // ask for huge pages from here
constexpr std::size_t kSlab = 256 << 10;       // also their alignment
constexpr int kClasses = 256;

struct Counters {
  // held: large blocks handed out, and whole slabs. used: large and small blocks handed out, but for what threads have
  // not told yet. recent_peak: of used, since begin_used_peak(). cached: free blocks in the shared lists, small ones
  // included.
  std::atomic<std::int64_t> held{0}, used{0}, peak{0}, recent_peak{0}, cached{0}, system{0};
} counters;

void raise(std::atomic<std::int64_t>& peak, std::int64_t now) {
  std::int64_t before = peak.load(std::memory_order_relaxed);
  while (now > before && !peak.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
  }
}

void count_used(std::int64_t bytes) {
  const std::int64_t now = counters.used.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  raise(counters.peak, now);
  raise(counters.recent_peak, now);
}

void count_held(std::int64_t bytes) {
  counters.held.fetch_add(bytes, std::memory_order_relaxed);
  count_used(bytes);
}

void* from_system(std::size_t bytes, std::size_t least_align = 64) {
  const std::size_t align = bytes >= kHuge ? kHuge : least_align;
  const std::size_t rounded = (bytes + align - 1) / align * align;
  void* p = rounded < bytes ? nullptr : std::aligned_alloc(align, rounded);
  if (p && bytes >= kHuge) madvise(p, rounded, MADV_HUGEPAGE);
  counters.system.fetch_add(1, std::memory_order_relaxed);
  return p;
}

#ifndef XGRAD_POOL_OFF
int class_of(std::size_t bytes, std::size_t& size) {
  if (bytes <= kSmall) {
    const std::size_t c = bytes == 0 ? 1 : (bytes + 15) / 16;
    size = c * 16;
    return static_cast<int>(c);
  }
  const unsigned e = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;  // 2^e < bytes <= 2^(e+1)
  const std::size_t step = std::size_t{1} << (e - 2);
  const std::size_t k = (bytes + step - 1) / step;  // 5..8
  size = k * step;
  return static_cast<int>(33 + (e - 9) * 4 + (k - 5));
}

using Lists = std::array<List, kClasses>;

// Blocks of one small class, behind this header.
struct Slab {
  Slab* next;
  std::uint32_t carved, free;  // blocks handed out at least once; in trim(): those of them in the shared list
};
Slab* slab_of(void* block) { return reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(block) & ~(kSlab - 1)); }

// Of all threads that keep no blocks; always empty.
constinit Lists no_lists{};

// Free blocks of one thread. The lists are elsewhere, so that the library needs little memory of each thread: a program
// that loads it by dlopen() has few bytes left for that.
struct Local {
  enum State { unknown, listed, gone };
  Lists* lists = &no_lists;
  // Bytes of small blocks handed out here less those released here, until they are added to counters.used: the peak is
  // right to 64 KiB for each thread, and no block is counted with an atomic addition.
  std::int64_t small = 0;
  void count_small(std::int64_t bytes) {
    constexpr std::int64_t kTold = 64 << 10;
    small += bytes;
    if (small > kTold || small < -kTold) [[unlikely]]
      tell();
  }
  [[gnu::noinline]] void tell() {
    count_used(small);
    small = 0;
  }
  Local *next = nullptr, *previous = nullptr;
  std::uint64_t emptied = 0;  // the last empty_cache() it has seen
  State state = unknown;
};
constinit thread_local Local this_thread{};
// Its address, found once: of a variable of a thread the compiler asks for it at each use.
[[gnu::always_inline]] inline Local& this_local() {
  Local* l = &this_thread;
  asm("" : "+r"(l));  // NOLINT
  return *l;
}

struct Shared {
  std::mutex mutex;
  Lists lists;
  std::array<std::size_t, kClasses> sizes;
  std::array<Slab*, kClasses> slabs;  // of each small class, the newest first
  Local* threads;
  std::atomic<std::uint64_t> emptied;  // calls of empty_cache()

  // A block of class i comes or goes, and is counted.
  void put(std::size_t i, void* p) {
    lists[i].push(p);
    count_cached(static_cast<std::int64_t>(sizes[i]));
  }
  void* take(std::size_t i) {
    count_cached(-static_cast<std::int64_t>(sizes[i]));
    return lists[i].pop();
  }
  // Up to n blocks to a list of a thread, and n back.
  void give(std::size_t i, List& to, std::uint32_t n) {
    n = std::min(n, lists[i].size());
    for (std::uint32_t k = n; k; --k) to.push(lists[i].pop());
    count_cached(-static_cast<std::int64_t>(sizes[i] * n));
  }
  void take_from(std::size_t i, List& from, std::uint32_t n) {
    for (std::uint32_t k = n; k; --k) lists[i].push(from.pop());
    count_cached(static_cast<std::int64_t>(sizes[i] * n));
  }
  void* make(int c, std::size_t size) {
    void* p = size <= kSlabbed ? carve(c, size) : from_system(size);
    if (p) return p;
    take_back(this_thread);
    if (!trim()) return nullptr;
    return size <= kSlabbed ? carve(c, size) : from_system(size);
  }
  // The free blocks of a thread, which is this one or over.
  void take_back(Local& thread) {
    for (std::size_t i = 0; i < lists.size(); ++i)
      if (List& own = (*thread.lists)[i]; own.head) take_from(i, own, own.size());
  }
  // Whatever is free back to the system; whether there was anything.
  bool trim() {
    bool any = false;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (sizes[i] <= kSlabbed) {
        any |= trim_slabs(i);
        continue;
      }
      for (; lists[i].head; any = true) std::free(take(i));
    }
    return any;
  }
  // Bytes of small blocks that are in use.
  std::int64_t small_live() const {
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      std::int64_t blocks = 0;
      for (const Slab* s = slabs[i]; s; s = s->next) blocks += s->carved;
      if (blocks > 0) bytes += (blocks - free_blocks(i)) * static_cast<std::int64_t>(sizes[i]);
    }
    return bytes;
  }
  std::int64_t slab_bytes() const {
    std::int64_t bytes = 0;
    for (const Slab* s : slabs)
      for (; s; s = s->next) bytes += kSlab;
    return bytes;
  }
  // Large free blocks.
  std::int64_t large_cached() const {
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < lists.size(); ++i)
      if (sizes[i] > kSlabbed) bytes += free_blocks(i) * static_cast<std::int64_t>(sizes[i]);
    return bytes;
  }

 private:
  static void count_cached(std::int64_t bytes) { counters.cached.fetch_add(bytes, std::memory_order_relaxed); }

  std::int64_t free_blocks(std::size_t i) const {
    std::int64_t n = lists[i].size();
    for (const Local* t = threads; t; t = t->next) n += (*t->lists)[i].size();
    return n;
  }

  void* carve(int c, std::size_t size) {
    Slab*& newest = slabs[static_cast<std::size_t>(c)];
    if (!newest || kLine + (newest->carved + 1) * size > kSlab) {
      void* fresh = from_system(kSlab, kSlab);
      if (!fresh) return nullptr;
      newest = new (fresh) Slab{newest, 0, 0};
      counters.held.fetch_add(kSlab, std::memory_order_relaxed);
    }
    return reinterpret_cast<char*>(newest) + kLine + newest->carved++ * size;
  }

  // Slabs of class i none of whose blocks are in use.
  bool trim_slabs(std::size_t i) {
    for (Slab* s = slabs[i]; s; s = s->next) s->free = 0;
    for (Free* f = lists[i].head; f; f = f->next) ++slab_of(f)->free;
    Free* all = lists[i].head;
    const auto unused = [](const Slab* s) { return s->free == s->carved; };
    bool any = false;
    for (Slab* s = slabs[i]; s; s = s->next) any |= unused(s);
    if (!any) return false;
    while (lists[i].head) take(i);
    while (Free* f = all) {
      all = f->next;
      if (!unused(slab_of(f))) put(i, f);
    }
    for (Slab** link = &slabs[i]; *link;) {
      Slab* s = *link;
      if (!unused(s)) {
        link = &s->next;
        continue;
      }
      *link = s->next;
      std::free(s);
      counters.held.fetch_sub(kSlab, std::memory_order_relaxed);
    }
    return true;
  }
};
// Without a destructor: tensors in static storage may outlive everything else.
constinit Shared shared{};
static_assert(std::is_trivially_destructible_v<Shared> && std::is_trivially_destructible_v<Local>);

// ---- threads come and go ----
pthread_once_t once = PTHREAD_ONCE_INIT;
pthread_key_t at_exit;
bool have_key = false;
bool pooling = true;

void leave(void* thread) {
  auto& l = *static_cast<Local*>(thread);
  const std::lock_guard lock(shared.mutex);
  shared.take_back(l);
  l.tell();
  l.state = Local::gone;
  std::free(std::exchange(l.lists, &no_lists));
  (l.previous ? l.previous->next : shared.threads) = l.next;
  if (l.next) l.next->previous = l.previous;
}

// In a child of fork() the other threads are gone; what was in their lists is lost.
void begin_child() {
  Local& l = this_thread;
  l.next = l.previous = nullptr;
  shared.threads = l.state == Local::listed ? &l : nullptr;
  shared.mutex.unlock();
}

void prepare_threads() {
  const char* off = std::getenv("XGRAD_NO_POOL");
  pooling = !off || !*off || std::string_view(off) == "0";
  have_key = pooling && pthread_key_create(&at_exit, &leave) == 0;
  pthread_atfork([] { shared.mutex.lock(); }, [] { shared.mutex.unlock(); }, &begin_child);
}

// Whether this thread may keep free blocks. Not when it is ending, or cannot be told to give them back.
[[gnu::cold]] bool enlist(Local& l) {
  if (l.state != Local::unknown) return l.state == Local::listed;
  pthread_once(&once, &prepare_threads);
  void* room = have_key ? std::malloc(sizeof(Lists)) : nullptr;
  l.state = room && pthread_setspecific(at_exit, &l) == 0 ? Local::listed : Local::gone;
  if (l.state == Local::gone) {
    std::free(room);
    return false;
  }
  const std::lock_guard lock(shared.mutex);
  l.lists = new (room) Lists{};
  l.emptied = shared.emptied.load(std::memory_order_relaxed);
  l.next = shared.threads;
  if (l.next) l.next->previous = &l;
  shared.threads = &l;
  return true;
}
bool keeps_blocks(Local& l) { return l.state == Local::listed || enlist(l); }

// With the lock: follows an empty_cache() of another thread.
void catch_up(Local& l) {
  const std::uint64_t now = shared.emptied.load(std::memory_order_relaxed);
  if (l.emptied == now) return;
  l.emptied = now;
  shared.take_back(l);
  shared.trim();
}

std::uint32_t local_limit(std::size_t size) {
  return static_cast<std::uint32_t>(std::max<std::size_t>(8, (4 << 20) / size));
}

void* refill(int c, std::size_t size) {
  Local& l = this_thread;
  const bool keeps = keeps_blocks(l);
  if (!pooling) {
    void* p = from_system(size);
    if (p) count_held(static_cast<std::int64_t>(size));
    return p;
  }
  const std::lock_guard lock(shared.mutex);
  catch_up(l);
  auto i = static_cast<std::size_t>(c);
  shared.sizes[i] = size;
  if (!shared.lists[i].head) {
    void* fresh = shared.make(c, size);
    if (fresh && size <= kSlabbed) l.count_small(static_cast<std::int64_t>(size));
    return fresh;
  }
  if (size <= kSlabbed) l.count_small(static_cast<std::int64_t>(size));
  void* p = shared.take(i);
  if (size <= kThreadLocal && keeps) shared.give(i, (*l.lists)[i], local_limit(size) / 2);
  return p;
}

void spill(int c, std::size_t size, Local& l) {
  const std::lock_guard lock(shared.mutex);
  auto i = static_cast<std::size_t>(c);
  shared.sizes[i] = size;
  catch_up(l);
  List& own = (*l.lists)[i];
  shared.take_from(i, own, own.size() / 2);
}
#endif

}  // namespace

#ifdef XGRAD_POOL_OFF
void* pool_allocate(std::size_t bytes) {
  void* p = from_system(bytes == 0 ? 16 : bytes);
  if (!p) out_of_memory(bytes);
  count_held(static_cast<std::int64_t>(bytes));
  return p;
}
void pool_release(void* p, std::size_t bytes) noexcept {
  count_held(-static_cast<std::int64_t>(bytes));
  std::free(p);
}
#else
void* pool_allocate(std::size_t bytes) {
  if (bytes > std::size_t{1} << 62) out_of_memory(bytes);
  std::size_t size;
  const int c = class_of(bytes, size);
  if (size <= kThreadLocal) {
    Local& here = this_local();
    List& l = (*here.lists)[static_cast<std::size_t>(c)];
    if (l.head) {
      if (size <= kSlabbed) here.count_small(static_cast<std::int64_t>(size));
      return l.pop(std::min(size, 4 * kLine));
    }
  }
  void* p = refill(c, size);
  if (!p) out_of_memory(bytes);
  return p;
}

void pool_release(void* p, std::size_t bytes) noexcept {
  std::size_t size;
  const int c = class_of(bytes, size);
  const auto i = static_cast<std::size_t>(c);
  Local& l = this_local();
  if (size <= kThreadLocal && keeps_blocks(l)) {
    if (size <= kSlabbed) l.count_small(-static_cast<std::int64_t>(size));
    List& own = (*l.lists)[i];
    own.push(p);
    if (own.size() > local_limit(size)) spill(c, size, l);
    return;
  }
  if (!pooling) {
    count_held(-static_cast<std::int64_t>(size));
    std::free(p);
    return;
  }
  if (size <= kSlabbed) l.count_small(-static_cast<std::int64_t>(size));
  const std::lock_guard lock(shared.mutex);
  shared.sizes[i] = size;
  const auto cached = counters.cached.load(std::memory_order_relaxed) + static_cast<std::int64_t>(size);
  const auto keep = std::max<std::int64_t>(256 << 20, counters.peak.load(std::memory_order_relaxed));
  if (size > kSlabbed && cached > keep) {
    std::free(p);
    return;
  }
  shared.put(i, p);
}
#endif

void* pool_allocate_counted(std::size_t bytes) {
  void* p = pool_allocate(bytes);
#ifndef XGRAD_POOL_OFF
  if (bytes > kSlabbed && pooling) count_held(static_cast<std::int64_t>(bytes));
#endif
  return p;
}

void pool_release_counted(void* p, std::size_t bytes) noexcept {
#ifndef XGRAD_POOL_OFF
  if (bytes > kSlabbed && pooling) count_held(-static_cast<std::int64_t>(bytes));
#endif
  pool_release(p, bytes);
}

namespace {

std::size_t whole_lines(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 62)) out_of_memory(bytes);
  return (bytes + 63) / 64 * 64;
}

}  // namespace

std::int64_t used_bytes() noexcept { return counters.used.load(std::memory_order_relaxed); }
std::int64_t used_peak() noexcept { return counters.recent_peak.load(std::memory_order_relaxed); }
void begin_used_peak() noexcept { counters.recent_peak.store(used_bytes(), std::memory_order_relaxed); }

namespace {

struct ForeignMemory final : StorageOwner {
  std::function<void()> deleter;
  explicit ForeignMemory(std::function<void()> d) : StorageOwner(Kind::foreign), deleter(std::move(d)) {}
  ~ForeignMemory() override {
    if (deleter) deleter();
  }
};

}  // namespace

Storage* Storage::make(std::size_t bytes) {
  static_assert(sizeof(Storage) <= kHeader);
  const std::size_t rounded = whole_lines(bytes);
  if (rounded > kSlabbed && memory_is_limited()) [[unlikely]]
    return make_separate(rounded);
  void* block = pool_allocate_counted(kHeader + rounded);
  auto* s = new (block) Storage;
  s->data = static_cast<char*>(block) + kHeader;
  s->bytes = rounded;
  if (memory_tracked.load(std::memory_order_relaxed)) [[unlikely]]
    track_memory(s, rounded);
  return s;
}

Storage* Storage::make_separate(std::size_t rounded) {
  auto* s = new (pool_allocate(kHeader)) Storage;
  try {
    s->own_memory(rounded);
  } catch (...) {
    pool_release(s, kHeader);
    throw;
  }
  return s;
}

Storage* Storage::wrap(void* data, std::size_t bytes, std::function<void()> deleter, const Location& at) {
  static char nothing;  // in the place of null, for which find_memory() would make memory that is never given back
  auto kept = std::make_unique<ForeignMemory>(std::move(deleter));
  auto* s = new (pool_allocate(kHeader)) Storage;
  s->data = data ? static_cast<char*>(data) : &nothing;
  s->bytes = bytes;
  s->owner = kept.release();
  s->shared_at = at;
  return s;
}

Storage* Storage::make_blocked(Blocked* adopted) {
  void* block;
  try {
    block = pool_allocate(kHeader);
  } catch (...) {
    adopted->release();
    throw;
  }
  auto* s = new (block) Storage;
  s->blocked = adopted;
  if (memory_tracked.load(std::memory_order_relaxed)) [[unlikely]]
    track_memory(s, static_cast<std::size_t>(adopted->layout.numel()) * sizeof(float));
  return s;
}

Storage* Storage::make_later(std::size_t bytes) {
  auto* s = new (pool_allocate(kHeader)) Storage;
  s->bytes = whole_lines(bytes);
  return s;
}

void Storage::own_memory(std::size_t wanted) {
  const std::size_t rounded = whole_lines(wanted);
  data = static_cast<char*>(pool_allocate_counted(rounded));
  bytes = rounded;
  if (memory_tracked.load(std::memory_order_relaxed)) [[unlikely]]
    track_memory(this, rounded);
}

void Storage::drop_values() noexcept {
  if (blocked) release_blocked();
  if (data) pool_release_counted(data, bytes);
  blocked = nullptr;
  data = nullptr;
}

void Storage::take_values(Storage& from) {
  if (from.data && !from.has_own_block()) {
    own_memory(from.bytes);
    std::memcpy(data, from.data, from.bytes);
    return;
  }
  blocked = std::exchange(from.blocked, nullptr);
  data = std::exchange(from.data, nullptr);
  bytes = from.bytes;
}

void Storage::destroy() noexcept {
  if (memory_tracked.load(std::memory_order_relaxed)) [[unlikely]]
    forget_memory(this);
  const bool foreign = is_foreign();
  if (StorageOwner* o = owner.load(std::memory_order_acquire)) o->release(*this);
  if (!foreign && data && !has_own_block()) return pool_release_counted(this, kHeader + bytes);
  if (!foreign) drop_values();
  pool_release(this, kHeader);
}

}  // namespace xgrad::detail

namespace xgrad {

#ifdef XGRAD_POOL_OFF
void reset_peak_memory_stats() { detail::counters.peak = detail::counters.held.load(); }
MemoryStats memory_stats() {
  using detail::counters;
  return {counters.held, counters.peak, 0, counters.system};
}
void empty_cache() {}
#else
void reset_peak_memory_stats() {
  detail::this_thread.tell();
  detail::counters.peak = detail::counters.used.load();
}
MemoryStats memory_stats() {
  using detail::counters;
  using detail::shared;
  detail::this_thread.tell();
  const std::lock_guard lock(shared.mutex);
  const std::int64_t slabs = shared.slab_bytes(), small = shared.small_live();
  const std::int64_t live = counters.held - slabs + small;
  return {live, std::max<std::int64_t>(counters.peak, live), slabs - small + shared.large_cached(), counters.system};
}

void empty_cache() {
  using detail::shared;
  const std::lock_guard lock(shared.mutex);
  detail::this_thread.emptied = ++shared.emptied;
  shared.take_back(detail::this_thread);
  shared.trim();
}
#endif

}  // namespace xgrad
