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

// Windows at random places, so that sizes need not divide: an output_size, or output_ratio in (0, 1).
template <int N>
class FractionalMaxPoolNd final : public Layer<FractionalMaxPoolNd<N>> {
 public:
  FractionalMaxPoolNd(const FractionalMaxPoolNd&) = default;
  FractionalMaxPoolNd(Empty) noexcept : Layer<FractionalMaxPoolNd<N>>(nullptr) {}  // NOLINT: {nullptr}
  FractionalMaxPoolNd(Extents<N> kernel_size, FractionalPoolOptions<N> options, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
  ValuesIndices forward_with_indices(const Tensor& x, Location at = Location::current()) const;

 private:
  Extents<N> kernel_size_ = 1;
  Following<FractionalPoolOptions<N>, &FractionalPoolOptions<N>::random_samples> options_;
};

template <int N>
struct MaxUnpoolOptions {
  ByName by_name = ByName();
  PoolStride<N> stride = {};
  Extents<N> padding = 0;
};
// Puts the elements that a MaxPool of the same sizes gave back where they stood, by its indices, among zeros:
// unpool(x, indices). The size is (in - 1) stride - 2 padding + kernel, or output_size, which may differ from it by
// less than a stride (ShapeError): unpool(x, indices, {5, 5}).
template <int N>
class MaxUnpoolNd final : public Layer<MaxUnpoolNd<N>> {
 public:
  MaxUnpoolNd(const MaxUnpoolNd&) = default;
  MaxUnpoolNd(Empty) noexcept : Layer<MaxUnpoolNd<N>>(nullptr) {}  // NOLINT: {nullptr}
  explicit MaxUnpoolNd(Extents<N> kernel_size, MaxUnpoolOptions<N> options = {}, Location at = Location::current());
  template <class = void>
  MaxUnpoolNd(Extents<N> kernel_size, PoolStride<N> stride, Extents<N> padding = 0, Location at = Location::current())
      : MaxUnpoolNd(kernel_size, xgrad::detail::pool_options<MaxUnpoolOptions<N>>(stride, padding), at) {}
  Tensor operator()(const Tensor& x, const Tensor& indices, Location at = Location::current()) const {
    return this->call(at, x, indices);
  }
  Tensor operator()(const Tensor& x, const Tensor& indices, const Shape& output_size,
                    Location at = Location::current()) const {
    return this->call(at, x, indices, output_size);
  }
  Tensor forward(const Tensor& x, const Tensor& indices, Location at = Location::current()) const;
  // output_size: the spatial sizes, or all of them.
  Tensor forward(const Tensor& x, const Tensor& indices, const Shape& output_size, Location at) const;

 private:
  Extents<N> usual_size(const Tensor& x, const Tensor& indices, const Location& at) const;

  Extents<N> kernel_size_ = 1;
  MaxUnpoolOptions<N> options_;
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
extern template class XGRAD_API FractionalMaxPoolNd<2>;
extern template class XGRAD_API FractionalMaxPoolNd<3>;
extern template class XGRAD_API MaxUnpoolNd<1>;
extern template class XGRAD_API MaxUnpoolNd<2>;
extern template class XGRAD_API MaxUnpoolNd<3>;

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
using FractionalMaxPool2d = FractionalMaxPoolNd<2>;
using FractionalMaxPool3d = FractionalMaxPoolNd<3>;
using MaxUnpool1d = MaxUnpoolNd<1>;
using MaxUnpool2d = MaxUnpoolNd<2>;
using MaxUnpool3d = MaxUnpoolNd<3>;

}  // namespace xgrad::nn
