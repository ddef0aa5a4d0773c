// What convolution layers and their lazy forms share.
#pragma once

#include <string>

#include <xgrad/nn/conv.hpp>

namespace xgrad::nn {

// ValueError for sizes and options that the layer cannot have.
template <int N>
void check_conv(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const ConvNdOptions<N>& o,
                const Location& at);
template <int N>
void check_conv(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const ConvTransposeNdOptions<N>& o,
                const Location& at);

// Options that differ from their defaults, ", stride=2".
template <int N>
std::string conv_option_text(const ConvNdOptions<N>& o);
template <int N>
std::string conv_option_text(const ConvTransposeNdOptions<N>& o);

template <int N>
Shape conv_weight_shape(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const ConvNdOptions<N>& o);
template <int N>
Shape conv_weight_shape(std::int64_t in, std::int64_t out, const Extents<N>& kernel,
                        const ConvTransposeNdOptions<N>& o);

// First values.
void fill_conv(Tensor& weight, Tensor& bias);

template <int N>
Tensor conv_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvNdOptions<N>& o,
                    const Location& at);
template <int N>
Tensor conv_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTransposeNdOptions<N>& o,
                    const Location& at);

}  // namespace xgrad::nn
