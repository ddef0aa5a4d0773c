// A Sequential that keeps the values between its parts only at a few places (<xgrad/checkpoint.hpp>).
#pragma once

#include <xgrad/nn/sequential.hpp>

namespace xgrad::nn {

// net(x), its parts cut into `segments` of equal number (the last takes the rest), each but the last a checkpoint():
// memory for the longest segment and for the values between segments, the time of one forward pass more. About
// sqrt(number of parts) segments need least. Hooks of net itself do not run. ValueError: segments not in 1 ..
// net.size().
XGRAD_API Tensor checkpoint_sequential(const Sequential& net, std::int64_t segments, const Tensor& x,
                                       Location at = Location::current());

}  // namespace xgrad::nn
