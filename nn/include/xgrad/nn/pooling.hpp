// Pooling layers; formulas, options and errors are those of <xgrad/ops/pool.hpp>: nn::MaxPool2d(3, {.stride = 2}).
#pragma once

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/pool.hpp>

namespace xgrad::nn {

template <int N>
class MaxPoolNd final : public Layer<MaxPoolNd<N>> {
 public:
  MaxPoolNd(const MaxPoolNd&) = default;
  MaxPoolNd(Empty) noexcept : Layer<MaxPoolNd<N>>(nullptr) {}  // NOLINT: {nullptr}
  explicit MaxPoolNd(Extents<N> kernel_size, MaxPoolOptions<N> options = {}, Location at = Location::current());
  // (An array, for {3, 3} to be a size and not the two numbers of another layer.)
  explicit MaxPoolNd(const std::int64_t (&kernel_size)[N], MaxPoolOptions<N> options = {},
                     Location at = Location::current())
      : MaxPoolNd(xgrad::detail::extents_of(kernel_size), options, at) {}
  // PyTorch's order: MaxPool2d(2, 2), MaxPool2d(3, 2, 1).
  template <class = void>
  MaxPoolNd(Extents<N> kernel_size, PoolStride<N> stride, Extents<N> padding = 0, Location at = Location::current())
      : MaxPoolNd(kernel_size, xgrad::detail::pool_options<MaxPoolOptions<N>>(stride, padding), at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
  // Also where the values stood, as max_unpool takes it.
  ValuesIndices forward_with_indices(const Tensor& x, Location at = Location::current()) const;

 private:
  Extents<N> kernel_size_ = 1;
  MaxPoolOptions<N> options_;
};

template <int N>
class AvgPoolNd final : public Layer<AvgPoolNd<N>> {
 public:
  AvgPoolNd(const AvgPoolNd&) = default;
  AvgPoolNd(Empty) noexcept : Layer<AvgPoolNd<N>>(nullptr) {}  // NOLINT: {nullptr}
  explicit AvgPoolNd(Extents<N> kernel_size, AvgPoolOptions<N> options = {}, Location at = Location::current());
  explicit AvgPoolNd(const std::int64_t (&kernel_size)[N], AvgPoolOptions<N> options = {},
                     Location at = Location::current())
      : AvgPoolNd(xgrad::detail::extents_of(kernel_size), options, at) {}
  // PyTorch's order: AvgPool2d(2, 2), AvgPool2d(3, 2, 1).
  template <class = void>
  AvgPoolNd(Extents<N> kernel_size, PoolStride<N> stride, Extents<N> padding = 0, Location at = Location::current())
      : AvgPoolNd(kernel_size, xgrad::detail::pool_options<AvgPoolOptions<N>>(stride, padding), at) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  Extents<N> kernel_size_ = 1;
  AvgPoolOptions<N> options_;
};

template <int N>
class LPPoolNd final : public Layer<LPPoolNd<N>> {
 public:
  LPPoolNd(const LPPoolNd&) = default;
  LPPoolNd(Empty) noexcept : Layer<LPPoolNd<N>>(nullptr) {}  // NOLINT: {nullptr}
  LPPoolNd(double norm_type, Extents<N> kernel_size, LPPoolOptions<N> options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  double norm_type_ = 0;
  Extents<N> kernel_size_ = 1;
  LPPoolOptions<N> options_;
};

// Any input size -> output_size; kKeepSize keeps a size.
template <int N>
class AdaptiveAvgPoolNd final : public Layer<AdaptiveAvgPoolNd<N>> {
 public:
  AdaptiveAvgPoolNd(const AdaptiveAvgPoolNd&) = default;
  AdaptiveAvgPoolNd(Empty) noexcept : Layer<AdaptiveAvgPoolNd<N>>(nullptr) {}  // NOLINT: {nullptr}
  explicit AdaptiveAvgPoolNd(Extents<N> output_size, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  Extents<N> output_size_ = 1;
};

template <int N>
class AdaptiveMaxPoolNd final : public Layer<AdaptiveMaxPoolNd<N>> {
 public:
  AdaptiveMaxPoolNd(const AdaptiveMaxPoolNd&) = default;
  AdaptiveMaxPoolNd(Empty) noexcept : Layer<AdaptiveMaxPoolNd<N>>(nullptr) {}  // NOLINT: {nullptr}
  explicit AdaptiveMaxPoolNd(Extents<N> output_size, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
  ValuesIndices forward_with_indices(const Tensor& x, Location at = Location::current()) const;

 private:
  Extents<N> output_size_ = 1;
};

extern template class XGRAD_API MaxPoolNd<1>;
extern template class XGRAD_API MaxPoolNd<2>;
extern template class XGRAD_API MaxPoolNd<3>;
extern template class XGRAD_API AvgPoolNd<1>;
extern template class XGRAD_API AvgPoolNd<2>;
extern template class XGRAD_API AvgPoolNd<3>;
extern template class XGRAD_API LPPoolNd<1>;
extern template class XGRAD_API LPPoolNd<2>;
extern template class XGRAD_API LPPoolNd<3>;
extern template class XGRAD_API AdaptiveAvgPoolNd<1>;
extern template class XGRAD_API AdaptiveAvgPoolNd<2>;
extern template class XGRAD_API AdaptiveAvgPoolNd<3>;
extern template class XGRAD_API AdaptiveMaxPoolNd<1>;
extern template class XGRAD_API AdaptiveMaxPoolNd<2>;
extern template class XGRAD_API AdaptiveMaxPoolNd<3>;

using MaxPool1d = MaxPoolNd<1>;
using MaxPool2d = MaxPoolNd<2>;
using MaxPool3d = MaxPoolNd<3>;
using AvgPool1d = AvgPoolNd<1>;
using AvgPool2d = AvgPoolNd<2>;
using AvgPool3d = AvgPoolNd<3>;
using LPPool1d = LPPoolNd<1>;
using LPPool2d = LPPoolNd<2>;
using LPPool3d = LPPoolNd<3>;
using AdaptiveAvgPool1d = AdaptiveAvgPoolNd<1>;
using AdaptiveAvgPool2d = AdaptiveAvgPoolNd<2>;
using AdaptiveAvgPool3d = AdaptiveAvgPoolNd<3>;
using AdaptiveMaxPool1d = AdaptiveMaxPoolNd<1>;
using AdaptiveMaxPool2d = AdaptiveMaxPoolNd<2>;
using AdaptiveMaxPool3d = AdaptiveMaxPoolNd<3>;

}  // namespace xgrad::nn
