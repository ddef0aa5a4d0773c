// Rows of a table. Looking up rows and adding rows up are adjoint linear maps, each the backward pass of the other, so
// every order of derivative exists. `scale` is a factor per index (0 for padding, 1 / count by frequency).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/p_norm.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad {

using detail::data;
using detail::impl;
using detail::make_tensor;

namespace {

// Contiguous indices, all in range.
Tensor checked_index(const Tensor& input, std::int64_t rows, const Tensor& weight, const Location& at) {
  const Tensor plain = detail::contiguous_copy(detail::cast_raw(input, DType::int64));
  const auto* p = data<std::int64_t>(plain);
  for (std::int64_t i = 0; i < impl(plain).numel; ++i)
    if (p[i] < 0 || p[i] >= rows) [[unlikely]]
      ErrorReport("embedding", fmt::format("index {} out of range for {} rows", p[i], rows), at)
          .operand("input", input)
          .operand("weight", weight)
          .line("at", fmt::format("element {} of the input", i))
          .index_error();
  return plain;
}

template <class T>
XGRAD_CLONES void scaled_row(T* to, const T* from, std::int64_t n, T factor) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] * factor;
}
template <class T>
XGRAD_CLONES void add_scaled_row(T* to, const T* from, std::int64_t n, T factor) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i] * factor;
}

std::int64_t grain(std::int64_t items, double total_ns) {
  return std::max<std::int64_t>(1,
                                static_cast<std::int64_t>(3000 * static_cast<double>(items) / std::max(total_ns, 1.0)));
}

// What does not change from pass to pass.
struct Table {
  Shape weight;  // (rows, *size)
  std::int64_t size() const {
    std::int64_t n = 1;
    for (int d = 1; d < weight.rank(); ++d) n *= weight[d];
    return n;
  }
};

Tensor add_up(const Tensor& g, const Tensor& index, const Tensor& scale, const Table& table);

void copy_rows(const Tensor& weight, const Tensor& index, std::int64_t size, Tensor& out) {
  const std::int64_t n = impl(index).numel;
  const auto bytes = static_cast<std::size_t>(size * item_size(impl(weight).dtype));
  const auto* p = data<std::int64_t>(index);
  const char* from = impl(weight).memory();
  char* to = impl(out).memory();
  detail::parallel_for(n, grain(n, static_cast<double>(n) * (5 + 0.1 * static_cast<double>(bytes))),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i)
                           std::memcpy(to + static_cast<std::size_t>(i) * bytes,
                                       from + static_cast<std::size_t>(p[i]) * bytes, bytes);
                       });
}

template <class T>
void copy_scaled_rows(const T* weight, const std::int64_t* index, const T* scale, std::int64_t n, std::int64_t size,
                      T* out) {
  detail::parallel_for(n, grain(n, static_cast<double>(n) * (5 + 0.4 * static_cast<double>(size))),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i)
                           scaled_row(out + i * size, weight + index[i] * size, size, scale[i]);
                       });
}

// Rows of weight by index (given: as the user passed it), times `factor` if defined; its backward pass scales with
// `scale`.
Tensor look_up(const Tensor& weight, const Tensor& index, const Tensor& given, const Tensor& factor,
               const Tensor& scale, const Table& table, const Location& at) {
  Shape shape = impl(index).shape;
  for (int d = 1; d < table.weight.rank(); ++d) shape.push_back(table.weight[d]);
  Tensor out = make_tensor(shape, impl(weight).dtype, at);
  const Tensor packed = detail::contiguous_copy(weight);
  if (impl(out).numel > 0 && !factor.defined()) copy_rows(packed, index, table.size(), out);
  if (impl(out).numel > 0 && factor.defined())
    detail::dispatch_floating(impl(weight).dtype, [&](auto zero) {
      using T = decltype(zero);
      copy_scaled_rows(data<T>(packed), data<std::int64_t>(index), data<T>(factor), impl(index).numel, table.size(),
                       data<T>(out));
    });
  return detail::record_reading(
      "embedding", {given}, std::move(out), {weight}, {index, scale},
      [table](const Saved& s, const Tensor& g) -> Grads { return {add_up(g, s[0], s[1], table)}; }, at);
}

// Threads share out the rows of the result, so each is summed in the order of the index.
template <class T>
void add_rows(const T* g, const std::int64_t* index, const T* scale, std::int64_t n, const Table& table, T* out) {
  const std::int64_t rows = table.weight[0], size = table.size();
  detail::parallel_for(rows, grain(rows, static_cast<double>(n) * (2 + 0.4 * static_cast<double>(size))),
                       [=](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = 0; i < n; ++i)
                           if (index[i] >= begin && index[i] < end && !(scale && scale[i] == 0))
                             add_scaled_row(out + index[i] * size, g + i * size, size, scale ? scale[i] : T(1));
                       });
}

// Zeros with row i of g, times scale[i], added at index[i].
Tensor add_up(const Tensor& g, const Tensor& index, const Tensor& scale, const Table& table) {
  const DType type = impl(g).dtype;
  Tensor out = make_tensor(table.weight, type);
  detail::fill_raw(out, Scalar(0.0));
  const Tensor packed = detail::contiguous_copy(g);
  if (impl(packed).numel > 0)
    detail::dispatch_floating(type, [&](auto zero) {
      using T = decltype(zero);
      add_rows(data<const T>(packed), data<const std::int64_t>(index), scale.defined() ? data<const T>(scale) : nullptr,
               impl(index).numel, table, data<T>(out));
    });
  return record("embedding_backward", std::move(out), {g}, {index, scale},
                [table](const Saved& s, const Tensor& gg) -> Grads {
                  return {look_up(gg, s[0], s[0], s[1], s[1], table, Location::current())};
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

Tensor embedding(const Tensor& input, const Tensor& weight, const EmbeddingOptions& options, Location at) {
  require_index_dtype("embedding", input, at);
  require_defined("embedding", weight, at);
  const Shape& shape = impl(weight).shape;
  if (shape.rank() == 0) [[unlikely]]
    ErrorReport("embedding", "weight must be (rows, size), got ()", at).operand("weight", weight).shape_error();
  const std::int64_t rows = shape[0];
  std::int64_t padding = options.padding_idx.value_or(-1);
  if (options.padding_idx) {
    if (padding < -rows || padding >= rows) [[unlikely]]
      ErrorReport("embedding", fmt::format("padding_idx {} out of range for {} rows", padding, rows), at)
          .operand("weight", weight)
          .index_error();
    if (padding < 0) padding += rows;
  }
  const Tensor index = checked_index(input, rows, weight, at);
  const Table table{shape};
  if (options.max_norm) {
    require_floating("embedding", weight, at);
    shorten_rows(weight, index, table, *options.max_norm, options.norm_type, at);
  }
  Tensor scale;
  if (is_floating(impl(weight).dtype) && grad_enabled())
    scale = gradient_scale(index, rows, impl(weight).dtype, padding, options.scale_grad_by_freq);
  return look_up(weight, index, input, Tensor(), scale, table, at);
}

}  // namespace xgrad
