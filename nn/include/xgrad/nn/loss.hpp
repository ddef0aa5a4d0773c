// Loss functions as layers: loss(input, target) gives a 0-d tensor, or one value per element or sample with
// Reduction::none. Formulas, shapes and errors are those of <xgrad/ops/*_loss.hpp>; options that these would refuse are
// refused when the loss is made.
#pragma once

#include <functional>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/classification_loss.hpp>
#include <xgrad/ops/ctc_loss.hpp>
#include <xgrad/ops/distribution_loss.hpp>
#include <xgrad/ops/margin_loss.hpp>
#include <xgrad/ops/regression_loss.hpp>

namespace xgrad::nn {

struct LossOptions {
  Reduction reduction = Reduction::mean;
};
XGRAD_API void show_options(OptionText& text, const LossOptions& o);

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
class MSELoss final : public Layer<MSELoss, LossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit MSELoss(...) = delete;  // options by name: nn::MSELoss({.reduction = Reduction::sum})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return mse_loss(input, target, options_.reduction, at);
  }
};

class L1Loss final : public Layer<L1Loss, LossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit L1Loss(...) = delete;  // options by name: nn::L1Loss({.reduction = Reduction::sum})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return l1_loss(input, target, options_.reduction, at);
  }
};

struct SmoothL1LossOptions {
  ByName by_name = ByName();
  Reduction reduction = Reduction::mean;
  double beta = 1;
};
XGRAD_API void check_options(const OptionCheck& check, const SmoothL1LossOptions& o);
XGRAD_API void show_options(OptionText& text, const SmoothL1LossOptions& o);
class SmoothL1Loss final : public Layer<SmoothL1Loss, SmoothL1LossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit SmoothL1Loss(...) = delete;  // options by name: nn::SmoothL1Loss({.reduction = Reduction::sum})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return smooth_l1_loss(input, target, options_.reduction, options_.beta, at);
  }
};

struct HuberLossOptions {
  ByName by_name = ByName();
  Reduction reduction = Reduction::mean;
  double delta = 1;
};
XGRAD_API void check_options(const OptionCheck& check, const HuberLossOptions& o);
XGRAD_API void show_options(OptionText& text, const HuberLossOptions& o);
class HuberLoss final : public Layer<HuberLoss, HuberLossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit HuberLoss(...) = delete;  // options by name: nn::HuberLoss({.reduction = Reduction::sum})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return huber_loss(input, target, options_.reduction, options_.delta, at);
  }
};

// ---- probabilities and classes ----
struct BCELossOptions {
  ByName by_name = ByName();
  Tensor weight = {};
  Reduction reduction = Reduction::mean;
};
XGRAD_API void show_options(OptionText& text, const BCELossOptions& o);
class BCELoss final : public Layer<BCELoss> {
 public:
  using Layer::Layer;
  explicit BCELoss(BCELossOptions options = {}) : options_(std::move(options)) {
    register_buffer("weight", options_.weight);
    show(options_);
  }
  explicit BCELoss(NoOptions) : BCELoss(BCELossOptions{}) {}
  template <class = void>
  explicit BCELoss(...) = delete;  // options by name: nn::BCELoss({.weight = w})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return binary_cross_entropy(input, target, options_.weight, options_.reduction, at);
  }

 private:
  Following<BCELossOptions, &BCELossOptions::weight> options_;
};

class BCEWithLogitsLoss final : public Layer<BCEWithLogitsLoss> {
 public:
  using Layer::Layer;
  explicit BCEWithLogitsLoss(BceWithLogitsOptions options = {}) : options_(std::move(options)) {
    register_buffer("weight", options_.weight);
    register_buffer("pos_weight", options_.pos_weight);
    show(options_);
  }
  explicit BCEWithLogitsLoss(NoOptions) : BCEWithLogitsLoss(BceWithLogitsOptions{}) {}
  template <class = void>
  explicit BCEWithLogitsLoss(...) = delete;  // options by name: nn::BCEWithLogitsLoss({.pos_weight = w})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return binary_cross_entropy_with_logits(input, target, options_, at);
  }

 private:
  Following<BceWithLogitsOptions, &BceWithLogitsOptions::weight, &BceWithLogitsOptions::pos_weight> options_;
};

class CrossEntropyLoss final : public Layer<CrossEntropyLoss> {
 public:
  using Layer::Layer;
  explicit CrossEntropyLoss(CrossEntropyOptions options = {}, Location at = Location::current())
      : options_(std::move(options)) {
    check_options(OptionCheck("CrossEntropyLoss", at), options_);
    register_buffer("weight", options_.weight);
    show(options_);
  }
  explicit CrossEntropyLoss(NoOptions) : CrossEntropyLoss(CrossEntropyOptions{}) {}
  template <class = void>
  explicit CrossEntropyLoss(...) = delete;  // options by name: nn::CrossEntropyLoss({.weight = w})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return cross_entropy(input, target, options_, at);
  }

 private:
  Following<CrossEntropyOptions, &CrossEntropyOptions::weight> options_;
};

class NLLLoss final : public Layer<NLLLoss> {
 public:
  using Layer::Layer;
  explicit NLLLoss(NllLossOptions options = {}) : options_(std::move(options)) {
    register_buffer("weight", options_.weight);
    show(options_);
  }
  explicit NLLLoss(NoOptions) : NLLLoss(NllLossOptions{}) {}
  template <class = void>
  explicit NLLLoss(...) = delete;  // options by name: nn::NLLLoss({.weight = w})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return nll_loss(input, target, options_, at);
  }

 private:
  Following<NllLossOptions, &NllLossOptions::weight> options_;
};

struct KLDivLossOptions {
  ByName by_name = ByName();
  KlReduction reduction = KlReduction::mean;
  bool log_target = false;
};
XGRAD_API void show_options(OptionText& text, const KLDivLossOptions& o);
class KLDivLoss final : public Layer<KLDivLoss, KLDivLossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit KLDivLoss(...) = delete;  // options by name: nn::KLDivLoss({.reduction = KlReduction::batchmean})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return kl_div(input, target, options_.reduction, options_.log_target, at);
  }
};

class PoissonNLLLoss final : public Layer<PoissonNLLLoss, PoissonNllOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit PoissonNLLLoss(...) = delete;  // options by name: nn::PoissonNLLLoss({.log_input = false})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return poisson_nll_loss(input, target, options_, at);
  }
};

// loss(input, target, var)
class GaussianNLLLoss final : public Layer<GaussianNLLLoss, GaussianNllOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit GaussianNLLLoss(...) = delete;  // options by name: nn::GaussianNLLLoss({.full = true})
  Tensor forward(const Tensor& input, const Tensor& target, const Tensor& var,
                 Location at = Location::current()) const {
    return gaussian_nll_loss(input, target, var, options_, at);
  }
};

// loss(log_probs, targets, input_lengths, target_lengths)
class CTCLoss final : public Layer<CTCLoss, CtcLossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit CTCLoss(...) = delete;  // options by name: nn::CTCLoss({.blank = 1})
  Tensor forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths, Location at = Location::current()) const {
    return ctc_loss(log_probs, targets, input_lengths, target_lengths, options_, at);
  }
};

// ---- margins ----
struct HingeEmbeddingLossOptions {
  ByName by_name = ByName();
  double margin = 1;
  Reduction reduction = Reduction::mean;
};
XGRAD_API void check_options(const OptionCheck& check, const HingeEmbeddingLossOptions& o);
XGRAD_API void show_options(OptionText& text, const HingeEmbeddingLossOptions& o);
class HingeEmbeddingLoss final : public Layer<HingeEmbeddingLoss, HingeEmbeddingLossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit HingeEmbeddingLoss(...) = delete;  // options by name: nn::HingeEmbeddingLoss({.margin = 0.5})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return hinge_embedding_loss(input, target, options_.margin, options_.reduction, at);
  }
};

class SoftMarginLoss final : public Layer<SoftMarginLoss, LossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit SoftMarginLoss(...) = delete;  // options by name: nn::SoftMarginLoss({.reduction = Reduction::sum})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return soft_margin_loss(input, target, options_.reduction, at);
  }
};

struct MarginLossOptions {
  ByName by_name = ByName();
  double margin = 0;
  Reduction reduction = Reduction::mean;
};
XGRAD_API void check_options(const OptionCheck& check, const MarginLossOptions& o);
XGRAD_API void show_options(OptionText& text, const MarginLossOptions& o);
// loss(input1, input2, target)
class MarginRankingLoss final : public Layer<MarginRankingLoss, MarginLossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit MarginRankingLoss(...) = delete;  // options by name: nn::MarginRankingLoss({.margin = 0.5})
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target,
                 Location at = Location::current()) const {
    return margin_ranking_loss(input1, input2, target, options_.margin, options_.reduction, at);
  }
};

// loss(input1, input2, target)
class CosineEmbeddingLoss final : public Layer<CosineEmbeddingLoss, MarginLossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit CosineEmbeddingLoss(...) = delete;  // options by name: nn::CosineEmbeddingLoss({.margin = 0.5})
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target,
                 Location at = Location::current()) const {
    return cosine_embedding_loss(input1, input2, target, options_.margin, options_.reduction, at);
  }
};

// loss(anchor, positive, negative)
class TripletMarginLoss final : public Layer<TripletMarginLoss, TripletMarginOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit TripletMarginLoss(...) = delete;  // options by name: nn::TripletMarginLoss({.margin = 0.5})
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                 Location at = Location::current()) const {
    return triplet_margin_loss(anchor, positive, negative, options_, at);
  }
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
class TripletMarginWithDistanceLoss final
    : public Layer<TripletMarginWithDistanceLoss, TripletMarginWithDistanceOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit TripletMarginWithDistanceLoss(...) =
      delete;  // options by name: nn::TripletMarginWithDistanceLoss({.distance_function = d})
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                 Location at = Location::current()) const {
    return triplet_margin_with_distance_loss(anchor, positive, negative, options_, at);
  }
};

class MultiMarginLoss final : public Layer<MultiMarginLoss> {
 public:
  using Layer::Layer;
  explicit MultiMarginLoss(MultiMarginOptions options = {}, Location at = Location::current())
      : options_(std::move(options)) {
    check_options(OptionCheck("MultiMarginLoss", at), options_);
    register_buffer("weight", options_.weight);
    show(options_);
  }
  explicit MultiMarginLoss(NoOptions) : MultiMarginLoss(MultiMarginOptions{}) {}
  template <class = void>
  explicit MultiMarginLoss(...) = delete;  // options by name: nn::MultiMarginLoss({.weight = w})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return multi_margin_loss(input, target, options_, at);
  }

 private:
  Following<MultiMarginOptions, &MultiMarginOptions::weight> options_;
};

class MultiLabelMarginLoss final : public Layer<MultiLabelMarginLoss, LossOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit MultiLabelMarginLoss(...) =
      delete;  // options by name: nn::MultiLabelMarginLoss({.reduction = Reduction::sum})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return multilabel_margin_loss(input, target, options_.reduction, at);
  }
};

class MultiLabelSoftMarginLoss final : public Layer<MultiLabelSoftMarginLoss> {
 public:
  using Layer::Layer;
  explicit MultiLabelSoftMarginLoss(BCELossOptions options = {}) : options_(std::move(options)) {
    register_buffer("weight", options_.weight);
    show(options_);
  }
  explicit MultiLabelSoftMarginLoss(NoOptions) : MultiLabelSoftMarginLoss(BCELossOptions{}) {}
  template <class = void>
  explicit MultiLabelSoftMarginLoss(...) = delete;  // options by name: nn::MultiLabelSoftMarginLoss({.weight = w})
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return multilabel_soft_margin_loss(input, target, options_.weight, options_.reduction, at);
  }

 private:
  Following<BCELossOptions, &BCELossOptions::weight> options_;
};

}  // namespace xgrad::nn
