#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/bilinear.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/linear.hpp>

namespace xgrad::nn {

Bilinear::Bilinear(std::int64_t in1_features, std::int64_t in2_features, std::int64_t out_features,
                   LinearOptions options, Location at)
    : Layer(fmt::format("Bilinear({}, {} → {})", in1_features, in2_features, out_features)) {
  for (const std::int64_t n : {in1_features, in2_features, out_features})
    if (n < 1) ErrorReport("Bilinear", fmt::format("sizes must be positive, got {}", n), at).value_error();
  const double bound = 1 / std::sqrt(static_cast<double>(in1_features));
  weight = register_parameter("weight", empty({out_features, in1_features, in2_features}));
  init::uniform_(weight, -bound, bound);
  if (!options.bias) return;
  bias = register_parameter("bias", empty({out_features}));
  init::uniform_(bias, -bound, bound);
}

Tensor Bilinear::forward(const Tensor& x1, const Tensor& x2, Location at) const {
  return bilinear(x1, x2, weight, bias, at);
}

}  // namespace xgrad::nn
