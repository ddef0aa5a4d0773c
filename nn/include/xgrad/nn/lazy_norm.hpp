// Normalisations that take the number of channels from the first call, as the layers of <xgrad/nn/lazy.hpp> take
// theirs: nn::LazyBatchNorm2d(), nn::LazyInstanceNorm1d({.affine = true}). Until then parameters and running statistics
// are empty, of shape (0). Options, formulas and errors are those of nn::BatchNorm2d and nn::InstanceNorm1d.
#pragma once

#include <type_traits>

#include <xgrad/nn/normalization.hpp>

namespace xgrad::nn {

enum class LazyNorm { batch, instance };
template <LazyNorm Kind, int N>
class LazyNormLayer final : public Layer<LazyNormLayer<Kind, N>>, public NormState {
 public:
  using Options = std::conditional_t<Kind == LazyNorm::batch, BatchNormOptions, InstanceNormOptions>;
  LazyNormLayer(const LazyNormLayer&) = default;
  LazyNormLayer(Null auto) noexcept : Layer<LazyNormLayer>(nullptr) {}  // NOLINT: = nullptr
  template <class = void>
  explicit LazyNormLayer(...) = delete;  // options by name: nn::LazyBatchNorm2d({.eps = 1e-3})
  explicit LazyNormLayer(Options options = {}, Location at = Location::current());
  explicit LazyNormLayer(NoOptions, Location at = Location::current()) : LazyNormLayer(Options{}, at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};
extern template class XGRAD_API LazyNormLayer<LazyNorm::batch, 1>;
extern template class XGRAD_API LazyNormLayer<LazyNorm::batch, 2>;
extern template class XGRAD_API LazyNormLayer<LazyNorm::batch, 3>;
extern template class XGRAD_API LazyNormLayer<LazyNorm::instance, 1>;
extern template class XGRAD_API LazyNormLayer<LazyNorm::instance, 2>;
extern template class XGRAD_API LazyNormLayer<LazyNorm::instance, 3>;

using LazyBatchNorm1d = LazyNormLayer<LazyNorm::batch, 1>;
using LazyBatchNorm2d = LazyNormLayer<LazyNorm::batch, 2>;
using LazyBatchNorm3d = LazyNormLayer<LazyNorm::batch, 3>;
using LazyInstanceNorm1d = LazyNormLayer<LazyNorm::instance, 1>;
using LazyInstanceNorm2d = LazyNormLayer<LazyNorm::instance, 2>;
using LazyInstanceNorm3d = LazyNormLayer<LazyNorm::instance, 3>;

}  // namespace xgrad::nn
