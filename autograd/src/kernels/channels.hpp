// What convolutions do with a bias: one number for each channel of x, (channels, size) or (batch, channels, size).
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// x += bias, in place.
void add_to_channels(Tensor& x, const Tensor& bias, std::int64_t channels, std::int64_t size);
// The sums over each channel of a tensor in blocked form (core/blocked.hpp); undefined if it has another.
Tensor blocked_channel_sums(const Tensor& x);

}  // namespace xgrad::detail
