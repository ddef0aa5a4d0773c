// Whether indices are places.
#pragma once

#include <cstdint>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// The first element of `index`, contiguous int64, that is not in [0, size); -1: there is none.
std::int64_t first_outside(const Tensor& index, std::int64_t size);

// Whether n indices are in [0, size).
bool all_below(const std::int64_t* index, std::int64_t n, std::int64_t size);

}  // namespace xgrad::detail
