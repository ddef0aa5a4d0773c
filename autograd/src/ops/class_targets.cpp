#include "ops/class_targets.hpp"

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tape/record.hpp"
#include "ops/index_places.hpp"

namespace xgrad::detail {

[[noreturn, gnu::cold]] void refuse_shapes(const char* op, const std::string& rule, const Tensor& input,
                                           const Tensor& target, Location at) {
  ErrorReport report(op, rule, at);
  report.operand("input", input).operand("target", target);
  const Shape &x = input.shape(), &t = target.shape();
  if (x == t && !is_floating(target.dtype()))
    report.help("an integer target holds class indices and has no class dimension; probabilities must be floating");
  else if (is_floating(target.dtype()))
    report.help("a floating target holds probabilities; class indices are int64");
  else if (t.rank() == x.rank() && t.rank() > 1 && t[1] == 1)
    report.help("drop the class dimension of the target: squeeze(1)");
  report.shape_error();
}

void require_scores(const char* op, const Tensor& input, const Tensor& target, const Location& at) {
  require_floating(op, input, at);
  require_defined(op, target, at);
  if (impl(input).shape.rank() == 0) [[unlikely]]
    ErrorReport(op, "input needs a class dimension, got shape ()", at).operand("input", input).shape_error();
}

namespace {

// Target sizes are those of the input without its class dimension.
void require_index_shape(const char* op, const Tensor& input, const Tensor& target, int class_dim, const Location& at) {
  Shape want = impl(input).shape;
  want.erase(class_dim);
  const Shape& got = impl(target).shape;
  if (got == want) return;
  if (got.rank() == want.rank() && got.rank() > 0 && got[0] != want[0])
    refuse_shapes(op, fmt::format("batch sizes differ: input has {}, target {}", want[0], got[0]), input, target, at);
  refuse_shapes(op, fmt::format("target must have shape {}, got {}", to_string(want), to_string(got)), input, target,
                at);
}

}  // namespace

Tensor checked_weight(const char* op, const Tensor& weight, const Tensor& input, std::int64_t classes,
                      const Location& at) {
  if (!weight.defined()) return {};
  if (!(impl(weight).shape == Shape{classes})) [[unlikely]]
    ErrorReport(op, fmt::format("weight must be ({}), one per class, got {}", classes, to_string(weight.shape())), at)
        .operand("input", input)
        .operand("weight", weight)
        .shape_error();
  if (grad_enabled() && wants_grad(weight)) [[unlikely]]
    ErrorReport(op, "class weights are constants and take no gradient", at)
        .operand("weight", weight)
        .help("pass weight.detach()")
        .autograd_error();
  return contiguous_copy(cast_raw(weight, impl(input).dtype));
}

namespace {

std::string row_name(const Shape& shape, std::int64_t row) {
  if (shape.rank() == 0) return "";
  if (shape.rank() == 1) return fmt::format(" at row {}", row);
  Shape index = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    index[d] = row % shape[d];
    row /= shape[d];
  }
  return fmt::format(" at {}", to_string(index));
}

// index: the target as int64.
void require_range(const char* op, const Tensor& input, const Tensor& target, const Tensor& index, const ClassLoss& c,
                   const Location& at) {
  const std::int64_t* t = data<std::int64_t>(index);
  const auto classes = static_cast<std::uint64_t>(c.grid.classes);
  for (std::int64_t r = 0; r < c.grid.rows(); ++r)
    if (static_cast<std::uint64_t>(t[r]) >= classes && t[r] != c.ignore_index) [[unlikely]]
      ErrorReport(
          op, fmt::format("target {}{} outside 0..{}", t[r], row_name(impl(index).shape, r), c.grid.classes - 1), at)
          .operand("input", input)
          .operand("target", target)
          .help(fmt::format("the input has {} classes; ignore_index is {}", c.grid.classes, c.ignore_index))
          .index_error();
}

// Sum of the weights of the targets, which the mean is divided by.
double total_weight(const ClassTargets& t) {
  const std::int64_t* index = data<std::int64_t>(t.index);
  double total = 0;
  dispatch_floating(t.weight.defined() ? impl(t.weight).dtype : DType::float32, [&](auto zero) {
    const auto* w = t.weight.defined() ? data<decltype(zero)>(t.weight) : nullptr;
    for (std::int64_t r = 0; r < t.call.grid.rows(); ++r)
      if (index[r] != t.call.ignore_index) total += w ? static_cast<double>(w[index[r]]) : 1.0;
  });
  return total;
}

}  // namespace

ClassGrid grid_of(const Shape& s) {
  if (s.rank() == 1) return {1, s[0], 1};
  ClassGrid g{s[0], s[1], 1};
  for (int d = 2; d < s.rank(); ++d) g.inner *= s[d];
  return g;
}

void describe(const ClassLoss& c, Attributes& list) {
  list.add("reduction", choice_text(c.reduction));
  list.add("ignore_index", c.ignore_index);
  list.add("label_smoothing", c.smoothing);
}

ClassTargets check_targets(const char* op, const Tensor& input, const Tensor& target, const Tensor& weight,
                           std::int64_t ignore_index, Reduction reduction, double smoothing, const Location& at) {
  if (impl(target).dtype != DType::int64 && impl(target).dtype != DType::int32) [[unlikely]]
    ErrorReport(op, fmt::format("class indices must be int64, got {}", name(impl(target).dtype)), at)
        .operand("input", input)
        .operand("target", target)
        .help("cast the target with to(xgrad::kInt64)")
        .dtype_error();
  const int class_dim = impl(input).shape.rank() == 1 ? 0 : 1;
  require_index_shape(op, input, target, class_dim, at);
  const ClassGrid grid = grid_of(impl(input).shape);
  ClassTargets t{as_index(target), checked_weight(op, weight, input, grid.classes, at),
                 ClassLoss{grid, ignore_index, reduction, smoothing, 1, class_dim}, target, weight};
  require_range(op, input, target, t.index, t.call, at);
  if (reduction == Reduction::mean) t.call.scale = 1 / total_weight(t);
  return t;
}

}  // namespace xgrad::detail
