// Parts of a tensor, as views. Where a view dropped elements its backward function is a scatter into zeros, whose own
// backward is the view again.
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/record.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/accumulate.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;
using detail::make_view;
using detail::view_of;

namespace {

struct Piece {
  int dim;
  std::int64_t size, start, step;  // of the dimension it was cut from
};

struct Cut {
  Piece piece;
  std::int64_t length;
};
void describe(const Cut& c, Attributes& list) {
  list.add("dim", c.piece.dim);
  list.add("start", c.piece.start);
  // The least one that gives the same elements: the piece does not keep what was asked for.
  list.add("end", c.length > 0 ? c.piece.start + (c.length - 1) * c.piece.step + 1 : c.piece.start);
  list.add("step", c.piece.step);
}

Tensor cut(const char* op, const Tensor& x, const Piece& p, std::int64_t length, Location at);

// The piece of `whole`, a contiguous gradient, that g belongs to.
Tensor piece_of(const Tensor& whole, const Shape& shape, const Piece& p) {
  Shape strides = impl(whole).strides;
  const std::int64_t first = p.start * strides[p.dim];
  if (shape[p.dim] > 1) strides[p.dim] *= p.step;
  return view_of(whole, shape, strides, first);
}
Tensor piece_of(const Tensor& whole, const Shape& shape, int dim, std::int64_t index) {
  Shape strides = impl(whole).strides;
  const std::int64_t first = index * strides[dim];
  strides.erase(dim);
  return view_of(whole, shape, strides, first);
}

// Adds g to its piece of what is collected for input 0, so that n pieces of one tensor cost its size once, not n times.
template <class... Where>
bool added_in_place(const Tensor& g, const Where&... where) {
  const Tensor whole = detail::collected_gradient(0);
  if (!whole.defined()) return false;
  if (impl(g).numel > 0) {
    Tensor piece = piece_of(whole, impl(g).shape, where...);
    detail::add_raw(piece, g);
  }
  return true;
}

// Zeros with g at the piece it came from.
Tensor slice_backward(const Tensor& g, const Piece& p) {
  const std::int64_t length = impl(g).shape[p.dim];
  Shape shape = impl(g).shape;
  shape[p.dim] = p.size;
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  if (impl(g).numel > 0) {
    Tensor hole = piece_of(out, impl(g).shape, p);
    detail::copy_raw(hole, g);
  }
  return detail::record_with_attributes("slice_backward", Cut{p, length}, std::move(out), {g}, {},
                                        [](const Cut& c, const Saved&, const Tensor& gg) -> Grads {
                                          return {cut("slice", gg, c.piece, c.length, Location::current())};
                                        });
}

// Elements start, start + step, ... (`length` of them) along p.dim; bounds are checked by the caller.
Tensor cut(const char* op, const Tensor& x, const Piece& p, std::int64_t length, Location at) {
  Shape shape = impl(x).shape, strides = impl(x).strides;
  const std::int64_t first = length > 0 ? p.start * strides[p.dim] : 0;
  shape[p.dim] = length;
  if (length > 1) strides[p.dim] *= p.step;
  return detail::record_with_attributes(
      op, Cut{p, length}, view_of(x, shape, strides, first), {x}, {},
      [](const Cut& c, const Saved&, const Tensor& g) -> Grads {
        return {added_in_place(g, c.piece) ? Tensor() : slice_backward(g, c.piece)};
      },
      at);
}

Tensor pick(const Tensor& x, int dim, std::int64_t index, Location at);

Tensor select_backward(const Tensor& g, int dim, std::int64_t size, std::int64_t index) {
  Shape shape = impl(g).shape;
  shape.insert(dim, size);
  Tensor out = detail::zeros_raw(shape, impl(g).dtype);
  if (impl(g).numel == 1) {
    const int item = item_size(impl(g).dtype);
    std::memcpy(impl(out).memory() + index * impl(out).strides[dim] * item, impl(g).memory(),
                static_cast<std::size_t>(item));
  } else {
    Tensor hole = piece_of(out, impl(g).shape, dim, index);
    detail::copy_raw(hole, g);
  }
  return detail::record_op(
      "select_backward", std::move(out), {g}, {},
      [dim, index](const Saved&, const Tensor& gg) -> Grads { return {pick(gg, dim, index, Location::current())}; },
      Location::current(), detail::named<"dim">(dim), detail::named<"index">(index));
}

Tensor pick(const Tensor& x, int dim, std::int64_t index, Location at) {
  Shape shape = impl(x).shape, strides = impl(x).strides;
  const std::int64_t size = shape[dim], first = index * strides[dim];
  shape.erase(dim);
  strides.erase(dim);
  return detail::record_op(
      "select", view_of(x, shape, strides, first), {x}, {},
      [dim, size, index](const Saved&, const Tensor& g) -> Grads {
        return {added_in_place(g, dim, index) ? Tensor() : select_backward(g, dim, size, index)};
      },
      at, detail::named<"dim">(dim), detail::named<"index">(index));
}

// A dimension that can be indexed: as wrap_dim, but a 0-d tensor has none.
int indexed_dim(const char* op, std::int64_t dim, const Tensor& x, Location at) {
  require_defined(op, x, at);
  if (impl(x).shape.rank() == 0) [[unlikely]]
    ErrorReport(op, "too many indices: a tensor of rank 0 has no dimension to index", at)
        .operand("input", x)
        .index_error();
  return wrap_dim(op, dim, x, at);
}

}  // namespace

namespace {

Cut sliced(const char* op, const Tensor& x, std::int64_t dim, const Slice& s, Location at) {
  const int d = indexed_dim(op, dim, x, at);
  if (s.step <= 0) [[unlikely]]
    ErrorReport(op, fmt::format("step must be positive, got {}", s.step), at).operand("input", x).value_error();
  const std::int64_t n = impl(x).shape[d];
  auto clip = [n](std::int64_t i) { return i < 0 ? std::max<std::int64_t>(0, i + n) : std::min(i, n); };
  const std::int64_t start = clip(s.start), stop = clip(s.stop);
  return {{d, n, start, s.step}, stop <= start ? 0 : 1 + (stop - start - 1) / s.step};
}

// index as 0..n-1.
std::int64_t selected(const char* op, const Tensor& x, int d, std::int64_t index, Location at) {
  const std::int64_t n = impl(x).shape[d];
  if (index < -n || index >= n) [[unlikely]]
    ErrorReport(op, fmt::format("index {} out of range for size {} (dim {})", index, n, d), at)
        .operand("input", x)
        .index_error();
  return index < 0 ? index + n : index;
}

}  // namespace

Tensor slice(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t stop, std::int64_t step, Location at) {
  const Cut r = sliced("slice", x, dim, {start, stop, step}, at);
  return cut("slice", x, r.piece, r.length, at);
}

Tensor narrow(const Tensor& x, std::int64_t dim, std::int64_t start, std::int64_t length, Location at) {
  const int d = indexed_dim("narrow", dim, x, at);
  const std::int64_t n = impl(x).shape[d];
  if (length < 0) [[unlikely]]
    ErrorReport("narrow", fmt::format("length must not be negative, got {}", length), at)
        .operand("input", x)
        .value_error();
  const std::int64_t first = start < 0 ? start + n : start;
  if (first < 0 || first > n || length > n - first) [[unlikely]]
    ErrorReport("narrow",
                fmt::format("start {} with length {} is out of range for dim {} of size {}", start, length, d, n), at)
        .operand("input", x)
        .index_error();
  return cut("narrow", x, {d, n, first, 1}, length, at);
}

Tensor select(const Tensor& x, std::int64_t dim, std::int64_t index, Location at) {
  const int d = indexed_dim("select", dim, x, at);
  return pick(x, d, selected("select", x, d, index, at), at);
}

std::vector<Tensor> unbind(const Tensor& x, std::int64_t dim, Location at) {
  const int d = indexed_dim("unbind", dim, x, at);
  Shape shape = impl(x).shape, strides = impl(x).strides;
  const std::int64_t n = shape[d], step = strides[d], first = impl(x).offset();
  if (n == 0) return {};
  shape.erase(d);
  strides.erase(d);
  std::vector<Tensor> out(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i)
    out[static_cast<std::size_t>(i)] = make_view(x, shape, strides, first + i * step);
  return detail::record_op(
      "unbind", std::move(out), {x}, {},
      [d, shape, dtype = impl(x).dtype](const Saved&, std::span<const Tensor> g) -> Grads {
        // One joined write; a result that was not used counts as zeros, which take no memory as an expanded number.
        std::vector<Tensor> all(g.begin(), g.end());
        Tensor zero;
        for (Tensor& t : all)
          if (!t.defined()) t = zero.defined() ? zero : zero = expand(detail::zeros_raw({}, dtype), shape);
        return {stack(all, d)};
      },
      at, detail::named<"dim">(d));
}

// ---- split, chunk ----
namespace {

// Sizes along a dimension as an int64 tensor: a list of any length that a node can save.
Tensor size_list(std::span<const std::int64_t> sizes) {
  Tensor t = make_tensor({static_cast<std::int64_t>(sizes.size())}, DType::int64);
  if (!sizes.empty()) std::memcpy(impl(t).memory(), sizes.data(), sizes.size_bytes());
  return t;
}

// Views of the pieces of x along dim, one node for all of them. The sizes must be valid.
std::vector<Tensor> cut_up(const char* op, const Tensor& x, std::span<const std::int64_t> sizes, int dim, Location at) {
  std::vector<Tensor> out(sizes.size());
  if (out.empty()) return out;
  std::int64_t start = 0;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    out[k] = detail::narrow_view(x, dim, start, sizes[k]);
    start += sizes[k];
  }
  const Tensor list = detail::needs_tape({x}) ? size_list(sizes) : Tensor();
  return detail::record_op(
      op, std::move(out), {x}, {list},
      [dim, shape = impl(x).shape, dtype = impl(x).dtype](const Saved& s, std::span<const Tensor> g) -> Grads {
        // One joined write; a piece that was not used counts as zeros, which take no memory as an expanded number.
        const Tensor sizes = s[0];
        std::vector<Tensor> all(g.begin(), g.end());
        Shape piece = shape;
        for (std::size_t k = 0; k < all.size(); ++k) {
          if (all[k].defined()) continue;
          piece[dim] = detail::data<std::int64_t>(sizes)[k];
          all[k] = expand(detail::zeros_raw({}, dtype), piece);
        }
        return {cat(all, dim)};
      },
      at, detail::named<"dim">(dim));
}

int split_dim(const char* op, const Tensor& x, std::int64_t dim, Location at) {
  require_defined(op, x, at);
  if (impl(x).shape.rank() == 0) [[unlikely]]
    ErrorReport(op, "a tensor of rank 0 has no dimension to split", at).operand("input", x).shape_error();
  return wrap_dim(op, dim, x, at);
}

// Sizes n = size + size + ... + rest.
std::vector<std::int64_t> equal_sizes(std::int64_t n, std::int64_t size) {
  if (n == 0) return {0};
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(1 + (n - 1) / size), size);
  sizes.back() = n - static_cast<std::int64_t>(sizes.size() - 1) * size;
  return sizes;
}

}  // namespace

std::vector<Tensor> split(const Tensor& x, std::int64_t size, std::int64_t dim, Location at) {
  const int d = split_dim("split", x, dim, at);
  const std::int64_t n = impl(x).shape[d];
  if (size < 0 || (size == 0 && n != 0)) [[unlikely]]
    ErrorReport("split", fmt::format("size must be positive, got {}", size), at).operand("input", x).value_error();
  return cut_up("split", x, equal_sizes(n, size), d, at);
}

std::vector<Tensor> split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t dim, Location at) {
  const int d = split_dim("split", x, dim, at);
  const std::int64_t n = impl(x).shape[d];
  std::int64_t sum = 0;
  bool overflow = false;
  for (std::int64_t s : sizes) {
    if (s < 0) [[unlikely]]
      ErrorReport("split", fmt::format("sizes must not be negative, got {}", s), at).operand("input", x).value_error();
    overflow |= __builtin_add_overflow(sum, s, &sum);
  }
  if (overflow) [[unlikely]]
    ErrorReport("split", "the sum of the sizes overflows 64 bits", at).operand("input", x).shape_error();
  if (sum != n) [[unlikely]]
    ErrorReport("split", fmt::format("sizes sum to {}, dimension {} has {}", sum, d, n), at)
        .operand("input", x)
        .shape_error();
  return cut_up("split", x, sizes, d, at);
}

std::vector<Tensor> chunk(const Tensor& x, std::int64_t chunks, std::int64_t dim, Location at) {
  const int d = split_dim("chunk", x, dim, at);
  if (chunks <= 0) [[unlikely]]
    ErrorReport("chunk", fmt::format("chunks must be > 0, got {}", chunks), at).operand("input", x).value_error();
  const std::int64_t n = impl(x).shape[d];
  constexpr std::int64_t kMostEmpty = 1 << 20;  // a dimension that is not empty bounds their number itself
  if (n == 0 && chunks > kMostEmpty) [[unlikely]]
    ErrorReport("chunk",
                fmt::format("{} chunks of a dimension of size 0, at most {} are supported", chunks, kMostEmpty), at)
        .operand("input", x)
        .value_error();
  if (n == 0) return cut_up("chunk", x, std::vector<std::int64_t>(static_cast<std::size_t>(chunks), 0), d, at);
  return cut_up("chunk", x, equal_sizes(n, 1 + (n - 1) / chunks), d, at);
}

// ---- tensor_split and its kin ----
namespace {

std::vector<Tensor> split_in(const char* op, const Tensor& x, std::int64_t sections, std::int64_t dim, Location at) {
  const int d = split_dim(op, x, dim, at);
  if (sections <= 0) [[unlikely]]
    ErrorReport(op, fmt::format("sections must be > 0, got {}", sections), at).operand("input", x).value_error();
  constexpr std::int64_t kMost = 1 << 24;
  const std::int64_t n = impl(x).shape[d];
  if (sections > std::max(n, kMost)) [[unlikely]]
    ErrorReport(op, fmt::format("{} sections of a dimension of size {}, at most {} are supported", sections, n, kMost),
                at)
        .operand("input", x)
        .value_error();
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(sections), n / sections);
  for (std::int64_t i = 0; i < n % sections; ++i) ++sizes[static_cast<std::size_t>(i)];
  return cut_up("tensor_split", x, sizes, d, at);
}

// Bounds as in Python's slices: neighbours may leave nothing between them, or overlap.
std::vector<Tensor> split_at(const char* op, const Tensor& x, const std::vector<std::int64_t>& indices,
                             std::int64_t dim, Location at) {
  const int d = split_dim(op, x, dim, at);
  std::vector<Tensor> out;
  std::int64_t start = 0;
  for (const std::int64_t stop : indices) {
    out.push_back(slice(x, d, start, stop, 1, at));
    start = stop;
  }
  out.push_back(slice(x, d, start, Slice::kEnd, 1, at));
  return out;
}

int stacked_dim(const char* op, const Tensor& x, int rank, int dim, Location at) {
  require_defined(op, x, at);
  if (impl(x).shape.rank() < rank) [[unlikely]]
    ErrorReport(op, fmt::format("needs rank {} or more, got {}", rank, impl(x).shape.rank()), at)
        .operand("input", x)
        .shape_error();
  return dim;
}
int horizontal_dim(const Tensor& x, Location at) {
  stacked_dim("hsplit", x, 1, 0, at);
  return impl(x).shape.rank() == 1 ? 0 : 1;
}

std::vector<Tensor> split_evenly(const char* op, const Tensor& x, std::int64_t sections, int dim, Location at) {
  const std::int64_t n = impl(x).shape[dim];
  if (sections > 0 && n % sections != 0) [[unlikely]]
    ErrorReport(op, fmt::format("dim {} of size {} cannot be cut into {} equal sections", dim, n, sections), at)
        .operand("input", x)
        .help("tensor_split also makes sections of unequal size")
        .shape_error();
  return split_in(op, x, sections, dim, at);
}

}  // namespace

std::vector<Tensor> tensor_split(const Tensor& x, std::int64_t sections, std::int64_t dim, Location at) {
  return split_in("tensor_split", x, sections, dim, at);
}
std::vector<Tensor> tensor_split(const Tensor& x, const std::vector<std::int64_t>& indices, std::int64_t dim,
                                 Location at) {
  return split_at("tensor_split", x, indices, dim, at);
}
std::vector<Tensor> hsplit(const Tensor& x, std::int64_t sections, Location at) {
  return split_evenly("hsplit", x, sections, horizontal_dim(x, at), at);
}
std::vector<Tensor> hsplit(const Tensor& x, const std::vector<std::int64_t>& indices, Location at) {
  return split_at("hsplit", x, indices, horizontal_dim(x, at), at);
}
std::vector<Tensor> vsplit(const Tensor& x, std::int64_t sections, Location at) {
  return split_evenly("vsplit", x, sections, stacked_dim("vsplit", x, 2, 0, at), at);
}
std::vector<Tensor> vsplit(const Tensor& x, const std::vector<std::int64_t>& indices, Location at) {
  return split_at("vsplit", x, indices, stacked_dim("vsplit", x, 2, 0, at), at);
}
std::vector<Tensor> dsplit(const Tensor& x, std::int64_t sections, Location at) {
  return split_evenly("dsplit", x, sections, stacked_dim("dsplit", x, 3, 2, at), at);
}
std::vector<Tensor> dsplit(const Tensor& x, const std::vector<std::int64_t>& indices, Location at) {
  return split_at("dsplit", x, indices, stacked_dim("dsplit", x, 3, 2, at), at);
}

// ---- writing a part, out of place ----
namespace {

void require_part(const char* op, const Tensor& x, const Tensor& src, const Shape& shape, Location at) {
  require_same_dtype(op, x, src, at);
  if (!(impl(src).shape == shape)) [[unlikely]]
    ErrorReport(op, fmt::format("src has shape {}, the part {}", to_string(impl(src).shape), to_string(shape)), at)
        .operand("input", x)
        .operand("src", src)
        .shape_error();
}

// Zeros that take no memory.
Tensor no_gradient(const Tensor& like, const Shape& shape) {
  return expand(detail::zeros_raw({}, impl(like).dtype), shape);
}

Tensor with_slice(const Tensor& x, const Tensor& src, const Cut& range, Location at) {
  Tensor y = detail::fresh_copy(x, at);
  if (impl(src).numel > 0) {
    Tensor place = piece_of(y, impl(src).shape, range.piece);
    detail::copy_raw(place, src);
  }
  return detail::record_with_attributes(
      "slice_scatter", range, std::move(y), {x, src}, {},
      [shape = impl(src).shape](const Cut& r, const Saved& s, const Tensor& g) -> Grads {
        const Location here = Location::current();
        return {s.needs(0) ? with_slice(g, no_gradient(g, shape), r, here) : Tensor(),
                s.needs(1) ? cut("slice", g, r.piece, r.length, here) : Tensor()};
      },
      at);
}

Tensor with_selection(const Tensor& x, const Tensor& src, int dim, std::int64_t index, Location at) {
  Tensor y = detail::fresh_copy(x, at);
  if (impl(src).numel > 0) {
    Tensor place = piece_of(y, impl(src).shape, dim, index);
    detail::copy_raw(place, src);
  }
  return detail::record_op(
      "select_scatter", std::move(y), {x, src}, {},
      [dim, index, shape = impl(src).shape](const Saved& s, const Tensor& g) -> Grads {
        const Location here = Location::current();
        return {s.needs(0) ? with_selection(g, no_gradient(g, shape), dim, index, here) : Tensor(),
                s.needs(1) ? pick(g, dim, index, here) : Tensor()};
      },
      at, detail::named<"dim">(dim), detail::named<"index">(index));
}

}  // namespace

Tensor select_scatter(const Tensor& x, const Tensor& src, std::int64_t dim, std::int64_t index, Location at) {
  const int d = indexed_dim("select_scatter", dim, x, at);
  const std::int64_t i = selected("select_scatter", x, d, index, at);
  Shape shape = impl(x).shape;
  shape.erase(d);
  require_part("select_scatter", x, src, shape, at);
  return with_selection(x, src, d, i, at);
}

Tensor slice_scatter(const Tensor& x, const Tensor& src, std::int64_t dim, std::int64_t start, std::int64_t stop,
                     std::int64_t step, Location at) {
  const Cut r = sliced("slice_scatter", x, dim, {start, stop, step}, at);
  Shape shape = impl(x).shape;
  shape[r.piece.dim] = r.length;
  require_part("slice_scatter", x, src, shape, at);
  return with_slice(x, src, r, at);
}

}  // namespace xgrad
