// What orders values, and running extrema.
#include <limits>

#include <xgrad/ops.hpp>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

using Value = std::string;

// Of a number, which is its only element.
bool is_number(Op& op) {
  if (op.rank_in(0) != 0) return false;
  op.set_result(op.in(0));
  if (op.result_count() > 1) op.set_result(op.whole(0), 1);
  return true;
}
void set_results(Op& op, const Names& values_and_places) {
  for (std::size_t k = 0; k < op.result_count(); ++k) op.set_result(values_and_places[k], k);
}
std::int64_t fixed_length(Op& op, std::int64_t dim) {
  const DynamicSize n = op.size_in(0, dim);
  if (!n.fixed()) op.refuse("its length follows a dynamic axis");
  return n.factor;
}

void top(Op& op) {
  if (is_number(op)) return;
  set_results(op, op.emit_many("TopK", {op.in(0), op.list({op.i("k")})},
                               {{"axis", op.i("dim")}, {"largest", std::int64_t{op.flag("largest")}}}, 2));
}
Names in_order(Op& op, std::int64_t dim) {
  return op.emit_many("TopK", {op.in(0), op.sizes({op.size_in(0, dim)})},
                      {{"axis", dim}, {"largest", std::int64_t{op.flag("descending")}}}, 2);
}
void sorted(Op& op) {
  if (is_number(op)) return;
  set_results(op, in_order(op, op.i("dim")));
}
void argsort(Op& op) {
  if (op.rank_in(0) == 0) return op.set_result(op.whole(0));
  op.set_result(in_order(op, op.i("dim"))[1]);
}

// The k-th smallest from 0 on, and where it is; equal ones by their places.
Names kth_smallest(Op& op, const Value& x, std::int64_t dim, std::int64_t k, bool keepdim) {
  const Names first = op.emit_many("TopK", {x, op.list({k + 1})}, {{"axis", dim}, {"largest", std::int64_t{0}}}, 2);
  const Value last = keepdim ? op.list({k}) : op.whole(k);
  return {op.emit("Gather", {first[0], last}, {{"axis", dim}}), op.emit("Gather", {first[1], last}, {{"axis", dim}})};
}
void kthvalue(Op& op) {
  if (is_number(op)) return;
  set_results(op, kth_smallest(op, op.in(0), op.i("dim"), op.i("k") - 1, op.flag("keepdim")));
}

// The lower one of two in the middle; NaN, and the first place of one, where there are any.
Names middle(Op& op, const Value& x, std::int64_t dim, std::int64_t n, bool keepdim) {
  const Names found = kth_smallest(op, x, dim, (n - 1) / 2, keepdim);
  if (!is_floating(op.dtype_in(0))) return found;
  const std::int64_t keeps = keepdim;
  const Value nan = op.cast(op.emit("IsNaN", {x}), kInt32);
  const Value any =
      op.cast(op.emit("ReduceMax", {nan}, {{"axes", std::vector<std::int64_t>{dim}}, {"keepdims", keeps}}), kBool);
  const Value place = op.emit("ArgMax", {nan}, {{"axis", dim}, {"keepdims", keeps}});
  return {op.emit("Where", {any, op.number(std::numeric_limits<double>::quiet_NaN()), found[0]}),
          op.emit("Where", {any, place, found[1]})};
}
void median(Op& op) {
  if (is_number(op)) return;
  if (op.given("dim")) {
    const std::int64_t dim = op.i("dim");
    return set_results(op, middle(op, op.in(0), dim, fixed_length(op, dim), op.flag("keepdim")));
  }
  std::int64_t n = 1;
  for (std::int64_t d = 0; d < op.rank_in(0); ++d) n *= fixed_length(op, d);
  if (n == 0) op.refuse("there are no elements");
  set_results(op, middle(op, op.emit("Reshape", {op.in(0), op.list({-1})}), 0, n, false));
}

// What no value is beyond.
Value limit(Op& op, bool upper) {
  const DType dtype = op.dtype_in(0);
  const auto number = [&](auto zero) {
    using T = decltype(zero);
    using Limits = std::numeric_limits<T>;
    if constexpr (Limits::has_infinity) return full({}, upper ? Limits::infinity() : -Limits::infinity(), dtype);
    const T least = Limits::lowest(), most = Limits::max();
    return full({}, Scalar(static_cast<std::int64_t>(upper ? most : least)), dtype);
  };
  if (is_floating(dtype)) return op.constant(number(0.0));
  if (dtype == kInt64) return op.constant(number(std::int64_t{}));
  if (dtype == kInt32) return op.constant(number(std::int32_t{}));
  if (dtype == kUInt8) return op.constant(number(std::uint8_t{}));
  op.refuse("of truth values");
}
Value last_true(Op& op, const Value& truth, std::int64_t dim, bool keepdim) {
  return op.emit("ArgMax", {op.cast(truth, kInt32)},
                 {{"axis", dim}, {"keepdims", std::int64_t{keepdim}}, {"select_last_index", std::int64_t{1}}});
}

// Each element is compared with all of its row; of those that are equal to the most, the smallest, and its last place.
void mode(Op& op) {
  if (is_number(op)) return;
  const std::int64_t dim = op.i("dim");
  const NodeAttributes kept{{"axes", std::vector<std::int64_t>{dim}}, {"keepdims", std::int64_t{1}}};
  const Value x = op.in(0), column = op.emit("Unsqueeze", {x, op.list({dim + 1})});
  const Value equal = op.emit("Equal", {column, op.emit("Unsqueeze", {x, op.list({dim})})});
  const Value counts =
      op.emit("ReduceSum", {op.cast(equal, kInt32), op.list({dim + 1})}, {{"keepdims", std::int64_t{0}}});
  const Value most = op.emit("Equal", {counts, op.emit("ReduceMax", {counts}, kept)});
  const Value value = op.emit("ReduceMin", {op.emit("Where", {most, x, limit(op, true)})}, kept);
  const bool keepdim = op.flag("keepdim");
  op.set_result(keepdim ? value : op.emit("Squeeze", {value, op.list({dim})}));
  op.set_result(last_true(op, op.emit("Equal", {x, value}), dim, keepdim), 1);
}

// Rows of a table: row k has the elements up to k. The last place of equal ones.
void running_extremum(Op& op, const char* reduction, bool largest) {
  if (is_number(op)) return;
  const std::int64_t dim = op.i("dim"), n = fixed_length(op, dim);
  Shape sizes{n, n};
  for (std::int64_t d = dim + 1; d < op.rank_in(0); ++d) sizes.push_back(1);
  const Value past = op.constant(tril(ones({n, n}, TensorOptions{kInt32})).to(kBool).reshape(sizes));
  const Value rows = op.emit("Unsqueeze", {op.in(0), op.list({dim})});
  const Value table = op.emit("Where", {past, rows, limit(op, !largest)});
  const Value value =
      op.emit(reduction, {table}, {{"axes", std::vector<std::int64_t>{dim + 1}}, {"keepdims", std::int64_t{1}}});
  op.set_result(op.emit("Squeeze", {value, op.list({dim + 1})}));
  op.set_result(last_true(op, op.emit("And", {op.emit("Equal", {table, value}), past}), dim + 1, false), 1);
}
void cummax(Op& op) { running_extremum(op, "ReduceMax", true); }
void cummin(Op& op) { running_extremum(op, "ReduceMin", false); }

}  // namespace

std::span<const NamedRule> order_rules() {
  static const NamedRule all[] = {
      {"argsort", argsort}, {"cummax", cummax}, {"cummin", cummin}, {"kthvalue", kthvalue},
      {"median", median},   {"mode", mode},     {"sort", sorted},   {"topk", top},
  };
  return all;
}

}  // namespace xgrad::onnx
