// Memory for the length of a call, mostly from the pool: kernels must not reach deep into the stack of a thread. What
// lies more than 16 KiB down the C library gives back to the system when the thread ends, and that waits for every
// processor on which the process has run: 0.2 ms of a thread, 3 ms beside other work.
#pragma once

#include <cstddef>
#include <exception>

#include "core/storage.hpp"

namespace xgrad::detail {

template <std::size_t Bytes, class F>
[[gnu::noinline]] void with_stack(const F& f) {
  alignas(64) char room[Bytes];
  f(room);
}

// f(memory) with at least this many bytes, at most `Most` and aligned to 64. Never fails: when there is no memory, the
// stack it is.
template <std::size_t Most, class F>
void with_scratch(std::size_t bytes, const F& f) {
  constexpr std::size_t kLittle = 4096;
  if (bytes <= kLittle) return with_stack<kLittle>(f);
  struct Block {
    std::size_t bytes;
    char* data;
    explicit Block(std::size_t n) noexcept : bytes((n + 63) / 64 * 64), data(nullptr) {
      try {
        data = static_cast<char*>(pool_allocate(bytes));
      } catch (const std::exception&) {  // no memory, nor for the message: data stays null
      }
    }
    ~Block() {
      if (data) pool_release(data, bytes);
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
  };
  const Block block(bytes);
  block.data ? f(block.data) : with_stack<Most>(f);
}

}  // namespace xgrad::detail
