// Normalisation of contiguous data: statistics, the affine map of the normalised values, and both gradients.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// The data as (n, groups, per_group, inner). Statistics belong to a group over n and inner (batch; per_group is 1), or
// to an (n, group) over per_group and inner. Weight and bias have one value per channel (group, per_group).
struct NormGrid {
  std::int64_t n, groups, per_group, inner;
  bool batch;
  std::int64_t channels() const { return groups * per_group; }
  std::int64_t numel() const { return n * channels() * inner; }
  std::int64_t statistics() const { return batch ? groups : n * groups; }       // how many
  std::int64_t count() const { return batch ? n * inner : per_group * inner; }  // values in each
};

// Mean and 1 / sqrt(variance + eps), one per statistic; weight and bias are contiguous or undefined. rest: what
// rounding took from the mean, which may lie between two numbers of its size; it is subtracted as well.
struct NormTerms {
  Tensor mean, rstd, weight, bias, rest;
};

// y = (x - mean) rstd weight + bias, with the statistics of x, which are filled in. Not for batch grids.
Tensor norm_rows_raw(const NormGrid& grid, const Tensor& x, double eps, NormTerms& terms);
// Mean, biased variance and rest of the mean of a batch grid that is not empty.
struct NormMoments {
  Tensor mean, variance, rest;
};
NormMoments norm_moments_raw(const NormGrid& grid, const Tensor& x);
// y for a batch grid, with the statistics given.
Tensor norm_channels_raw(const NormGrid& grid, const Tensor& x, const NormTerms& terms);

// The gradients of x, weight and bias, the last two of shape `affine`. constant: the statistics (of a batch
// grid) are not functions of x. last_use: the gradient of x may take the memory of g.
struct NormGrads {
  Tensor x, weight, bias;
};
NormGrads norm_backward_raw(const NormGrid& grid, bool constant, const Tensor& g, const Tensor& x, const Shape& affine,
                            const NormTerms& terms, bool last_use);

}  // namespace xgrad::detail
