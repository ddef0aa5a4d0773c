// Memory that was freed, or not yet written, holds NaN here. A reference into a std::vector that has grown since would
// otherwise often find the old numbers still there, and the check would pass.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

namespace {

constexpr std::size_t kFilled = 65536;  // bytes of a block, at most
// The last blocks that were freed: malloc writes into the first bytes of what it gets back.
std::array<std::atomic<void*>, 256> kept;
std::atomic<std::size_t> frees{0};

// All bits set: NaN as a double, -1 as an int. (The barrier keeps the compiler from leaving it out before free.)
void fill(void* block) {
  std::memset(block, 0xFF, std::min(malloc_usable_size(block), kFilled));
  asm volatile("" : : "r"(block) : "memory");
}

}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(std::max<std::size_t>(size, 1));
  if (!block) throw std::bad_alloc();
  fill(block);
  return block;
}
void operator delete(void* block) noexcept {
  if (!block) return;
  fill(block);
  if (malloc_usable_size(block) <= kFilled) block = kept[frees++ % kept.size()].exchange(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
