// Euclidean norms of parameters and gradients.
#pragma once

#include <xgrad/tensor.hpp>

namespace xgrad::optim {

// Of a contiguous tensor, summed in double; the same for every number of threads.
double norm_of(const Tensor& t);

}  // namespace xgrad::optim
