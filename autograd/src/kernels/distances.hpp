// Euclidean distances between all rows of two matrices, from their differences: near rows keep their digits, which a
// matrix product would lose.
#pragma once

#include <cstdint>

namespace xgrad::detail {

// Contiguous operands: x (batches, rows, size), y (batches, columns, size), out (batches, rows, columns); size > 0.
struct DistanceShape {
  std::int64_t batches, rows, columns, size;
};

template <class T>
void distances_forward(const DistanceShape& s, const T* x, const T* y, T* out);
// dx = sum over y of g (x - y) / out, dy = -sum over x; a distance of 0 gives 0. Null: not wanted; else overwritten.
template <class T>
void distances_backward(const DistanceShape& s, const T* x, const T* y, const T* out, const T* g, T* dx, T* dy);

}  // namespace xgrad::detail
