// Rows of a table joined by bags: a composition of lookups, sums and maxima, which are on the tape.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>
#include <xgrad/check.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad {

using detail::impl;

namespace {

constexpr const char* kOp = "embedding_bag";

// Which places of the flat input belong to each bag, without padding.
using Bags = std::vector<std::vector<std::int64_t>>;

std::vector<std::int64_t> checked_offsets(const Tensor& input, const EmbeddingBagOptions& o, const Location& at) {
  if (!o.offsets.defined()) [[unlikely]]
    ErrorReport(kOp, "a 1-D input needs offsets", at).operand("input", input).shape_error();
  require_index_dtype(kOp, o.offsets, at);
  require_rank(kOp, o.offsets, 1, at);
  std::vector<std::int64_t> v = o.offsets.to_vector<std::int64_t>();
  const std::int64_t n = impl(input).numel;
  std::int64_t before = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    if ((i == 0 && v[i] != 0) || v[i] < before || v[i] > n) [[unlikely]]
      ErrorReport(kOp, fmt::format("offset {} at {} must begin at 0, not decrease and not exceed the number of indices, {}", v[i], i, n),
                  at)
          .operand("input", input)
          .operand("offsets", o.offsets)
          .value_error();
    before = v[i];
  }
  if (!o.include_last_offset) v.push_back(n);
  return v;
}

std::vector<std::int64_t> bag_ends(const Tensor& input, const EmbeddingBagOptions& o, const Location& at) {
  const Shape& s = impl(input).shape;
  if (s.rank() == 1) return checked_offsets(input, o, at);
  if (s.rank() != 2 || o.offsets.defined()) [[unlikely]]
    ErrorReport(kOp, "input must be (bags, length) without offsets, or 1-D with offsets", at)
        .operand("input", input)
        .shape_error();
  std::vector<std::int64_t> v;
  for (std::int64_t b = 0; b <= s[0]; ++b) v.push_back(b * s[1]);
  return v;
}

Bags bags_of(const std::vector<std::int64_t>& ends, const Tensor& flat, std::int64_t padding) {
  Bags bags(ends.empty() ? 0 : ends.size() - 1);
  const auto* p = detail::data<std::int64_t>(flat);
  for (std::size_t b = 0; b < bags.size(); ++b)
    for (std::int64_t i = ends[b]; i < ends[b + 1]; ++i)
      if (p[i] != padding) bags[b].push_back(i);
  return bags;
}

// The rows of each bag added up; mean: divided by their number.
Tensor added(const Tensor& rows, const Bags& bags, bool mean, const Location& at) {
  std::vector<std::int64_t> place, bag;
  std::vector<double> share;
  for (std::size_t b = 0; b < bags.size(); ++b) {
    share.push_back(mean && !bags[b].empty() ? 1 / static_cast<double>(bags[b].size()) : 1);
    place.insert(place.end(), bags[b].begin(), bags[b].end());
    bag.insert(bag.end(), bags[b].size(), static_cast<std::int64_t>(b));
  }
  const auto count = static_cast<std::int64_t>(bags.size()), n = static_cast<std::int64_t>(place.size());
  const DType type = impl(rows).dtype;
  Shape shape = impl(rows).shape, column{count};
  shape[0] = count;
  for (int d = 1; d < shape.rank(); ++d) column.push_back(1);
  const Tensor used = index_select(rows, 0, from_vector(place, {n}), at);
  const Tensor sum = index_add(zeros(shape, {.dtype = type}), 0, from_vector(bag, {n}), used, at);
  return mean ? mul(sum, from_vector(share, column).to(type), at) : sum;
}

// Bags filled up to one length with rows that are never the largest.
Tensor largest(const Tensor& rows, const Bags& bags, const Location& at) {
  std::size_t longest = 1;
  for (const auto& b : bags) longest = std::max(longest, b.size());
  const auto count = static_cast<std::int64_t>(bags.size()), length = static_cast<std::int64_t>(longest);
  Shape one = impl(rows).shape, shape = one, column{count};
  const std::int64_t filler = one[0];
  one[0] = 1;
  const TensorOptions type{.dtype = impl(rows).dtype};
  const Tensor low = full(one, -std::numeric_limits<double>::infinity(), type);
  std::vector<std::int64_t> place;
  for (const auto& b : bags) {
    place.insert(place.end(), b.begin(), b.end());
    place.insert(place.end(), longest - b.size(), filler);
  }
  shape[0] = count;
  shape.insert(1, length);
  const Tensor all = index_select(cat({rows, low}, 0, at), 0, from_vector(place, {count * length}), at);
  const Tensor y = max(reshape(all, shape, at), 1, false, at).values;
  for (int d = 1; d < one.rank(); ++d) column.push_back(1);
  Tensor empty = zeros(column, {.dtype = kBool});
  for (std::size_t b = 0; b < bags.size(); ++b) detail::data<bool>(empty)[b] = bags[b].empty();
  return where(empty, Scalar(0.0), y, at);
}

}  // namespace

Tensor embedding_bag(const Tensor& input, const Tensor& weight, const EmbeddingBagOptions& o, Location at) {
  require_index_dtype(kOp, input, at);
  require_floating(kOp, weight, at);
  if (impl(weight).shape.rank() == 0) [[unlikely]]
    ErrorReport(kOp, "weight must be (rows, size), got ()", at).operand("weight", weight).shape_error();
  const std::vector<std::int64_t> ends = bag_ends(input, o, at);
  if (o.per_sample_weights.defined()) {
    require_same_dtype(kOp, weight, o.per_sample_weights, at);
    require_same_shape(kOp, input, o.per_sample_weights, at);
    if (o.mode != BagMode::sum) [[unlikely]]
      ErrorReport(kOp, "per_sample_weights need mode sum", at).value_error();
  }
  const std::int64_t rows = impl(weight).shape[0], n = impl(input).numel;
  const EmbeddingOptions lookup{.padding_idx = o.padding_idx,
                                .max_norm = o.max_norm,
                                .norm_type = o.norm_type,
                                .scale_grad_by_freq = o.scale_grad_by_freq};
  const Tensor flat = detail::contiguous_copy(detail::cast_raw(input, DType::int64)).reshape({n});
  Tensor values = embedding(flat, weight, lookup, at);
  if (o.per_sample_weights.defined()) {
    Shape column{n};
    for (int d = 1; d < impl(weight).shape.rank(); ++d) column.push_back(1);
    values = mul(values, reshape(o.per_sample_weights, column, at), at);
  }
  const std::int64_t padding = o.padding_idx ? (*o.padding_idx < 0 ? *o.padding_idx + rows : *o.padding_idx) : -1;
  const Bags bags = bags_of(ends, flat, padding);
  return o.mode == BagMode::max ? largest(values, bags, at) : added(values, bags, o.mode == BagMode::mean, at);
}

}  // namespace xgrad
