#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/activation.hpp>
#include <xgrad/ops/factory.hpp>

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
    : Layer("Threshold"), threshold_(threshold), value_(value) {
  const OptionCheck check("Threshold", at);
  if (std::isnan(threshold)) check.fail("threshold must be a number, got nan");
  if (std::isnan(value)) check.fail("value must be a number, got nan");
}

Maxout::Maxout(std::int64_t pieces, MaxoutOptions options, Location at)
    : Layer("Maxout"), pieces_(pieces), options_(options) {
  if (pieces_ < 1) OptionCheck("Maxout", at).fail(fmt::format("pieces must be positive, got {}", pieces_));
}

PReLU::PReLU(PReLUOptions options, Location at) : Layer(fmt::format("PReLU({})", options.num_parameters)) {
  if (options.num_parameters < 1)
    ErrorReport("PReLU", fmt::format("num_parameters must be positive, got {}", options.num_parameters), at)
        .value_error();
  OptionCheck("PReLU", at).finite("init", options.init);
  const detail::CallSite site(at);
  weight = register_parameter("weight", full({options.num_parameters}, options.init));
}

Hardtanh::Hardtanh(HardtanhOptions options, Location at) : Layer("Hardtanh"), options_(options) {
  if (!(options.min_val < options.max_val))
    ErrorReport("Hardtanh", fmt::format("needs min_val < max_val, got {} and {}", options.min_val, options.max_val), at)
        .value_error();
}

Dropout2d::Dropout2d(DropoutOptions options, Location at)
    : Layer(fmt::format("Dropout2d({})", options.p)), p_(options.p) {
  if (!(p_ >= 0 && p_ <= 1)) ErrorReport("Dropout2d", fmt::format("p must be in [0, 1], got {}", p_), at).value_error();
}

}  // namespace xgrad::nn
