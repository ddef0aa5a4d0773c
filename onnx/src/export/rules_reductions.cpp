// Sums and their like, and the places of extrema.
#include <fmt/format.h>

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

// Over the last dimension.
void p_norm(Op& op) {
  const double p = op.f("p");
  if (p != 1 && p != 2) op.refuse(fmt::format("ONNX has norms of order 1 and 2, not of {}", p));
  op.finish(p == 1 ? "ReduceL1" : "ReduceL2", {op.in(0)},
            {{"axes", std::vector<std::int64_t>{-1}}, {"keepdims", std::int64_t{0}}});
}

// Of one dimension with the place as well, or of several.
void extremum(Op& op, const char* reduction, const char* place) {
  reduce(op, reduction);
  if (op.result_count() > 1)
    op.set_result(op.emit(place, {op.in(0)}, {{"axis", dims_of(op)[0]}, {"keepdims", keeps(op)}}), 1);
}
void place(Op& op) {
  const char* type = op.name() == "argmax" ? "ArgMax" : "ArgMin";
  op.finish(type, {op.in(0)}, {{"axis", op.i("dim")}, {"keepdims", keeps(op)}});
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

void cumsum(Op& op) { op.finish("CumSum", {op.in(0), op.whole(op.i("dim"))}); }

void top(Op& op) {
  const Names r = op.emit_many("TopK", {op.in(0), op.list({op.i("k")})},
                               {{"axis", op.i("dim")}, {"largest", std::int64_t{op.flag("largest")}}}, 2);
  for (std::size_t k = 0; k < r.size(); ++k) op.set_result(r[k], k);
}
void sorted(Op& op) {
  const std::int64_t dim = op.i("dim");
  const Names r = op.emit_many("TopK", {op.in(0), op.sizes({op.size_in(0, dim)})},
                               {{"axis", dim}, {"largest", std::int64_t{op.flag("descending")}}}, 2);
  for (std::size_t k = 0; k < r.size(); ++k) op.set_result(r[k], k);
}

}  // namespace

std::span<const NamedRule> reduction_rules() {
  static const NamedRule all[] = {
      {"amax", largest},  {"amin", smallest}, {"argmax", place},
      {"argmin", place},  {"cumsum", cumsum}, {"logsumexp", logsumexp},
      {"max", largest},   {"mean", mean},     {"min", smallest},
      {"p_norm", p_norm}, {"prod", prod},     {"sort", sorted},
      {"std", deviation}, {"sum", sum},       {"topk", top},
      {"var", var},
  };
  return all;
}

}  // namespace xgrad::onnx
