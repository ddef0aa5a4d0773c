// Loss functions as layers: loss(input, target) gives a 0-d tensor, or one value per element or sample with
// Reduction::none. Formulas, shapes and errors are those of <xgrad/ops/*_loss.hpp>; options that these would refuse are
// refused when the loss is made.
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/classification_loss.hpp>
#include <xgrad/ops/ctc_loss.hpp>
#include <xgrad/ops/distribution_loss.hpp>
#include <xgrad/ops/margin_loss.hpp>
#include <xgrad/ops/regression_loss.hpp>

namespace xgrad::nn {

// A layer whose options hold weights: these are its buffers, saved and converted with it.
template <class Derived, class Options>
requires requires { requires std::same_as<decltype(Options::weight), Tensor>; }
class Layer<Derived, Options> : public Layer<Derived, void> {
 public:
  explicit Layer(Options options = {}, Location at = Location::current()) : options_(std::move(options)) {
    if constexpr (requires(const OptionCheck& check) { check_options(check, options_); })
      check_options(OptionCheck(this->name(), at), options_);
    this->register_buffer("weight", options_.weight);
    if constexpr (kHasPosWeight) this->register_buffer("pos_weight", options_.pos_weight);
    this->template show<Options>(options_);
  }
  explicit Layer(NoOptions, Location at = Location::current()) : Layer(Options{}, at) {}
  Layer(Null auto) noexcept : Layer<Derived, void>(nullptr) {}  // NOLINT: = nullptr

 private:
  static constexpr bool kHasPosWeight = requires(Options o) { o.pos_weight; };
  static auto held() {
    if constexpr (kHasPosWeight)
      return Following<Options, &Options::weight, &Options::pos_weight>();
    else
      return Following<Options, &Options::weight>();
  }

 protected:
  decltype(held()) options_;
};

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

// The values of a loss as they are, their sum or their mean.
XGRAD_API Tensor reduced(const Tensor& values, Reduction reduction, Location at = Location::current());

// The layer of a loss, loss(input, target) or with more tensors: function(tensors..., options, at), or with the members
// of the options in their order (but for by_name) in the place of these.
//   struct MSELoss final : Loss<MSELoss, mse_loss> {
//     using Loss::Loss;
//   };
template <class Derived, auto function, class Options = LossOptions, int tensors = 2>
class Loss : public Layer<Derived, Options> {
 public:
  using Layer<Derived, Options>::Layer;
  explicit Loss(const Tensor&) = delete;  // options by name: nn::CrossEntropyLoss({.weight = w})
  template <class A, class... More>
  explicit Loss(const A&, const More&...) = delete;  // options by name: nn::HuberLoss({.reduction = Reduction::sum})

  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const
      requires(tensors == 2) {
    return value(at, input, target);
  }
  Tensor forward(const Tensor& input, const Tensor& second, const Tensor& target,
                 Location at = Location::current()) const requires(tensors == 3) {
    return value(at, input, second, target);
  }
  Tensor forward(const Tensor& input, const Tensor& target, const Tensor& input_lengths, const Tensor& target_lengths,
                 Location at = Location::current()) const requires(tensors == 4) {
    return value(at, input, target, input_lengths, target_lengths);
  }

 private:
  template <class... In>
  Tensor value(const Location& at, const In&... in) const {
    const Options& options = this->options_;
    if constexpr (requires { function(in..., options, at); }) {
      return function(in..., options, at);
    } else if constexpr (std::is_same_v<Options, LossOptions>) {
      return function(in..., options.reduction, at);
    } else {
      const auto& [by_name, first, second] = options;
      return function(in..., first, second, at);
    }
  }
};

// Options that the operations declare.
XGRAD_API void check_options(const OptionCheck& check, const PoissonNllOptions& o);
XGRAD_API void show_options(OptionText& text, const PoissonNllOptions& o);
XGRAD_API void check_options(const OptionCheck& check, const GaussianNllOptions& o);
XGRAD_API void show_options(OptionText& text, const GaussianNllOptions& o);
XGRAD_API void check_options(const OptionCheck& check, const CtcLossOptions& o);
XGRAD_API void show_options(OptionText& text, const CtcLossOptions& o);
XGRAD_API void check_options(const OptionCheck& check, const TripletMarginOptions& o);
XGRAD_API void show_options(OptionText& text, const TripletMarginOptions& o);
XGRAD_API void check_options(const OptionCheck& check, const MultiMarginOptions& o);
XGRAD_API void show_options(OptionText& text, const MultiMarginOptions& o);
XGRAD_API void check_options(const OptionCheck& check, const CrossEntropyOptions& o);
XGRAD_API void show_options(OptionText& text, const CrossEntropyOptions& o);
XGRAD_API void show_options(OptionText& text, const BceWithLogitsOptions& o);
XGRAD_API void show_options(OptionText& text, const NllLossOptions& o);

// ---- values ----
struct MSELoss final : Loss<MSELoss, mse_loss> {
  using Loss::Loss;
};
struct L1Loss final : Loss<L1Loss, l1_loss> {
  using Loss::Loss;
};

struct SmoothL1LossOptions {
  ByName by_name = ByName();
  Reduction reduction = Reduction::mean;
  double beta = 1;
};
XGRAD_API void check_options(const OptionCheck& check, const SmoothL1LossOptions& o);
XGRAD_API void show_options(OptionText& text, const SmoothL1LossOptions& o);
struct SmoothL1Loss final : Loss<SmoothL1Loss, smooth_l1_loss, SmoothL1LossOptions> {
  using Loss::Loss;
};

struct HuberLossOptions {
  ByName by_name = ByName();
  Reduction reduction = Reduction::mean;
  double delta = 1;
};
XGRAD_API void check_options(const OptionCheck& check, const HuberLossOptions& o);
XGRAD_API void show_options(OptionText& text, const HuberLossOptions& o);
struct HuberLoss final : Loss<HuberLoss, huber_loss, HuberLossOptions> {
  using Loss::Loss;
};

// ---- probabilities and classes ----
struct BCELossOptions {
  ByName by_name = ByName();
  Tensor weight = {};
  Reduction reduction = Reduction::mean;
};
XGRAD_API void show_options(OptionText& text, const BCELossOptions& o);
struct BCELoss final : Loss<BCELoss, binary_cross_entropy, BCELossOptions> {
  using Loss::Loss;
};
struct BCEWithLogitsLoss final : Loss<BCEWithLogitsLoss, binary_cross_entropy_with_logits, BceWithLogitsOptions> {
  using Loss::Loss;
};
struct CrossEntropyLoss final : Loss<CrossEntropyLoss, cross_entropy, CrossEntropyOptions> {
  using Loss::Loss;
};
struct NLLLoss final : Loss<NLLLoss, nll_loss, NllLossOptions> {
  using Loss::Loss;
};

struct KLDivLossOptions {
  ByName by_name = ByName();
  KlReduction reduction = KlReduction::mean;
  bool log_target = false;
};
XGRAD_API void show_options(OptionText& text, const KLDivLossOptions& o);
struct KLDivLoss final : Loss<KLDivLoss, kl_div, KLDivLossOptions> {
  using Loss::Loss;
};
struct PoissonNLLLoss final : Loss<PoissonNLLLoss, poisson_nll_loss, PoissonNllOptions> {
  using Loss::Loss;
};
// loss(input, target, var)
struct GaussianNLLLoss final : Loss<GaussianNLLLoss, gaussian_nll_loss, GaussianNllOptions, 3> {
  using Loss::Loss;
};
// loss(log_probs, targets, input_lengths, target_lengths)
struct CTCLoss final : Loss<CTCLoss, ctc_loss, CtcLossOptions, 4> {
  using Loss::Loss;
};

// ---- margins ----
struct HingeEmbeddingLossOptions {
  ByName by_name = ByName();
  double margin = 1;
  Reduction reduction = Reduction::mean;
};
XGRAD_API void check_options(const OptionCheck& check, const HingeEmbeddingLossOptions& o);
XGRAD_API void show_options(OptionText& text, const HingeEmbeddingLossOptions& o);
struct HingeEmbeddingLoss final : Loss<HingeEmbeddingLoss, hinge_embedding_loss, HingeEmbeddingLossOptions> {
  using Loss::Loss;
};
struct SoftMarginLoss final : Loss<SoftMarginLoss, soft_margin_loss> {
  using Loss::Loss;
};

struct MarginLossOptions {
  ByName by_name = ByName();
  double margin = 0;
  Reduction reduction = Reduction::mean;
};
XGRAD_API void check_options(const OptionCheck& check, const MarginLossOptions& o);
XGRAD_API void show_options(OptionText& text, const MarginLossOptions& o);
// loss(input1, input2, target), both
struct MarginRankingLoss final : Loss<MarginRankingLoss, margin_ranking_loss, MarginLossOptions, 3> {
  using Loss::Loss;
};
struct CosineEmbeddingLoss final : Loss<CosineEmbeddingLoss, cosine_embedding_loss, MarginLossOptions, 3> {
  using Loss::Loss;
};
// loss(anchor, positive, negative)
struct TripletMarginLoss final : Loss<TripletMarginLoss, triplet_margin_loss, TripletMarginOptions, 3> {
  using Loss::Loss;
};

struct TripletMarginWithDistanceOptions {
  ByName by_name = ByName();
  // Of two batches, one number per row; the Euclidean distance of <xgrad/ops/norm.hpp> when empty.
  std::function<Tensor(const Tensor&, const Tensor&)> distance_function = {};
  double margin = 1;
  bool swap = false;  // use the distance of positive and negative where that is smaller
  Reduction reduction = Reduction::mean;
};
// max(0, margin + d(a, p) - d(a, n)). loss(anchor, positive, negative). ValueError unless margin > 0.
XGRAD_API Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                                                   const TripletMarginWithDistanceOptions& options = {},
                                                   Location at = Location::current());
XGRAD_API void check_options(const OptionCheck& check, const TripletMarginWithDistanceOptions& o);
XGRAD_API void show_options(OptionText& text, const TripletMarginWithDistanceOptions& o);
struct TripletMarginWithDistanceLoss final
    : Loss<TripletMarginWithDistanceLoss, triplet_margin_with_distance_loss, TripletMarginWithDistanceOptions, 3> {
  using Loss::Loss;
};

struct MultiMarginLoss final : Loss<MultiMarginLoss, multi_margin_loss, MultiMarginOptions> {
  using Loss::Loss;
};
struct MultiLabelMarginLoss final : Loss<MultiLabelMarginLoss, multilabel_margin_loss> {
  using Loss::Loss;
};
struct MultiLabelSoftMarginLoss final : Loss<MultiLabelSoftMarginLoss, multilabel_soft_margin_loss, BCELossOptions> {
  using Loss::Loss;
};

}  // namespace xgrad::nn
