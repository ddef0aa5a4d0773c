#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/bilinear.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/linear.hpp>

#include "option_text.hpp"

namespace xgrad::nn {

Bilinear::Bilinear(Size in1, Size in2, Size out, LinearOptions options, Location at)
    : Layer(fmt::format("Bilinear({}, {} → {}{})", std::int64_t{in1}, std::int64_t{in2}, std::int64_t{out},
                        OptionText().add("bias", options.bias, true).text())) {
  const detail::CallSite site(at);
  const std::int64_t in1_features = in1, in2_features = in2, out_features = out;
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
