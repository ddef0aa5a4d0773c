// The p-norm of plain numbers, for authors of kernels: norms of rows, of gradients, of differences.
#pragma once

#include <cstdint>

#include <xgrad/export.hpp>

namespace xgrad::detail {

// (sum |x|^p)^(1/p) of n numbers, in double, by one formula for all p: infinity gives the largest |x|, -infinity the
// smallest, 0 how many are not 0. Nothing overflows or vanishes on the way, numbers are scaled by the largest (p < 0:
// smallest) where they must be. NaN stays, but for p = 0. Sums are made of blocks, whatever the number of threads.
XGRAD_API double p_norm_of(const float* x, std::int64_t n, double p);
XGRAD_API double p_norm_of(const double* x, std::int64_t n, double p);

}  // namespace xgrad::detail
