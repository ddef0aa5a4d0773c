// What layers print of their options.
#include "option_text.hpp"

#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/distance.hpp>
#include <xgrad/nn/loss.hpp>

namespace xgrad::nn {

OptionText& OptionText::add(const char* name, const std::string& value) {
  text_ += fmt::format(", {}={}", name, value);
  return *this;
}
std::string OptionText::label(const std::string& layer) const {
  return text_.empty() ? layer : fmt::format("{}({})", layer, text_.substr(2));
}
std::string OptionText::number(double value) { return fmt::format("{}", value); }

// ---- activations ----
void show_options(OptionText& text, const LeakyReLUOptions& o) { text.add("negative_slope", o.negative_slope, 0.01); }
void show_options(OptionText& text, const ELUOptions& o) { text.add("alpha", o.alpha, 1); }
void show_options(OptionText& text, const GELUOptions& o) { text.add("approximate", o.approximate, Gelu::none); }
void show_options(OptionText& text, const SoftplusOptions& o) {
  text.add("beta", o.beta, 1).add("threshold", o.threshold, 20);
}
void show_options(OptionText& text, const SoftmaxOptions& o) { text.add("dim", o.dim, -1); }
void show_options(OptionText& text, const HardshrinkOptions& o) { text.add("lambd", o.lambd, 0.5); }
void show_options(OptionText& text, const SoftshrinkOptions& o) { text.add("lambd", o.lambd, 0.5); }
void show_options(OptionText& text, const CELUOptions& o) { text.add("alpha", o.alpha, 1); }
void show_options(OptionText& text, const GLUOptions& o) { text.add("dim", o.dim, -1); }
void show_options(OptionText& text, const SoftminOptions& o) { text.add("dim", o.dim, -1); }
void show_options(OptionText& text, const RReLUOptions& o) {
  text.add("lower", o.lower, 1. / 8).add("upper", o.upper, 1. / 3);
}
void show_options(OptionText& text, const StepOptions& o) { text.add("at_zero", o.at_zero, 1); }

// ---- distances ----
void show_options(OptionText& text, const CosineSimilarityOptions& o) {
  text.add("dim", o.dim, 1).add("eps", o.eps, 1e-8);
}
void show_options(OptionText& text, const PairwiseDistanceOptions& o) {
  text.add("p", o.p, 2).add("eps", o.eps, 1e-6).add("keepdim", o.keepdim, false);
}

// ---- losses ----
void show_reduction(OptionText& text, Reduction r) { text.add("reduction", r, Reduction::mean); }
void show_reduction(OptionText& text, KlReduction r) { text.add("reduction", r, KlReduction::mean); }
void show_options(OptionText& text, const SmoothL1LossOptions& o) { text.add("beta", o.beta, 1); }
void show_options(OptionText& text, const HuberLossOptions& o) { text.add("delta", o.delta, 1); }
void show_options(OptionText& text, const BCELossOptions& o) { add_tensor(text, "weight", o.weight); }
void show_options(OptionText& text, const BceWithLogitsOptions& o) {
  add_tensor(text, "weight", o.weight);
  add_tensor(text, "pos_weight", o.pos_weight);
}
void show_options(OptionText& text, const CrossEntropyOptions& o) {
  add_tensor(text, "weight", o.weight);
  text.add("ignore_index", o.ignore_index, -100).add("label_smoothing", o.label_smoothing, 0);
}
void show_options(OptionText& text, const NllLossOptions& o) {
  add_tensor(text, "weight", o.weight);
  text.add("ignore_index", o.ignore_index, -100);
}
void show_options(OptionText& text, const KLDivLossOptions& o) { text.add("log_target", o.log_target, false); }
void show_options(OptionText& text, const PoissonNllOptions& o) {
  text.add("log_input", o.log_input, true).add("full", o.full, false).add("eps", o.eps, 1e-8);
}
void show_options(OptionText& text, const GaussianNllOptions& o) {
  text.add("full", o.full, false).add("eps", o.eps, 1e-6);
}
void show_options(OptionText& text, const CtcLossOptions& o) {
  text.add("blank", o.blank, 0).add("zero_infinity", o.zero_infinity, false);
}
void show_options(OptionText& text, const HingeEmbeddingLossOptions& o) { text.add("margin", o.margin, 1); }
void show_options(OptionText& text, const MarginLossOptions& o) { text.add("margin", o.margin, 0); }
void show_options(OptionText& text, const TripletMarginOptions& o) {
  text.add("margin", o.margin, 1).add("p", o.p, 2).add("eps", o.eps, 1e-6).add("swap", o.swap, false);
}
void show_options(OptionText& text, const TripletMarginWithDistanceOptions& o) {
  if (o.distance_function) text.add("distance_function", std::string("given"));
  text.add("margin", o.margin, 1).add("swap", o.swap, false);
}
void show_options(OptionText& text, const MultiMarginOptions& o) {
  text.add("p", o.p, 1).add("margin", o.margin, 1);
  add_tensor(text, "weight", o.weight);
}

}  // namespace xgrad::nn
