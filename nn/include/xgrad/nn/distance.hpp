// Distances of rows as modules: distance(x, y). The formulas are those of <xgrad/ops/norm.hpp>.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/norm.hpp>

namespace xgrad::nn {

struct CosineSimilarityOptions {
  ByName by_name = ByName();
  std::int64_t dim = 1;
  double eps = 1e-8;
};
XGRAD_API void check_options(const OptionCheck& check, const CosineSimilarityOptions& o);
XGRAD_API void show_options(OptionText& text, const CosineSimilarityOptions& o);
// x . y / (max(|x|, eps) max(|y|, eps)) along dim.
class CosineSimilarity final : public Layer<CosineSimilarity, CosineSimilarityOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit CosineSimilarity(...) = delete;  // options by name: nn::CosineSimilarity({.dim = 0})
  Tensor forward(const Tensor& x, const Tensor& y, Location at = Location::current()) const {
    return cosine_similarity(x, y, options_.dim, options_.eps, at);
  }
};

struct PairwiseDistanceOptions {
  ByName by_name = ByName();
  double p = 2, eps = 1e-6;
  bool keepdim = false;
};
XGRAD_API void check_options(const OptionCheck& check, const PairwiseDistanceOptions& o);
XGRAD_API void show_options(OptionText& text, const PairwiseDistanceOptions& o);
// The p-norm of x - y + eps along the last dimension.
class PairwiseDistance final : public Layer<PairwiseDistance, PairwiseDistanceOptions> {
 public:
  using Layer::Layer;
  template <class = void>
  explicit PairwiseDistance(...) = delete;  // options by name: nn::PairwiseDistance({.p = 1})
  Tensor forward(const Tensor& x, const Tensor& y, Location at = Location::current()) const {
    return pairwise_distance(x, y, options_.p, options_.eps, options_.keepdim, at);
  }
};

}  // namespace xgrad::nn
