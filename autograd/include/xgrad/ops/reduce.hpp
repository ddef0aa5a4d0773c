// Sums, means, products and their like. dims: which dimensions to reduce (negative from the end; none given = all);
// keepdim keeps them as size 1. IndexError for a dimension out of range ("dim 2 out of range [-2, 1]") or given twice.
// Sums of integers and bools are int64; mean, var, std and logsumexp take floating tensors only (DTypeError).
// Float sums run in 4096-element blocks of 64 lanes combined in double: accurate, and the same bits for any thread
// count.
#pragma once

#include <concepts>

#include <xgrad/tensor.hpp>

namespace xgrad {

// dtype: computed from x in this type, and given in it.
[[nodiscard]] XGRAD_API Tensor sum(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sum(const Tensor& x, const Shape& dims, bool keepdim = false,
                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor sum(const Tensor& x, const Shape& dims, bool keepdim, DType dtype,
                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mean(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mean(const Tensor& x, const Shape& dims, bool keepdim = false,
                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor mean(const Tensor& x, const Shape& dims, bool keepdim, DType dtype,
                                    Location at = Location::current());
// Over one dimension. (Templates, so that {} stays a list of dimensions.)
template <detail::Dimension D>
[[nodiscard]] Tensor sum(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return sum(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
template <detail::Dimension D>
[[nodiscard]] Tensor mean(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return mean(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
template <detail::NoDimension T, class... More>
Tensor sum(const Tensor&, T, const More&...) = delete;  // dimensions are integers; of all of them: sum(x, {}, true)
template <detail::NoDimension T, class... More>
Tensor mean(const Tensor&, T, const More&...) = delete;  // dimensions are integers; of all of them: mean(x, {}, true)
// Of all elements.
template <std::same_as<DType> D>
[[nodiscard]] Tensor sum(const Tensor& x, D dtype, Location at = Location::current()) {
  return sum(x, Shape{}, false, dtype, at);
}
template <std::same_as<DType> D>
[[nodiscard]] Tensor mean(const Tensor& x, D dtype, Location at = Location::current()) {
  return mean(x, Shape{}, false, dtype, at);
}
// Sum of squared deviations / max(0, n - correction), which may be a fraction. A bool may stand for the correction:
// true is 1 (unbiased), false 0.
[[nodiscard]] XGRAD_API Tensor var(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor var(const Tensor& x, const Shape& dims, double correction = 1, bool keepdim = false,
                                   Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor std(const Tensor& x, Location at = Location::current());  // sqrt(var)
[[nodiscard]] XGRAD_API Tensor std(const Tensor& x, const Shape& dims, double correction = 1, bool keepdim = false,
                                   Location at = Location::current());
// Templates, since var(x, {1}) would otherwise take {1} for the bool.
template <std::same_as<bool> B>
Tensor var(const Tensor& x, B unbiased, Location at = Location::current()) {
  return var(x, Shape{}, unbiased, false, at);
}
template <std::same_as<bool> B>
Tensor std(const Tensor& x, B unbiased, Location at = Location::current()) {
  return std(x, Shape{}, unbiased, false, at);
}
// Over one dimension.
template <detail::Dimension D>
[[nodiscard]] Tensor var(const Tensor& x, D dim, double correction = 1, bool keepdim = false,
                         Location at = Location::current()) {
  return var(x, Shape{static_cast<std::int64_t>(dim)}, correction, keepdim, at);
}
template <detail::Dimension D>
[[nodiscard]] Tensor std(const Tensor& x, D dim, double correction = 1, bool keepdim = false,
                         Location at = Location::current()) {
  return std(x, Shape{static_cast<std::int64_t>(dim)}, correction, keepdim, at);
}
// Two numbers are two dimensions, in braces; keepdim and unbiased are true or false.
template <std::integral D, std::integral K>
requires(!std::same_as<K, bool>)     //
    Tensor sum(const Tensor&, D, K)  // dimensions in braces: sum(x, {0, 1})
= delete;
template <std::integral D, std::integral K>
requires(!std::same_as<K, bool>)      //
    Tensor mean(const Tensor&, D, K)  // dimensions in braces: mean(x, {0, 1})
= delete;
template <std::same_as<bool> B>
Tensor var(const Tensor&, const Shape&, B) = delete;  // unbiased or keepdim? var(x, {1}, 1, true) keeps the dimension
template <std::same_as<bool> B>
Tensor std(const Tensor&, const Shape&, B) = delete;  // unbiased or keepdim? std(x, {1}, 1, true) keeps the dimension
[[nodiscard]] XGRAD_API Tensor prod(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim = false,
                                    Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor prod(const Tensor& x, std::int64_t dim, bool keepdim, DType dtype,
                                    Location at = Location::current());
template <detail::NoDimension T, class... More>
Tensor prod(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <std::same_as<DType> D>
[[nodiscard]] Tensor prod(const Tensor& x, D dtype, Location at = Location::current()) {
  return prod(x.reshape({-1}, at), 0, false, dtype, at);
}

// Whether any / every element differs from 0, of all or over dims; bool.
[[nodiscard]] XGRAD_API Tensor any(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor any(const Tensor& x, const Shape& dims, bool keepdim = false,
                                   Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor any(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return any(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
[[nodiscard]] XGRAD_API Tensor all(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor all(const Tensor& x, const Shape& dims, bool keepdim = false,
                                   Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor all(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return all(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}

// log(sum(exp(x))) over dims, without overflow.
[[nodiscard]] XGRAD_API Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim = false,
                                         Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor logsumexp(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return logsumexp(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}

// Sum and mean of the elements that are not NaN. nanmean of none is NaN; nansum takes integers as sum does.
[[nodiscard]] XGRAD_API Tensor nansum(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                      Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor nansum(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return nansum(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
[[nodiscard]] XGRAD_API Tensor nanmean(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
                                       Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor nanmean(const Tensor& x, D dim, bool keepdim = false, Location at = Location::current()) {
  return nanmean(x, Shape{static_cast<std::int64_t>(dim)}, keepdim, at);
}
// How many elements differ from 0; int64.
[[nodiscard]] XGRAD_API Tensor count_nonzero(const Tensor& x, const Shape& dims = {},
                                             Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] Tensor count_nonzero(const Tensor& x, D dim, Location at = Location::current()) {
  return count_nonzero(x, Shape{static_cast<std::int64_t>(dim)}, at);
}
// Summed over the dimensions in which x was expanded from `shape`; ShapeError when it cannot have been.
[[nodiscard]] XGRAD_API Tensor sum_to_size(const Tensor& x, const Shape& shape, Location at = Location::current());
struct VarMean {
  Tensor var, mean;
};
struct StdMean {
  Tensor std, mean;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const VarMean& r);
XGRAD_API std::ostream& operator<<(std::ostream& os, const StdMean& r);
[[nodiscard]] XGRAD_API VarMean var_mean(const Tensor& x, const Shape& dims = {}, double correction = 1,
                                         bool keepdim = false, Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] VarMean var_mean(const Tensor& x, D dim, double correction = 1, bool keepdim = false,
                               Location at = Location::current()) {
  return var_mean(x, Shape{static_cast<std::int64_t>(dim)}, correction, keepdim, at);
}
[[nodiscard]] XGRAD_API StdMean std_mean(const Tensor& x, const Shape& dims = {}, double correction = 1,
                                         bool keepdim = false, Location at = Location::current());
template <detail::Dimension D>
[[nodiscard]] StdMean std_mean(const Tensor& x, D dim, double correction = 1, bool keepdim = false,
                               Location at = Location::current()) {
  return std_mean(x, Shape{static_cast<std::int64_t>(dim)}, correction, keepdim, at);
}

}  // namespace xgrad
