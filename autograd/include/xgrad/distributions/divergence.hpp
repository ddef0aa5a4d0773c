// How far one distribution is from another.
#pragma once

#include <xgrad/distributions/distribution.hpp>

namespace xgrad::distributions {

// KL(p || q) = E_p[log p(x) - log q(x)], in closed form, of the broadcast batch; infinite where p has values that q has
// not. There is one for each kind with itself, except StudentT and Multinomial, and for the pairs of kinds that PyTorch
// has; a ValueError names both kinds otherwise.
[[nodiscard]] XGRAD_API Tensor kl_divergence(const Distribution& p, const Distribution& q,
                                             Location at = Location::current());

}  // namespace xgrad::distributions
