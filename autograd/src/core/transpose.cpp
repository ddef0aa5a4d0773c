#include "core/transpose.hpp"

#include <algorithm>
#include <cstring>

#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::detail {
namespace {

typedef std::uint8_t Bytes __attribute__((vector_size(16)));
typedef std::uint32_t Words __attribute__((vector_size(16)));
typedef std::uint64_t Longs __attribute__((vector_size(16)));

// Register of 16 bytes of one element type, and the interleaving of the lower or upper halves of two.
template <class E>
struct Reg;
template <>
struct Reg<std::uint8_t> {
  using V = Bytes;
  XGRAD_INLINE static V low(V a, V b) {
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  }
  XGRAD_INLINE static V high(V a, V b) {
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  }
};
template <>
struct Reg<std::uint32_t> {
  using V = Words;
  XGRAD_INLINE static V low(V a, V b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
  XGRAD_INLINE static V high(V a, V b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
};
template <>
struct Reg<std::uint64_t> {
  using V = Longs;
  XGRAD_INLINE static V low(V a, V b) { return __builtin_shufflevector(a, b, 0, 2); }
  XGRAD_INLINE static V high(V a, V b) { return __builtin_shufflevector(a, b, 1, 3); }
};

// A square of W x W elements, W to a register: log2 W rounds of a perfect shuffle.
template <class E>
XGRAD_INLINE void tile(const E* in, std::int64_t ldi, E* out, std::int64_t ldo) {
  using V = typename Reg<E>::V;
  constexpr int W = 16 / sizeof(E);
  V r[W], t[W];
  for (int i = 0; i < W; ++i) std::memcpy(&r[i], in + i * ldi, 16);
  for (int step = 1; step < W; step *= 2) {
    for (int i = 0; i < W / 2; ++i) {
      t[2 * i] = Reg<E>::low(r[i], r[i + W / 2]);
      t[2 * i + 1] = Reg<E>::high(r[i], r[i + W / 2]);
    }
    for (int i = 0; i < W; ++i) r[i] = t[i];
  }
  for (int i = 0; i < W; ++i) std::memcpy(out + i * ldo, &r[i], 16);
}

// A block that is no whole one: in squares as far as they go.
template <class E>
void transpose_part(std::int64_t height, std::int64_t width, const E* in, std::int64_t ldi, E* out, std::int64_t ldo) {
  constexpr std::int64_t W = 16 / sizeof(E);
  const std::int64_t high = height / W * W, wide = width / W * W;
  for (std::int64_t y = 0; y < high; y += W)
    for (std::int64_t x = 0; x < wide; x += W) tile(in + y * ldi + x, ldi, out + x * ldo + y, ldo);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = y < high ? wide : 0; x < width; ++x) out[x * ldo + y] = in[y * ldi + x];
}

// Output rows [begin, end). Blocks of one cache line by one cache line go through a small buffer: lines of the output,
// often a power of two apart, are then written once and whole.
template <class E>
void transpose_rows(std::int64_t rows, std::int64_t begin, std::int64_t end, const E* in, std::int64_t ldi, E* out,
                    std::int64_t ldo) {
  constexpr std::int64_t W = 16 / sizeof(E), B = 64 / sizeof(E);
  alignas(64) E buffer[B * B];
  for (std::int64_t j = begin; j < end; j += B) {
    const std::int64_t width = std::min(B, end - j);
    for (std::int64_t i = 0; i < rows; i += B) {
      const std::int64_t height = std::min(B, rows - i);
      const E* from = in + i * ldi + j;
      E* to = out + j * ldo + i;
      if (width < B || height < B || ldo == B) {
        transpose_part(height, width, from, ldi, to, ldo);
        continue;
      }
      for (std::int64_t y = 0; y < B; y += W)
        for (std::int64_t x = 0; x < B; x += W) tile(from + y * ldi + x, ldi, buffer + x * B + y, B);
      for (std::int64_t x = 0; x < B; ++x) std::memcpy(to + x * ldo, buffer + x * B, 64);
    }
  }
}

template <class E>
void run(std::int64_t rows, std::int64_t cols, const void* in, std::int64_t ldi, void* out, std::int64_t ldo) {
  const auto* from = static_cast<const E*>(in);
  auto* to = static_cast<E*>(out);
  if (rows == 1 && ldo == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(cols) * sizeof(E));
    return;
  }
  parallel_cost(cols, 0.1 * sizeof(E) * static_cast<double>(rows),
                [=](std::int64_t begin, std::int64_t end) { transpose_rows(rows, begin, end, from, ldi, to, ldo); });
}

}  // namespace

void transpose_copy(std::int64_t element_size, std::int64_t rows, std::int64_t cols, const void* in, std::int64_t ldi,
                    void* out, std::int64_t ldo) {
  if (rows <= 0 || cols <= 0) return;
  switch (element_size) {
    case 1:
      return run<std::uint8_t>(rows, cols, in, ldi, out, ldo);
    case 4:
      return run<std::uint32_t>(rows, cols, in, ldi, out, ldo);
    case 8:
      return run<std::uint64_t>(rows, cols, in, ldi, out, ldo);
    default:
      break;
  }
  const auto* from = static_cast<const char*>(in);
  auto* to = static_cast<char*>(out);
  const auto size = static_cast<std::size_t>(element_size);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < cols; ++j)
      std::memcpy(to + (j * ldo + i) * element_size, from + (i * ldi + j) * element_size, size);
}

}  // namespace xgrad::detail
