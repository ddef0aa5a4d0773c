#include "kernels/reduce_plan.hpp"

namespace xgrad::detail {
namespace {

void insert_sorted(ReduceAxis* axes, int& n, const ReduceAxis& axis) {
  const auto before = [](const ReduceAxis& a, const ReduceAxis& b) { return b.in != 0 && (a.in == 0 || a.in > b.in); };
  int i = n++;
  for (; i > 0 && before(axis, axes[i - 1]); --i) axes[i] = axes[i - 1];
  axes[i] = axis;
}

void merge(ReduceAxis* axes, int& n) {
  int last = 0;
  for (int i = 1; i < n; ++i) {
    ReduceAxis& a = axes[last];
    const ReduceAxis& b = axes[i];
    if (a.in == b.in * b.size && a.out == b.out * b.size)
      a = {a.size * b.size, b.in, b.out};
    else
      axes[++last] = b;
  }
  if (n > 0) n = last + 1;
}

}  // namespace

ReducePlan plan_reduction(const TensorImpl& x, DimSet dims) {
  ReducePlan p;
  std::int64_t out = 1;
  for (int d = x.shape.rank() - 1; d >= 0; --d) {
    const std::int64_t n = x.shape[d];
    const bool reduce = has_dim(dims, d);
    (reduce ? p.per_output : p.outputs) *= n;
    if (n == 1) continue;
    if (reduce)
      insert_sorted(p.r, p.reduced, {n, x.strides[d], 0});
    else
      insert_sorted(p.k, p.kept, {n, x.strides[d], out});
    if (!reduce) out *= n;
  }
  merge(p.k, p.kept);
  merge(p.r, p.reduced);
  if (p.kept == 0 && p.reduced == 0) p.k[p.kept++] = {1, 1, 1};
  return p;
}

Shape reduced_shape(const Shape& shape, DimSet dims, bool keepdim) {
  Shape s;
  for (int d = 0; d < shape.rank(); ++d) {
    if (!has_dim(dims, d))
      s.push_back(shape[d]);
    else if (keepdim)
      s.push_back(1);
  }
  return s;
}

std::int64_t reduced_count(const Shape& shape, DimSet dims) {
  std::int64_t n = 1;
  for (int d = 0; d < shape.rank(); ++d)
    if (has_dim(dims, d)) n *= shape[d];
  return n;
}

}  // namespace xgrad::detail
