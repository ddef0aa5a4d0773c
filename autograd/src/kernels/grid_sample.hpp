// Reading images at given places, and the derivatives of that: each place reads the elements around it, times products
// of weights, one for each dimension.
#pragma once

#include <array>
#include <cstdint>

namespace xgrad::detail {

enum class GridEdge { zeros, border, reflection };

// Contiguous operands: images x (batches, channels, elements), grid (batches, places, spatial), whose last number is
// about the first dimension, y (batches, channels, places).
struct GridShape {
  std::int64_t batches, channels, places;
  int spatial;                        // 2 or 3
  std::array<std::int64_t, 3> sizes;  // depth (1 for images), height, width
  int taps;                           // elements read along a dimension: 1 the nearest, 2 linear, 4 cubic
  GridEdge edge;
  bool align_corners;
  std::int64_t elements() const { return sizes[0] * sizes[1] * sizes[2]; }
};

template <class T>
void grid_sample_forward(const GridShape& s, const T* x, const T* grid, T* y);
// From the gradient g of y; null: not wanted. dx is added to, dgrid overwritten.
template <class T>
void grid_sample_backward(const GridShape& s, const T* x, const T* grid, const T* g, T* dx, T* dgrid);

// The derivative of grid_sample_backward: of <a, dx> + <b, dgrid> to g, x and the grid. Null a or b: zeros; null
// results: not wanted. dx is added to, the others are overwritten.
template <class T>
struct GridSecond {
  const T *a, *b;
  T *dg, *dx, *dgrid;
};
template <class T>
void grid_sample_backward_twice(const GridShape& s, const T* x, const T* grid, const T* g, const GridSecond<T>& d);

// What is constant in the neighbourhood of a grid, for `dimension` (0: depth), of all batches x places: which elements
// are read (tap by tap, as part of an offset into the image, -1 outside), how the coordinate moves with the number of
// the grid, and how far it is behind the element before it.
template <class T>
void grid_taps(const GridShape& s, const T* grid, int dimension, std::int64_t* at, T* slope, T* rest);

}  // namespace xgrad::detail
