// Operations that move elements.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

void reshape(Op& op) { op.set_result(op.reshaped(op.in(0), op.sizes_in(0), op.sizes_out())); }

void permute(Op& op) { op.finish("Transpose", {op.in(0)}, {{"perm", op.ints("dims")}}); }
void transpose(Op& op) {
  std::vector<std::int64_t> order;
  for (std::int64_t d = 0; d < op.rank_in(0); ++d) order.push_back(d);
  if (order.empty()) return op.set_result(op.in(0));
  std::swap(order[static_cast<std::size_t>(op.i("dim0"))], order[static_cast<std::size_t>(op.i("dim1"))]);
  op.finish("Transpose", {op.in(0)}, {{"perm", order}});
}

void expand(Op& op) { op.finish("Expand", {op.in(0), op.sizes(op.sizes_out())}); }

void cat(Op& op) {
  Names parts;
  for (std::size_t i = 0; i < op.count(); ++i) {
    if (op.rank_in(i) != op.shape().rank()) continue;  // an empty list, which cat passes over
    parts.push_back(op.in(i, op.dtype()));
  }
  op.finish("Concat", parts, {{"axis", op.i("dim")}});
}
void stack(Op& op) {
  Names parts;
  for (std::size_t i = 0; i < op.count(); ++i)
    parts.push_back(op.emit("Unsqueeze", {op.in(i, op.dtype()), op.list({op.i("dim")})}));
  op.finish("Concat", parts, {{"axis", op.i("dim")}});
}

void select(Op& op) { op.finish("Gather", {op.in(0), op.whole(op.i("index"))}, {{"axis", op.i("dim")}}); }

// An end that is the end of the dimension, in every run, stays the end.
void slice(Op& op) {
  const std::int64_t dim = op.i("dim");
  const auto reaches_end = [&](const Step& s) {
    return s.attributes.get<std::int64_t>("end") == s.operands[0].shape[dim];
  };
  const bool open =
      reaches_end(op.step()) && std::ranges::all_of(op.others(), [&](const Step* s) { return reaches_end(*s); });
  const std::int64_t end = open ? kEnd : op.i("end");
  op.finish("Slice", {op.in(0), op.list({op.i("start")}), op.list({end}), op.list({dim}), op.list({op.i("step")})});
}

void split(Op& op) {
  const std::int64_t dim = op.i("dim");
  std::vector<DynamicSize> sizes;
  for (std::size_t k = 0; k < op.result_count(); ++k) sizes.push_back(op.size(dim, k));
  const Names parts = op.emit_many("Split", {op.in(0), op.sizes(sizes)}, {{"axis", dim}}, op.result_count());
  for (std::size_t k = 0; k < parts.size(); ++k) op.set_result(parts[k], k);
}
void unbind(Op& op) {
  const std::int64_t dim = op.i("dim");
  if (!op.size_in(0, dim).fixed()) op.refuse("as many results as a dynamic axis has elements");
  for (std::size_t k = 0; k < op.result_count(); ++k)
    op.set_result(op.emit("Gather", {op.in(0), op.whole(static_cast<std::int64_t>(k))}, {{"axis", dim}}), k);
}

void embedding(Op& op) { op.finish("Gather", {op.in(0), op.in(1)}, {{"axis", std::int64_t{0}}}); }
// The rows of each bag, (bags, length) of them, added up without padding, or their mean.
void embedding_bag(Op& op) {
  if (op.rank_in(1) != 2) op.refuse("bags by offsets, whose values say how many rows each has");
  const std::string index = op.in(1, kInt64);
  std::string rows = op.emit("Gather", {op.in(0), index}, {{"axis", std::int64_t{0}}});
  const bool mean = op.text("mode") == "mean", padded = op.given("padding_idx");
  const std::int64_t keep = 0;
  const DynamicSize length = op.size_in(1, 1);
  if (!padded) {
    // Of no rows the mean is 0, as the sum.
    if (!mean || (length.fixed() && length.factor == 0))
      return op.finish("ReduceSum", {rows, op.list({1})}, {{"keepdims", keep}});
    return op.finish("ReduceMean", {rows}, {{"axes", std::vector<std::int64_t>{1}}, {"keepdims", keep}});
  }
  const std::string counts = op.emit("Not", {op.emit("Equal", {index, op.whole(op.i("padding_idx"))})});
  std::vector<std::int64_t> behind;
  for (std::int64_t d = 1; d < op.rank_in(0); ++d) behind.push_back(d + 1);
  const auto widened = [&](const std::string& v) {
    return behind.empty() ? v : op.emit("Unsqueeze", {v, op.list(behind)});
  };
  rows = op.emit("Where", {widened(counts), rows, op.number(0)});
  const std::string sum = op.emit("ReduceSum", {rows, op.list({1})}, {{"keepdims", keep}});
  if (!mean) return op.set_result(sum);
  const std::string number =
      op.emit("ReduceSum", {widened(op.cast(counts, op.dtype())), op.list({1})}, {{"keepdims", keep}});
  op.finish("Div", {sum, op.emit("Max", {number, op.number(1)})});
}
void index_select(Op& op) {
  if (op.rank_in(0) == 0) return op.set_result(op.in(0));
  const std::string places = op.rank_in(1) == 1 ? op.in(1) : op.emit("Reshape", {op.in(1), op.list({-1})});
  op.finish("Gather", {op.in(0), places}, {{"axis", op.i("dim")}});
}
void gather(Op& op) {
  if (op.rank_in(0) == 0) return op.set_result(op.in(0));
  op.finish("GatherElements", {op.in(0), op.in(1)}, {{"axis", op.i("dim")}});
}

// The end before the front and the front behind the end, one dimension after the other, of what negative pads leave.
void pad_circularly(Op& op, const std::vector<std::int64_t>& pads) {
  std::string x = op.in(0);
  const auto rank = static_cast<std::int64_t>(pads.size() / 2);
  for (std::int64_t d = 0; d < rank; ++d) {
    const std::int64_t before = pads[static_cast<std::size_t>(d)], behind = pads[static_cast<std::size_t>(rank + d)];
    const auto part = [&](std::int64_t start, std::int64_t end) {
      return op.emit("Slice", {x, op.list({start}), op.list({end}), op.list({d})});
    };
    if (before < 0 || behind < 0) x = part(std::max<std::int64_t>(-before, 0), behind < 0 ? behind : kEnd);
    Names parts;
    if (before > 0) parts.push_back(part(-before, kEnd));
    parts.push_back(x);
    if (behind > 0) parts.push_back(part(0, behind));
    if (parts.size() > 1) x = op.emit("Concat", parts, {{"axis", d}});
  }
  op.set_result(x);
}

void pad(Op& op) {
  const std::vector<std::int64_t> given = op.ints("pad");
  const std::string mode = op.text("mode");
  const auto rank = static_cast<std::size_t>(op.rank_in(0));
  std::vector<std::int64_t> pads(2 * rank, 0);
  for (std::size_t i = 0; i < given.size() / 2; ++i) {
    pads[rank - 1 - i] = given[2 * i];
    pads[2 * rank - 1 - i] = given[2 * i + 1];
  }
  if (mode == "circular") return pad_circularly(op, pads);
  const char* how = mode == "constant" ? "constant" : mode == "reflect" ? "reflect" : "edge";
  Names inputs{op.in(0), op.list(pads)};
  if (mode == "constant") inputs.push_back(op.number(op.f("value")));
  op.finish("Pad", inputs, {{"mode", std::string(how)}});
}

void flip(Op& op) {
  const std::vector<std::int64_t> dims = op.ints("dims");
  const std::vector<std::int64_t> last(dims.size(), -1), before(dims.size(), std::numeric_limits<std::int64_t>::min());
  if (dims.empty()) return op.set_result(op.in(0));
  op.finish("Slice", {op.in(0), op.list(last), op.list(before), op.list(dims), op.list(last)});
}

// Of a tensor with leading dimensions of size 1, as many as the result has.
void repeat(Op& op) {
  std::vector<DynamicSize> from(static_cast<std::size_t>(op.shape().rank()) - op.shape_in(0).size(), DynamicSize{});
  for (const DynamicSize& s : op.sizes_in(0)) from.push_back(s);
  std::vector<std::int64_t> times;
  for (int d = 0; d < op.shape().rank(); ++d) {
    const DynamicSize to = op.size(d);
    if (to.axes != from[static_cast<std::size_t>(d)].axes) op.refuse("its repetitions follow a dynamic axis");
    const std::int64_t n = from[static_cast<std::size_t>(d)].factor;
    times.push_back(n == 0 ? 1 : to.factor / n);
  }
  const std::string x = op.reshaped(op.in(0), op.sizes_in(0), from);
  op.finish("Tile", {x, op.list(times)});
}

void triangle(Op& op) {
  op.finish("Trilu", {op.in(0), op.whole(op.i("diagonal"))}, {{"upper", std::int64_t{op.name() == "triu"}}});
}

}  // namespace

std::span<const NamedRule> shape_rules() {
  static const NamedRule all[] = {
      {"broadcast_to", expand},
      {"cat", cat},
      {"column_stack", cat},
      {"dstack", cat},
      {"embedding", embedding},
      {"embedding_bag", embedding_bag},
      {"expand", expand},
      {"flatten", reshape},
      {"flip", flip},
      {"gather", gather},
      {"hstack", cat},
      {"index_select", index_select},
      {"pad", pad},
      {"permute", permute},
      {"ravel", reshape},
      {"repeat", repeat},
      {"reshape", reshape},
      {"select", select},
      {"slice", slice},
      {"narrow", slice},
      {"split", split},
      {"chunk", split},
      {"tensor_split", split},
      {"squeeze", reshape},
      {"stack", stack},
      {"transpose", transpose},
      {"tril", triangle},
      {"triu", triangle},
      {"unbind", unbind},
      {"unflatten", reshape},
      {"unsqueeze", reshape},
      {"view", reshape},
      {"vstack", cat},
  };
  return all;
}

}  // namespace xgrad::onnx
