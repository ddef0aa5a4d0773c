// From any matrix to one with orthonormal columns (rows, when there are fewer).
#pragma once

#include <xgrad/nn/parametrize.hpp>

namespace xgrad::nn {

// Q(x), times base from the left where it is defined.
Tensor orthogonal_from(const Tensor& x, utils::OrthogonalMap map, const Tensor& base, const Location& at);
// The square orthogonal matrix of which a part is nearest in direction to the weight: Q of its QR factors.
Tensor orthogonal_base(const Tensor& weight, const Location& at);
// Where every map is the identity.
Tensor minus_identity_like(const Tensor& weight);
// Householder vectors below the diagonal, signs on it: the x whose product of reflections is the Q of `weight`.
Tensor reflections_of(const Tensor& weight);

}  // namespace xgrad::nn
