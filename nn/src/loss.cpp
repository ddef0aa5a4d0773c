// Losses that are made of operations, and what the options of losses are checked for when a layer is made.
#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/loss.hpp>
#include <xgrad/ops.hpp>

namespace xgrad::nn {

Tensor reduced(const Tensor& values, Reduction reduction, Location at) {
  return reduction == Reduction::none ? values : reduction == Reduction::sum ? values.sum(at) : values.mean(at);
}

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

void check_options(const OptionCheck& check, const TripletMarginWithDistanceOptions& o) {
  check.positive("margin", o.margin);
}

Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                         const TripletMarginWithDistanceOptions& options, Location at) {
  constexpr const char* op = "triplet_margin_with_distance_loss";
  check_options(OptionCheck(op, at), options);
  const std::pair<const char*, const Tensor*> operands[] = {
      {"anchor", &anchor}, {"positive", &positive}, {"negative", &negative}};
  for (const auto& [role, t] : operands) require_floating(op, *t, at);
  for (const auto& [role, t] : operands)
    if (t->dim() != anchor.dim())
      ErrorReport(op, fmt::format("anchor has {} dimensions, {} has {}", anchor.dim(), role, t->dim()), at)
          .operand("anchor", anchor)
          .operand(role, *t)
          .shape_error();
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return options.distance_function ? options.distance_function(a, b) : pairwise_distance(a, b, 2, 1e-6, false, at);
  };
  const Tensor to_positive = distance(anchor, positive);
  Tensor to_negative = distance(anchor, negative);
  if (options.swap) to_negative = minimum(to_negative, distance(positive, negative), at);
  const Tensor each = relu(add(sub(to_positive, to_negative, 1, at), options.margin, at), at);
  return reduced(each, options.reduction, at);
}

}  // namespace xgrad::nn
