// Memory: a caching pool with size classes, and Storage, the reference-counted buffer tensors share.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include <xgrad/call_site.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// Blocks from per-thread free lists over a shared cache; aligned to 64 bytes when `bytes` is a multiple of 64.
// Never cleared. OutOfMemoryError when the system has no more.
void* pool_allocate(std::size_t bytes);
void pool_release(void* p, std::size_t bytes) noexcept;
// The same for memory of tensors: it counts in memory_stats().
void* pool_allocate_counted(std::size_t bytes);
void pool_release_counted(void* p, std::size_t bytes) noexcept;
// Blocks that are handed out, but for small ones that threads have not told yet; now, and at most since
// begin_used_peak().
std::int64_t used_bytes() noexcept;
std::int64_t used_peak() noexcept;
void begin_used_peak() noexcept;

struct Blocked;  // core/blocked.hpp
struct Storage;

// Set while a MemoryTracker lives, and after it until what it saw is gone (core/memory_tracker.cpp).
extern std::atomic<bool> memory_tracked;
[[gnu::cold]] void track_memory(const Storage* s, std::size_t bytes);
[[gnu::cold]] void forget_memory(const Storage* s) noexcept;

// Who else has a say in the memory of a storage.
struct StorageOwner {
  enum class Kind : std::uint8_t { foreign, watch, held };
  const Kind kind;
  explicit StorageOwner(Kind k) : kind(k) {}
  StorageOwner(const StorageOwner&) = delete;
  StorageOwner& operator=(const StorageOwner&) = delete;
  // The storage is going.
  virtual void release(Storage&) noexcept { delete this; }

 protected:
  virtual ~StorageOwner() = default;
};

struct Storage : RefCounted {
  std::uint32_t version = 0;  // number of in-place changes
  char* data = nullptr;
  std::size_t bytes = 0;             // usable bytes behind data
  const char* changed_by = nullptr;  // last in-place operation, for messages
  Location changed_at{};
  // Of foreign memory, or what makes the values (core/rematerialize.hpp, core/held.hpp).
  std::atomic<StorageOwner*> owner{nullptr};
  Location shared_at{};        // where the program got a pointer to write with; line 0: nowhere
  Blocked* blocked = nullptr;  // the values while there is no plain memory; see core/blocked.hpp

  // Header and data are one pool block.
  static Storage* make(std::size_t bytes);
  static Storage* make_separate(std::size_t bytes);  // in two blocks
  static Storage* make_later(std::size_t bytes);     // memory is taken when somebody asks for it
  static Storage* wrap(void* data, std::size_t bytes, std::function<void()> deleter, const Location& at);
  static Storage* make_blocked(Blocked* adopted);
  // Plain memory for a storage that has none.
  void own_memory(std::size_t bytes);
  // Whether the memory is a block of its own, which can go before the storage does.
  bool has_own_block() const { return data != reinterpret_cast<const char*>(this) + kHeader; }
  // Gives the values up, and takes those of a storage that nobody else holds.
  void drop_values() noexcept;
  void take_values(Storage& from);
  bool has_values() const { return data || blocked; }
  void release() noexcept {
    if (count_down(refs)) destroy();
  }
  // Memory that the program lent.
  bool is_foreign() const { return is_owned_by(StorageOwner::Kind::foreign); }
  bool is_owned_by(StorageOwner::Kind kind) const {
    const StorageOwner* o = owner.load(std::memory_order_acquire);
    return o && o->kind == kind;
  }
  // Whether elements may change without changed().
  bool is_shared() const { return shared_at.line() != 0; }
  void changed(const char* op, const Location& at) {
    ++version;
    changed_by = op;
    changed_at = user_line(at);
  }

 private:
  // Room for this in front of the data. A Location is a pointer, but where the standard one is missing.
  static constexpr std::size_t kHeader = sizeof(Location) == sizeof(void*) ? 64 : 128;
  void destroy() noexcept;
  void release_blocked() noexcept;
};

}  // namespace xgrad::detail
