#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/nn/pooling.hpp>

#include "option_text.hpp"

namespace xgrad::nn {
namespace {

template <int N>
std::string label(const char* kind, const Extents<N>& size, const OptionText& options = {}) {
  return fmt::format("{}{}d({}{})", kind, N, extents_text(size), options.text());
}

// The stride that counts, where it is not the size of the windows.
template <int N>
OptionText with_stride(const Extents<N>& kernel, const PoolStride<N>& stride) {
  return OptionText().add("stride", stride.value_or(kernel), kernel);
}
template <int N>
OptionText option_text(const Extents<N>& kernel, const MaxPoolOptions<N>& o) {
  return with_stride(kernel, o.stride)
      .add("padding", o.padding, 0)
      .add("dilation", o.dilation, 1)
      .add("ceil_mode", o.ceil_mode, false);
}
template <int N>
OptionText option_text(const Extents<N>& kernel, const AvgPoolOptions<N>& o) {
  return with_stride(kernel, o.stride)
      .add("padding", o.padding, 0)
      .add("ceil_mode", o.ceil_mode, false)
      .add("count_include_pad", o.count_include_pad, true)
      .add("divisor_override", o.divisor_override, std::nullopt);
}
template <int N>
OptionText option_text(const Extents<N>& kernel, const MaxUnpoolOptions<N>& o) {
  return with_stride(kernel, o.stride).add("padding", o.padding, 0);
}
template <int N>
OptionText option_text(const FractionalPoolOptions<N>& o) {
  OptionText text;
  if (o.output_size) text.add("output_size", xgrad::option_text(*o.output_size));
  if (!o.output_ratio.empty()) text.add("output_ratio", list_text(o.output_ratio));
  add_tensor(text, "random_samples", o.random_samples);
  return text;
}

template <int N>
OptionCheck checks(const char* kind, const Location& at) {
  return {fmt::format("{}{}d", kind, N), at};
}

template <int N>
void require_windows(const OptionCheck& check, const Extents<N>& kernel, const PoolStride<N>& stride) {
  for (int i = 0; i < N; ++i) {
    check.at_least("kernel_size", kernel[i], 1);
    check.at_least("stride", stride.value_or(kernel)[i], 1);
  }
}

template <int N>
void require_padding(const OptionCheck& check, const Extents<N>& kernel, const Extents<N>& padding) {
  for (int i = 0; i < N; ++i) {
    check.at_least("padding", padding[i], 0);
    if (padding[i] > kernel[i] / 2)
      check.fail(fmt::format("padding {} exceeds half of kernel {}", padding[i], kernel[i]));
  }
}

template <int N>
void require_output(const OptionCheck& check, const Extents<N>& size) {
  for (const std::int64_t n : size.v)
    if (n != kKeepSize) check.at_least("output_size", n, 0);
}

}  // namespace

template <int N>
MaxPoolNd<N>::MaxPoolNd(Extents<N> kernel_size, MaxPoolOptions<N> options, Location at)
    : Layer<MaxPoolNd<N>>(label("MaxPool", kernel_size, option_text(kernel_size, options))),
      kernel_size_(kernel_size),
      options_(options) {
  const OptionCheck check = checks<N>("MaxPool", at);
  require_windows(check, kernel_size, options.stride);
  require_padding(check, kernel_size, options.padding);
  for (const std::int64_t d : options.dilation.v) check.at_least("dilation", d, 1);
}

template <int N>
Tensor MaxPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return max_pool1d(x, kernel_size_, options_, at);
  else if constexpr (N == 2)
    return max_pool2d(x, kernel_size_, options_, at);
  else
    return max_pool3d(x, kernel_size_, options_, at);
}

template <int N>
ValuesIndices MaxPoolNd<N>::forward_with_indices(const Tensor& x, Location at) const {
  const auto pool = [&](const Tensor& in) {
    if constexpr (N == 1)
      return max_pool1d_with_indices(in, kernel_size_, options_, at);
    else if constexpr (N == 2)
      return max_pool2d_with_indices(in, kernel_size_, options_, at);
    else
      return max_pool3d_with_indices(in, kernel_size_, options_, at);
  };
  return this->call_as(pool, at, x);
}

template <int N>
AvgPoolNd<N>::AvgPoolNd(Extents<N> kernel_size, AvgPoolOptions<N> options, Location at)
    : Layer<AvgPoolNd<N>>(label("AvgPool", kernel_size, option_text(kernel_size, options))),
      kernel_size_(kernel_size),
      options_(options) {
  const OptionCheck check = checks<N>("AvgPool", at);
  require_windows(check, kernel_size, options.stride);
  require_padding(check, kernel_size, options.padding);
  if (options.divisor_override == 0) check.fail("divisor_override must not be 0");
}

template <int N>
Tensor AvgPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return avg_pool1d(x, kernel_size_, options_, at);
  else if constexpr (N == 2)
    return avg_pool2d(x, kernel_size_, options_, at);
  else
    return avg_pool3d(x, kernel_size_, options_, at);
}

template <int N>
LPPoolNd<N>::LPPoolNd(double norm_type, Extents<N> kernel_size, LPPoolOptions<N> options, Location at)
    : Layer<LPPoolNd<N>>(
          fmt::format("LPPool{}d({}, {}{})", N, norm_type, extents_text(kernel_size),
                      with_stride(kernel_size, options.stride).add("ceil_mode", options.ceil_mode, false).text())),
      norm_type_(norm_type),
      kernel_size_(kernel_size),
      options_(options) {
  const OptionCheck check = checks<N>("LPPool", at);
  check.positive("norm_type", norm_type);
  require_windows(check, kernel_size, options.stride);
}

template <int N>
Tensor LPPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return lp_pool1d(x, norm_type_, kernel_size_, options_, at);
  else if constexpr (N == 2)
    return lp_pool2d(x, norm_type_, kernel_size_, options_, at);
  else
    return lp_pool3d(x, norm_type_, kernel_size_, options_, at);
}

template <int N>
AdaptiveAvgPoolNd<N>::AdaptiveAvgPoolNd(Extents<N> output_size, Location at)
    : Layer<AdaptiveAvgPoolNd<N>>(label("AdaptiveAvgPool", output_size)), output_size_(output_size) {
  require_output(checks<N>("AdaptiveAvgPool", at), output_size);
}

template <int N>
Tensor AdaptiveAvgPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return adaptive_avg_pool1d(x, output_size_, at);
  else if constexpr (N == 2)
    return adaptive_avg_pool2d(x, output_size_, at);
  else
    return adaptive_avg_pool3d(x, output_size_, at);
}

template <int N>
AdaptiveMaxPoolNd<N>::AdaptiveMaxPoolNd(Extents<N> output_size, Location at)
    : Layer<AdaptiveMaxPoolNd<N>>(label("AdaptiveMaxPool", output_size)), output_size_(output_size) {
  require_output(checks<N>("AdaptiveMaxPool", at), output_size);
}

template <int N>
Tensor AdaptiveMaxPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 1)
    return adaptive_max_pool1d(x, output_size_, at);
  else if constexpr (N == 2)
    return adaptive_max_pool2d(x, output_size_, at);
  else
    return adaptive_max_pool3d(x, output_size_, at);
}

template <int N>
ValuesIndices AdaptiveMaxPoolNd<N>::forward_with_indices(const Tensor& x, Location at) const {
  const auto pool = [&](const Tensor& in) {
    if constexpr (N == 1)
      return adaptive_max_pool1d_with_indices(in, output_size_, at);
    else if constexpr (N == 2)
      return adaptive_max_pool2d_with_indices(in, output_size_, at);
    else
      return adaptive_max_pool3d_with_indices(in, output_size_, at);
  };
  return this->call_as(pool, at, x);
}

template <int N>
FractionalMaxPoolNd<N>::FractionalMaxPoolNd(Extents<N> kernel_size, FractionalPoolOptions<N> options, Location at)
    : Layer<FractionalMaxPoolNd<N>>(label("FractionalMaxPool", kernel_size, option_text(options))),
      kernel_size_(kernel_size),
      options_(std::move(options)) {
  const OptionCheck check = checks<N>("FractionalMaxPool", at);
  for (const std::int64_t k : kernel_size.v) check.at_least("kernel_size", k, 1);
  if (options_.output_size.has_value() != options_.output_ratio.empty())
    check.fail("needs either output_size or output_ratio");
  if (options_.output_size)
    for (const std::int64_t n : options_.output_size->v) check.at_least("output_size", n, 1);
  for (const double r : options_.output_ratio)
    if (!(r > 0 && r < 1)) check.fail(fmt::format("output_ratio must be in (0, 1), got {}", r));
}

template <int N>
Tensor FractionalMaxPoolNd<N>::forward(const Tensor& x, Location at) const {
  if constexpr (N == 2)
    return fractional_max_pool2d(x, kernel_size_, options_, at);
  else
    return fractional_max_pool3d(x, kernel_size_, options_, at);
}

template <int N>
ValuesIndices FractionalMaxPoolNd<N>::forward_with_indices(const Tensor& x, Location at) const {
  const auto pool = [&](const Tensor& in) {
    if constexpr (N == 2)
      return fractional_max_pool2d_with_indices(in, kernel_size_, options_, at);
    else
      return fractional_max_pool3d_with_indices(in, kernel_size_, options_, at);
  };
  return this->call_as(pool, at, x);
}

template <int N>
MaxUnpoolNd<N>::MaxUnpoolNd(Extents<N> kernel_size, MaxUnpoolOptions<N> options, Location at)
    : Layer<MaxUnpoolNd<N>>(label("MaxUnpool", kernel_size, option_text(kernel_size, options))),
      kernel_size_(kernel_size),
      options_(options) {
  const OptionCheck check = checks<N>("MaxUnpool", at);
  require_windows(check, kernel_size, options.stride);
  require_padding(check, kernel_size, options.padding);
}

template <int N>
Extents<N> MaxUnpoolNd<N>::usual_size(const Tensor& x, const Tensor& indices, const Location& at) const {
  const std::string name = fmt::format("MaxUnpool{}d", N);
  require_defined(name.c_str(), x, at);
  require_defined(name.c_str(), indices, at);
  if (x.dim() != N + 1 && x.dim() != N + 2)
    ErrorReport(name.c_str(), fmt::format("expected {} or {} dimensions, got {}", N + 1, N + 2, x.dim()), at)
        .operand("input", x)
        .shape_error();
  Extents<N> size = 0;
  for (int i = 0; i < N; ++i)
    size[i] =
        (x.size(i - N) - 1) * options_.stride.value_or(kernel_size_)[i] - 2 * options_.padding[i] + kernel_size_[i];
  return size;
}

namespace {

template <int N>
Tensor unpooled(const Tensor& x, const Tensor& indices, const Extents<N>& size, const Location& at) {
  if constexpr (N == 1)
    return max_unpool1d(x, indices, size, at);
  else if constexpr (N == 2)
    return max_unpool2d(x, indices, size, at);
  else
    return max_unpool3d(x, indices, size, at);
}

}  // namespace

template <int N>
Tensor MaxUnpoolNd<N>::forward(const Tensor& x, const Tensor& indices, Location at) const {
  return unpooled<N>(x, indices, usual_size(x, indices, at), at);
}

template <int N>
Tensor MaxUnpoolNd<N>::forward(const Tensor& x, const Tensor& indices, const Shape& output_size, Location at) const {
  const Extents<N> usual = usual_size(x, indices, at), stride = options_.stride.value_or(kernel_size_);
  const std::string name = fmt::format("MaxUnpool{}d", N);
  if (output_size.rank() != N && output_size.rank() != x.dim())
    ErrorReport(name.c_str(), fmt::format("output_size must have {} or {} numbers", N, x.dim()), at)
        .line("output_size", to_string(output_size))
        .shape_error();
  Extents<N> size = 0;
  for (int i = 0; i < N; ++i) {
    size[i] = output_size[output_size.rank() - N + i];
    if (size[i] <= usual[i] - stride[i] || size[i] >= usual[i] + stride[i])
      ErrorReport(name.c_str(),
                  fmt::format("output_size {} must be between {} and {}", size[i], usual[i] - stride[i] + 1,
                              usual[i] + stride[i] - 1),
                  at)
          .operand("input", x)
          .shape_error();
  }
  return unpooled<N>(x, indices, size, at);
}

template class FractionalMaxPoolNd<2>;
template class FractionalMaxPoolNd<3>;
template class MaxUnpoolNd<1>;
template class MaxUnpoolNd<2>;
template class MaxUnpoolNd<3>;
template class MaxPoolNd<1>;
template class MaxPoolNd<2>;
template class MaxPoolNd<3>;
template class AvgPoolNd<1>;
template class AvgPoolNd<2>;
template class AvgPoolNd<3>;
template class LPPoolNd<1>;
template class LPPoolNd<2>;
template class LPPoolNd<3>;
template class AdaptiveAvgPoolNd<1>;
template class AdaptiveAvgPoolNd<2>;
template class AdaptiveAvgPoolNd<3>;
template class AdaptiveMaxPoolNd<1>;
template class AdaptiveMaxPoolNd<2>;
template class AdaptiveMaxPoolNd<3>;

}  // namespace xgrad::nn
