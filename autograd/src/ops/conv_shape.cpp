#include "ops/conv_shape.hpp"

#include <fmt/format.h>

namespace xgrad {

template <int N>
void ConvPadding<N>::parse(const std::string& mode, const Location& at) {
  same_ = mode == "same";
  if (!same_ && mode != "valid")
    ErrorReport("padding", fmt::format("must be numbers, \"same\" or \"valid\", got \"{}\"", mode), at).value_error();
}
template void ConvPadding<1>::parse(const std::string&, const Location&);
template void ConvPadding<2>::parse(const std::string&, const Location&);
template void ConvPadding<3>::parse(const std::string&, const Location&);

namespace detail {
namespace {

// The operands, for messages.
struct Call {
  const char* op;
  const Tensor &x, &w, &bias;
  const Location& at;

  ErrorReport report(const std::string& rule) const {
    ErrorReport r(op, rule, at);
    r.operand("input", x).operand("weight", w);
    if (bias.defined()) r.operand("bias", bias);
    return r;
  }
  [[noreturn, gnu::cold]] void shape(const std::string& rule) const { report(rule).shape_error(); }
  [[noreturn, gnu::cold]] void value(const std::string& rule) const { report(rule).value_error(); }
};

const char* spatial_names(int n, bool kernel) {
  if (n == 1) return kernel ? "kernel" : "L";
  if (n == 2) return kernel ? "kH, kW" : "H, W";
  return kernel ? "kD, kH, kW" : "D, H, W";
}

void require_types(const Call& c) {
  require_floating(c.op, c.x, c.at);
  require_defined(c.op, c.w, c.at);
  const DType t = impl(c.x).dtype;
  if (impl(c.w).dtype == t && (!c.bias.defined() || impl(c.bias).dtype == t)) return;
  const DType other = impl(c.w).dtype != t ? impl(c.w).dtype : impl(c.bias).dtype;
  c.report(fmt::format("dtypes differ ({} and {})", name(t), name(other)))
      .help("cast one of them with to()")
      .dtype_error();
}

void require_ranks(const Call& c, int n, const char* weight_form) {
  const int rank = impl(c.x).shape.rank();
  const char* sizes = spatial_names(n, false);
  if (rank != n + 2 && rank != n + 1) [[unlikely]]
    c.shape(fmt::format("input must be (N, C, {}) or (C, {}), got {}", sizes, sizes, to_string(impl(c.x).shape)));
  if (impl(c.w).shape.rank() != n + 2) [[unlikely]]
    c.shape(fmt::format("weight must be ({}, {}), got {}", weight_form, spatial_names(n, true),
                        to_string(impl(c.w).shape)));
}

template <int N>
void require_at_least(const Call& c, const char* what, const Extents<N>& values, std::int64_t least) {
  for (const std::int64_t v : values.v) {
    if (v >= least && v <= INT32_MAX) continue;
    c.value(least == 1 ? fmt::format("{} must be positive, got {}", what, v)
                       : fmt::format("{} must be >= 0, got {}", what, v));
  }
}

void require_groups(const Call& c, std::int64_t groups, std::int64_t channels, const char* kind) {
  if (groups < 1) [[unlikely]]
    c.value(fmt::format("groups must be positive, got {}", groups));
  if (channels % groups != 0) [[unlikely]]
    c.shape(fmt::format("{}{} channels not divisible by groups {}", kind, channels, groups));
}

void require_bias(const Call& c, std::int64_t channels) {
  if (c.bias.defined() && !(impl(c.bias).shape == Shape{channels})) [[unlikely]]
    c.shape(fmt::format("bias must be ({}), got {}", channels, to_string(impl(c.bias).shape)));
}

// Numbers that both kinds share: ranks, kernel, stride, dilation, groups; `sizes` gets the input's spatial sizes.
template <int N, class Options>
ConvShape common(const Call& c, const Options& o, const char* weight_form, Triple& sizes) {
  require_types(c);
  require_ranks(c, N, weight_form);
  require_at_least<N>(c, "stride", o.stride, 1);
  require_at_least<N>(c, "dilation", o.dilation, 1);
  const Shape &xs = impl(c.x).shape, &ws = impl(c.w).shape;
  ConvShape s;
  s.spatial = N;
  s.batched = xs.rank() == N + 2;
  s.batch = s.batched ? xs[0] : 1;
  s.groups = o.groups;
  for (int i = 0; i < N; ++i) {
    const auto k = static_cast<std::size_t>(3 - N + i);
    sizes[k] = xs[xs.rank() - N + i];
    s.kernel[k] = ws[2 + i];
    s.stride[k] = o.stride[i];
    s.dilation[k] = o.dilation[i];
    if (s.kernel[k] < 1) c.shape(fmt::format("kernel sizes must be positive, got {}", s.kernel[k]));
  }
  return s;
}

// out = (in + front + back - dilation (kernel - 1) - 1) / stride + 1
std::int64_t output_size(const Call& c, std::int64_t in, std::int64_t padding, std::int64_t kernel,
                         std::int64_t dilation, std::int64_t stride) {
  const std::int64_t reach = dilation * (kernel - 1) + 1, padded = in + padding;
  if (reach <= padded) return (padded - reach) / stride + 1;
  const std::string dilated = dilation > 1 ? fmt::format(" (dilation {}: {})", dilation, reach) : "";
  c.shape(fmt::format("kernel {}{} exceeds padded input {}", kernel, dilated, padded));
}

}  // namespace

template <int N>
ConvShape conv_shape(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias, const ConvOptions<N>& o,
                     const Location& at) {
  const Call c{op, x, w, bias, at};
  Triple in{1, 1, 1};
  ConvShape s = common<N>(c, o, "out, in / groups", in);
  s.in = in;
  const bool same = o.padding.same();
  if (!same) require_at_least<N>(c, "padding", o.padding.each(), 0);
  s.in_channels = impl(x).shape[s.batched ? 1 : 0];
  s.out_channels = impl(w).shape[0];
  require_groups(c, s.groups, s.in_channels, "");
  require_groups(c, s.groups, s.out_channels, "output: ");
  if (const std::int64_t expected = impl(w).shape[1] * s.groups; expected != s.in_channels) [[unlikely]]
    c.shape(fmt::format("expected {} input channels, got {}", expected, s.in_channels));
  require_bias(c, s.out_channels);
  for (int i = 0; i < N; ++i) {
    const auto k = static_cast<std::size_t>(3 - N + i);
    if (same && s.stride[k] != 1) c.value(fmt::format("padding \"same\" needs stride 1, got {}", s.stride[k]));
    const std::int64_t both = same ? s.dilation[k] * (s.kernel[k] - 1) : 2 * o.padding.each()[i];
    s.padding[k] = both / 2;
    s.out[k] = output_size(c, s.in[k], both, s.kernel[k], s.dilation[k], s.stride[k]);
  }
  return s;
}

template <int N>
ConvShape conv_transpose_shape(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias,
                               const ConvTransposeOptions<N>& o, const Location& at) {
  const Call c{op, x, w, bias, at};
  Triple sizes{1, 1, 1};
  ConvShape s = common<N>(c, o, "in, out / groups", sizes);
  s.out = sizes;
  require_at_least<N>(c, "padding", o.padding, 0);
  require_at_least<N>(c, "output_padding", o.output_padding, 0);
  s.out_channels = impl(x).shape[s.batched ? 1 : 0];
  require_groups(c, s.groups, s.out_channels, "");
  s.in_channels = impl(w).shape[1] * s.groups;
  if (const std::int64_t expected = impl(w).shape[0]; expected != s.out_channels) [[unlikely]]
    c.shape(fmt::format("expected {} input channels, got {}", expected, s.out_channels));
  require_bias(c, s.in_channels);
  for (int i = 0; i < N; ++i) {
    const auto k = static_cast<std::size_t>(3 - N + i);
    const std::int64_t extra = o.output_padding[i], stride = s.stride[k], dilation = s.dilation[k];
    if (extra >= std::max(stride, dilation))
      c.value(fmt::format("output_padding {} must be smaller than stride {} or dilation {}", extra, stride, dilation));
    s.padding[k] = o.padding[i];
    s.in[k] = (s.out[k] - 1) * stride - 2 * s.padding[k] + dilation * (s.kernel[k] - 1) + extra + 1;
    if (s.in[k] < 1)
      c.shape(fmt::format("output size {} is too small: padding {} is too large", s.in[k], s.padding[k]));
  }
  return s;
}

template ConvShape conv_shape(const char*, const Tensor&, const Tensor&, const Tensor&, const ConvOptions<1>&,
                              const Location&);
template ConvShape conv_shape(const char*, const Tensor&, const Tensor&, const Tensor&, const ConvOptions<2>&,
                              const Location&);
template ConvShape conv_shape(const char*, const Tensor&, const Tensor&, const Tensor&, const ConvOptions<3>&,
                              const Location&);
template ConvShape conv_transpose_shape(const char*, const Tensor&, const Tensor&, const Tensor&,
                                        const ConvTransposeOptions<1>&, const Location&);
template ConvShape conv_transpose_shape(const char*, const Tensor&, const Tensor&, const Tensor&,
                                        const ConvTransposeOptions<2>&, const Location&);
template ConvShape conv_transpose_shape(const char*, const Tensor&, const Tensor&, const Tensor&,
                                        const ConvTransposeOptions<3>&, const Location&);

}  // namespace detail
}  // namespace xgrad
