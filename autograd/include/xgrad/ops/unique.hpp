// Different values, and membership. No gradients.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad {

// values: each value once. inverse: for each element of the input (each place along the dimension) the position of its
// value. counts: how often each value stands in the input. Positions and counts are int64.
struct UniqueResult {
  Tensor values, inverse, counts;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const UniqueResult& r);
// The different values, sorted; each NaN is a value of its own. Along a dimension: the different slices there, in
// lexicographic order.
[[nodiscard]] XGRAD_API UniqueResult unique(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API UniqueResult unique(const Tensor& x, std::int64_t dim, Location at = Location::current());
// Runs of equal values (slices) as one, in the order of the input.
[[nodiscard]] XGRAD_API UniqueResult unique_consecutive(const Tensor& x, Location at = Location::current());
[[nodiscard]] XGRAD_API UniqueResult unique_consecutive(const Tensor& x, std::int64_t dim,
                                                        Location at = Location::current());
template <detail::NoDimension T, class... More>
UniqueResult unique(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
template <detail::NoDimension T, class... More>
UniqueResult unique_consecutive(const Tensor&, T, const More&...) = delete;  // a dimension is an integer
// Whether each element is among the test elements (bool); invert: is not. Types are promoted.
[[nodiscard]] XGRAD_API Tensor isin(const Tensor& x, const Tensor& test_elements, bool invert = false,
                                    Location at = Location::current());

}  // namespace xgrad
