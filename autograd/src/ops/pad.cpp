// Padding. Every mode says, dimension by dimension, which element of the input an element of the result comes from
// (-1: the constant). The kernel goes through the rows of the result; its adjoint adds the rows back.
#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/pad.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

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
  // Goes through the rows of the result in order.
  class Rows {
   public:
    Rows(const Walk& w, std::int64_t row) : w_(w) {
      for (int d = w.in_.rank() - 2; d >= 0; --d) {
        at_[d] = row % w.out_[d];
        row /= w.out_[d];
      }
    }
    // Offset of the input's row; -1 when the row of the result is all constant.
    std::int64_t source() const {
      std::int64_t offset = 0;
      for (int d = 0; d <= w_.in_.rank() - 2; ++d) {
        const std::int64_t i = w_.maps_[static_cast<std::size_t>(d)][static_cast<std::size_t>(at_[d])];
        if (i < 0) return -1;
        offset += i * w_.strides_[d];
      }
      return offset;
    }
    void next() {
      for (int d = w_.in_.rank() - 2; d >= 0 && ++at_[d] == w_.out_[d]; --d) at_[d] = 0;
    }

   private:
    const Walk& w_;
    std::int64_t at_[kMaxRank] = {};
  };
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

template <class T>
void pad_rows(const Walk& w, const T* x, T value, T* y) {
  const std::int64_t width = w.width();
  const std::int64_t* column = w.columns();
  detail::parallel_for(
      w.rows(), detail::grain_for(static_cast<double>(20 + width)), [&](std::int64_t begin, std::int64_t end) {
        Walk::Rows row(w, begin);
        for (std::int64_t r = begin; r < end; ++r, row.next()) {
          const std::int64_t from = row.source();
          T* out = y + r * width;
          if (from < 0) {
            std::fill_n(out, width, value);
            continue;
          }
          const auto edge = [&](std::int64_t i) { out[i] = column[i] < 0 ? value : x[from + column[i]]; };
          for (std::int64_t i = 0; i < w.first(); ++i) edge(i);
          if (w.end() > w.first()) std::copy_n(x + from + column[w.first()], w.end() - w.first(), out + w.first());
          for (std::int64_t i = w.end(); i < width; ++i) edge(i);
        }
      });
}

template <class T>
void add_rows(const Walk& w, const T* g, T* x) {
  const std::int64_t width = w.width(), per = w.rows() / std::max<std::int64_t>(1, w.planes());
  const std::int64_t* column = w.columns();
  const std::int64_t ns = std::max<std::int64_t>(1, per * (20 + width));
  detail::parallel_for(w.planes(), detail::grain_for(static_cast<double>(ns)),
                       [&](std::int64_t begin, std::int64_t end) {
                         Walk::Rows row(w, begin * per);
                         for (std::int64_t r = begin * per; r < end * per; ++r, row.next()) {
                           T* to = x + row.source();
                           const T* from = g + r * width;
                           for (std::int64_t i = 0; i < width; ++i) to[column[i]] += from[i];
                         }
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
