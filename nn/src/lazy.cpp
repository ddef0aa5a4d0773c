#include <cmath>
#include <type_traits>

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
#include "first_values.hpp"

namespace xgrad::nn {
namespace {

using xgrad::detail::ComputedTensors;

bool lacks_shapes(const Parameter& weight, const Parameter& bias, std::int64_t out) {
  return without_shape(weight) || (out > 0 && without_shape(bias));
}

// What a state has given stays; the first call adds what is missing. Nothing has a shape unless call(weight, bias) goes
// through.
template <class Call, class Fill>
void take_shapes(const Parameter& weight, const Shape& shape, const Parameter& bias, std::int64_t out, const Call& call,
                 const Fill& fill) {
  FirstValues first;
  if (!lacks_shapes(weight, bias, out)) return;
  Tensor w = first.of(weight, shape), b = first.of(bias, {out});
  call(w, b);
  fill(w, b);
  first.keep();
}

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
  weight = ComputedTensors::lazy(*this, "weight", {out_, kOpen}, at);
  if (options.bias) bias = ComputedTensors::lazy(*this, "bias", {out_}, at);
}

Tensor LazyLinear::forward(const Tensor& x, Location at) const {
  if (lacks_shapes(weight, bias, out_)) {
    require_floating("LazyLinear", x, at);
    if (x.dim() == 0) ErrorReport("LazyLinear", "the input has no features", at).operand("input", x).shape_error();
    const std::int64_t in = x.size(-1);
    const auto call = [&](const Tensor& w, const Tensor& b) { return linear(x, w, b, at); };
    take_shapes(weight, {out_, in}, bias, out_, call, [&](Tensor& w, Tensor& b) {
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
  // The number of channels that come in is open; where it is divided among groups, that of a group.
  Shape shape = ConvParts<N, Options>::weight_shape(options.groups, out_, kernel, options);
  shape[std::is_same_v<Options, ConvNdOptions<N>> ? 1 : 0] = kOpen;
  weight = ComputedTensors::lazy(*this, "weight", shape, at);
  if (options.bias) bias = ComputedTensors::lazy(*this, "bias", {out_}, at);
}

template <int N, class Options>
Tensor LazyConvOf<N, Options>::forward(const Tensor& x, Location at) const {
  using Parts = ConvParts<N, Options>;
  if (lacks_shapes(weight, bias, out_)) {
    const std::int64_t in = channels_of(("Lazy" + Parts::name()).c_str(), x, N, options_.groups, at);
    const auto call = [&](const Tensor& w, const Tensor& b) { return Parts::forward(x, w, b, options_, at); };
    take_shapes(weight, Parts::weight_shape(in, out_, kernel_size_, options_), bias, out_, call, fill_conv);
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
