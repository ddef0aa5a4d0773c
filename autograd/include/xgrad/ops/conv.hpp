// Convolutions (in truth cross-correlations, as in all neural-network libraries) and their transposes, over one, two or
// three spatial dimensions. float32 is computed by oneDNN, float64 by im2col and CBLAS; both are twice differentiable.
//
// Input (N, C, spatial...) or, without the batch, (C, spatial...); the result is batched alike. float32 or float64, the
// same for all operands (DTypeError). ShapeError: wrong rank or channel count, channels not divisible by groups, a
// kernel that exceeds the padded input. ValueError: stride, dilation or groups below 1, negative padding.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

#include <xgrad/by_name.hpp>
#include <xgrad/ops/extents.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad {

// Zeros around the input: numbers, or "valid" (none), or "same" (as many as keep the size; stride 1 only; an odd one
// goes to the end).
template <int N>
class ConvPadding {
 public:
  ConvPadding(Extents<N> each) : each_(each) {}       // NOLINT: {.padding = 1}
  ConvPadding(std::int64_t all) : each_(all) {}       // NOLINT
  ConvPadding(int all) : each_(std::int64_t{all}) {}  // NOLINT
  template <std::floating_point T>
  ConvPadding(T) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  ConvPadding(const std::string& mode, Location at = Location::current())  // NOLINT: ValueError unless "same", "valid"
      : each_(0) {
    parse(mode, at);
  }
  template <std::size_t L>
  ConvPadding(const char (&mode)[L], Location at = Location::current())  // NOLINT
      : ConvPadding(std::string(mode), at) {}
  ConvPadding(std::int64_t height, std::int64_t width) requires(N == 2) : each_(height, width) {}
  ConvPadding(std::int64_t depth, std::int64_t height, std::int64_t width) requires(N == 3)
      : each_(depth, height, width) {}

  bool same() const { return same_; }
  const Extents<N>& each() const { return each_; }

 private:
  void parse(const std::string& mode, const Location& at);

  Extents<N> each_;
  bool same_ = false;
};
extern template XGRAD_API void ConvPadding<1>::parse(const std::string&, const Location&);
extern template XGRAD_API void ConvPadding<2>::parse(const std::string&, const Location&);
extern template XGRAD_API void ConvPadding<3>::parse(const std::string&, const Location&);

template <int N>
struct ConvOptions {
  ByName by_name = ByName();
  Extents<N> stride = 1;
  ConvPadding<N> padding = 0;
  Extents<N> dilation = 1;
  std::int64_t groups = 1;
};

// y[n, o] = bias[o] + sum_c weight[o, c] * x[n, c], where * slides the kernel over the padded input:
// size = (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down.
// weight (out, in / groups, kernel...), bias (out) or undefined -> (N, out, size...).
// dx is the transposed convolution of g with weight, dweight correlates x with g, dbias sums g.
[[nodiscard]] XGRAD_API Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor(),
                                      const ConvOptions<1>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor(),
                                      const ConvOptions<2>& options = {}, Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor(),
                                      const ConvOptions<3>& options = {}, Location at = Location::current());

template <int N>
struct ConvTransposeOptions {
  ByName by_name = ByName();
  Extents<N> stride = 1;
  Extents<N> padding = 0;
  Extents<N> output_padding = 0;
  std::int64_t groups = 1;
  Extents<N> dilation = 1;
};

// The adjoint of a convolution, as a layer: size = (in - 1) stride - 2 padding + dilation (kernel - 1) + output_padding
// + 1. weight (in, out / groups, kernel...), bias (out) or undefined -> (N, out, size...).
// ValueError: output_padding not smaller than stride or dilation. ShapeError: a result without elements.
[[nodiscard]] XGRAD_API Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor(),
                                                const ConvTransposeOptions<1>& options = {},
                                                Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor(),
                                                const ConvTransposeOptions<2>& options = {},
                                                Location at = Location::current());
[[nodiscard]] XGRAD_API Tensor conv_transpose3d(const Tensor& x, const Tensor& weight, const Tensor& bias = Tensor(),
                                                const ConvTransposeOptions<3>& options = {},
                                                Location at = Location::current());

}  // namespace xgrad
