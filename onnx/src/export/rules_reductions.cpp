// Sums and their like, the places of extrema, and running sums.
#include <cmath>

#include <xgrad/ops.hpp>

#include "export/rules.hpp"

namespace xgrad::onnx {
namespace {

std::vector<std::int64_t> dims_of(const Op& op) { return op.ints("dim"); }
std::int64_t keeps(const Op& op) { return op.flag("keepdim"); }

// Over no dimension at all, of a tensor that has none.
bool nothing_to_reduce(Op& op) { return op.rank_in(0) == 0; }

void sum(Op& op) {
  if (nothing_to_reduce(op)) return op.set_result(op.in(0, op.dtype()));
  op.finish("ReduceSum", {op.in(0, op.dtype()), op.list(dims_of(op))}, {{"keepdims", keeps(op)}});
}

void reduce(Op& op, const char* type) {
  if (nothing_to_reduce(op)) return op.set_result(op.in(0, op.dtype()));
  op.finish(type, {op.in(0, op.dtype())}, {{"axes", dims_of(op)}, {"keepdims", keeps(op)}});
}
void mean(Op& op) { reduce(op, "ReduceMean"); }
void prod(Op& op) { reduce(op, "ReduceProd"); }
void logsumexp(Op& op) { reduce(op, "ReduceLogSumExp"); }

// (sum |x|^p)^(1/p), with the largest or least |x| at the infinities, and the number of those that are not 0 at 0.
std::string norm_over_last(Op& op, const std::string& x, double p) {
  const NodeAttributes last{{"axes", std::vector<std::int64_t>{-1}}, {"keepdims", std::int64_t{0}}};
  if (p == 1 || p == 2) return op.emit(p == 1 ? "ReduceL1" : "ReduceL2", {x}, last);
  const std::string sizes = op.emit("Abs", {x});
  if (std::isinf(p)) return op.emit(p > 0 ? "ReduceMax" : "ReduceMin", {sizes}, last);
  const auto sum = [&](const std::string& v) {
    return op.emit("ReduceSum", {v, op.list({-1})}, {{"keepdims", std::int64_t{0}}});
  };
  if (p == 0) return sum(op.cast(op.cast(sizes, kBool), op.dtype()));
  return op.emit("Pow", {sum(op.emit("Pow", {sizes, op.number(p)})), op.number(1 / p)});
}

// Over the last dimension.
void p_norm(Op& op) {
  const double p = op.f("p");
  op.set_result(norm_over_last(op, op.in(0), p));
}
// Of the differences of all pairs of rows.
void cdist(Op& op) {
  const std::string rows = op.emit("Unsqueeze", {op.in(0), op.list({-2})});
  const std::string others = op.emit("Unsqueeze", {op.in(1), op.list({-3})});
  op.set_result(norm_over_last(op, op.emit("Sub", {rows, others}), op.f("p")));
}

// Other programs have ArgMax of int64 in TopK only.
std::string place_along(Op& op, const char* type, const std::string& x, std::int64_t dim, std::int64_t keepdim) {
  if (op.dtype_in(0) != kInt64) return op.emit(type, {x}, {{"axis", dim}, {"keepdims", keepdim}});
  const std::int64_t largest = type == std::string("ArgMax");
  const std::string first = op.emit_many("TopK", {x, op.list({1})}, {{"axis", dim}, {"largest", largest}}, 2)[1];
  return keepdim ? first : op.emit("Squeeze", {first, op.list({dim})});
}

// Of one dimension with the place as well, or of several.
void extremum(Op& op, const char* reduction, const char* place) {
  reduce(op, reduction);
  if (op.result_count() < 2) return;
  const bool number = nothing_to_reduce(op);
  op.set_result(number ? op.whole(0) : place_along(op, place, op.in(0), dims_of(op)[0], keeps(op)), 1);
}
// Of all elements where no dimension is given.
void place(Op& op) {
  const char* type = op.name() == "argmax" ? "ArgMax" : "ArgMin";
  if (nothing_to_reduce(op)) return op.set_result(op.whole(0));
  if (op.given("dim")) return op.set_result(place_along(op, type, op.in(0), op.i("dim"), keeps(op)));
  op.set_result(place_along(op, type, op.emit("Reshape", {op.in(0), op.list({-1})}), 0, 0));
}

// ---- truth ----
void any_or_all(Op& op, const char* reduction) {
  const std::string truth = op.in(0, kBool);
  if (nothing_to_reduce(op)) return op.set_result(truth);
  const std::string one =
      op.emit(reduction, {op.cast(truth, kInt32)}, {{"axes", dims_of(op)}, {"keepdims", keeps(op)}});
  op.set_result(op.cast(one, kBool));
}
void any(Op& op) { any_or_all(op, "ReduceMax"); }
void all(Op& op) { any_or_all(op, "ReduceMin"); }
void count_nonzero(Op& op) {
  const std::string truth = op.cast(op.in(0, kBool), kInt64);
  if (nothing_to_reduce(op)) return op.set_result(truth);
  op.finish("ReduceSum", {truth, op.list(dims_of(op))}, {{"keepdims", keeps(op)}});
}
void largest(Op& op) { extremum(op, "ReduceMax", "ArgMax"); }
void smallest(Op& op) { extremum(op, "ReduceMin", "ArgMin"); }

// The sum of squared distances from the mean over n - correction.
std::string variance(Op& op) {
  const std::vector<std::int64_t> dims = dims_of(op);
  double count = 1;
  for (const std::int64_t d : dims) {
    if (!op.size_in(0, d).fixed()) op.refuse("its number of elements follows a dynamic axis");
    count *= static_cast<double>(op.shape_in(0)[d]);
  }
  const double divisor = count - op.f("correction");
  if (divisor <= 0) op.refuse("there are no more elements than the correction");
  const std::string x = op.in(0, op.dtype());
  const std::string mean = op.emit("ReduceMean", {x}, {{"axes", dims}, {"keepdims", std::int64_t{1}}});
  const std::string distance = op.emit("Sub", {x, mean});
  const std::string squares = op.emit("Mul", {distance, distance});
  const std::string total = op.emit("ReduceSum", {squares, op.list(dims)}, {{"keepdims", keeps(op)}});
  return op.emit("Div", {total, op.number(divisor)});
}
void var(Op& op) { op.set_result(variance(op)); }
void deviation(Op& op) { op.finish("Sqrt", {variance(op)}); }

// ---- along a dimension ----
void cumsum(Op& op) {
  if (nothing_to_reduce(op)) return op.set_result(op.in(0, op.dtype()));
  const NodeAttributes reversed{{"reverse", std::int64_t{op.given("reverse") && op.flag("reverse")}}};
  op.finish("CumSum", {op.in(0, op.dtype()), op.whole(op.i("dim"))}, reversed);
}
// Element k reduces the elements up to k: rows of a table, in which what follows counts as `neutral`.
void running(Op& op, const char* reduction, double neutral) {
  if (nothing_to_reduce(op)) return op.set_result(op.in(0, op.dtype()));
  const std::int64_t dim = op.i("dim"), rank = op.rank_in(0);
  const DynamicSize n = op.size_in(0, dim);
  if (!n.fixed()) op.refuse("its length follows a dynamic axis");
  Shape sizes{n.factor, n.factor};
  for (std::int64_t d = dim + 1; d < rank; ++d) sizes.push_back(1);
  const Tensor past = tril(ones({n.factor, n.factor}, TensorOptions{kInt32})).to(kBool).reshape(sizes);
  const std::string rows = op.emit("Unsqueeze", {op.in(0, op.dtype()), op.list({dim})});
  const std::string table = op.emit("Where", {op.constant(past), rows, op.number(neutral)});
  op.finish(reduction, {table}, {{"axes", std::vector<std::int64_t>{dim + 1}}, {"keepdims", std::int64_t{0}}});
}
void cumprod(Op& op) { running(op, "ReduceProd", 1); }
void logcumsumexp(Op& op) { running(op, "ReduceLogSumExp", -INFINITY); }

void determinant(Op& op) { op.finish("Det", {op.in(0)}); }

}  // namespace

std::span<const NamedRule> reduction_rules() {
  static const NamedRule rules[] = {
      {"all", all},
      {"amax", largest},
      {"amin", smallest},
      {"any", any},
      {"argmax", place},
      {"argmin", place},
      {"cdist", cdist},
      {"count_nonzero", count_nonzero},
      {"cumprod", cumprod},
      {"cumsum", cumsum},
      {"det", determinant},
      {"logcumsumexp", logcumsumexp},
      {"logsumexp", logsumexp},
      {"max", largest},
      {"mean", mean},
      {"min", smallest},
      {"p_norm", p_norm},
      {"prod", prod},
      {"std", deviation},
      {"sum", sum},
      {"var", var},
  };
  return rules;
}

}  // namespace xgrad::onnx
