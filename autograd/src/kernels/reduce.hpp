// Reductions without differentiation, over any set of dimensions of tensors with any strides. Dimensions are given as
// a DimSet (one bit each); results are contiguous. The same bits come out for every number of threads.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

using DimSet = std::uint32_t;

// All dimensions of a shape. The callers below mean it by an empty list too.
inline DimSet all_dims(const Shape& s) { return (DimSet{1} << s.rank()) - 1; }
inline bool has_dim(DimSet dims, int d) { return (dims >> d & 1) != 0; }
Shape reduced_shape(const Shape& shape, DimSet dims, bool keepdim);
// Number of elements that go into one result.
std::int64_t reduced_count(const Shape& shape, DimSet dims);

// Sum in x's floating type, or in int64 for integers and bools.
Tensor sum_raw(const Tensor& x, DimSet dims, bool keepdim);
Tensor mean_raw(const Tensor& x, DimSet dims, bool keepdim);  // floating
Tensor prod_raw(const Tensor& x, DimSet dims, bool keepdim);  // integers in int64
// sqrt(sum x^2), floating. Squares are of x's type: they may overflow, or vanish.
Tensor root_of_squares_raw(const Tensor& x, DimSet dims, bool keepdim);
// Largest or smallest; NaN wins. Of nothing: the smallest or largest value there is (bool: false, true).
Tensor max_raw(const Tensor& x, DimSet dims, bool keepdim);
Tensor min_raw(const Tensor& x, DimSet dims, bool keepdim);
// log(sum exp(x)) and what rounding took from it; floating.
struct LogSumExpParts {
  Tensor value, rest;
};
LogSumExpParts logsumexp_raw(const Tensor& x, DimSet dims, bool keepdim);

// Mean (NaN where an element is infinite) and what rounding took from it, and the sum of squared deviations /
// max(0, n - correction) or the square root of that; floating.
struct Moments {
  Tensor mean, rest, spread;
};
Moments moments_raw(const Tensor& x, DimSet dims, double correction, bool root, bool keepdim);

// First extreme value along dim and its position (int64); size of dim >= 1.
struct ArgResult {
  Tensor values, indices;
};
ArgResult arg_extremum_raw(const Tensor& x, int dim, bool largest, bool keepdim);
// The elements of x at index along dim, and the adjoint: zeros of `size` along dim with g at index. index has size 1 at
// dim, and so have the result and g.
Tensor pick_raw(const Tensor& x, int dim, const Tensor& index);
Tensor place_raw(const Tensor& g, int dim, const Tensor& index, std::int64_t size);

// Product of all other elements along dim, per element; floating.
Tensor prod_others_raw(const Tensor& x, int dim);

}  // namespace xgrad::detail
