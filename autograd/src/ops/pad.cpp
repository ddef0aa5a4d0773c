// Padding. Every mode says, dimension by dimension, which element of the input an element of the result comes from
// (-1: the constant). The kernel goes through the rows of the result; its adjoint adds the rows back.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/pad.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/factory_checks.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::data;
using detail::impl;
using detail::make_tensor;

namespace {

struct Pads {
  Shape before, after;  // of every dimension
  PadMode mode;
};

// As pad() takes them: the last dimension first.
void describe(const Pads& p, Attributes& list) {
  std::vector<std::int64_t> sizes;
  for (int d = p.before.rank() - 1; d >= 0; --d) {
    sizes.push_back(p.before[d]);
    sizes.push_back(p.after[d]);
  }
  while (!sizes.empty() && sizes.back() == 0 && sizes[sizes.size() - 2] == 0) sizes.resize(sizes.size() - 2);
  list.add("pad", sizes);
  list.add("mode", detail::choice_text(p.mode));
}

Shape padded_shape(const Shape& s, const Pads& p) {
  Shape out = s;
  for (int d = 0; d < s.rank(); ++d) out[d] += p.before[d] + p.after[d];
  return out;
}

// A dimension of n elements, of which negative padding leaves those in [begin, end).
struct Kept {
  std::int64_t n, begin, end;
  Kept(std::int64_t size, std::int64_t before, std::int64_t after)
      : n(size), begin(std::max<std::int64_t>(0, -before)), end(size + std::min<std::int64_t>(0, after)) {}
};

std::int64_t source(PadMode mode, std::int64_t i, const Kept& k) {
  const std::int64_t n = k.n, left = k.end - k.begin;
  if (mode == PadMode::circular && left > 0) return k.begin + ((i - k.begin) % left + left) % left;
  if (i >= 0 && i < n) return i;
  switch (mode) {
    case PadMode::reflect:
      return i < 0 ? -i : 2 * (n - 1) - i;
    case PadMode::replicate:
      return i < 0 ? 0 : n - 1;
    default:
      return -1;
  }
}

// Where the elements of each dimension come from, and how the shapes are walked.
class Walk {
 public:
  Walk(const Shape& in, const Pads& p) : in_(in), out_(padded_shape(in, p)), strides_(in.contiguous_strides()) {
    for (int d = 0; d < in.rank(); ++d) {
      auto& m = maps_[static_cast<std::size_t>(d)];
      m.resize(static_cast<std::size_t>(out_[d]));
      for (std::int64_t i = 0; i < out_[d]; ++i)
        m[static_cast<std::size_t>(i)] = source(p.mode, i - p.before[d], {in[d], p.before[d], p.after[d]});
    }
    const int last = in.rank() - 1;
    first_ = std::clamp<std::int64_t>(p.before[last], 0, out_[last]);
    end_ = std::clamp<std::int64_t>(in[last] + p.before[last], first_, out_[last]);
    while (lead_ < last && p.before[lead_] == 0 && p.after[lead_] == 0) ++lead_;
  }
  std::int64_t width() const { return out_.back(); }
  std::int64_t rows() const { return width() ? out_.numel() / width() : 0; }
  // Rows of one index of the leading dimensions, which are not padded.
  std::int64_t planes() const {
    std::int64_t n = 1;
    for (int d = 0; d < lead_; ++d) n *= out_[d];
    return n;
  }
  std::int64_t rows_per_plane() const { return rows() / std::max<std::int64_t>(1, planes()); }
  // Elements of the input in a plane.
  std::int64_t plane_step() const { return lead_ > 0 ? strides_[lead_ - 1] : 0; }
  // Where the rows of a plane come from: offsets in the input's plane, -1 for a row that is all constant.
  std::vector<std::int64_t> row_sources() const {
    std::vector<std::int64_t> from{0};
    for (int d = lead_; d < in_.rank() - 1; ++d) {
      std::vector<std::int64_t> next;
      next.reserve(from.size() * static_cast<std::size_t>(out_[d]));
      for (const std::int64_t base : from)
        for (const std::int64_t i : maps_[static_cast<std::size_t>(d)])
          next.push_back(base < 0 || i < 0 ? -1 : base + i * strides_[d]);
      from = std::move(next);
    }
    return from;
  }
  const std::int64_t* columns() const { return maps_[static_cast<std::size_t>(in_.rank() - 1)].data(); }
  // Columns that follow each other in the input.
  std::int64_t first() const { return first_; }
  std::int64_t end() const { return end_; }

 private:
  Shape in_, out_, strides_;
  std::array<std::vector<std::int64_t>, kMaxRank> maps_;
  std::int64_t first_ = 0, end_ = 0;
  int lead_ = 0;
};

// Rows are mostly short: without a call for each.
template <class T>
XGRAD_INLINE void copy_row(T* to, const T* from, std::int64_t n) {
  constexpr std::int64_t kLine = 64;
  typedef char Line __attribute__((vector_size(kLine), aligned(1), may_alias));
  const std::int64_t bytes = n * std::int64_t{sizeof(T)};
  if (bytes < kLine || bytes > 16 * kLine) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
    return;
  }
  char* out = reinterpret_cast<char*>(to);
  const char* in = reinterpret_cast<const char*>(from);
  const auto copy = [&](std::int64_t i)
                        XGRAD_INLINED { *reinterpret_cast<Line*>(out + i) = *reinterpret_cast<const Line*>(in + i); };
  for (std::int64_t i = 0; i + kLine <= bytes; i += kLine) copy(i);
  copy(bytes - kLine);  // over the end of the one before
}

// Row by row of some planes; `first` and `end`: the columns that follow each other in the input.
template <class T>
XGRAD_CLONES void pad_planes(const std::int64_t* source, std::int64_t rows, std::int64_t planes, std::int64_t step,
                             const std::int64_t* column, std::int64_t first, std::int64_t end, std::int64_t width,
                             const T* x, T value, T* y) {
  for (std::int64_t p = 0; p < planes; ++p, x += step)
    for (std::int64_t r = 0; r < rows; ++r, y += width) {
      if (source[r] < 0) {
        for (std::int64_t i = 0; i < width; ++i) y[i] = value;
        continue;
      }
      const T* from = x + source[r];
      for (std::int64_t i = 0; i < first; ++i) y[i] = column[i] < 0 ? value : from[column[i]];
      if (end > first) copy_row(y + first, from + column[first], end - first);
      for (std::int64_t i = end; i < width; ++i) y[i] = column[i] < 0 ? value : from[column[i]];
    }
}

// A few planes or, where there is one only, a few of its rows at a time.
template <class T>
void pad_rows(const Walk& w, const T* x, T value, T* y) {
  const std::int64_t width = w.width(), planes = w.planes(), rows = w.rows_per_plane(), step = w.plane_step();
  const std::vector<std::int64_t> source = w.row_sources();
  const double ns = 2 + 0.03 * static_cast<double>(width * std::int64_t{sizeof(T)});
  const auto pad = [&](std::int64_t plane, std::int64_t count, std::int64_t begin, std::int64_t end) {
    pad_planes(source.data() + begin, end - begin, count, step, w.columns(), w.first(), w.end(), width,
               x + plane * step, value, y + (plane * rows + begin) * width);
  };
  if (planes > 1)
    return detail::parallel_for(planes, detail::grain_for(ns * static_cast<double>(rows)),
                                [&](std::int64_t begin, std::int64_t end) { pad(begin, end - begin, 0, rows); });
  detail::parallel_for(rows, detail::grain_for(ns),
                       [&](std::int64_t begin, std::int64_t end) { pad(0, 1, begin, end); });
}

// In the order of the columns, so that sums are the same however rows are gone through.
template <class T>
XGRAD_CLONES void add_planes(const std::int64_t* source, std::int64_t rows, std::int64_t planes, std::int64_t step,
                             const std::int64_t* column, std::int64_t first, std::int64_t end, std::int64_t width,
                             const T* g, T* x) {
  for (std::int64_t p = 0; p < planes; ++p, x += step)
    for (std::int64_t r = 0; r < rows; ++r, g += width) {
      T* __restrict to = x + source[r];
      const T* __restrict from = g;
      for (std::int64_t i = 0; i < first; ++i) to[column[i]] += from[i];
      T* __restrict inner = to + (end > first ? column[first] - first : 0);
      for (std::int64_t i = first; i < end; ++i) inner[i] += from[i];
      for (std::int64_t i = end; i < width; ++i) to[column[i]] += from[i];
    }
}

template <class T>
void add_rows(const Walk& w, const T* g, T* x) {
  const std::int64_t width = w.width(), rows = w.rows_per_plane(), step = w.plane_step();
  const std::vector<std::int64_t> source = w.row_sources();
  const double ns = static_cast<double>(rows) * (4 + 0.2 * static_cast<double>(width));
  detail::parallel_for(w.planes(), detail::grain_for(ns), [&](std::int64_t begin, std::int64_t end) {
    add_planes(source.data(), rows, end - begin, step, w.columns(), w.first(), w.end(), width, g + begin * rows * width,
               x + begin * step);
  });
}

Tensor pad_raw(const Tensor& x, const Pads& p, Scalar value) {
  const Shape& s = impl(x).shape;
  Tensor y = make_tensor(padded_shape(s, p), impl(x).dtype);
  if (impl(y).numel == 0) return y;
  const Tensor packed = detail::contiguous_copy(x);
  const Walk walk(s, p);
  detail::dispatch_all(impl(x).dtype, [&](auto zero) {
    using T = decltype(zero);
    pad_rows(walk, data<T>(packed), value.to<T>(), data<T>(y));
  });
  return y;
}

Tensor pad_op(const Tensor& x, const Pads& p, Scalar value, const Location& at);

// The adjoint of the modes that copy elements: x's shape with g added where its elements come from.
Tensor pad_backward(const Tensor& g, const Pads& p, const Shape& shape) {
  Tensor x = detail::zeros_raw(shape, impl(g).dtype);
  if (impl(g).numel > 0) {
    const Tensor packed = detail::contiguous_copy(g);
    const Walk walk(shape, p);
    detail::dispatch_floating(impl(g).dtype, [&](auto zero) {
      using T = decltype(zero);
      add_rows(walk, data<T>(packed), data<T>(x));
    });
  }
  return detail::record_with_attributes("pad_backward", p, std::move(x), {g}, {},
                                        [](const Pads& of, const Saved&, const Tensor& gg) -> Grads {
                                          return {pad_op(gg, of, Scalar(0.0), Location::current())};
                                        });
}

Tensor pad_op(const Tensor& x, const Pads& p, Scalar value, const Location& at) {
  return detail::record_with_attributes(
      "pad", p, pad_raw(x, p, value), {x}, {},
      [shape = impl(x).shape](const Pads& of, const Saved&, const Tensor& g) -> Grads {
        if (of.mode != PadMode::constant) return {pad_backward(g, of, shape)};
        Pads crop = of;
        for (int d = 0; d < shape.rank(); ++d) {
          crop.before[d] = -of.before[d];
          crop.after[d] = -of.after[d];
        }
        return {pad_op(g, crop, Scalar(0.0), Location::current())};
      },
      at, detail::named<"value">(value.to_double()));
}

// ---- checks ----
void require_room(const Tensor& x, int d, std::int64_t amount, std::int64_t opposite, PadMode mode,
                  const Location& at) {
  const std::int64_t n = impl(x).shape[d];
  if (amount <= 0 || mode == PadMode::constant) return;
  const std::int64_t left = n + std::min<std::int64_t>(0, opposite);  // what negative padding leaves to wrap around
  const bool fits = mode == PadMode::reflect ? amount < n : mode == PadMode::circular ? amount <= left : n > 0;
  if (fits) return;
  const std::string rule =
      mode == PadMode::reflect ? fmt::format("padding {} must be less than size {} of dim {} to reflect", amount, n, d)
      : mode == PadMode::circular ? fmt::format("padding {} must not exceed size {} of dim {} to wrap", amount, left, d)
                                  : fmt::format("dim {} is empty: it has no edge to replicate", d);
  ErrorReport("pad", rule, at).operand("input", x).shape_error();
}

Pads checked_pads(const Tensor& x, const std::vector<std::int64_t>& sizes, PadMode mode, const Location& at) {
  const Shape& s = impl(x).shape;
  const std::size_t rank = s.size();
  if (sizes.size() % 2 != 0 || sizes.size() > 2 * rank) [[unlikely]]
    ErrorReport("pad", fmt::format("needs pairs of sizes, at most {}, got {} sizes", rank, sizes.size()), at)
        .operand("input", x)
        .shape_error();
  Pads p{s, s, mode};
  for (int d = 0; d < s.rank(); ++d) {
    const std::size_t at_size = 2 * (rank - 1 - static_cast<std::size_t>(d));
    p.before[d] = at_size < sizes.size() ? sizes[at_size] : 0;
    p.after[d] = at_size < sizes.size() ? sizes[at_size + 1] : 0;
    std::int64_t size = 0;
    if (__builtin_add_overflow(s[d], p.before[d], &size) || __builtin_add_overflow(size, p.after[d], &size) ||
        size < 0 || p.before[d] < -s[d] || p.after[d] < -s[d]) [[unlikely]]
      ErrorReport(
          "pad",
          fmt::format("padding ({}, {}) of size {} of dim {} gives no valid size", p.before[d], p.after[d], s[d], d),
          at)
          .operand("input", x)
          .shape_error();
    require_room(x, d, p.before[d], p.after[d], mode, at);
    require_room(x, d, p.after[d], p.before[d], mode, at);
  }
  return p;
}

}  // namespace

Tensor pad(const Tensor& x, const std::vector<std::int64_t>& sizes, PadMode mode, Scalar value, Location at) {
  require_defined("pad", x, at);
  if (mode != PadMode::constant) require_floating("pad", x, at);
  const Pads p = checked_pads(x, sizes, mode, at);
  if (impl(x).shape.rank() == 0) return x;
  detail::require_fits("pad", value, impl(x).dtype, at);
  return pad_op(x, p, value, at);
}

}  // namespace xgrad
