// What Python writes in brackets. Numbers, slices and new dimensions are views; index tensors are turned into positions
// along one dimension, for index_select to read and for put to write.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/indexing.hpp>
#include <xgrad/ops/masked.hpp>
#include <xgrad/ops/scatter.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/trace_all.hpp"
#include "core/tensor_impl.hpp"
#include "ops/factory_checks.hpp"
#include "ops/index_places.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

namespace {

// An index tensor and the dimension of the view that it chooses from; its numbers are in 0..size-1.
struct Choice {
  int dim;
  Tensor places;
};
struct Parts {
  Tensor view;  // with numbers, slices and new dimensions applied
  std::vector<Choice> choices;
};

// Dimensions that a part of the index takes up.
int dims_taken(const Index& part) {
  if (part.get<NewAxis>() || part.get<AllOthers>()) return 0;
  const Tensor* t = part.get<Tensor>();
  return t && impl(*t).dtype == DType::boolean ? impl(*t).shape.rank() : 1;
}

int total_taken(const char* op, const Tensor& x, const std::vector<Index>& indices, const Location& at) {
  int taken = 0, ellipses = 0;
  for (const Index& part : indices) {
    if (const Tensor* t = part.get<Tensor>()) {
      require_defined(op, *t, at);
      if (impl(*t).dtype != DType::boolean) require_index_dtype(op, *t, at);
    }
    taken += dims_taken(part);
    ellipses += part.get<AllOthers>() != nullptr;
  }
  if (ellipses > 1) [[unlikely]]
    ErrorReport(op, "Ellipsis may stand once", at).operand("input", x).index_error();
  if (taken > impl(x).shape.rank()) [[unlikely]]
    ErrorReport(op, fmt::format("too many indices: {} for a tensor of rank {}", taken, impl(x).shape.rank()), at)
        .operand("input", x)
        .index_error();
  return taken;
}

class Reader {
 public:
  Reader(const char* op, const Tensor& x, const Location& at) : op_(op), x_(x), at_(at), parts_{x, {}} {}

  Parts read(const std::vector<Index>& indices) {
    const int rest = impl(x_).shape.rank() - total_taken(op_, x_, indices, at_);
    for (const Index& part : indices) {
      if (const auto* number = part.get<std::int64_t>()) {
        select_one(*number);
      } else if (const auto* slice = part.get<Slice>()) {
        cut(*slice);
      } else if (part.get<NewAxis>()) {
        parts_.view = unsqueeze(parts_.view, dim_++, at_);
      } else if (part.get<AllOthers>()) {
        dim_ += rest;
      } else {
        choose(*part.get<Tensor>());
      }
    }
    return std::move(parts_);
  }

 private:
  std::int64_t size() const { return impl(parts_.view).shape[dim_]; }

  void select_one(std::int64_t i) {
    if (i < -size() || i >= size()) [[unlikely]]
      ErrorReport(op_, fmt::format("index {} out of range for size {} (dim {})", i, size(), dim_), at_)
          .operand("input", x_)
          .index_error();
    parts_.view = select(parts_.view, dim_, i, at_);
  }

  void cut(const Slice& s) {
    if (s.step <= 0) [[unlikely]]
      ErrorReport(op_, fmt::format("step must be positive, got {}", s.step), at_).operand("input", x_).value_error();
    if (s.start != 0 || s.stop < size() || s.step != 1)
      parts_.view = slice(parts_.view, dim_, s.start, s.stop, s.step, at_);
    ++dim_;
  }

  void choose(const Tensor& t) {
    if (impl(t).dtype == DType::boolean) return choose_by_mask(t);
    if (impl(t).shape.rank() == 0) return select_one(t.item<std::int64_t>(at_));
    const Tensor wrapped = detail::as_wrapped_index(op_, t, size(), x_, at_);
    parts_.choices.push_back({dim_++, reshape(wrapped, impl(t).shape)});
  }

  // A mask of rank 0 keeps or drops a new dimension of size 1.
  void choose_by_mask(const Tensor& mask) {
    const int rank = impl(mask).shape.rank();
    if (rank == 0) parts_.view = unsqueeze(parts_.view, dim_, at_);
    for (int i = 0; i < rank; ++i)
      if (impl(mask).shape[i] != impl(parts_.view).shape[dim_ + i]) [[unlikely]]
        ErrorReport(
            op_,
            fmt::format("mask of shape {} does not fit at dim {}: size {} is {}, expected {}",
                        to_string(impl(mask).shape), dim_, i, impl(mask).shape[i], impl(parts_.view).shape[dim_ + i]),
            at_)
            .operand("input", x_)
            .operand("mask", mask)
            .index_error();
    const Tensor found = nonzero(rank == 0 ? reshape(mask, {1}) : mask, at_);
    for (int i = 0; i < std::max(rank, 1); ++i) parts_.choices.push_back({dim_++, select(found, 1, i).contiguous()});
  }

  const char* op_;
  const Tensor& x_;
  const Location& at_;
  Parts parts_;
  int dim_ = 0;
};

// The common shape of the index tensors.
Shape chosen_shape(const char* op, const std::vector<Choice>& choices, const Location& at) {
  Shape shape = impl(choices[0].places).shape;
  for (const Choice& c : choices) shape = broadcast_shapes(op, shape, impl(c.places).shape, at);
  return shape;
}

bool side_by_side(const std::vector<Choice>& choices) {
  for (std::size_t k = 1; k < choices.size(); ++k)
    if (choices[k].dim != choices[k - 1].dim + 1) return false;
  return true;
}

// The same of operations, which an exporter sees.
Tensor traced_places(const std::vector<Choice>& choices, const Shape& shape, const Shape& steps) {
  Tensor sum;
  for (std::size_t k = 0; k < choices.size(); ++k) {
    const Tensor wide = expand(choices[k].places, shape), part = steps[k] == 1 ? wide : mul(wide, Scalar(steps[k]));
    sum = sum.defined() ? add(sum, part) : part;
  }
  return reshape(sum, {shape.numel()});
}

// Sum of places times steps, for all choices together.
Tensor combined_places(const std::vector<Choice>& choices, const Shape& shape, const Shape& steps) {
  if (detail::tracing_all) return traced_places(choices, shape, steps);
  Tensor sum = detail::zeros_raw({shape.numel()}, DType::int64);
  auto* out = detail::data<std::int64_t>(sum);
  for (std::size_t k = 0; k < choices.size(); ++k) {
    const Tensor places = detail::contiguous_copy(expand(choices[k].places, shape));
    const auto* p = detail::data<std::int64_t>(places);
    for (std::int64_t i = 0; i < impl(sum).numel; ++i) out[i] += p[i] * steps[k];
  }
  return sum;
}

Tensor choose_from(const Tensor& view, const std::vector<Choice>& choices, const char* op, const Location& at) {
  const Shape chosen = chosen_shape(op, choices, at);
  const int count = static_cast<int>(choices.size());
  Shape dims, front, sizes;
  for (int k = 0; k < count; ++k) {
    dims.push_back(choices[static_cast<std::size_t>(k)].dim);
    front.push_back(k);
    sizes.push_back(impl(view).shape[dims.back()]);
  }
  const bool together = side_by_side(choices);
  const int first = together ? choices[0].dim : 0;
  const Tensor ordered = together ? view : movedim(view, dims, front, at);
  const Tensor merged = count > 1 ? flatten(ordered, first, first + count - 1, at) : ordered;
  const Tensor rows = index_select(merged, first, combined_places(choices, chosen, sizes.contiguous_strides()), at);
  if (chosen.rank() == 1) return rows;
  Shape shape;
  for (int i = 0; i < first; ++i) shape.push_back(impl(rows).shape[i], at);
  for (const std::int64_t n : chosen) shape.push_back(n, at);
  for (int i = first + 1; i < impl(rows).shape.rank(); ++i) shape.push_back(impl(rows).shape[i], at);
  return reshape(rows, shape, at);
}

// Offsets of all elements of a box, row by row.
std::vector<std::int64_t> offsets_of(const Shape& sizes, const Shape& strides) {
  std::vector<std::int64_t> all{0};
  for (int d = 0; d < sizes.rank(); ++d) {
    std::vector<std::int64_t> next;
    for (const std::int64_t o : all)
      for (std::int64_t i = 0; i < sizes[d]; ++i) next.push_back(o + i * strides[d]);
    all = std::move(next);
  }
  return all;
}

// The row-major numbers of the elements of a contiguous tensor of x's shape that index(x, indices) would read.
Tensor element_numbers(const char* op, const Tensor& x, const std::vector<Index>& indices, const Location& at) {
  NoGradGuard off;
  // Its geometry alone is read.
  const Tensor plain =
      detail::make_alias(detail::make_view(x, impl(x).shape, impl(x).shape.contiguous_strides(), impl(x).offset()));
  const Parts parts = Reader(op, plain, at).read(indices);
  const Shape &sizes = impl(parts.view).shape, &strides = impl(parts.view).strides;
  const std::int64_t first = impl(parts.view).offset() - impl(x).offset();
  const bool any = !parts.choices.empty(), together = side_by_side(parts.choices);
  Shape chosen, steps, before, before_strides, after, after_strides;
  if (any) chosen = chosen_shape(op, parts.choices, at);
  unsigned replaced = 0;
  for (const Choice& c : parts.choices) {
    replaced |= 1u << c.dim;
    steps.push_back(strides[c.dim]);
  }
  for (int d = 0; d < sizes.rank(); ++d) {
    if (replaced >> d & 1u) continue;
    const bool lead = any && together && d < parts.choices[0].dim;
    (lead ? before : after).push_back(sizes[d]);
    (lead ? before_strides : after_strides).push_back(strides[d]);
  }
  Shape shape = before;
  for (const std::int64_t n : chosen) shape.push_back(n, at);
  for (const std::int64_t n : after) shape.push_back(n, at);
  Tensor numbers = make_tensor(shape, DType::int64, at);
  const Tensor places = any ? combined_places(parts.choices, chosen, steps) : detail::zeros_raw({1}, DType::int64);
  const auto* middle = detail::data<std::int64_t>(places);
  auto* out = detail::data<std::int64_t>(numbers);
  const auto inner = offsets_of(after, after_strides);
  for (const std::int64_t o : offsets_of(before, before_strides))
    for (std::int64_t i = 0; i < impl(places).numel; ++i)
      for (const std::int64_t j : inner) *out++ = first + o + middle[i] + j;
  return numbers;
}

}  // namespace

Tensor index(const Tensor& x, const std::vector<Index>& indices, Location at) {
  require_defined("index", x, at);
  const Parts parts = Reader("index", x, at).read(indices);
  return parts.choices.empty() ? parts.view : choose_from(parts.view, parts.choices, "index", at);
}

Tensor index_put(const Tensor& x, const std::vector<Index>& indices, const Tensor& values, bool accumulate,
                 Location at) {
  require_same_dtype("index_put", x, values, at);
  const Tensor numbers = element_numbers("index_put", x, indices, at);
  const Shape& wanted = impl(numbers).shape;
  Tensor part = values;
  while (impl(part).shape.rank() > wanted.rank() && impl(part).shape[0] == 1) part = squeeze(part, 0, at);
  bool fits = impl(part).shape.rank() <= wanted.rank();
  for (int i = 1; fits && i <= impl(part).shape.rank(); ++i)
    fits = impl(part).shape[-i] == 1 || impl(part).shape[-i] == wanted[-i];
  if (!fits) [[unlikely]]
    ErrorReport("index_put",
                fmt::format("values of shape {} do not expand to the part of shape {}", to_string(impl(values).shape),
                            to_string(wanted)),
                at)
        .operand("input", x)
        .operand("values", values)
        .shape_error();
  return put(x, numbers, expand(part, wanted, at), accumulate, at);
}

Tensor index_put(const Tensor& x, const std::vector<Index>& indices, Scalar value, bool accumulate, Location at) {
  require_defined("index_put", x, at);
  detail::require_fits("index_put", value, impl(x).dtype, at);
  return index_put(x, indices, detail::scalar_tensor(value, impl(x).dtype), accumulate, at);
}

}  // namespace xgrad
