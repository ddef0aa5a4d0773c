// Pooling.
#include <algorithm>

#include <xgrad/ops.hpp>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

struct Window {
  std::vector<std::int64_t> kernel, stride, padding, dilation;
};

// The number of spatial dimensions: of "max_pool2d" 2.
std::int64_t dimensions(const Op& op) { return op.name()[op.name().find("pool") + 4] - '0'; }

bool is_adaptive(const Op& op) { return op.name().starts_with("adaptive"); }
std::int64_t first_dimension(const Op& op) { return op.rank_in(0) - dimensions(op); }

void require_fixed_sizes(Op& op) {
  for (std::int64_t d = first_dimension(op); d < op.rank_in(0); ++d)
    if (!op.size_in(0, d).fixed() || !op.size(d).fixed()) op.refuse("its windows follow a dynamic axis");
}
// Whether windows that share the input out all have one size.
bool has_equal_windows(const Op& op) {
  for (std::int64_t d = first_dimension(op); d < op.rank_in(0); ++d)
    if (op.shape()[d] == 0 || op.shape_in(0)[d] % op.shape()[d] != 0) return false;
  return true;
}
Window equal_windows(Op& op) {
  require_fixed_sizes(op);
  Window w;
  for (std::int64_t d = first_dimension(op); d < op.rank_in(0); ++d) {
    w.kernel.push_back(op.shape_in(0)[d] / op.shape()[d]);
    w.padding.push_back(0);
    w.dilation.push_back(1);
  }
  w.stride = w.kernel;
  return w;
}

Window window_of(Op& op) {
  if (is_adaptive(op)) return equal_windows(op);
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

// ---- windows of any size: one dimension after the other, of elements by their places ----
struct Span {
  std::int64_t begin, end;  // within the input
  double divisor;
};
// Windows that share `in` elements out.
std::vector<Span> shares(std::int64_t in, std::int64_t out) {
  std::vector<Span> all;
  for (std::int64_t k = 0; k < out; ++k) {
    const std::int64_t begin = k * in / out, end = ((k + 1) * in + out - 1) / out;
    all.push_back({begin, end, static_cast<double>(end - begin)});
  }
  return all;
}
// Those of an average: the divisor counts padding, but nothing beyond.
std::vector<Span> averaged(const Window& w, std::size_t i, std::int64_t in, std::int64_t out, bool counts_padding) {
  std::vector<Span> all;
  for (std::int64_t k = 0; k < out; ++k) {
    const std::int64_t start = k * w.stride[i] - w.padding[i], stop = std::min(start + w.kernel[i], in + w.padding[i]);
    const std::int64_t begin = std::max<std::int64_t>(start, 0), end = std::max(std::min(stop, in), begin);
    all.push_back({begin, end, static_cast<double>(counts_padding ? stop - start : end - begin)});
  }
  return all;
}

// x with dimension dim reduced to one element for each span. What fills up the shorter ones is the last element again,
// and counts for averages as 0.
std::string reduced(Op& op, const std::string& x, std::int64_t dim, const std::vector<Span>& spans, bool average) {
  std::int64_t longest = 1;
  for (const Span& s : spans) longest = std::max(longest, s.end - s.begin);
  std::vector<std::int64_t> places;
  std::vector<double> used, factors;
  for (const Span& s : spans) {
    for (std::int64_t k = 0; k < longest; ++k) {
      places.push_back(std::max<std::int64_t>(std::min(s.begin + k, s.end - 1), 0));
      used.push_back(s.begin + k < s.end ? 1 : 0);
    }
    factors.push_back(s.divisor != 0 ? 1 / s.divisor : 0);
  }
  const auto count = static_cast<std::int64_t>(spans.size());
  const Tensor table = from_vector(places).reshape({count, longest});
  const std::string elements = op.emit("Gather", {x, op.constant(table)}, {{"axis", dim}});
  const std::vector<std::int64_t> axes{dim + 1};
  if (!average) return op.emit("ReduceMax", {elements}, {{"axes", axes}, {"keepdims", std::int64_t{0}}});
  Shape sizes{count, longest}, column{count};
  for (std::int64_t d = dim + 1; d < op.rank_in(0); ++d) {
    sizes.push_back(1);
    column.push_back(1);
  }
  const std::string mask = op.constant(from_vector(used).to(kBool).reshape(sizes));
  const std::string counted = op.emit("Where", {mask, elements, op.number(0)});
  const std::string sum = op.emit("ReduceSum", {counted, op.list(axes)}, {{"keepdims", std::int64_t{0}}});
  return op.emit("Mul", {sum, op.constant(from_vector(factors).to(op.dtype()).reshape(column))});
}

void by_shares(Op& op, bool average) {
  if (op.result_count() > 1) op.refuse("places of the largest elements of windows that are not all of one size");
  require_fixed_sizes(op);
  std::string x = op.in(0);
  for (std::int64_t d = first_dimension(op); d < op.rank_in(0); ++d)
    x = reduced(op, x, d, shares(op.shape_in(0)[d], op.shape()[d]), average);
  op.set_result(x);
}
void by_averages(Op& op, const Window& w, bool counts_padding, double override) {
  require_fixed_sizes(op);
  std::string x = op.in(0);
  for (std::size_t i = 0; i < w.kernel.size(); ++i) {
    const std::int64_t d = first_dimension(op) + static_cast<std::int64_t>(i);
    std::vector<Span> spans = averaged(w, i, op.shape_in(0)[d], op.shape()[d], counts_padding);
    if (override != 0)
      for (Span& s : spans) s.divisor = i == 0 ? override : 1;
    x = reduced(op, x, d, spans, true);
  }
  op.set_result(x);
}

// ---- windows of one size ----
NodeAttributes attributes_of(const Window& w, const std::vector<std::int64_t>& end, const NodeAttribute& last) {
  std::vector<std::int64_t> pads = w.padding;
  pads.insert(pads.end(), end.begin(), end.end());
  return {{"kernel_shape", w.kernel}, {"strides", w.stride}, {"pads", pads}, last};
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
void finish(Op& op, const Window& w, const std::string& y, std::size_t k = 0) {
  const bool has_batch = op.rank_in(0) == static_cast<std::int64_t>(w.kernel.size()) + 2;
  op.set_result(has_batch ? y : op.emit("Squeeze", {y, op.list({0})}), k);
}

// ONNX numbers the elements of the whole input, this library those of each plane.
std::string places_in_plane(Op& op, const std::string& places) {
  std::int64_t elements = 1;
  for (std::int64_t d = first_dimension(op); d < op.rank_in(0); ++d) {
    if (!op.size_in(0, d).fixed()) op.refuse("places of the largest elements, in planes of a dynamic size");
    elements *= op.shape_in(0)[d];
  }
  return op.emit("Mod", {places, op.whole(elements)});
}

void max_pool(Op& op) {
  const Window w = window_of(op);
  const std::vector<std::int64_t> end = end_padding(op, w, true);
  require_no_dynamic_ceil(op, w);
  const NodeAttributes attributes = attributes_of(w, end, {"dilations", w.dilation});
  const Names results = op.emit_many("MaxPool", {batched(op, w)}, attributes, op.result_count());
  finish(op, w, results[0]);
  if (results.size() > 1) finish(op, w, places_in_plane(op, results[1]), 1);
}

// Each element to its place in a plane of zeros.
void max_unpool(Op& op) {
  const std::int64_t n = op.name().back() == 'd' ? op.name()[op.name().size() - 2] - '0' : 0;
  const std::int64_t first = op.rank_in(0) - n;
  std::int64_t from = 1, to = 1;
  for (std::int64_t d = first; d < op.rank_in(0); ++d) {
    if (!op.size_in(0, d).fixed() || !op.size(d).fixed()) op.refuse("its places follow a dynamic axis");
    from *= op.shape_in(0)[d];
    to *= op.shape()[d];
  }
  std::vector<DynamicSize> flat = op.sizes_in(0);
  flat.resize(static_cast<std::size_t>(first));
  std::vector<DynamicSize> plane = flat;
  flat.push_back({from, {}});
  plane.push_back({to, {}});
  const Tensor zero = zeros({1}, TensorOptions{op.dtype()});
  const std::string empty = op.emit("ConstantOfShape", {op.sizes(plane)}, {{"value", zero}});
  const std::string x = op.reshaped(op.in(0), op.sizes_in(0), flat);
  const std::string places = op.reshaped(op.in(1, kInt64), op.sizes_in(1), flat);
  const std::string y = op.emit("ScatterElements", {empty, places, x}, {{"axis", first}});
  op.set_result(op.reshaped(y, plane, op.sizes_out()));
}

// Whether every window is the whole input.
bool is_global(Op& op) {
  if (!is_adaptive(op) || op.rank_in(0) != dimensions(op) + 2) return false;
  for (std::int64_t d = op.rank_in(0) - dimensions(op); d < op.rank_in(0); ++d)
    if (const DynamicSize size = op.size(d); !size.fixed() || size.factor != 1) return false;
  return true;
}

void avg_pool(Op& op) {
  if (is_global(op)) return op.finish("GlobalAveragePool", {op.in(0)});
  if (is_adaptive(op) && !has_equal_windows(op)) return by_shares(op, true);
  const Window w = window_of(op);
  const std::vector<std::int64_t> end = end_padding(op, w, true);
  const bool counts_padding = !is_adaptive(op) && op.flag("count_include_pad");
  require_no_dynamic_ceil(op, w);
  // ONNX has no divisor of its own, and counts in ceil_mode what lies beyond the padding.
  const double override = !is_adaptive(op) && op.given("divisor_override") ? op.f("divisor_override") : 0;
  if (override != 0 || (counts_padding && beyond_padding(end, w))) return by_averages(op, w, counts_padding, override);
  const NodeAttributes attributes = attributes_of(w, end, {"count_include_pad", std::int64_t{counts_padding}});
  finish(op, w, op.emit("AveragePool", {batched(op, w)}, attributes));
}

void adaptive_max_pool(Op& op) {
  if (op.result_count() == 1 && is_global(op)) return op.finish("GlobalMaxPool", {op.in(0)});
  if (!has_equal_windows(op)) return by_shares(op, false);
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
      {"max_unpool1d", max_unpool},
      {"max_unpool2d", max_unpool},
      {"max_unpool3d", max_unpool},
  };
  return all;
}

}  // namespace xgrad::onnx
