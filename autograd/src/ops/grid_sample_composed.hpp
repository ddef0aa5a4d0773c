#pragma once

#include <xgrad/record.hpp>

#include "kernels/grid_sample.hpp"

namespace xgrad::detail {

// The gradients of <a, dx> + <b, dgrid> to g, x and the grid, where dx and dgrid are those of grid_sample for the
// gradient g of its result, as recorded operations: the base of all derivatives above the second. a or b may be
// undefined.
Grads grid_sample_second_composed(const GridShape& shape, const Tensor& g, const Tensor& x, const Tensor& grid,
                                  const Tensor& a, const Tensor& b);

}  // namespace xgrad::detail
