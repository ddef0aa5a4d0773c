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

struct Blocked;  // core/blocked.hpp
struct Storage;

// Set while a MemoryTracker lives, and after it until what it saw is gone (core/memory_tracker.cpp).
extern std::atomic<bool> memory_tracked;
[[gnu::cold]] void track_memory(const Storage* s, std::size_t bytes);
[[gnu::cold]] void forget_memory(const Storage* s) noexcept;

struct Storage : RefCounted {
  std::uint32_t version = 0;  // number of in-place changes
  char* data = nullptr;
  std::size_t bytes = 0;             // usable bytes behind data
  const char* changed_by = nullptr;  // last in-place operation, for messages
  Location changed_at{};
  std::function<void()>* deleter = nullptr;  // foreign memory
  Location shared_at{};                      // where the program got a pointer to write with; line 0: nowhere
  Blocked* blocked = nullptr;                // the values while there is no plain memory; see core/blocked.hpp

  // Header and data are one pool block.
  static Storage* make(std::size_t bytes);
  static Storage* wrap(void* data, std::size_t bytes, std::function<void()> deleter, const Location& at);
  static Storage* make_blocked(Blocked* adopted);
  // Plain memory for a storage that has none.
  void own_memory(std::size_t bytes);
  void release() noexcept {
    if (refs.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy();
  }
  // Whether elements may change without changed().
  bool is_shared() const { return shared_at.line() != 0; }
  void changed(const char* op, const Location& at) {
    ++version;
    changed_by = op;
    changed_at = user_line(at);
  }

 private:
  void destroy() noexcept;
  void release_blocked() noexcept;
};

}  // namespace xgrad::detail
