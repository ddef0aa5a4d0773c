// Other examples of a model's inputs, made of the one given: of other values, and of other sizes.
#pragma once

#include <cstdint>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::onnx {

// How other_values() changes the elements. All but `beyond` stay within the least and the greatest of the example, so
// that indices stay in range and numbers positive.
//   spread  floating ones are drawn evenly, others move on by one place
//   lower   halfway to the least element: floating ones drawn from that half; of booleans one is another
//   upper   the same towards the greatest
//   beyond  floating ones as spread with the other sign, whole ones that are all equal one more
// Between them sums, extrema, counts of positive elements and of true ones change.
enum class Variation { spread, lower, upper, beyond };
Tensor other_values(const Tensor& x, Variation how);

// The first `size` places along the dimension, from the beginning again where there are not as many.
Tensor other_size(const Tensor& x, std::int64_t dim, std::int64_t size);

// Sizes to try in the place of n: larger ones first, odd and even, near and far, so that neither n / k nor n rounded to
// a multiple of k is at all of them n times a number, or a number; then smaller ones, for models with a largest size.
std::vector<std::int64_t> larger_sizes(std::int64_t n);
std::vector<std::int64_t> smaller_sizes(std::int64_t n);

}  // namespace xgrad::onnx
