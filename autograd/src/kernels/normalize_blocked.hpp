// Normalisation over the batch of activations with their channels in blocks (core/blocked.hpp), as in normalize.hpp.
#pragma once

#include "core/blocked.hpp"
#include "kernels/normalize.hpp"

namespace xgrad::detail {

NormMoments norm_moments_blocked(const BlockedRef& x);
// Into y, of the same layout.
void norm_channels_blocked(const BlockedRef& x, const NormTerms& terms, const BlockedRef& y);

// The sums over each channel of g and of g (x - mean) rstd, into by_bias and by_weight, which hold zeros; then the
// gradient of x. g and gx, which may be one, have the layout of x.
void norm_backward_blocked(bool constant, const BlockedRef& g, const BlockedRef& x, const NormTerms& terms,
                           const BlockedRef& gx, double* by_bias, double* by_weight);

}  // namespace xgrad::detail
