// Elements by rank along a dimension. NaN counts as the largest value; elements that are equal keep their order. Values
// pass their gradients to the elements they came from; indices are int64. IndexError for a dimension out of range.
#pragma once

#include <concepts>

#include <xgrad/by_name.hpp>
#include <xgrad/ops/extremum.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

struct SortOptions {
  ByName by_name = ByName();
  std::int64_t dim = -1;
  bool descending = false;
};
[[nodiscard]] XGRAD_API ValuesIndices sort(const Tensor& x, std::int64_t dim = -1, bool descending = false,
                                           Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor argsort(const Tensor& x, std::int64_t dim = -1, bool descending = false,
                                       Location at = Location::current());
// By name: sort(x, {.descending = true}).
[[nodiscard]] inline ValuesIndices sort(const Tensor& x, SortOptions o, Location at = Location::current()) {
  return sort(x, o.dim, o.descending, at);
}
[[nodiscard]] inline Tensor argsort(const Tensor& x, SortOptions o, Location at = Location::current()) {
  return argsort(x, o.dim, o.descending, at);
}
template <detail::NoDimension T, class... More>
ValuesIndices sort(const Tensor&, T, const More&...) = delete;  // a dimension is an integer: {.descending = true}
template <detail::NoDimension T, class... More>
Tensor argsort(const Tensor&, T, const More&...) = delete;  // a dimension is an integer: {.descending = true}
// The values of sort along dimension 0.
[[nodiscard]] XGRAD_API Tensor msort(const Tensor& x, Location at = Location::current());
// The k largest or smallest, in order whether `sorted` or not. IndexError: k negative or beyond the size.
[[nodiscard]] XGRAD_API ValuesIndices topk(const Tensor& x, std::int64_t k, std::int64_t dim = -1, bool largest = true,
                                           bool sorted = true, Location at = Location::current());
template <std::floating_point T, class... More>
ValuesIndices topk(const Tensor&, T, const More&...) = delete;  // a count is an integer
// The k-th smallest, k from 1.
[[nodiscard]] XGRAD_API ValuesIndices kthvalue(const Tensor& x, std::int64_t k, std::int64_t dim = -1,
                                               bool keepdim = false, Location at = Location::current());

}  // namespace xgrad
