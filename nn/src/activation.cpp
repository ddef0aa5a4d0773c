#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/view.hpp>

#include "option_text.hpp"

namespace xgrad::nn {

void check_options(const OptionCheck& check, const LeakyReLUOptions& o) {
  check.finite("negative_slope", o.negative_slope);
}
void check_options(const OptionCheck& check, const ELUOptions& o) { check.finite("alpha", o.alpha); }
void check_options(const OptionCheck& check, const SoftplusOptions& o) {
  check.finite("beta", o.beta);
  if (o.beta == 0) check.fail("beta must not be 0");
  if (std::isnan(o.threshold)) check.fail("threshold must be a number, got nan");
}
void check_options(const OptionCheck& check, const HardshrinkOptions& o) { check.finite("lambd", o.lambd); }
void check_options(const OptionCheck& check, const SoftshrinkOptions& o) { check.at_least_zero("lambd", o.lambd); }
void check_options(const OptionCheck& check, const CELUOptions& o) {
  check.finite("alpha", o.alpha);
  if (o.alpha == 0) check.fail("alpha must not be 0");
}
void check_options(const OptionCheck& check, const RReLUOptions& o) {
  check.finite("lower", o.lower);
  check.finite("upper", o.upper);
  if (o.lower > o.upper) check.fail(fmt::format("lower must not exceed upper, got {} and {}", o.lower, o.upper));
}
void check_options(const OptionCheck& check, const StepOptions& o) { check.finite("at_zero", o.at_zero); }

Threshold::Threshold(double threshold, double value, Location at)
    : Layer(fmt::format("Threshold({}, {})", threshold, value)), threshold_(threshold), value_(value) {
  const OptionCheck check("Threshold", at);
  if (std::isnan(threshold)) check.fail("threshold must be a number, got nan");
  if (std::isnan(value)) check.fail("value must be a number, got nan");
}

Maxout::Maxout(std::int64_t pieces, MaxoutOptions options, Location at)
    : Layer(fmt::format("Maxout({}{})", pieces, OptionText().add("dim", options.dim, 1).text())),
      pieces_(pieces),
      options_(options) {
  if (pieces_ < 1) OptionCheck("Maxout", at).fail(fmt::format("pieces must be positive, got {}", pieces_));
}

PReLU::PReLU(PReLUOptions options, Location at)
    : Layer(fmt::format("PReLU({}{})", options.num_parameters, OptionText().add("init", options.init, 0.25).text())) {
  if (options.num_parameters < 1)
    ErrorReport("PReLU", fmt::format("num_parameters must be positive, got {}", options.num_parameters), at)
        .value_error();
  OptionCheck("PReLU", at).finite("init", options.init);
  const detail::CallSite site(at);
  weight = register_parameter("weight", full({options.num_parameters}, options.init));
}

void show_options(OptionText& text, const HardtanhOptions& o) {
  text.add("min_val", o.min_val, -1).add("max_val", o.max_val, 1);
}
Hardtanh::Hardtanh(HardtanhOptions options, Location at) : Layer("Hardtanh"), options_(options) {
  show(options_);
  if (!(options.min_val < options.max_val))
    ErrorReport("Hardtanh", fmt::format("needs min_val < max_val, got {} and {}", options.min_val, options.max_val), at)
        .value_error();
}

Dropout2d::Dropout2d(DropoutOptions options, Location at)
    : Layer(fmt::format("Dropout2d({})", options.p)), p_(options.p) {
  if (!(p_ >= 0 && p_ <= 1)) ErrorReport("Dropout2d", fmt::format("p must be in [0, 1], got {}", p_), at).value_error();
}

Tensor Softmax2d::forward(const Tensor& x, Location at) const {
  require_defined("Softmax2d", x, at);
  if (x.dim() != 3 && x.dim() != 4)
    ErrorReport("Softmax2d", fmt::format("expected (N, C, H, W) or (C, H, W), got {} dimensions", x.dim()), at)
        .operand("input", x)
        .shape_error();
  return softmax(x, -3, at);
}

namespace {

const char* name_of(DropoutKind kind) {
  constexpr const char* names[] = {"Dropout1d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"};
  return names[static_cast<int>(kind)];
}

// Without N there is one sample.
Tensor dropout_channels(const char* name, const Tensor& x, int spatial, double p, bool training, const Location& at) {
  require_defined(name, x, at);
  if (x.dim() == spatial + 2) return feature_dropout(x, p, training, at);
  if (x.dim() != spatial + 1)
    ErrorReport(name, fmt::format("expected {} or {} dimensions, got {}", spatial + 1, spatial + 2, x.dim()), at)
        .operand("input", x)
        .shape_error();
  return squeeze(feature_dropout(unsqueeze(x, 0, at), p, training, at), 0, at);
}

}  // namespace

template <DropoutKind Kind>
DropoutLayer<Kind>::DropoutLayer(DropoutOptions options, Location at)
    : Layer<DropoutLayer>(fmt::format("{}({})", name_of(Kind), options.p)), p_(options.p) {
  OptionCheck(name_of(Kind), at).probability("p", p_);
}

template <DropoutKind Kind>
Tensor DropoutLayer<Kind>::forward(const Tensor& x, Location at) const {
  const bool training = this->is_training();
  if constexpr (Kind == DropoutKind::channels_1d)
    return dropout_channels("Dropout1d", x, 1, p_, training, at);
  else if constexpr (Kind == DropoutKind::channels_3d)
    return dropout_channels("Dropout3d", x, 3, p_, training, at);
  else if constexpr (Kind == DropoutKind::alpha)
    return alpha_dropout(x, p_, training, at);
  else
    return feature_alpha_dropout(x, p_, training, at);
}

template class DropoutLayer<DropoutKind::channels_1d>;
template class DropoutLayer<DropoutKind::channels_3d>;
template class DropoutLayer<DropoutKind::alpha>;
template class DropoutLayer<DropoutKind::feature_alpha>;

}  // namespace xgrad::nn
