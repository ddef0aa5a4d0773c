// Normalisation: (x - mean) / sqrt(variance + eps) * weight + bias, with biased variances. float32 or float64; weight
// and bias have x's dtype and may be left out. All are differentiable to any order in x, weight and bias.
#pragma once

#include <concepts>
#include <optional>

#include <xgrad/tensor.hpp>

namespace xgrad {

// Statistics per channel, over all other dimensions. x: (N, C, *); the rest (C) or undefined. S. Ioffe and C. Szegedy
// 2015. In training, or without running statistics, those of the batch are used, and the running ones are updated in
// place: r = (1 - momentum) r + momentum s, with the unbiased variance; a batch of nothing changes nothing. Else the
// running statistics are used, as constants.
// ShapeError: sizes do not fit. ValueError: "more than 1 value per channel needed in training".
XGRAD_API Tensor batch_norm(const Tensor& x, const Tensor& running_mean, const Tensor& running_var,
                            const Tensor& weight = Tensor(), const Tensor& bias = Tensor(), bool training = false,
                            double momentum = 0.1, double eps = 1e-5, Location at = Location::current());
// Statistics over the last dimensions, which must be normalized_shape, as must be weight and bias. J. Ba et al. 2016.
[[nodiscard]] XGRAD_API Tensor layer_norm(const Tensor& x, const Shape& normalized_shape,
                                          const Tensor& weight = Tensor(), const Tensor& bias = Tensor(),
                                          double eps = 1e-5, Location at = Location::current());
// x / sqrt(mean(x^2) + eps) * weight over the last dimensions, as layer_norm; eps not given: the machine precision of
// x's type. B. Zhang and R. Sennrich 2019.
[[nodiscard]] XGRAD_API Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = Tensor(),
                                        std::optional<double> eps = {}, Location at = Location::current());
// Statistics per sample and group of channels. x: (N, C, *) with C divisible by num_groups; weight, bias (C).
// Y. Wu and K. He 2018.
[[nodiscard]] XGRAD_API Tensor group_norm(const Tensor& x, std::int64_t num_groups, const Tensor& weight = Tensor(),
                                          const Tensor& bias = Tensor(), double eps = 1e-5,
                                          Location at = Location::current());
template <std::floating_point F, class... More>
Tensor group_norm(const Tensor&, F, const More&...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
// Statistics per sample and channel. x: (N, C, *); the rest (C) or undefined. D. Ulyanov et al. 2016. Running
// statistics are updated with the means over the batch of the statistics, and used when use_input_stats is false.
XGRAD_API Tensor instance_norm(const Tensor& x, const Tensor& running_mean = Tensor(),
                               const Tensor& running_var = Tensor(), const Tensor& weight = Tensor(),
                               const Tensor& bias = Tensor(), bool use_input_stats = true, double momentum = 0.1,
                               double eps = 1e-5, Location at = Location::current());
// x / (k + alpha / size * sum of squares over `size` neighbouring channels)^beta. x: (N, C, *). A. Krizhevsky et al.
// 2012. ValueError unless size is in 1..2^31 - 1.
[[nodiscard]] XGRAD_API Tensor local_response_norm(const Tensor& x, std::int64_t size, double alpha = 1e-4,
                                                   double beta = 0.75, double k = 1, Location at = Location::current());
template <std::floating_point F, class... More>
Tensor local_response_norm(const Tensor&, F, const More&...) = delete;  // a size is an integer

}  // namespace xgrad
