// Limiting gradients between backward() and step().
#pragma once

#include <concepts>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::optim {

// Scales all gradients by max_norm / (norm + 1e-6) when their common norm is larger than max_norm, and returns the norm
// there was: (sum |g|^norm_type)^(1/norm_type) over all elements of all gradients; the largest |g| when norm_type is
// infinite. Parameters without gradient are skipped. A norm of NaN or infinity makes all gradients NaN or zero, as in
// PyTorch; with error_if_nonfinite it is a ValueError that names the parameters, and nothing is changed.
// ValueError: max_norm < 0, norm_type <= 0. Pascanu, Mikolov & Bengio 2013.
XGRAD_API double clip_grad_norm_(const std::vector<Tensor>& params, double max_norm, double norm_type = 2,
                                 bool error_if_nonfinite = false, Location at = Location::current());
inline double clip_grad_norm_(const Tensor& param, double max_norm, double norm_type = 2,
                              bool error_if_nonfinite = false, Location at = Location::current()) {
  return clip_grad_norm_(std::vector<Tensor>{param}, max_norm, norm_type, error_if_nonfinite, at);
}

template <std::same_as<bool> B>
double clip_grad_norm_(const std::vector<Tensor>&, double, B) = delete;  // norm_type comes before error_if_nonfinite
template <std::same_as<bool> B>
double clip_grad_norm_(const Tensor&, double, B) = delete;  // norm_type comes before error_if_nonfinite

// Limits every element of every gradient to [-clip_value, clip_value]. ValueError: clip_value < 0.
XGRAD_API void clip_grad_value_(const std::vector<Tensor>& params, double clip_value,
                                Location at = Location::current());
inline void clip_grad_value_(const Tensor& param, double clip_value, Location at = Location::current()) {
  clip_grad_value_(std::vector<Tensor>{param}, clip_value, at);
}

}  // namespace xgrad::optim

// Where PyTorch has them.
namespace xgrad::nn::utils {
using optim::clip_grad_norm_;
using optim::clip_grad_value_;
}  // namespace xgrad::nn::utils
