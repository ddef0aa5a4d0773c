// Convolution layers; formulas, shapes and errors are those of <xgrad/ops/conv.hpp>. Sizes are one number for every
// dimension or one for each: nn::Conv2d(1, 16, 5, {.stride = 2, .padding = {1, 2}}).
// Weights and biases start uniform in +-1/sqrt(weight.size(1) * kernel elements), PyTorch's default.
#pragma once

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/size.hpp>

namespace xgrad::nn {

// What stands around the input: zeros; its mirror image without the edge; the edge repeated; the other end.
enum class PaddingMode { zeros, reflect, replicate, circular };
inline std::ostream& operator<<(std::ostream& os, PaddingMode v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"zeros", "reflect", "replicate", "circular"});
}

template <int N>
struct ConvNdOptions {
  ByName by_name = ByName();
  Extents<N> stride = 1;
  ConvPadding<N> padding = 0;
  Extents<N> dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  PaddingMode padding_mode = PaddingMode::zeros;
};

// (N, in, spatial...) -> (N, out, size...). Parameters: weight (out, in / groups, kernel...), bias (out).
// ValueError: a channel count, kernel size, stride or dilation below 1, channels not divisible by groups, padding
// "same" with a stride.
template <int N>
class ConvNd final : public Layer<ConvNd<N>> {
 public:
  ConvNd(const ConvNd&) = default;
  ConvNd(Null auto) noexcept : Layer<ConvNd<N>>(nullptr) {}  // NOLINT: = nullptr
  explicit ConvNd(...) = delete;  // options by name: nn::Conv2d(1, 16, 3, {.stride = 2, .padding = 1})
  ConvNd(Size in_channels, Size out_channels, Extents<N> kernel_size, ConvNdOptions<N> options = {},
         Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  ConvNdOptions<N> options_;
};
extern template class XGRAD_API ConvNd<1>;
extern template class XGRAD_API ConvNd<2>;
extern template class XGRAD_API ConvNd<3>;

using Conv1d = ConvNd<1>;
using Conv2d = ConvNd<2>;
using Conv3d = ConvNd<3>;
using Conv1dOptions = ConvNdOptions<1>;
using Conv2dOptions = ConvNdOptions<2>;
using Conv3dOptions = ConvNdOptions<3>;

template <int N>
struct ConvTransposeNdOptions {
  ByName by_name = ByName();
  Extents<N> stride = 1;
  Extents<N> padding = 0;
  Extents<N> output_padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  Extents<N> dilation = 1;
};

// (N, in, spatial...) -> (N, out, size...). Parameters: weight (in, out / groups, kernel...), bias (out).
template <int N>
class ConvTransposeNd final : public Layer<ConvTransposeNd<N>> {
 public:
  ConvTransposeNd(const ConvTransposeNd&) = default;
  ConvTransposeNd(Null auto) noexcept : Layer<ConvTransposeNd<N>>(nullptr) {}  // NOLINT: = nullptr
  explicit ConvTransposeNd(...) = delete;  // options by name: nn::ConvTranspose2d(16, 1, 3, {.stride = 2})
  ConvTransposeNd(Size in_channels, Size out_channels, Extents<N> kernel_size, ConvTransposeNdOptions<N> options = {},
                  Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  ConvTransposeNdOptions<N> options_;
};
extern template class XGRAD_API ConvTransposeNd<1>;
extern template class XGRAD_API ConvTransposeNd<2>;
extern template class XGRAD_API ConvTransposeNd<3>;

using ConvTranspose1d = ConvTransposeNd<1>;
using ConvTranspose2d = ConvTransposeNd<2>;
using ConvTranspose3d = ConvTransposeNd<3>;
using ConvTranspose1dOptions = ConvTransposeNdOptions<1>;
using ConvTranspose2dOptions = ConvTransposeNdOptions<2>;
using ConvTranspose3dOptions = ConvTransposeNdOptions<3>;

}  // namespace xgrad::nn
