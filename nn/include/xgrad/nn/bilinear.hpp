#pragma once

#include <xgrad/nn/linear.hpp>

namespace xgrad::nn {

// y_o = x1^T W_o x2 + b_o: (..., in1_features) and (..., in2_features) -> (..., out_features). Parameters: weight
// (out, in1, in2), bias (out), both at first uniform in +-1/sqrt(in1). ValueError for sizes below 1.
class XGRAD_API Bilinear final : public Layer<Bilinear> {
 public:
  Bilinear(const Bilinear&) = default;
  Bilinear(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit Bilinear(...) = delete;                  // options by name: nn::Bilinear(2, 3, 4, {.bias = false})
  Bilinear(Size in1_features, Size in2_features, Size out_features, LinearOptions options = {},
           Location at = Location::current());
  Tensor forward(const Tensor& x1, const Tensor& x2, Location at = Location::current()) const;

  Parameter weight, bias;
};

}  // namespace xgrad::nn
