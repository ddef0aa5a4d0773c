// Joining tensors. The backward functions cut the gradient into views.
#include <cstring>
#include <span>
#include <vector>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>

#include "core/copy_bytes.hpp"
#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/prefetch.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;
using detail::make_view;
using detail::TensorImpl;

namespace {

template <class Block>
void copy_column(char* to, std::int64_t to_step, const char* from, std::int64_t rows) {
  for (std::int64_t r = 0; r < rows; ++r)
    std::memcpy(to + r * to_step, from + r * std::int64_t{sizeof(Block)}, sizeof(Block));
}

// `rows` blocks of n bytes that follow each other to places `to_step` apart.
void copy_blocks(char* to, std::int64_t to_step, const char* from, std::int64_t n, std::int64_t rows) {
  if (n == 4) return copy_column<std::uint32_t>(to, to_step, from, rows);
  if (n == 8) return copy_column<std::uint64_t>(to, to_step, from, rows);
  for (std::int64_t r = 0; r < rows; ++r) detail::copy_bytes(to + r * to_step, from + r * n, n);
}

// The result seen as `outer` rows, each made of one block from every tensor in turn.
struct Rows {
  std::span<const Tensor> tensors;
  std::int64_t outer;
  DType dtype;
  char* out;
  std::int64_t row_bytes;
  bool equal;  // all blocks are equally long

  std::int64_t block(const TensorImpl& t) const { return (outer == 1 ? t.numel : t.numel / outer) * item_size(dtype); }
  bool direct(const TensorImpl& t) const { return t.contiguous && t.dtype == dtype; }

  // Bytes [begin, end) of the result.
  void copy(std::int64_t begin, std::int64_t end) const {
    std::int64_t row = begin / row_bytes, skip = begin % row_bytes;
    for (char* at = out + begin; at < out + end; ++row) {
      std::size_t k = 0;
      if (equal && skip > 0) {  // without a look at those before, which another thread's cache may hold
        const std::int64_t n = row_bytes / std::ssize(tensors);
        k = static_cast<std::size_t>(skip / n);
        skip %= n;
      }
      for (; k < tensors.size(); ++k) {
        const TensorImpl& t = impl(tensors[k]);
        const std::int64_t n = block(t);
        if (skip >= n) {
          skip -= n;
          continue;
        }
        if (outer == 1 && k + detail::kRowsAhead < tensors.size()) {
          const TensorImpl& soon = impl(tensors[k + detail::kRowsAhead]);
          if (direct(soon)) detail::prefetch_row(soon.memory(), block(soon));
        }
        const std::int64_t here = std::min<std::int64_t>(n - skip, out + end - at);
        if (direct(t)) detail::copy_bytes(at, t.memory() + row * n + skip, here);
        at += here;
        skip = 0;
        if (at == out + end) return;
      }
    }
  }

  // Rows [begin, end), tensor by tensor: for many rows of short blocks.
  void copy_rows(std::int64_t begin, std::int64_t end) const {
    char* to = out + begin * row_bytes;
    for (const Tensor& tensor : tensors) {
      const TensorImpl& t = impl(tensor);
      const std::int64_t n = block(t);
      if (n > 0 && direct(t)) copy_blocks(to, row_bytes, t.memory() + begin * n, n, end - begin);
      to += n;
    }
  }

  void copy_all() const {
    constexpr std::int64_t kSmall = 32 << 10, kManyRows = 256;
    const std::int64_t bytes = outer * row_bytes;
    const double ns_per_byte = 0.1;
    if (outer < kManyRows) {
      if (bytes < kSmall) return copy(0, bytes);
      return detail::parallel_cost(bytes, ns_per_byte, [&](std::int64_t begin, std::int64_t end) { copy(begin, end); });
    }
    const std::int64_t together = std::max<std::int64_t>(1, kSmall / row_bytes);  // rows that stay in the cache
    detail::parallel_cost(outer, ns_per_byte * static_cast<double>(row_bytes),
                          [&](std::int64_t begin, std::int64_t end) {
                            for (std::int64_t r = begin; r < end; r += together)
                              copy_rows(r, std::min(end, r + together));
                          });
  }
};

// Fills `out` (contiguous) with the tensors side by side along `dim`. `new_dim`: the tensors lack that dimension.
void join(Tensor& out, std::span<const Tensor> tensors, int dim, bool new_dim) {
  const TensorImpl& o = impl(out);
  if (o.numel == 0) return;
  Rows rows{tensors, 1, o.dtype, o.memory(), 0, new_dim};
  for (int i = 0; i < dim; ++i) rows.outer *= o.shape[i];
  rows.row_bytes = o.numel / rows.outer * item_size(o.dtype);
  rows.copy_all();

  std::int64_t at = 0;
  for (const Tensor& tensor : tensors) {  // what a block copy cannot do: other strides or element types
    const TensorImpl& t = impl(tensor);
    const std::int64_t length = new_dim ? 1 : t.numel == 0 ? 0 : t.shape[dim];
    if (!rows.direct(t) && t.numel > 0) {
      Tensor place = detail::narrow_view(out, dim, at, length);
      if (new_dim) {
        Shape strides = impl(place).strides;
        strides.erase(dim);
        place = make_view(place, t.shape, strides, impl(place).offset());
      }
      detail::copy_raw(place, tensor);
    }
    at += length;
  }
}

// What join() makes, as a recipe.
struct Joined {
  Shape shape;
  DType dtype;
  int dim;
  bool new_dim;
  Tensor operator()(std::span<const Tensor> tensors, const Location& at = {}) const {
    Tensor out = make_tensor(shape, dtype, at);
    join(out, tensors, dim, new_dim);
    return out;
  }
};

DType common_dtype(std::span<const Tensor> tensors) {
  DType d = impl(tensors[0]).dtype;
  for (const Tensor& t : tensors)
    if (impl(t).dtype != d) d = promote_types(d, impl(t).dtype);
  return d;
}

void require_tensors(const char* op, std::span<const Tensor> tensors, Location at) {
  if (tensors.empty()) [[unlikely]]
    ErrorReport(op, "needs at least one tensor", at).value_error();
  for (const Tensor& t : tensors) require_defined(op, t, at);
}

// PyTorch's cat ignores these wherever they stand, whatever the other shapes.
bool skipped(const Tensor& t) { return impl(t).shape.rank() == 1 && impl(t).numel == 0; }

[[noreturn, gnu::cold]] void cat_mismatch(const char* op, const std::string& rule, const Tensor& first,
                                          const Tensor& bad, std::size_t k, Location at) {
  ErrorReport(op, rule, at).operand("first", first).operand(fmt::format("#{}", k), bad).shape_error();
}

Shape cat_shape(const char* op, std::span<const Tensor> tensors, const Tensor& first, int dim, Location at) {
  Shape shape = impl(first).shape;
  shape[dim] = 0;
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    const Shape& s = impl(tensors[k]).shape;
    if (skipped(tensors[k])) continue;
    if (s.rank() != shape.rank()) [[unlikely]]
      cat_mismatch(op, fmt::format("tensor {}: rank {}, expected {}", k, s.rank(), shape.rank()), first, tensors[k], k,
                   at);
    for (int i = 0; i < s.rank(); ++i)
      if (i != dim && s[i] != shape[i]) [[unlikely]]
        cat_mismatch(op, fmt::format("tensor {}: size {} at dim {}, expected {}", k, s[i], i, shape[i]), first,
                     tensors[k], k, at);
    if (__builtin_add_overflow(shape[dim], s[dim], &shape[dim])) [[unlikely]]
      ErrorReport(op, fmt::format("the sizes at dim {} overflow 64 bits", dim), at).shape_error();
  }
  return shape;
}

// Size of each tensor along dim, -1 for a skipped one.
Tensor cat_sizes(std::span<const Tensor> tensors, int dim) {
  Tensor t = make_tensor({static_cast<std::int64_t>(tensors.size())}, DType::int64);
  std::int64_t* p = detail::data<std::int64_t>(t);
  for (const Tensor& x : tensors) *p++ = skipped(x) ? -1 : impl(x).shape[dim];
  return t;
}

Tensor joined(const char* op, const std::vector<Tensor>& tensors, std::int64_t dim, Location at) {
  require_tensors(op, tensors, at);
  const Tensor* first = nullptr;
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    if (impl(tensors[k]).shape.rank() == 0) [[unlikely]]
      ErrorReport(op, fmt::format("tensor {} has rank 0", k), at)
          .operand("tensor", tensors[k])
          .help("stack joins along a new dimension")
          .shape_error();
    if (!first && !skipped(tensors[k])) first = &tensors[k];
  }
  if (!first) first = &tensors[0];
  const int d = wrap_dim(op, dim, *first, at);
  const Joined side_by_side{cat_shape(op, tensors, *first, d, at), common_dtype(tensors), d, false};
  const bool taped = detail::needs_tape(tensors);
  Tensor out = detail::record_op(
      op, side_by_side(tensors, at), tensors, {taped ? cat_sizes(tensors, d) : Tensor()},
      [d](const Saved& s, const Tensor& g) -> Grads {
        std::vector<std::int64_t> sizes = s[0].to_vector<std::int64_t>(), lengths = sizes;
        for (std::int64_t& n : lengths) n = std::max<std::int64_t>(n, 0);
        std::vector<Tensor> pieces = split(g, lengths, d);
        for (std::size_t k = 0; k < sizes.size(); ++k)
          if (sizes[k] < 0) pieces[k] = detail::zeros_raw({0}, impl(g).dtype);
        return {std::move(pieces)};
      },
      at, detail::named<"dim">(d));
  const double time = detail::pass_time(impl(out).numel);
  return detail::recomputable(std::move(out), tensors, time, side_by_side);
}

}  // namespace

Tensor cat(const std::vector<Tensor>& tensors, std::int64_t dim, Location at) {
  return joined("cat", tensors, dim, at);
}

Tensor stack(const std::vector<Tensor>& tensors, std::int64_t dim, Location at) {
  require_tensors("stack", tensors, at);
  Shape shape = impl(tensors[0]).shape;
  for (std::size_t k = 1; k < tensors.size(); ++k)
    if (!(impl(tensors[k]).shape == shape)) [[unlikely]]
      ErrorReport(
          "stack",
          fmt::format("tensor {} has shape {}, expected {}", k, to_string(impl(tensors[k]).shape), to_string(shape)),
          at)
          .operand("first", tensors[0])
          .operand(fmt::format("#{}", k), tensors[k])
          .shape_error();
  const int d = wrap_dim("stack", dim, shape.rank() + 1, at);
  shape.insert(d, static_cast<std::int64_t>(tensors.size()));
  const Joined stacked{shape, common_dtype(tensors), d, true};
  Tensor out = detail::record_op(
      "stack", stacked(tensors, at), tensors, {},
      [d](const Saved&, const Tensor& g) -> Grads { return {unbind(g, d)}; }, at, detail::named<"dim">(d));
  const double time = detail::pass_time(impl(out).numel);
  return detail::recomputable(std::move(out), tensors, time, stacked);
}

// ---- stacking by direction ----
namespace {

std::vector<Tensor> each(const char* op, const std::vector<Tensor>& tensors, Tensor (*f)(const Tensor&, Location),
                         Location at) {
  require_tensors(op, tensors, at);
  std::vector<Tensor> out;
  for (const Tensor& t : tensors) out.push_back(f(t, at));
  return out;
}

Tensor as_column(const Tensor& x, Location at) {
  return impl(x).shape.rank() <= 1 ? reshape(x, {impl(x).numel, 1}, at) : x;
}

}  // namespace

Tensor hstack(const std::vector<Tensor>& tensors, Location at) {
  const std::vector<Tensor> list = each("hstack", tensors, atleast_1d, at);
  return joined("hstack", list, impl(list[0]).shape.rank() == 1 ? 0 : 1, at);
}
Tensor vstack(const std::vector<Tensor>& tensors, Location at) {
  return joined("vstack", each("vstack", tensors, atleast_2d, at), 0, at);
}
Tensor dstack(const std::vector<Tensor>& tensors, Location at) {
  return joined("dstack", each("dstack", tensors, atleast_3d, at), 2, at);
}
Tensor column_stack(const std::vector<Tensor>& tensors, Location at) {
  return joined("column_stack", each("column_stack", tensors, as_column, at), 1, at);
}

// ---- blocks ----
namespace {

// Rows and columns of each block.
Tensor block_sizes(const std::vector<Tensor>& blocks) {
  Tensor t = make_tensor({static_cast<std::int64_t>(blocks.size()), 2}, DType::int64);
  std::int64_t* p = detail::data<std::int64_t>(t);
  for (const Tensor& b : blocks) {
    *p++ = impl(b).shape[0];
    *p++ = impl(b).shape[1];
  }
  return t;
}

}  // namespace

Tensor block_diag(const std::vector<Tensor>& tensors, Location at) {
  require_tensors("block_diag", tensors, at);
  for (std::size_t k = 0; k < tensors.size(); ++k)
    if (impl(tensors[k]).shape.rank() > 2) [[unlikely]]
      ErrorReport("block_diag", fmt::format("tensor {} has rank {}, at most 2", k, impl(tensors[k]).shape.rank()), at)
          .operand("tensor", tensors[k])
          .shape_error();
  const std::vector<Tensor> blocks = each("block_diag", tensors, atleast_2d, at);
  Shape shape{0, 0};
  for (const Tensor& b : blocks)
    for (int i = 0; i < 2; ++i)
      if (__builtin_add_overflow(shape[i], impl(b).shape[i], &shape[i])) [[unlikely]]
        ErrorReport("block_diag", "the sizes overflow 64 bits", at).shape_error();
  Tensor out = detail::zeros_raw(shape, common_dtype(blocks));
  std::int64_t row = 0, column = 0;
  for (const Tensor& b : blocks) {
    const Shape& s = impl(b).shape;
    if (impl(b).numel > 0) {
      Tensor place = detail::view_of(out, s, impl(out).strides, row * shape[1] + column);
      detail::copy_raw(place, b);
    }
    row += s[0];
    column += s[1];
  }
  const bool taped = detail::needs_tape(blocks);
  return detail::record_op(
      "block_diag", std::move(out), blocks, {taped ? block_sizes(blocks) : Tensor()},
      [](const Saved& s, const Tensor& g) -> Grads {
        const auto sizes = s[0].to_vector<std::int64_t>();
        std::vector<Tensor> pieces;
        std::int64_t top = 0, left = 0;
        for (std::size_t k = 0; k < sizes.size(); k += 2) {
          const std::int64_t rows = sizes[k], columns = sizes[k + 1];
          pieces.push_back(s.needs(k / 2) ? narrow(narrow(g, 0, top, rows), 1, left, columns) : Tensor());
          top += rows;
          left += columns;
        }
        return {std::move(pieces)};
      },
      at);
}

}  // namespace xgrad
