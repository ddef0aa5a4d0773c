#include "core/copy_bytes.hpp"

#include <cstring>

#include <xgrad/vec.hpp>

namespace xgrad::detail {
namespace {

constexpr std::int64_t kLineBytes = 64;
typedef char Line __attribute__((vector_size(kLineBytes), aligned(1), may_alias));

// `lines` lines to aligned memory.
XGRAD_CLONES void copy_lines(char* __restrict to, const char* __restrict from, std::int64_t lines) {
  for (std::int64_t i = 0; i + 4 <= lines; i += 4) {
    const Line *in = reinterpret_cast<const Line*>(from + i * kLineBytes), a = in[0], b = in[1], c = in[2], d = in[3];
    Line* out = reinterpret_cast<Line*>(to + i * kLineBytes);
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
  }
  for (std::int64_t i = lines / 4 * 4; i < lines; ++i)
    *reinterpret_cast<Line*>(to + i * kLineBytes) = *reinterpret_cast<const Line*>(from + i * kLineBytes);
}

}  // namespace

void copy_bytes(void* to, const void* from, std::int64_t n) {
  constexpr std::int64_t kMany = 1024;
  const auto place = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p) % kLineBytes; };
  if (n < kMany || place(to) == place(from)) {
    std::memcpy(to, from, static_cast<std::size_t>(n));
    return;
  }
  char* out = static_cast<char*>(to);
  const char* in = static_cast<const char*>(from);
  // The first and the last line overlap the aligned ones between them.
  std::memcpy(out, in, kLineBytes);
  std::memcpy(out + n - kLineBytes, in + n - kLineBytes, kLineBytes);
  const std::int64_t skip = kLineBytes - static_cast<std::int64_t>(place(to));
  copy_lines(out + skip, in + skip, (n - skip) / kLineBytes);
}

}  // namespace xgrad::detail
