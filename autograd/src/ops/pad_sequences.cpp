#include <algorithm>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/detail/pad_sequences.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/slice.hpp>
#include <xgrad/record.hpp>

#include "core/tape/record.hpp"
#include "core/tensor_impl.hpp"

namespace xgrad::detail {
namespace {

// The largest length.
std::int64_t checked_steps(const char* op, const std::vector<Tensor>& sequences, const Location& at) {
  if (sequences.empty()) ErrorReport(op, "no sequences", at).value_error();
  const Tensor& first = sequences[0];
  std::int64_t steps = 0;
  for (const Tensor& s : sequences) {
    require_defined(op, s, at);
    if (s.dim() == 0) ErrorReport(op, "a sequence has at least one dimension", at).operand("sequence", s).shape_error();
    require_same_dtype(op, first, s, at);
    bool same = s.dim() == first.dim();
    for (int d = 1; same && d < s.dim(); ++d) same = s.size(d) == first.size(d);
    if (!same)
      ErrorReport(op, "sequences must have the same sizes but for the first", at)
          .operand("one", first)
          .operand("another", s)
          .shape_error();
    steps = std::max(steps, s.size(0));
  }
  return steps;
}

// Where sequence i of that length stands in the padded tensor.
Tensor place_of(const Tensor& padded, std::int64_t i, std::int64_t length, const Padding& p) {
  const Tensor own = select(padded, p.batch_first ? 0 : 1, i);
  return narrow(own, 0, p.left ? own.size(0) - length : 0, length);
}

}  // namespace

Tensor pad_sequences(const char* op, const std::vector<Tensor>& sequences, const Padding& padding, const Location& at) {
  const std::int64_t steps = checked_steps(op, sequences, at);
  const auto batch = static_cast<std::int64_t>(sequences.size());
  Shape shape = padding.batch_first ? Shape{batch, steps} : Shape{steps, batch};
  for (int d = 1; d < sequences[0].dim(); ++d) shape.push_back(sequences[0].size(d));
  Tensor padded, lengths;
  {
    const NoGradGuard off;
    padded = full(shape, padding.value, sequences[0].dtype(), at);
    std::vector<std::int64_t> sizes;
    for (const Tensor& s : sequences) {
      const auto i = static_cast<std::int64_t>(sizes.size());
      sizes.push_back(s.size(0));
      place_of(padded, i, s.size(0), padding).copy_(s, at);
    }
    lengths = from_vector(sizes);
  }
  return record_op(
      op, std::move(padded), sequences, {needs_tape(sequences) ? lengths : Tensor()},
      [padding](const Saved& s, const Tensor& g) -> Grads {
        std::vector<Tensor> pieces;
        for (const std::int64_t length : s[0].to_vector<std::int64_t>())
          pieces.push_back(place_of(g, std::ssize(pieces), length, padding));
        return {std::move(pieces)};
      },
      at, named<"batch_first">(padding.batch_first), named<"padding_value">(padding.value));
}

}  // namespace xgrad::detail
