// Free blocks of one size, each of which holds the place of the next.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xgrad::detail {

inline constexpr std::size_t kLine = 64;  // of the cache: what blocks are aligned to

struct Free {
  Free* next;
};
struct List {
  Free* head = nullptr;
  std::atomic<std::uint32_t> count{0};  // written by the owner of the list alone, read by memory_stats()
  void push(void* p) {
    auto* f = static_cast<Free*>(p);
    f->next = head;
    head = f;
    add(1);
  }
  void* pop(std::size_t ahead = 0) {  // fetches as many bytes of the next block into the cache
    Free* f = head;
    head = f->next;
    add(~std::uint32_t{0});
    const auto next = reinterpret_cast<std::uintptr_t>(head);
    for (std::size_t at = 0; at < ahead; at += kLine) __builtin_prefetch(reinterpret_cast<void*>(next + at), 1);
    return f;
  }
  std::uint32_t size() const { return count.load(std::memory_order_relaxed); }

 private:
  void add(std::uint32_t n) { count.store(size() + n, std::memory_order_relaxed); }
};

}  // namespace xgrad::detail
