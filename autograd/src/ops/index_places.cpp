#include "ops/index_places.hpp"

#include <atomic>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/trace_all.hpp"
#include "ops/index_box.hpp"
#include "ops/index_range.hpp"

namespace xgrad::detail {

Tensor as_index(const Tensor& index) {
  Tensor plain = contiguous_copy(cast_raw(index, DType::int64));
  return plain.is_same(index) ? plain : traced("to", std::move(plain), {index}, Location::current());
}

namespace {

XGRAD_CLONES bool below(const std::int64_t* p, std::int64_t n, std::int64_t size) {
  std::uint64_t bad = 0;  // its sign bit: some index is negative, or at least `size`
  const auto last = static_cast<std::uint64_t>(size) - 1;
  for (std::int64_t i = 0; i < n; ++i)
    bad |= static_cast<std::uint64_t>(p[i]) | (last - static_cast<std::uint64_t>(p[i]));
  return bad >> 63 == 0;
}

// Negative numbers count from the end. Whether all are in [0, size) then.
XGRAD_CLONES bool wrap(const std::int64_t* p, std::int64_t n, std::int64_t size, std::int64_t* out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = p[i] + (p[i] < 0 ? size : 0);
  return below(out, n, size);
}

}  // namespace

bool all_below(const std::int64_t* index, std::int64_t n, std::int64_t size) { return below(index, n, size); }

std::int64_t first_outside(const Tensor& index, std::int64_t size) {
  const auto* p = data<std::int64_t>(index);
  const std::int64_t n = impl(index).numel;
  std::atomic<bool> bad{false};
  parallel_cost(n, 0.3, [&](std::int64_t begin, std::int64_t end) {
    if (!below(p + begin, end - begin, size)) bad.store(true, std::memory_order_relaxed);
  });
  if (!bad) [[likely]]
    return -1;
  std::int64_t i = 0;
  while (p[i] >= 0 && p[i] < size) ++i;
  return i;
}

void require_in_range(const char* op, const Tensor& index, std::int64_t size, int dim, const Tensor& x,
                      const Location& at) {
  const std::int64_t i = first_outside(index, size);
  if (i < 0) [[likely]]
    return;
  ErrorReport(op, fmt::format("index {} out of range for dim {} (size {})", data<std::int64_t>(index)[i], dim, size),
              at)
      .operand("input", x)
      .operand("index", index)
      .line("at", fmt::format("element {} of the index", i))
      .index_error();
}

Tensor as_wrapped_index(const char* op, const Tensor& index, std::int64_t size, const Tensor& x, const Location& at) {
  const Tensor plain = as_index(index);
  Tensor wrapped = make_tensor({impl(plain).numel}, DType::int64, at);
  const auto* p = data<std::int64_t>(plain);
  auto* out = data<std::int64_t>(wrapped);
  std::atomic<bool> bad{false};
  parallel_cost(impl(plain).numel, 0.5, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kBlock = 4096;  // stays in the cache between both passes
    for (std::int64_t i = begin; i < end; i += kBlock)
      if (!wrap(p + i, std::min(kBlock, end - i), size, out + i)) bad.store(true, std::memory_order_relaxed);
  });
  if (!bad) [[likely]]
    return traced("wrap_index", std::move(wrapped), {index}, at, named<"size">(size));
  std::int64_t i = 0;
  while (out[i] >= 0 && out[i] < size) ++i;
  ErrorReport(op, fmt::format("index {} out of range for size {}", p[i], size), at)
      .operand("input", x)
      .operand("index", index)
      .line("at", fmt::format("element {} of the index", i))
      .index_error();
}

void require_box(const char* op, const Tensor& x, const Tensor& index, int dim, const Location& at) {
  const Shape xs = sizes_of(x), is = sizes_of(index);
  if (xs.rank() != is.rank()) [[unlikely]]
    ErrorReport(op, fmt::format("index has rank {}, the input rank {}", impl(index).shape.rank(), impl(x).shape.rank()),
                at)
        .operand("input", x)
        .operand("index", index)
        .shape_error();
  if (impl(index).numel == 0) return;
  for (int i = 0; i < xs.rank(); ++i)
    if (i != dim && is[i] > xs[i]) [[unlikely]]
      ErrorReport(op, fmt::format("index has size {} at dim {}, the input only {}", is[i], i, xs[i]), at)
          .operand("input", x)
          .operand("index", index)
          .shape_error();
}

Tensor covered_part(const char* op, const Tensor& x, const Tensor& index, const Tensor& src, const Location& at) {
  const Shape is = sizes_of(index), ss = sizes_of(src);
  bool fits = is.rank() == ss.rank();
  for (int i = 0; fits && i < is.rank(); ++i) fits = is[i] <= ss[i];
  if (!fits) [[unlikely]]
    ErrorReport(op,
                fmt::format("index of shape {} exceeds src of shape {}", to_string(impl(index).shape),
                            to_string(impl(src).shape)),
                at)
        .operand("input", x)
        .operand("index", index)
        .operand("src", src)
        .shape_error();
  Tensor part = src;
  for (int i = 0; i < is.rank(); ++i)
    if (is[i] < ss[i]) part = part.narrow(i, 0, is[i], at);
  return part;
}

void require_places(const char* op, const Tensor& index, const Location& at) {
  require_defined(op, index, at);
  if (impl(index).numel > 0 || impl(index).dtype == DType::boolean || is_floating(impl(index).dtype))
    require_index_dtype(op, index, at);
}

}  // namespace xgrad::detail
