// Reductions. dims: which dimensions to reduce (negative from the end; none given = all); keepdim keeps them as size 1.
// IndexError for a dimension out of range ("dim 2 out of range [-2, 1]") or given twice. Sums of integers and bools are
// int64; mean, var, std and everything below logsumexp take floating tensors only (DTypeError).
// Float sums run in 4096-element blocks of 64 lanes combined in double: accurate, and the same bits for any thread count.
#pragma once

#include <concepts>
#include <utility>

#include <xgrad/tensor.hpp>

namespace xgrad {

[[nodiscard]] XGRAD_API Tensor sum(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sum(const Tensor& x, const Shape& dims, bool keepdim = false,
                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mean(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mean(const Tensor& x, const Shape& dims, bool keepdim = false,
                                    Location at = Location::current());
// Over one dimension. (Templates, so that {} stays a list of dimensions.)
template <std::integral D>
[[nodiscard]] Tensor sum(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return sum(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
template <std::integral D>
[[nodiscard]] Tensor mean(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return mean(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
// Sum of squared deviations / max(0, n - correction). A bool may stand for the correction: true is 1 (unbiased), false 0.
[[nodiscard]] XGRAD_API Tensor var(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor var(const Tensor& x, const Shape& dims, std::int64_t correction = 1,
                                   bool keepdim = false, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor std(const Tensor& x, Location at = Location::current());  // sqrt(var)
[[nodiscard]] XGRAD_API Tensor std(const Tensor& x, const Shape& dims, std::int64_t correction = 1,
                                   bool keepdim = false, Location at = Location::current());
// Templates, since var(x, {1}) would otherwise take {1} for the bool.
template <std::same_as<bool> B>
Tensor var(const Tensor& x, B unbiased, Location at = Location::current()) {
  return var(x, Shape{}, unbiased, false, at);
}
template <std::same_as<bool> B>
Tensor std(const Tensor& x, B unbiased, Location at = Location::current()) {
  return std(x, Shape{}, unbiased, false, at);
}
[[nodiscard]] XGRAD_API Tensor prod(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                    Location at = Location::current());

// Largest / smallest of all; NaN wins; the gradient is shared evenly among equal values. ShapeError when empty.
[[nodiscard]] XGRAD_API Tensor max(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor min(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor amax(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor amin(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                    Location at = Location::current());
struct ValuesIndices {
  Tensor values, indices;  // indices are int64
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const ValuesIndices& r);
// Along one dimension, with the position of the first extreme value, which alone gets the gradient.
[[nodiscard]] XGRAD_API ValuesIndices max(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                          Location at = Location::current());
[[nodiscard]] XGRAD_API ValuesIndices min(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                          Location at = Location::current());
Tensor max(const Tensor&, const Tensor&) = delete;  // element by element: maximum(x, y)
Tensor min(const Tensor&, const Tensor&) = delete;  // element by element: minimum(x, y)
// Position (int64) of the first extreme value, of the flattened tensor or along dim.
[[nodiscard]] XGRAD_API Tensor argmax(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argmax(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                      Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argmin(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argmin(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                      Location at = Location::current());
// Whether any / every element differs from 0, of all or along dim; bool.
[[nodiscard]] XGRAD_API Tensor any(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor any(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor all(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor all(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                   Location at = Location::current());

// log(sum(exp(x))) over dims, without overflow.
[[nodiscard]] XGRAD_API Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim = false,
                                         Location at = Location::current());
// exp(x_i) / sum_j exp(x_j) along dim, and its logarithm.
[[nodiscard]] XGRAD_API Tensor softmax(const Tensor& x, std::int64_t dim, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor log_softmax(const Tensor& x, std::int64_t dim, Location at = Location::current());

}  // namespace xgrad
