#include <cmath>
#include <mutex>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/lazy.hpp>
#include <xgrad/ops.hpp>

#include "computed_tensors.hpp"
#include "conv_layers.hpp"
#include "extents_text.hpp"

namespace xgrad::nn {
namespace {

using xgrad::detail::ComputedTensors;

// Shapes and first values, once; several threads may make the first call.
template <class Fill>
void take_shape(const Parameter& weight, const Shape& shape, const Parameter& bias, std::int64_t out,
                const Fill& fill) {
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  if (weight.dim() != 1) return;
  const NoGradGuard off;
  Tensor w = empty(shape, {.dtype = weight.dtype()}), b;
  if (bias.defined()) b = empty({out}, {.dtype = bias.dtype()});
  fill(w, b);
  if (b.defined()) Tensor(bias).set_data(b);
  Tensor(weight).set_data(w);
}

// weight is 1-D, (0), until it has a shape.
bool is_lazy(const Parameter& weight) { return weight.dim() == 1; }

std::int64_t channels_of(const char* name, const Tensor& x, int spatial, std::int64_t groups, const Location& at) {
  require_defined(name, x, at);
  if (x.dim() != spatial + 1 && x.dim() != spatial + 2)
    ErrorReport(name, fmt::format("expected {} or {} dimensions, got {}", spatial + 1, spatial + 2, x.dim()), at)
        .operand("input", x)
        .shape_error();
  const std::int64_t channels = x.size(x.dim() - spatial - 1);
  if (channels < 1 || channels % groups != 0)
    ErrorReport(name, fmt::format("{} channels not divisible by groups {}", channels, groups), at)
        .operand("input", x)
        .shape_error();
  return channels;
}

}  // namespace

LazyLinear::LazyLinear(std::int64_t out_features, LinearOptions options, Location at)
    : Layer(fmt::format("LazyLinear({}{})", out_features, options.bias ? "" : ", bias=false")), out_(out_features) {
  const detail::CallSite site(at);
  if (out_ < 0) ErrorReport("LazyLinear", fmt::format("sizes must not be negative, got {}", out_), at).shape_error();
  weight = ComputedTensors::lazy(*this, "weight", at);
  if (options.bias) bias = ComputedTensors::lazy(*this, "bias", at);
}

Tensor LazyLinear::forward(const Tensor& x, Location at) const {
  if (is_lazy(weight)) {
    require_floating("LazyLinear", x, at);
    if (x.dim() == 0) ErrorReport("LazyLinear", "the input has no features", at).operand("input", x).shape_error();
    const std::int64_t in = x.size(-1);
    take_shape(weight, {out_, in}, bias, out_, [&](Tensor& w, Tensor& b) {
      init::kaiming_uniform_(w, std::sqrt(5.0));
      const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
      if (b.defined()) init::uniform_(b, -bound, bound);
    });
  }
  return linear(x, weight, bias, at);
}

template <int N, class Options>
LazyConvOf<N, Options>::LazyConvOf(Size out_channels, Extents<N> kernel, Options options, Location at)
    : Layer<LazyConvOf<N, Options>>(fmt::format("Lazy{}({}, {}{})", ConvParts<N, Options>::name(),
                                                std::int64_t{out_channels}, extents_text(kernel),
                                                ConvParts<N, Options>::option_text(options))),
      out_(out_channels),
      kernel_size_(kernel),
      options_(options) {
  const detail::CallSite site(at);
  ConvParts<N, Options>::check(std::max<std::int64_t>(options.groups, 1), out_, kernel, options, at);
  weight = ComputedTensors::lazy(*this, "weight", at);
  if (options.bias) bias = ComputedTensors::lazy(*this, "bias", at);
}

template <int N, class Options>
Tensor LazyConvOf<N, Options>::forward(const Tensor& x, Location at) const {
  using Parts = ConvParts<N, Options>;
  if (is_lazy(weight)) {
    const std::int64_t in = channels_of(("Lazy" + Parts::name()).c_str(), x, N, options_.groups, at);
    take_shape(weight, Parts::weight_shape(in, out_, kernel_size_, options_), bias, out_, fill_conv);
  }
  return Parts::forward(x, weight, bias, options_, at);
}

template class LazyConvOf<1, ConvNdOptions<1>>;
template class LazyConvOf<2, ConvNdOptions<2>>;
template class LazyConvOf<3, ConvNdOptions<3>>;
template class LazyConvOf<1, ConvTransposeNdOptions<1>>;
template class LazyConvOf<2, ConvTransposeNdOptions<2>>;
template class LazyConvOf<3, ConvTransposeNdOptions<3>>;

}  // namespace xgrad::nn
