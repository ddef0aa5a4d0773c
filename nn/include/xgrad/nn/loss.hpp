// Loss functions as modules: loss(input, target) gives a 0-d tensor, or one value per element or sample with
// Reduction::none. Formulas, shapes and errors are those of <xgrad/ops/*_loss.hpp>.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/classification_loss.hpp>
#include <xgrad/ops/ctc_loss.hpp>
#include <xgrad/ops/distribution_loss.hpp>
#include <xgrad/ops/margin_loss.hpp>
#include <xgrad/ops/regression_loss.hpp>

namespace xgrad::nn {

// A module of two or three tensors that is called like a function. Derived supplies forward.
template <class Derived>
class Loss : public Module {
 public:
  explicit Loss(std::string label) : Module(std::move(label)) {}
  Tensor operator()(const Tensor& input, const Tensor& target, Location at = Location::current()) const requires
      requires(const Derived& d) {
    d.forward(input, target, at);
  }
  {
    const detail::ModuleScope scope(info(at));
    const Derived& self = static_cast<const Derived&>(*this);
    if (!has_hooks()) return self.forward(input, target, at);
    const Tensor in = run_pre_hooks(input);
    return run_hooks(in, self.forward(in, target, at));
  }
  Tensor operator()(const Tensor& a, const Tensor& b, const Tensor& c, Location at = Location::current()) const requires
      requires(const Derived& d) {
    d.forward(a, b, c, at);
  }
  {
    const detail::ModuleScope scope(info(at));
    const Derived& self = static_cast<const Derived&>(*this);
    if (!has_hooks()) return self.forward(a, b, c, at);
    const Tensor in = run_pre_hooks(a);
    return run_hooks(in, self.forward(in, b, c, at));
  }
  template <class... A>
    requires(!requires(const Derived& d, const A&... a) { d.forward(a...); })
  void operator()(const A&...) const = delete;  // loss(input, target), Tensors; options: MSELoss({.reduction = ...})

 protected:
  // Constants that belong to the state, as in PyTorch.
  void keep(const char* name, const Tensor& constant) {
    if (constant.defined()) register_buffer(name, constant);
  }
};

struct LossOptions {
  Reduction reduction = Reduction::mean;
};

// ---- values ----
class MSELoss final : public Loss<MSELoss> {
 public:
  explicit MSELoss(LossOptions options = {}) : Loss("MSELoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return mse_loss(input, target, options_.reduction, at);
  }

 private:
  LossOptions options_;
};

class L1Loss final : public Loss<L1Loss> {
 public:
  explicit L1Loss(LossOptions options = {}) : Loss("L1Loss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return l1_loss(input, target, options_.reduction, at);
  }

 private:
  LossOptions options_;
};

struct SmoothL1LossOptions {
  ByName by_name = ByName();
  Reduction reduction = Reduction::mean;
  double beta = 1;
};
class SmoothL1Loss final : public Loss<SmoothL1Loss> {
 public:
  explicit SmoothL1Loss(SmoothL1LossOptions options = {}) : Loss("SmoothL1Loss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return smooth_l1_loss(input, target, options_.reduction, options_.beta, at);
  }

 private:
  SmoothL1LossOptions options_;
};

struct HuberLossOptions {
  ByName by_name = ByName();
  Reduction reduction = Reduction::mean;
  double delta = 1;
};
class HuberLoss final : public Loss<HuberLoss> {
 public:
  explicit HuberLoss(HuberLossOptions options = {}) : Loss("HuberLoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return huber_loss(input, target, options_.reduction, options_.delta, at);
  }

 private:
  HuberLossOptions options_;
};

// ---- probabilities and classes ----
struct BCELossOptions {
  ByName by_name = ByName();
  Tensor weight = {};
  Reduction reduction = Reduction::mean;
};
class BCELoss final : public Loss<BCELoss> {
 public:
  explicit BCELoss(BCELossOptions options = {}) : Loss("BCELoss"), options_(std::move(options)) {
    keep("weight", options_.weight);
  }
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return binary_cross_entropy(input, target, options_.weight, options_.reduction, at);
  }

 private:
  Following<BCELossOptions, &BCELossOptions::weight> options_;
};

class BCEWithLogitsLoss final : public Loss<BCEWithLogitsLoss> {
 public:
  explicit BCEWithLogitsLoss(BceWithLogitsOptions options = {})
      : Loss("BCEWithLogitsLoss"), options_(std::move(options)) {
    keep("weight", options_.weight);
    keep("pos_weight", options_.pos_weight);
  }
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return binary_cross_entropy_with_logits(input, target, options_, at);
  }

 private:
  Following<BceWithLogitsOptions, &BceWithLogitsOptions::weight, &BceWithLogitsOptions::pos_weight> options_;
};

class CrossEntropyLoss final : public Loss<CrossEntropyLoss> {
 public:
  explicit CrossEntropyLoss(CrossEntropyOptions options = {}) : Loss("CrossEntropyLoss"), options_(std::move(options)) {
    keep("weight", options_.weight);
  }
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return cross_entropy(input, target, options_, at);
  }

 private:
  Following<CrossEntropyOptions, &CrossEntropyOptions::weight> options_;
};

class NLLLoss final : public Loss<NLLLoss> {
 public:
  explicit NLLLoss(NllLossOptions options = {}) : Loss("NLLLoss"), options_(std::move(options)) {
    keep("weight", options_.weight);
  }
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
class KLDivLoss final : public Loss<KLDivLoss> {
 public:
  explicit KLDivLoss(KLDivLossOptions options = {}) : Loss("KLDivLoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return kl_div(input, target, options_.reduction, options_.log_target, at);
  }

 private:
  KLDivLossOptions options_;
};

class PoissonNLLLoss final : public Loss<PoissonNLLLoss> {
 public:
  explicit PoissonNLLLoss(PoissonNllOptions options = {}) : Loss("PoissonNLLLoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return poisson_nll_loss(input, target, options_, at);
  }

 private:
  PoissonNllOptions options_;
};

// loss(input, target, var)
class GaussianNLLLoss final : public Loss<GaussianNLLLoss> {
 public:
  explicit GaussianNLLLoss(GaussianNllOptions options = {}) : Loss("GaussianNLLLoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, const Tensor& var,
                 Location at = Location::current()) const {
    return gaussian_nll_loss(input, target, var, options_, at);
  }

 private:
  GaussianNllOptions options_;
};

class CTCLoss final : public Module {
 public:
  explicit CTCLoss(CtcLossOptions options = {}) : Module("CTCLoss"), options_(options) {}
  // Hooks see log_probs.
  Tensor operator()(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                    const Tensor& target_lengths, Location at = Location::current()) const {
    const detail::ModuleScope scope(info(at));
    if (!has_hooks()) return forward(log_probs, targets, input_lengths, target_lengths, at);
    const Tensor in = run_pre_hooks(log_probs);
    return run_hooks(in, forward(in, targets, input_lengths, target_lengths, at));
  }
  Tensor forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths, Location at = Location::current()) const {
    return ctc_loss(log_probs, targets, input_lengths, target_lengths, options_, at);
  }

 private:
  CtcLossOptions options_;
};

// ---- margins ----
struct HingeEmbeddingLossOptions {
  ByName by_name = ByName();
  double margin = 1;
  Reduction reduction = Reduction::mean;
};
class HingeEmbeddingLoss final : public Loss<HingeEmbeddingLoss> {
 public:
  explicit HingeEmbeddingLoss(HingeEmbeddingLossOptions options = {}) : Loss("HingeEmbeddingLoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return hinge_embedding_loss(input, target, options_.margin, options_.reduction, at);
  }

 private:
  HingeEmbeddingLossOptions options_;
};

class SoftMarginLoss final : public Loss<SoftMarginLoss> {
 public:
  explicit SoftMarginLoss(LossOptions options = {}) : Loss("SoftMarginLoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return soft_margin_loss(input, target, options_.reduction, at);
  }

 private:
  LossOptions options_;
};

struct MarginLossOptions {
  ByName by_name = ByName();
  double margin = 0;
  Reduction reduction = Reduction::mean;
};
// loss(input1, input2, target)
class MarginRankingLoss final : public Loss<MarginRankingLoss> {
 public:
  explicit MarginRankingLoss(MarginLossOptions options = {}) : Loss("MarginRankingLoss"), options_(options) {}
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target,
                 Location at = Location::current()) const {
    return margin_ranking_loss(input1, input2, target, options_.margin, options_.reduction, at);
  }

 private:
  MarginLossOptions options_;
};

// loss(input1, input2, target)
class CosineEmbeddingLoss final : public Loss<CosineEmbeddingLoss> {
 public:
  explicit CosineEmbeddingLoss(MarginLossOptions options = {}) : Loss("CosineEmbeddingLoss"), options_(options) {}
  Tensor forward(const Tensor& input1, const Tensor& input2, const Tensor& target,
                 Location at = Location::current()) const {
    return cosine_embedding_loss(input1, input2, target, options_.margin, options_.reduction, at);
  }

 private:
  MarginLossOptions options_;
};

// loss(anchor, positive, negative)
class TripletMarginLoss final : public Loss<TripletMarginLoss> {
 public:
  explicit TripletMarginLoss(TripletMarginOptions options = {}) : Loss("TripletMarginLoss"), options_(options) {}
  Tensor forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                 Location at = Location::current()) const {
    return triplet_margin_loss(anchor, positive, negative, options_, at);
  }

 private:
  TripletMarginOptions options_;
};

class MultiMarginLoss final : public Loss<MultiMarginLoss> {
 public:
  explicit MultiMarginLoss(MultiMarginOptions options = {}) : Loss("MultiMarginLoss"), options_(std::move(options)) {
    keep("weight", options_.weight);
  }
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return multi_margin_loss(input, target, options_, at);
  }

 private:
  Following<MultiMarginOptions, &MultiMarginOptions::weight> options_;
};

class MultiLabelMarginLoss final : public Loss<MultiLabelMarginLoss> {
 public:
  explicit MultiLabelMarginLoss(LossOptions options = {}) : Loss("MultiLabelMarginLoss"), options_(options) {}
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return multilabel_margin_loss(input, target, options_.reduction, at);
  }

 private:
  LossOptions options_;
};

class MultiLabelSoftMarginLoss final : public Loss<MultiLabelSoftMarginLoss> {
 public:
  explicit MultiLabelSoftMarginLoss(BCELossOptions options = {})
      : Loss("MultiLabelSoftMarginLoss"), options_(std::move(options)) {
    keep("weight", options_.weight);
  }
  Tensor forward(const Tensor& input, const Tensor& target, Location at = Location::current()) const {
    return multilabel_soft_margin_loss(input, target, options_.weight, options_.reduction, at);
  }

 private:
  Following<BCELossOptions, &BCELossOptions::weight> options_;
};

}  // namespace xgrad::nn
