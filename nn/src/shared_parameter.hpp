// Parameters that several modules have.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::nn {

// Whether t is to be trained as a parameter of one more module: a parameter, which has a name, stays as it is; any
// other tensor becomes one.
inline bool stays_trainable(const Tensor& t) { return t.requires_grad() || t.name().empty(); }

}  // namespace xgrad::nn
