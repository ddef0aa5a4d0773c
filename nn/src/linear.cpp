#include <xgrad/nn/linear.hpp>

#include <cmath>

#include <fmt/format.h>
#include <xgrad/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::nn {

Linear::Linear(std::int64_t in_features, std::int64_t out_features, LinearOptions options)
    : Layer(fmt::format("Linear({} → {})", in_features, out_features)) {
  weight = register_parameter("weight", empty({out_features, in_features}));
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!options.bias) return;
  const double bound = in_features > 0 ? 1 / std::sqrt(static_cast<double>(in_features)) : 0;
  bias = register_parameter("bias", empty({out_features}));
  init::uniform_(bias, -bound, bound);
}

Tensor Linear::forward(const Tensor& x, Location at) const { return linear(x, weight, bias, at); }

Tensor Flatten::forward(const Tensor& x, Location at) const { return flatten(x, options_.start_dim, options_.end_dim, at); }

Dropout::Dropout(DropoutOptions options, Location at) : Layer(fmt::format("Dropout({})", options.p)), p_(options.p) {
  if (!(p_ >= 0 && p_ <= 1)) ErrorReport("Dropout", fmt::format("p must be in [0, 1], got {}", p_), at).value_error();
}

Tensor Dropout::forward(const Tensor& x, Location at) const { return dropout(x, p_, is_training(), at); }

}  // namespace xgrad::nn
