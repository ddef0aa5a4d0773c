#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/detail/pad_sequences.hpp>
#include <xgrad/nn/packed_sequence.hpp>
#include <xgrad/ops.hpp>

#include "packed_steps.hpp"

namespace xgrad::nn::utils::rnn {
namespace {

using Numbers = std::vector<std::int64_t>;

Numbers inverse(const Numbers& order) {
  Numbers back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return back;
}

void check_lengths(const Tensor& x, const Numbers& lengths, const PackOptions& o, const Location& at) {
  constexpr const char* op = "pack_padded_sequence";
  const std::int64_t steps = x.size(o.batch_first ? 1 : 0), batch = x.size(o.batch_first ? 0 : 1);
  if (static_cast<std::int64_t>(lengths.size()) != batch)
    ErrorReport(op, fmt::format("{} lengths for {} sequences", lengths.size(), batch), at)
        .operand("x", x)
        .help(o.batch_first ? "x is (N, T, *)" : "x is (T, N, *); (N, T, *) with batch_first")
        .value_error();
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 1 || lengths[i] > steps)
      ErrorReport(op, fmt::format("lengths must be in [1, {}], got {} for sequence {}", steps, lengths[i], i), at)
          .operand("x", x)
          .value_error();
    if (o.enforce_sorted && i > 0 && lengths[i] > lengths[i - 1])
      ErrorReport(op, fmt::format("lengths must not increase, {} follows {}", lengths[i], lengths[i - 1]), at)
          .help("{.enforce_sorted = false} sorts them")
          .value_error();
  }
}

// (T N, *) of (T, N, *) or (N, T, *).
Tensor rows_of(const Tensor& x, const Location& at) {
  Shape shape{x.size(0) * x.size(1)};
  for (int d = 2; d < x.dim(); ++d) shape.push_back(x.size(d));
  return reshape(x, shape, at);
}

// With one more row, all padding_value, behind.
Tensor with_padding_row(const Tensor& rows, double value, const Location& at) {
  Shape shape = rows.shape();
  shape[0] = 1;
  return cat({rows, full(shape, value, {.dtype = rows.dtype()}, at)}, 0, at);
}

Shape batch_shape(std::int64_t first, std::int64_t second, const Tensor& rows) {
  Shape shape{first, second};
  for (int d = 1; d < rows.dim(); ++d) shape.push_back(rows.size(d));
  return shape;
}

}  // namespace

Numbers steps_of(const PackedSequence& packed, const char* op, const Location& at) {
  require_defined(op, packed.data, at);
  require_defined(op, packed.batch_sizes, at);
  require_index_dtype(op, packed.batch_sizes, at);
  require_rank(op, packed.batch_sizes, 1, at);
  Numbers sizes = packed.batch_sizes.to_vector<std::int64_t>();
  bool fits = !sizes.empty() && packed.data.dim() > 0 && sizes.back() > 0;
  for (std::size_t t = 1; t < sizes.size(); ++t) fits = fits && sizes[t] <= sizes[t - 1];
  if (!fits || std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != packed.data.size(0))
    ErrorReport(op, "batch_sizes must be positive, not increase, and add up to the rows of data", at)
        .operand("data", packed.data)
        .operand("batch_sizes", packed.batch_sizes)
        .value_error();
  for (const Tensor* order : {&packed.sorted_indices, &packed.unsorted_indices})
    if (order->defined() && !(order->shape() == Shape{sizes[0]}))
      ErrorReport(op, fmt::format("the order must name {} sequences", sizes[0]), at)
          .operand("order", *order)
          .shape_error();
  return sizes;
}

PackedSequence pack_padded_sequence(const Tensor& x, const Lengths& lengths, PackOptions options, Location at) {
  require_defined("pack_padded_sequence", x, at);
  if (x.dim() < 2) ErrorReport("pack_padded_sequence", "x must be (T, N, *)", at).operand("x", x).shape_error();
  const Numbers& each = lengths.each();
  check_lengths(x, each, options, at);
  if (each.empty()) ErrorReport("pack_padded_sequence", "no sequences", at).operand("x", x).value_error();
  Numbers order(each.size());
  std::iota(order.begin(), order.end(), 0);
  const auto length = [&](std::int64_t i) { return each[static_cast<std::size_t>(i)]; };
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
  const std::int64_t steps = x.size(options.batch_first ? 1 : 0), batch = x.size(options.batch_first ? 0 : 1);
  Numbers rows, sizes;
  for (std::int64_t t = 0; t < length(order[0]); ++t) {
    sizes.push_back(0);
    for (const std::int64_t i : order) {
      if (length(i) <= t) break;
      ++sizes.back();
      rows.push_back(options.batch_first ? i * steps + t : t * batch + i);
    }
  }
  PackedSequence packed{index_select(rows_of(x, at), 0, from_vector(rows), at), from_vector(sizes)};
  if (options.enforce_sorted) return packed;
  packed.sorted_indices = from_vector(order);
  packed.unsorted_indices = from_vector(inverse(order));
  return packed;
}

PaddedSequence pad_packed_sequence(const PackedSequence& packed, PadOptions options, Location at) {
  constexpr const char* op = "pad_packed_sequence";
  const Numbers sizes = steps_of(packed, op, at);
  const auto longest = static_cast<std::int64_t>(sizes.size());
  const std::int64_t steps = options.total_length.value_or(longest), batch = sizes[0];
  if (steps < longest)
    ErrorReport(op, fmt::format("total_length {} is below the longest length, {}", steps, longest), at).value_error();
  const std::int64_t nowhere = packed.data.size(0);
  Numbers from(static_cast<std::size_t>(steps * batch), nowhere), lengths(static_cast<std::size_t>(batch), 0);
  Numbers places(static_cast<std::size_t>(batch));  // where the i-th longest sequence goes
  std::iota(places.begin(), places.end(), 0);
  if (packed.unsorted_indices.defined()) places = inverse(packed.unsorted_indices.to_vector<std::int64_t>());
  std::int64_t row = 0;
  for (std::int64_t t = 0; t < longest; ++t)
    for (std::int64_t i = 0; i < sizes[static_cast<std::size_t>(t)]; ++i) {
      const std::int64_t place = places[static_cast<std::size_t>(i)];
      from[static_cast<std::size_t>(options.batch_first ? place * steps + t : t * batch + place)] = row++;
      ++lengths[static_cast<std::size_t>(place)];
    }
  const Tensor rows = index_select(with_padding_row(packed.data, options.padding_value, at), 0, from_vector(from), at);
  const Shape shape =
      options.batch_first ? batch_shape(batch, steps, packed.data) : batch_shape(steps, batch, packed.data);
  return {reshape(rows, shape, at), from_vector(lengths)};
}

Tensor pad_sequence(const std::vector<Tensor>& sequences, PadSequenceOptions options, Location at) {
  return xgrad::detail::pad_sequences("pad_sequence", sequences,
                                      {options.batch_first, options.padding_left, options.padding_value}, at);
}

std::vector<Tensor> unpad_sequence(const Tensor& padded, const Lengths& lengths, bool batch_first, Location at) {
  constexpr const char* op = "unpad_sequence";
  require_defined(op, padded, at);
  if (padded.dim() < 2) ErrorReport(op, "padded must be (T, N, *)", at).operand("padded", padded).shape_error();
  const int batch = batch_first ? 0 : 1;
  const Numbers& each = lengths.each();
  if (static_cast<std::int64_t>(each.size()) != padded.size(batch))
    ErrorReport(op, fmt::format("{} lengths for {} sequences", each.size(), padded.size(batch)), at)
        .operand("padded", padded)
        .value_error();
  std::vector<Tensor> sequences;
  for (std::size_t i = 0; i < each.size(); ++i) {
    if (each[i] < 0 || each[i] > padded.size(1 - batch))
      ErrorReport(op, fmt::format("lengths must be in [0, {}], got {}", padded.size(1 - batch), each[i]), at)
          .operand("padded", padded)
          .value_error();
    sequences.push_back(narrow(select(padded, batch, static_cast<std::int64_t>(i), at), 0, 0, each[i], at));
  }
  return sequences;
}

PackedSequence pack_sequence(const std::vector<Tensor>& sequences, bool enforce_sorted, Location at) {
  const Tensor padded = pad_sequence(sequences, {}, at);
  Numbers lengths;
  for (const Tensor& s : sequences) lengths.push_back(s.size(0));
  return pack_padded_sequence(padded, lengths, {.enforce_sorted = enforce_sorted}, at);
}

std::vector<Tensor> unpack_sequence(const PackedSequence& packed, Location at) {
  const PaddedSequence padded = pad_packed_sequence(packed, {}, at);
  return unpad_sequence(padded.output, padded.lengths, false, at);
}

}  // namespace xgrad::nn::utils::rnn
