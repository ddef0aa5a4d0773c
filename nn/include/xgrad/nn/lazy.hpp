// Layers that take the number of their inputs from the first call: nn::LazyLinear(10), nn::LazyConv2d(16, 3).
//
// Until then weight and bias are empty, of shape (0), and have no first values; the first call that goes through, or
// loading a state, gives them their shapes. A call that throws leaves them as they were; what a partial state has given
// stays, and the call adds the rest. The tensors stay the same: an optimizer may be made before. dtypes are changed
// before, too, net.to(kFloat64). Errors are those of the layers; a state of other sizes is a ShapeError.
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

// Of the convolution that has these options.
template <int N, class Options>
class LazyConvOf final : public Layer<LazyConvOf<N, Options>> {
 public:
  LazyConvOf(const LazyConvOf&) = default;
  LazyConvOf(Null auto) noexcept : Layer<LazyConvOf<N, Options>>(nullptr) {}  // NOLINT: = nullptr
  explicit LazyConvOf(...) = delete;  // options by name: nn::LazyConv2d(16, 3, {.padding = 1})
  LazyConvOf(Size out_channels, Extents<N> kernel_size, Options options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  std::int64_t out_ = 0;
  Extents<N> kernel_size_ = 1;
  Options options_;
};
extern template class XGRAD_API LazyConvOf<1, ConvNdOptions<1>>;
extern template class XGRAD_API LazyConvOf<2, ConvNdOptions<2>>;
extern template class XGRAD_API LazyConvOf<3, ConvNdOptions<3>>;
extern template class XGRAD_API LazyConvOf<1, ConvTransposeNdOptions<1>>;
extern template class XGRAD_API LazyConvOf<2, ConvTransposeNdOptions<2>>;
extern template class XGRAD_API LazyConvOf<3, ConvTransposeNdOptions<3>>;

using LazyConv1d = LazyConvOf<1, ConvNdOptions<1>>;
using LazyConv2d = LazyConvOf<2, ConvNdOptions<2>>;
using LazyConv3d = LazyConvOf<3, ConvNdOptions<3>>;
using LazyConvTranspose1d = LazyConvOf<1, ConvTransposeNdOptions<1>>;
using LazyConvTranspose2d = LazyConvOf<2, ConvTransposeNdOptions<2>>;
using LazyConvTranspose3d = LazyConvOf<3, ConvTransposeNdOptions<3>>;

}  // namespace xgrad::nn
