// Layers that take the number of their inputs from the first call: nn::LazyLinear(10), nn::LazyConv2d(16, 3).
//
// Until then weight and bias are empty, of shape (0), and have no first values; the first call, or loading a state,
// gives them their shapes. The tensors stay the same: an optimizer may be made before. dtypes are changed before, too,
// net.to(kFloat64). Errors are those of the layers.
#pragma once

#include <concepts>

#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/linear.hpp>

namespace xgrad::nn {

class XGRAD_API LazyLinear final : public Layer<LazyLinear> {
 public:
  LazyLinear(const LazyLinear&) = default;
  LazyLinear(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit LazyLinear(...) = delete;                  // options by name: nn::LazyLinear(3, {.bias = false})
  explicit LazyLinear(std::int64_t out_features, LinearOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit LazyLinear(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  std::int64_t out_ = 0;
};

template <int N>
class LazyConvNd final : public Layer<LazyConvNd<N>> {
 public:
  LazyConvNd(const LazyConvNd&) = default;
  LazyConvNd(Null auto) noexcept : Layer<LazyConvNd<N>>(nullptr) {}  // NOLINT: = nullptr
  explicit LazyConvNd(...) = delete;  // options by name: nn::LazyConv2d(16, 3, {.padding = 1})
  LazyConvNd(Size out_channels, Extents<N> kernel_size, ConvNdOptions<N> options = {},
             Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  std::int64_t out_ = 0;
  Extents<N> kernel_size_ = 1;
  ConvNdOptions<N> options_;
};
extern template class XGRAD_API LazyConvNd<1>;
extern template class XGRAD_API LazyConvNd<2>;
extern template class XGRAD_API LazyConvNd<3>;

template <int N>
class LazyConvTransposeNd final : public Layer<LazyConvTransposeNd<N>> {
 public:
  LazyConvTransposeNd(const LazyConvTransposeNd&) = default;
  LazyConvTransposeNd(Null auto) noexcept : Layer<LazyConvTransposeNd<N>>(nullptr) {}  // NOLINT: = nullptr
  explicit LazyConvTransposeNd(...) = delete;  // options by name: nn::LazyConvTranspose2d(16, 3, {.stride = 2})
  LazyConvTransposeNd(Size out_channels, Extents<N> kernel_size, ConvTransposeNdOptions<N> options = {},
                      Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  std::int64_t out_ = 0;
  Extents<N> kernel_size_ = 1;
  ConvTransposeNdOptions<N> options_;
};
extern template class XGRAD_API LazyConvTransposeNd<1>;
extern template class XGRAD_API LazyConvTransposeNd<2>;
extern template class XGRAD_API LazyConvTransposeNd<3>;

using LazyConv1d = LazyConvNd<1>;
using LazyConv2d = LazyConvNd<2>;
using LazyConv3d = LazyConvNd<3>;
using LazyConvTranspose1d = LazyConvTransposeNd<1>;
using LazyConvTranspose2d = LazyConvTransposeNd<2>;
using LazyConvTranspose3d = LazyConvTransposeNd<3>;

}  // namespace xgrad::nn
