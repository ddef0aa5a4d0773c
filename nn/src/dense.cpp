#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/dense.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops.hpp>

#include "computed_tensors.hpp"
#include "first_values.hpp"
#include "option_text.hpp"
#include "weight_rules.hpp"

namespace xgrad::nn {
namespace {

using xgrad::detail::ComputedTensors;

std::string dense_label(std::int64_t units, const DenseOptions& o) {
  const OptionText t = OptionText()
                           .add("use_bias", o.use_bias, true)
                           .add("lora_rank", o.lora_rank, std::nullopt)
                           .add("lora_alpha", o.lora_alpha, std::nullopt);
  return fmt::format("Dense({}{})", units, t.text());
}

}  // namespace

Dense::Dense(std::int64_t units, DenseOptions o, Location at)
    : Layer(dense_label(units, o)),
      units_(units),
      kernel_initializer_(std::move(o.kernel_initializer)),
      bias_initializer_(std::move(o.bias_initializer)) {
  const xgrad::detail::CallSite site(at);
  const OptionCheck check("Dense", at);
  if (units < 0) ErrorReport("Dense", fmt::format("sizes must not be negative, got {}", units), at).shape_error();
  if (o.lora_rank && *o.lora_rank < 1) check.fail(fmt::format("lora_rank must be positive, got {}", *o.lora_rank));
  if (o.lora_alpha) check.finite("lora_alpha", *o.lora_alpha);
  if (o.lora_alpha && !o.lora_rank) check.fail("lora_alpha needs lora_rank");
  weight = ComputedTensors::lazy(*this, "weight", {units, kOpen}, at);
  if (o.use_bias) bias = ComputedTensors::lazy(*this, "bias", {units}, at);
  if (o.lora_rank) {
    const auto rank = static_cast<double>(*o.lora_rank);
    lora_rank_ = *o.lora_rank;
    lora_scale_ = o.lora_alpha.value_or(rank) / rank;
    weight.requires_grad_(false);
    lora_A = ComputedTensors::lazy(*this, "lora_A", {lora_rank_, kOpen}, at);
    lora_B = ComputedTensors::lazy(*this, "lora_B", {units, lora_rank_}, at);
  }
  if (o.activation) activation_ = register_module("activation", std::move(o.activation), at);
  WeightOptions rules{.kernel_regularizer = std::move(o.kernel_regularizer),
                      .activity_regularizer = std::move(o.activity_regularizer),
                      .kernel_constraint = std::move(o.kernel_constraint)};
  if (o.use_bias) {
    rules.bias_regularizer = std::move(o.bias_regularizer);
    rules.bias_constraint = std::move(o.bias_constraint);
  }
  const bool any = rules.kernel_regularizer || rules.bias_regularizer || rules.activity_regularizer ||
                   rules.kernel_constraint || rules.bias_constraint;
  if (any) xgrad::detail::set_weight_options(*this, std::move(rules), at);
}

// What a state has given stays; the first call adds what is missing. Nothing has a shape unless x fits.
void Dense::take_shapes(const Tensor& x, const Location& at) const {
  FirstValues first;
  if (!lacks_shapes()) return;
  const std::int64_t in = x.size(-1);
  Tensor w = first.of(weight, {units_, in}), b = first.of(bias, {units_});
  Tensor A = first.of(lora_A, {lora_rank_, in}), B = first.of(lora_B, {units_, lora_rank_});
  affine(x, w, b, A, B, at);
  const auto fill = [&](Tensor& t, const Initializer& f, const char* option) {
    if (first.is_new(t)) t.copy_(initial_values(f, t, "Dense", option, at));
  };
  fill(w, kernel_initializer_ ? kernel_initializer_ : init::xavier_uniform_, "kernel_initializer");
  fill(b, bias_initializer_ ? bias_initializer_ : init::zeros_, "bias_initializer");
  if (first.is_new(A)) init::kaiming_uniform_(A);  // B stays 0
  first.keep();
  std::string& text = ComputedTensors::label(*this);
  text.insert(text.find('(') + 1, fmt::format("{} → ", in));
}

bool Dense::lacks_shapes() const {
  return without_shape(weight) || without_shape(lora_A) || without_shape(lora_B) || (units_ > 0 && without_shape(bias));
}

Tensor Dense::affine(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& A, const Tensor& B,
                     const Location& at) const {
  return linear(x, A.defined() ? add(w, matmul(B, A, at), lora_scale_, at) : w, b, at);
}

Tensor Dense::forward(const Tensor& x, Location at) const {
  if (lacks_shapes()) {
    require_floating("Dense", x, at);
    if (x.dim() == 0) ErrorReport("Dense", "the input has no features", at).operand("input", x).shape_error();
    take_shapes(x, at);
  }
  const Tensor y = affine(x, weight, bias, lora_A, lora_B, at);
  return activation_ ? activation_(y, at) : y;
}

void Dense::merge_lora(Location at) {
  if (!lora_A.defined()) ErrorReport("merge_lora", fmt::format("{} has no lora_rank", label()), at).value_error();
  if (lacks_shapes())
    ErrorReport("merge_lora", fmt::format("{} has no weights before its first call", label()), at).value_error();
  const NoGradGuard off;
  const Tensor merged = add(weight, matmul(lora_B, lora_A, at), lora_scale_, at);
  weight.copy_(merged, at);
  lora_B.zero_();
}

Sequential MLP(std::int64_t in_channels, const std::vector<std::int64_t>& hidden_channels, const MLPOptions& o,
               Location at) {
  if (hidden_channels.empty()) OptionCheck("MLP", at).fail("hidden_channels must not be empty");
  Sequential net;
  std::int64_t in = in_channels;
  for (std::size_t i = 0; i < hidden_channels.size(); ++i) {
    const std::int64_t out = hidden_channels[i];
    net.push_back(Linear(in, out, {.bias = o.bias}, at), at);
    if (i + 1 < hidden_channels.size()) {
      if (o.norm_layer) net.push_back(o.norm_layer(out), at);
      net.push_back(o.activation_layer ? clone(o.activation_layer, at) : AnyModule(ReLU()), at);
    }
    net.push_back(Dropout(o.dropout, at), at);
    in = out;
  }
  return net;
}

}  // namespace xgrad::nn
