#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops.hpp>

#include "option_text.hpp"
#include "shared_parameter.hpp"

namespace xgrad::nn {
namespace {

std::string linear_label(std::int64_t in, std::int64_t out, bool bias) {
  return fmt::format("Linear({} → {}{})", in, out, OptionText().add("bias", bias, true).text());
}

}  // namespace

Linear::Linear(Size inputs, Size outputs, LinearOptions options, Location at)
    : Layer(linear_label(inputs, outputs, options.bias)) {
  const detail::CallSite site(at);
  const std::int64_t in_features = inputs, out_features = outputs;
  for (const std::int64_t n : {in_features, out_features})
    if (n < 0)
      ErrorReport("Linear", fmt::format("sizes must not be negative, got {} and {}", in_features, out_features), at)
          .shape_error();
  weight = register_parameter("weight", empty({out_features, in_features}));
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!options.bias) return;
  const double bound = in_features > 0 ? 1 / std::sqrt(static_cast<double>(in_features)) : 0;
  bias = register_parameter("bias", empty({out_features}));
  init::uniform_(bias, -bound, bound);
}

Linear::Linear(const Tensor& w, const Tensor& b, const Location& at)
    : Layer(linear_label(w.size(1), w.size(0), b.defined())) {
  weight = register_parameter("weight", w, stays_trainable(w), at);
  if (b.defined()) bias = register_parameter("bias", b, stays_trainable(b), at);
}

Linear Linear::from_weight(const Tensor& weight, const Tensor& bias, Location at) {
  require_floating("Linear", weight, at);
  require_rank("Linear", weight, 2, at);
  if (bias.defined()) {
    require_same_dtype("Linear", weight, bias, at);
    if (!(bias.shape() == Shape{weight.size(0)}))
      ErrorReport("Linear", fmt::format("bias must have shape ({})", weight.size(0)), at)
          .operand("weight", weight)
          .operand("bias", bias)
          .shape_error();
  }
  return Linear(weight, bias, at);
}

Tensor Linear::forward(const Tensor& x, Location at) const { return linear(x, weight, bias, at); }

void show_options(OptionText& text, const FlattenOptions& o) {
  text.add("start_dim", o.start_dim, 1).add("end_dim", o.end_dim, -1);
}
Tensor Flatten::forward(const Tensor& x, Location at) const {
  return flatten(x, options_.start_dim, options_.end_dim, at);
}

Unflatten::Unflatten(std::int64_t dim, const Shape& unflattened_size, Location at)
    : Layer(fmt::format("Unflatten({}, {})", dim, to_string(unflattened_size))), dim_(dim), sizes_(unflattened_size) {
  if (sizes_.empty()) OptionCheck("Unflatten", at).fail("unflattened_size must not be empty");
}
Tensor Unflatten::forward(const Tensor& x, Location at) const { return unflatten(x, dim_, sizes_, at); }

Dropout::Dropout(DropoutOptions options, Location at) : Layer(fmt::format("Dropout({})", options.p)), p_(options.p) {
  if (!(p_ >= 0 && p_ <= 1)) ErrorReport("Dropout", fmt::format("p must be in [0, 1], got {}", p_), at).value_error();
}

Tensor Dropout::forward(const Tensor& x, Location at) const { return dropout(x, p_, is_training(), at); }

}  // namespace xgrad::nn
