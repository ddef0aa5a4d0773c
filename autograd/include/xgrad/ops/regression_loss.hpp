// Losses of numbers: what is predicted against what is true, element by element. Equal shapes (ShapeError), floating
// (DTypeError).
#pragma once

#include <xgrad/ops/loss_reduction.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// (x - y)^2.
[[nodiscard]] XGRAD_API Tensor mse_loss(const Tensor& input, const Tensor& target,
                                        Reduction reduction = Reduction::mean, Location at = Location::current());
// |x - y|.
[[nodiscard]] XGRAD_API Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean,
                                       Location at = Location::current());
// d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, with d = x - y; beta = 0 is l1_loss. ValueError for beta < 0.
// R. Girshick 2015.
[[nodiscard]] XGRAD_API Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                                              Reduction reduction = Reduction::mean, double beta = 1,
                                              Location at = Location::current());
// d^2 / 2 where |d| < delta, else delta (|d| - delta / 2). ValueError unless delta > 0. P. Huber 1964.
[[nodiscard]] XGRAD_API Tensor huber_loss(const Tensor& input, const Tensor& target,
                                          Reduction reduction = Reduction::mean, double delta = 1,
                                          Location at = Location::current());

}  // namespace xgrad
