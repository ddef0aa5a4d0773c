// What the options of losses are checked for when one is made.
#include <cmath>

#include <fmt/format.h>

#include <xgrad/nn/loss.hpp>

namespace xgrad::nn {

void check_options(const OptionCheck& check, const SmoothL1LossOptions& o) { check.at_least_zero("beta", o.beta); }
void check_options(const OptionCheck& check, const HuberLossOptions& o) { check.positive("delta", o.delta); }
void check_options(const OptionCheck& check, const HingeEmbeddingLossOptions& o) { check.finite("margin", o.margin); }
void check_options(const OptionCheck& check, const MarginLossOptions& o) { check.finite("margin", o.margin); }
void check_options(const OptionCheck& check, const PoissonNllOptions& o) { check.at_least_zero("eps", o.eps); }
void check_options(const OptionCheck& check, const GaussianNllOptions& o) { check.at_least_zero("eps", o.eps); }
void check_options(const OptionCheck& check, const CtcLossOptions& o) {
  if (o.blank < 0) check.fail(fmt::format("blank must be a class, got {}", o.blank));
}
void check_options(const OptionCheck& check, const TripletMarginOptions& o) {
  check.finite("margin", o.margin);
  if (std::isnan(o.p)) check.fail("p must be a number or an infinity, got nan");
  check.finite("eps", o.eps);
}
void check_options(const OptionCheck& check, const MultiMarginOptions& o) {
  if (o.p != 1 && o.p != 2) check.fail(fmt::format("p must be 1 or 2, got {}", o.p));
  check.finite("margin", o.margin);
}
void check_options(const OptionCheck& check, const CrossEntropyOptions& o) {
  check.probability("label_smoothing", o.label_smoothing);
}

}  // namespace xgrad::nn
