// Rows of a table. Looking up rows and adding rows up are adjoint linear maps, each the backward pass of the other, so
// every order of derivative exists. `scale` is a factor per index (0 for padding, 1 / count by frequency).
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/p_norm.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/record.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/recomputable.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"
#include "kernels/bag_sums.hpp"
#include "kernels/row_select.hpp"
#include "ops/index_places.hpp"
#include "ops/index_range.hpp"
#include "ops/view_geometry.hpp"

namespace xgrad {

using detail::data;
using detail::impl;
using detail::make_tensor;

namespace {

// Contiguous indices, all in range.
Tensor check_index(const char* op, const Tensor& input, std::int64_t rows, const Tensor& weight, const Location& at) {
  const Tensor plain = detail::as_index(input);
  const std::int64_t i = detail::first_outside(plain, rows);
  if (i < 0) [[likely]]
    return plain;
  ErrorReport(op, fmt::format("index {} out of range for {} rows", data<std::int64_t>(plain)[i], rows), at)
      .operand("input", input)
      .operand("weight", weight)
      .line("at", fmt::format("element {} of the input", i))
      .index_error();
}

template <class T>
XGRAD_CLONES void scale_row(T* to, const T* from, std::int64_t n, T factor) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] * factor;
}
template <class T>
XGRAD_CLONES void add_scaled_row(T* to, const T* from, std::int64_t n, T factor) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i] * factor;
}

// What does not change from pass to pass.
struct Table {
  Shape weight;  // (rows, *size)
  std::optional<std::int64_t> padding;
  std::int64_t size() const {
    std::int64_t n = 1;
    for (int d = 1; d < weight.rank(); ++d) n *= weight[d];
    return n;
  }
};

void describe(const Table& t, Attributes& list) { list.add("padding_idx", t.padding); }

Tensor add_up(const Tensor& g, const Tensor& index, const Tensor& scale, const Table& table);

template <class T>
void copy_scaled_rows(const T* weight, const std::int64_t* index, const T* scale, std::int64_t n, std::int64_t size,
                      T* out) {
  detail::parallel_for(n, detail::grain(n, static_cast<double>(n) * (5 + 0.4 * static_cast<double>(size))),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i)
                           scale_row(out + i * size, weight + index[i] * size, size, scale[i]);
                       });
}

// Rows of weight by index, times `factor` if defined.
Tensor rows_of(const Tensor& weight, const Tensor& index, const Tensor& factor, const Table& table,
               const Location& at) {
  Shape shape = impl(index).shape;
  for (int d = 1; d < table.weight.rank(); ++d) shape.push_back(table.weight[d]);
  Tensor out = make_tensor(shape, impl(weight).dtype, at);
  const Tensor packed = detail::contiguous_copy(weight);
  if (impl(out).numel > 0 && !factor.defined())
    detail::dispatch_width(impl(weight).dtype, [&](auto unit) {
      using T = decltype(unit);
      detail::select_rows(data<const T>(packed), data<const std::int64_t>(index), impl(index).numel, 1, table.weight[0],
                          table.size(), data<T>(out));
    });
  if (impl(out).numel > 0 && factor.defined())
    detail::dispatch_floating(impl(weight).dtype, [&](auto zero) {
      using T = decltype(zero);
      copy_scaled_rows(data<T>(packed), data<std::int64_t>(index), data<T>(factor), impl(index).numel, table.size(),
                       data<T>(out));
    });
  return out;
}

// The same (given: the index as the user passed it), on the tape; its backward pass scales with `scale`.
Tensor look_up(const Tensor& weight, const Tensor& index, const Tensor& given, const Tensor& factor,
               const Tensor& scale, const Table& table, const Location& at) {
  Tensor out = detail::record_reading(
      "embedding", {given}, rows_of(weight, index, factor, table, at), {weight}, {index, scale},
      detail::attributes_first(
          table, [](const Table& of, const Saved& s, const Tensor& g) -> Grads { return {add_up(g, s[0], s[1], of)}; }),
      at);
  const double time = detail::pass_time(impl(out).numel);
  return detail::recomputable(std::move(out), {weight, index, factor}, time, [table](std::span<const Tensor> in) {
    return rows_of(in[0], in[1], in[2], table, Location());
  });
}

// Threads share out the rows of the result, so each is summed in the order of the index.
template <class T>
void add_rows(const T* g, const std::int64_t* index, const T* scale, std::int64_t n, const Table& table, T* out) {
  const std::int64_t rows = table.weight[0], size = table.size();
  detail::parallel_for(rows, detail::grain(rows, static_cast<double>(n) * (2 + 0.4 * static_cast<double>(size))),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = 0; i < n; ++i)
                           if (index[i] >= begin && index[i] < end && !(scale && scale[i] == 0))
                             add_scaled_row(out + index[i] * size, g + i * size, size, scale ? scale[i] : T(1));
                       });
}

// Zeros with row i of g, times scale[i], added at index[i].
Tensor add_up(const Tensor& g, const Tensor& index, const Tensor& scale, const Table& table) {
  const DType type = impl(g).dtype;
  Tensor out = detail::zeros_raw(table.weight, type);
  const Tensor packed = detail::contiguous_copy(g);
  if (impl(packed).numel > 0)
    detail::dispatch_floating(type, [&](auto zero) {
      using T = decltype(zero);
      add_rows(data<const T>(packed), data<const std::int64_t>(index), scale.defined() ? data<const T>(scale) : nullptr,
               impl(index).numel, table, data<T>(out));
    });
  return detail::record_with_attributes("embedding_backward", table, std::move(out), {g}, {index, scale},
                                        [](const Table& of, const Saved& s, const Tensor& gg) -> Grads {
                                          return {look_up(gg, s[0], s[0], s[1], s[1], of, Location::current())};
                                        });
}

// The factor of each index's gradient; undefined when all are 1.
Tensor gradient_scale(const Tensor& index, std::int64_t rows, DType type, std::int64_t padding, bool by_frequency) {
  if (padding < 0 && !by_frequency) return {};
  const std::int64_t n = impl(index).numel;
  const auto* p = data<std::int64_t>(index);
  std::vector<std::int64_t> count(by_frequency ? static_cast<std::size_t>(rows) : 0);
  if (by_frequency)
    for (std::int64_t i = 0; i < n; ++i) ++count[static_cast<std::size_t>(p[i])];
  Tensor scale = make_tensor({n}, type);
  detail::dispatch_floating(type, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < n; ++i) {
      const double f = by_frequency ? 1 / static_cast<double>(count[static_cast<std::size_t>(p[i])]) : 1;
      data<T>(scale)[i] = p[i] == padding ? T(0) : static_cast<T>(f);
    }
  });
  return scale;
}

// Shortens the used rows in place, outside the tape.
void shorten_rows(Tensor weight, const Tensor& index, const Table& table, double max_norm, double p,
                  const Location& at) {
  const NoGradGuard off;
  Tensor packed = detail::contiguous_copy(weight.detach());
  const bool copied = !impl(weight).contiguous;
  const std::int64_t size = table.size();
  bool changed = false;
  detail::dispatch_floating(impl(weight).dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto* rows = data<std::int64_t>(index);
    for (std::int64_t i = 0; i < impl(index).numel; ++i) {
      T* row = data<T>(packed) + rows[i] * size;
      const double norm = detail::p_norm_of(row, size, p);
      if (!(norm > max_norm)) continue;
      const T factor = static_cast<T>(max_norm / (norm + 1e-7));
      for (std::int64_t k = 0; k < size; ++k) row[k] *= factor;
      changed = true;
    }
  });
  if (changed && copied) weight.copy_(packed, at);
  if (changed && !copied)
    detail::dispatch_floating(impl(weight).dtype,
                              [&](auto zero) { packed.mutable_data<decltype(zero)>(at); });  // counts
}

}  // namespace

namespace {

// -1: none.
std::int64_t row_of_padding(const char* op, const std::optional<std::int64_t>& given, std::int64_t rows,
                            const Tensor& weight, const Location& at) {
  if (!given) return -1;
  if (*given < -rows || *given >= rows) [[unlikely]]
    ErrorReport(op, fmt::format("padding_idx {} out of range for {} rows", *given, rows), at)
        .operand("weight", weight)
        .index_error();
  return *given < 0 ? *given + rows : *given;
}

}  // namespace

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingOptions& options, Location at) {
  require_index_dtype("embedding", input, at);
  require_defined("embedding", weight, at);
  const Shape& shape = impl(weight).shape;
  if (shape.rank() == 0) [[unlikely]]
    ErrorReport("embedding", "weight must be (rows, size), got ()", at).operand("weight", weight).shape_error();
  const std::int64_t rows = shape[0];
  const std::int64_t padding = row_of_padding("embedding", options.padding_idx, rows, weight, at);
  const Tensor index = check_index("embedding", input, rows, weight, at);
  const Table table{shape, options.padding_idx ? std::optional(padding) : std::nullopt};
  if (options.max_norm) {
    require_floating("embedding", weight, at);
    shorten_rows(weight, index, table, *options.max_norm, options.norm_type, at);
  }
  Tensor scale;
  if (is_floating(impl(weight).dtype) && grad_enabled())
    scale = gradient_scale(index, rows, impl(weight).dtype, padding, options.scale_grad_by_freq);
  return look_up(weight, index, input, Tensor(), scale, table, at);
}

// ---- bags ----
// Sums and means have kernels, adjoint to each other; with weights of the samples, and for the largest, bags are a
// composition of lookups, sums and maxima, which are on the tape.
namespace {

constexpr const char* kBagOp = "embedding_bag";

// Which places of the flat input belong to each bag, without padding.
using Bags = std::vector<std::vector<std::int64_t>>;

std::vector<std::int64_t> read_offsets(const Tensor& input, const EmbeddingBagOptions& o, const Location& at) {
  if (!o.offsets.defined()) [[unlikely]]
    ErrorReport(kBagOp, "a 1-D input needs offsets", at).operand("input", input).shape_error();
  require_index_dtype(kBagOp, o.offsets, at);
  require_rank(kBagOp, o.offsets, 1, at);
  std::vector<std::int64_t> v = o.offsets.to_vector<std::int64_t>();
  if (o.include_last_offset && v.empty()) [[unlikely]]
    ErrorReport(kBagOp, "include_last_offset needs at least one offset, the end of the last bag", at)
        .operand("offsets", o.offsets)
        .value_error();
  const std::int64_t n = impl(input).numel;
  std::int64_t before = 0;
  for (std::size_t i = 0; i < v.size(); ++i) {
    if ((i == 0 && v[i] != 0) || v[i] < before || v[i] > n) [[unlikely]]
      ErrorReport(kBagOp,
                  fmt::format("offset {} at {} must begin at 0, not decrease and not exceed the number of indices, {}",
                              v[i], i, n),
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
  if (s.rank() == 1) return read_offsets(input, o, at);
  if (s.rank() != 2 || o.offsets.defined()) [[unlikely]]
    ErrorReport(kBagOp, "input must be (bags, length) without offsets, or 1-D with offsets", at)
        .operand("input", input)
        .shape_error();
  std::vector<std::int64_t> v(static_cast<std::size_t>(s[0]) + 1);
  for (std::size_t b = 0; b < v.size(); ++b) v[b] = static_cast<std::int64_t>(b) * s[1];
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

// What is added up where, without padding: the rows of the table, bag after bag, and where each bag begins in them, and
// the last ends; `share` multiplies each bag (1 / its length, for means), `scale` the gradient of each row.
// Undefined: 1.
struct BagPlan {
  Tensor row, ends, share, scale;
  std::int64_t bags() const { return impl(ends).numel - 1; }
};

Tensor spread_bags(const Tensor& g, const BagPlan& p, const Table& table);

// The rows of each bag added up; `scaled`: as the adjoint of spread_bags.
Tensor bags_of_rows(const Tensor& weight, const BagPlan& p, bool scaled, const Table& table, const Location& at) {
  Shape shape = table.weight;
  shape[0] = p.bags();
  Tensor out = make_tensor(shape, impl(weight).dtype, at);
  const Tensor packed = detail::contiguous_copy(weight);
  if (impl(out).numel > 0)
    detail::dispatch_floating(impl(weight).dtype, [&](auto zero) {
      using T = decltype(zero);
      const detail::BagSums<T> sums{data<const T>(packed),
                                    table.size(),
                                    data<const std::int64_t>(p.row),
                                    data<const std::int64_t>(p.ends),
                                    detail::data_or_null<const T>(p.share),
                                    scaled ? detail::data_or_null<const T>(p.scale) : nullptr};
      const double ns = static_cast<double>(impl(p.row).numel) * (3 + 0.1 * static_cast<double>(sums.size));
      detail::parallel_for(p.bags(), detail::grain(p.bags(), ns),
                           [&](std::int64_t begin, std::int64_t end) { sums.run(begin, end, data<T>(out)); });
    });
  return out;
}

Tensor look_up_bags(const Tensor& weight, const Tensor& given, const BagPlan& p, bool scaled, const Table& table,
                    const Location& at) {
  Tensor out = detail::record_reading(
      "embedding_bag", {given}, bags_of_rows(weight, p, scaled, table, at), {weight}, {p.row, p.ends, p.share, p.scale},
      detail::attributes_first(table,
                               [](const Table& of, const Saved& s, const Tensor& g) -> Grads {
                                 return {spread_bags(g, {s[0], s[1], s[2], s[3]}, of)};
                               }),
      at, detail::named<"mode">(p.share.defined() ? "mean" : "sum"));
  const double time = detail::pass_time(impl(p.row).numel * table.size());
  return detail::recomputable(std::move(out), {weight, p.row, p.ends, p.share, p.scale}, time,
                              [=](std::span<const Tensor> in) {
                                return bags_of_rows(in[0], {in[1], in[2], in[3], in[4]}, scaled, table, Location());
                              });
}

// Threads share out the rows of the table, so each is summed in the order of the elements.
template <class T>
void add_bags(const T* g, const BagPlan& p, std::int64_t rows, std::int64_t size, T* out) {
  const std::int64_t n = impl(p.row).numel, bags = p.bags();
  const auto *row = data<const std::int64_t>(p.row), *ends = data<const std::int64_t>(p.ends);
  const T *share = detail::data_or_null<const T>(p.share), *scale = detail::data_or_null<const T>(p.scale);
  const double ns = static_cast<double>(n) * (2 + 0.4 * static_cast<double>(size));
  detail::parallel_for(rows, detail::grain(rows, ns), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = 0; b < bags; ++b)
      for (std::int64_t i = ends[b]; i < ends[b + 1]; ++i)
        if (row[i] >= begin && row[i] < end)
          add_scaled_row(out + row[i] * size, g + b * size, size,
                         (share ? share[b] : T(1)) * (scale ? scale[i] : T(1)));
  });
}

Tensor spread_bags(const Tensor& g, const BagPlan& p, const Table& table) {
  Tensor out = detail::zeros_raw(table.weight, impl(g).dtype);
  const Tensor packed = detail::contiguous_copy(g);
  if (impl(out).numel > 0)
    detail::dispatch_floating(impl(g).dtype, [&](auto zero) {
      using T = decltype(zero);
      add_bags(data<const T>(packed), p, table.weight[0], table.size(), data<T>(out));
    });
  return detail::record_with_attributes(
      "embedding_bag_backward", table, std::move(out), {g}, {p.row, p.ends, p.share, p.scale},
      [](const Table& of, const Saved& s, const Tensor& gg) -> Grads {
        return {look_up_bags(gg, s[0], {s[0], s[1], s[2], s[3]}, true, of, Location::current())};
      });
}

// `scale`: of all elements of the flat input.
BagPlan plan_bags(const std::vector<std::int64_t>& ends, const Tensor& flat, std::int64_t padding, const Tensor& scale,
                  bool mean, DType type) {
  const std::int64_t bags = std::max<std::int64_t>(std::ssize(ends) - 1, 0), n = impl(flat).numel;
  const std::int64_t last = bags > 0 ? ends.back() : 0;
  const auto* index = data<const std::int64_t>(flat);
  const std::int64_t kept = last - (padding < 0 ? 0 : std::count(index, index + last, padding));
  const bool all = kept == n;
  BagPlan p{all ? flat : make_tensor({kept}, DType::int64), make_tensor({bags + 1}, DType::int64),
            mean ? make_tensor({bags}, type) : Tensor(), all || !scale.defined() ? scale : make_tensor({kept}, type)};
  auto* begins = data<std::int64_t>(p.ends);
  std::copy(ends.begin(), ends.end(), begins);
  if (bags == 0) begins[0] = 0;
  detail::dispatch_floating(type, [&](auto zero) {
    using T = decltype(zero);
    std::int64_t to = 0;
    for (std::int64_t b = 0; b < bags && !all; ++b) {
      begins[b] = to;
      for (auto j = ends[static_cast<std::size_t>(b)]; j < ends[static_cast<std::size_t>(b) + 1]; ++j) {
        if (index[j] == padding) continue;
        data<std::int64_t>(p.row)[to] = index[j];
        if (scale.defined()) data<T>(p.scale)[to] = data<const T>(scale)[j];
        ++to;
      }
    }
    if (!all) begins[bags] = to;
    for (std::int64_t b = 0; b < bags && mean; ++b) {
      const std::int64_t length = begins[b + 1] - begins[b];
      data<T>(p.share)[b] = length == 0 ? T(1) : static_cast<T>(1 / static_cast<double>(length));
    }
  });
  return p;
}

// The weighted rows of each bag added up.
Tensor add_up_bags(const Tensor& rows, const Bags& bags, const Location& at) {
  std::vector<std::int64_t> place, bag;
  for (std::size_t b = 0; b < bags.size(); ++b) {
    place.insert(place.end(), bags[b].begin(), bags[b].end());
    bag.insert(bag.end(), bags[b].size(), static_cast<std::int64_t>(b));
  }
  const auto n = static_cast<std::int64_t>(place.size());
  Shape shape = impl(rows).shape;
  shape[0] = static_cast<std::int64_t>(bags.size());
  const Tensor used = index_select(rows, 0, from_vector(place, {n}), at);
  return index_add(zeros(shape, {.dtype = impl(rows).dtype}), 0, from_vector(bag, {n}), used, 1, at);
}

// Bags filled up to one length with rows that are never the largest.
Tensor take_largest_of_bags(const Tensor& rows, const Bags& bags, const Location& at) {
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

namespace {

Tensor bags_by_kernel(const Tensor& input, const Tensor& flat, const Tensor& weight,
                      const std::vector<std::int64_t>& ends, std::int64_t padding, const EmbeddingBagOptions& o,
                      const Location& at) {
  const Table table{impl(weight).shape, padding < 0 ? std::nullopt : std::optional(padding)};
  const std::int64_t rows = table.weight[0];
  const Tensor index = check_index(kBagOp, flat, rows, weight, at);
  if (o.max_norm) shorten_rows(weight, index, table, *o.max_norm, o.norm_type, at);
  Tensor scale;
  if (o.scale_grad_by_freq && grad_enabled()) scale = gradient_scale(index, rows, impl(weight).dtype, -1, true);
  const BagPlan plan = plan_bags(ends, index, padding, scale, o.mode == BagMode::mean, impl(weight).dtype);
  return look_up_bags(weight, input, plan, false, table, at);
}

}  // namespace

Tensor embedding_bag(const Tensor& input, const Tensor& weight, const EmbeddingBagOptions& o, Location at) {
  require_index_dtype(kBagOp, input, at);
  require_floating(kBagOp, weight, at);
  if (impl(weight).shape.rank() == 0) [[unlikely]]
    ErrorReport(kBagOp, "weight must be (rows, size), got ()", at).operand("weight", weight).shape_error();
  const std::vector<std::int64_t> ends = bag_ends(input, o, at);
  if (o.per_sample_weights.defined()) {
    require_same_dtype(kBagOp, weight, o.per_sample_weights, at);
    require_same_shape(kBagOp, input, o.per_sample_weights, at);
    if (o.mode != BagMode::sum) [[unlikely]]
      ErrorReport(kBagOp, "per_sample_weights need mode sum", at).value_error();
  }
  if (o.mode == BagMode::max && o.scale_grad_by_freq) [[unlikely]]
    ErrorReport(kBagOp, "mode max does not take scale_grad_by_freq", at).value_error();
  const std::int64_t rows = impl(weight).shape[0], n = impl(input).numel;
  const EmbeddingOptions lookup{.padding_idx = o.padding_idx,
                                .max_norm = o.max_norm,
                                .norm_type = o.norm_type,
                                .scale_grad_by_freq = o.scale_grad_by_freq};
  const Tensor flat = detail::as_index(input).reshape({n});
  const std::int64_t padding = row_of_padding(kBagOp, o.padding_idx, rows, weight, at);
  if (o.mode != BagMode::max && !o.per_sample_weights.defined())
    return bags_by_kernel(input, flat, weight, ends, padding, o, at);
  const Bags bags = bags_of(ends, flat, padding);
  Tensor values = embedding(flat, weight, lookup, at);
  if (o.per_sample_weights.defined()) {
    Shape column{n};
    for (int d = 1; d < impl(weight).shape.rank(); ++d) column.push_back(1);
    values = mul(values, reshape(o.per_sample_weights, column, at), at);
  }
  if (o.mode == BagMode::max) return take_largest_of_bags(values, bags, at);
  return add_up_bags(values, bags, at);
}

}  // namespace xgrad
