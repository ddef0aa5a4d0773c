// Dropout: elements or channels left out at random in training. Floating only (DTypeError).
#pragma once

#include <concepts>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Zeroes elements with probability p and scales the rest by 1 / (1 - p) in training, identity otherwise.
// ValueError "p must be in [0, 1], got 1.5".
[[nodiscard]] XGRAD_API Tensor dropout(const Tensor& x, double p = 0.5, bool training = true,
                                       Location at = Location::current());
// dropout of whole channels: one decision for each of the first two dimensions. x: (N, C, *).
[[nodiscard]] XGRAD_API Tensor feature_dropout(const Tensor& x, double p = 0.5, bool training = true,
                                               Location at = Location::current());
// Dropout that keeps mean 0 and variance 1 of what selu gives: elements, or whole channels, become -1.7581 with
// probability p, then a x + b follows. G. Klambauer et al. 2017.
[[nodiscard]] XGRAD_API Tensor alpha_dropout(const Tensor& x, double p = 0.5, bool training = false,
                                             Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor feature_alpha_dropout(const Tensor& x, double p = 0.5, bool training = false,
                                                     Location at = Location::current());
template <std::same_as<bool> B>
Tensor alpha_dropout(const Tensor&, B) = delete;  // p comes first: alpha_dropout(x, 0.5, net.is_training())
template <std::same_as<bool> B>
Tensor feature_alpha_dropout(const Tensor&, B) = delete;  // p comes first: feature_alpha_dropout(x, 0.5, training)
template <std::same_as<bool> B>
Tensor dropout(const Tensor&, B) = delete;  // p comes first: dropout(x, 0.5, net.is_training())
template <std::same_as<bool> B>
Tensor feature_dropout(const Tensor&, B) = delete;  // p comes first: feature_dropout(x, 0.5, net.is_training())

}  // namespace xgrad
