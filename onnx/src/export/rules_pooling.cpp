// Pooling.
#include <algorithm>

#include <fmt/format.h>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

struct Window {
  std::vector<std::int64_t> kernel, stride, padding, dilation;
};

// The number of spatial dimensions: of "max_pool2d" 2.
std::int64_t dimensions(const Op& op) { return op.name()[op.name().find("pool") + 4] - '0'; }

// Windows that share the input out, where they all have one size.
Window equal_windows(Op& op) {
  const std::int64_t n = dimensions(op), first = op.rank_in(0) - n;
  Window w;
  for (std::int64_t d = first; d < op.rank_in(0); ++d) {
    const std::int64_t in = op.shape_in(0)[d], out = op.shape()[d];
    if (!op.size_in(0, d).fixed() || !op.size(d).fixed()) op.refuse("its windows follow a dynamic axis");
    if (out == 0 || in % out != 0)
      op.refuse(fmt::format("windows of {} elements for {} results are not all of one size", in, out));
    w.kernel.push_back(in / out);
    w.padding.push_back(0);
    w.dilation.push_back(1);
  }
  w.stride = w.kernel;
  return w;
}

Window window_of(Op& op) {
  if (op.name().starts_with("adaptive")) return equal_windows(op);
  Window w{op.ints("kernel_size"), op.ints("stride"), op.ints("padding"), {}};
  w.dilation = op.given("dilation") ? op.ints("dilation") : std::vector<std::int64_t>(w.kernel.size(), 1);
  return w;
}

// What the last window needs behind the input, beyond the padding before it, so that there are as many results:
// ceil_mode in numbers. Negative where some of the padding is not reached.
std::vector<std::int64_t> end_padding(Op& op, const Window& w, bool keep_given) {
  const std::int64_t first = op.rank_in(0) - static_cast<std::int64_t>(w.kernel.size());
  std::vector<std::int64_t> end;
  for (std::size_t i = 0; i < w.kernel.size(); ++i) {
    const std::int64_t d = first + static_cast<std::int64_t>(i);
    const std::int64_t reach = (op.shape()[d] - 1) * w.stride[i] + w.dilation[i] * (w.kernel[i] - 1) + 1;
    const std::int64_t needed = reach - op.shape_in(0)[d] - w.padding[i];
    end.push_back(keep_given ? std::max(needed, w.padding[i]) : needed);
  }
  return end;
}

bool beyond_padding(const std::vector<std::int64_t>& end, const Window& w) {
  for (std::size_t i = 0; i < end.size(); ++i)
    if (end[i] > w.padding[i]) return true;
  return false;
}

NodeAttributes attributes_of(const Window& w, const std::vector<std::int64_t>& end) {
  std::vector<std::int64_t> pads = w.padding;
  pads.insert(pads.end(), end.begin(), end.end());
  return {{"kernel_shape", w.kernel}, {"strides", w.stride}, {"pads", pads}};
}

// ceil_mode is not told; it shows where the last window needs more than the padding, in the example or in a run with
// another size. Without it one formula holds for every size; ONNX's own ceil_mode has windows that begin in the
// padding.
void require_no_dynamic_ceil(Op& op, const Window& w) {
  const std::int64_t first = op.rank_in(0) - static_cast<std::int64_t>(w.kernel.size());
  for (std::size_t i = 0; i < w.kernel.size(); ++i) {
    const std::int64_t d = first + static_cast<std::int64_t>(i);
    const auto more_windows = [&](const Step* s) {
      const std::int64_t room = s->operands[0].shape[d] + 2 * w.padding[i] - w.dilation[i] * (w.kernel[i] - 1) - 1;
      return s->shapes[0][d] != room / w.stride[i] + 1;
    };
    const auto all = op.others();
    const bool dynamic =
        std::ranges::any_of(all, [&](const Step* s) { return s->operands[0].shape[d] != op.shape_in(0)[d]; });
    if (dynamic && (more_windows(&op.step()) || std::ranges::any_of(all, more_windows)))
      op.refuse("ceil_mode with dynamic sizes");
  }
}

// Of one picture without a batch: with one.
std::string batched(Op& op, const Window& w) {
  const bool has_batch = op.rank_in(0) == static_cast<std::int64_t>(w.kernel.size()) + 2;
  return has_batch ? op.in(0) : op.emit("Unsqueeze", {op.in(0), op.list({0})});
}
void finish(Op& op, const Window& w, const std::string& y) {
  const bool has_batch = op.rank_in(0) == static_cast<std::int64_t>(w.kernel.size()) + 2;
  op.set_result(has_batch ? y : op.emit("Squeeze", {y, op.list({0})}));
}

void max_pool(Op& op) {
  if (op.result_count() > 1) op.refuse("places of the largest elements are not written");
  const Window w = window_of(op);
  const std::vector<std::int64_t> end = end_padding(op, w, true);
  require_no_dynamic_ceil(op, w);
  NodeAttributes attributes = attributes_of(w, end);
  attributes.push_back({"dilations", w.dilation});
  finish(op, w, op.emit("MaxPool", {batched(op, w)}, attributes));
}

// Whether every window is the whole input.
bool is_global(Op& op) {
  if (!op.name().starts_with("adaptive") || op.rank_in(0) != dimensions(op) + 2) return false;
  for (std::int64_t d = op.rank_in(0) - dimensions(op); d < op.rank_in(0); ++d)
    if (const DynamicSize size = op.size(d); !size.fixed() || size.factor != 1) return false;
  return true;
}

void avg_pool(Op& op) {
  if (is_global(op)) return op.finish("GlobalAveragePool", {op.in(0)});
  const Window w = window_of(op);
  const std::vector<std::int64_t> end = end_padding(op, w, true);
  const bool adaptive = op.name().starts_with("adaptive");
  const bool counts_padding = !adaptive && op.flag("count_include_pad");
  if (!adaptive && op.given("divisor_override")) op.refuse("ONNX has no divisor_override");
  if (counts_padding && beyond_padding(end, w))
    op.refuse("ceil_mode with count_include_pad, whose last windows ONNX divides by another number");
  require_no_dynamic_ceil(op, w);
  NodeAttributes attributes = attributes_of(w, end);
  attributes.push_back({"count_include_pad", std::int64_t{counts_padding}});
  finish(op, w, op.emit("AveragePool", {batched(op, w)}, attributes));
}

void adaptive_max_pool(Op& op) {
  if (op.result_count() == 1 && is_global(op)) return op.finish("GlobalMaxPool", {op.in(0)});
  max_pool(op);
}

}  // namespace

std::span<const NamedRule> pooling_rules() {
  static const NamedRule all[] = {
      {"adaptive_avg_pool1d", avg_pool},
      {"adaptive_avg_pool2d", avg_pool},
      {"adaptive_avg_pool3d", avg_pool},
      {"adaptive_max_pool1d", adaptive_max_pool},
      {"adaptive_max_pool2d", adaptive_max_pool},
      {"adaptive_max_pool3d", adaptive_max_pool},
      {"avg_pool1d", avg_pool},
      {"avg_pool2d", avg_pool},
      {"avg_pool3d", avg_pool},
      {"max_pool1d", max_pool},
      {"max_pool2d", max_pool},
      {"max_pool3d", max_pool},
  };
  return all;
}

}  // namespace xgrad::onnx
