// What convolution layers and their lazy forms share.
#pragma once

#include <string>

#include <xgrad/nn/conv.hpp>

namespace xgrad::nn {

// First values.
void fill_conv(Tensor& weight, Tensor& bias);

// Of the convolution that has these options, ConvNdOptions<N> or ConvTransposeNdOptions<N>.
template <int N, class Options>
struct ConvParts {
  static std::string name();  // "Conv2d"
  // ValueError for sizes and options that the layer cannot have.
  static void check(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const Options& o, const Location& at);
  static std::string option_text(const Options& o);  // options that differ from their defaults, ", stride=2"
  static Shape weight_shape(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const Options& o);
  static Tensor forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Options& o,
                        const Location& at);
};

}  // namespace xgrad::nn
