#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops.hpp>

#include "conv_layers.hpp"
#include "option_text.hpp"

namespace xgrad::nn {
namespace {

template <int N, class Options>
void require_sizes(const std::string& name, std::int64_t in, std::int64_t out, const Extents<N>& kernel,
                   const Options& o, const Location& at) {
  const std::int64_t groups = o.groups;
  const auto refuse = [&](const std::string& rule) { ErrorReport(name.c_str(), rule, at).value_error(); };
  if (groups < 1) refuse(fmt::format("groups must be positive, got {}", groups));
  for (const std::int64_t channels : {in, out}) {
    if (channels < 1) refuse(fmt::format("channel counts must be positive, got {}", channels));
    if (channels % groups != 0) refuse(fmt::format("{} channels not divisible by groups {}", channels, groups));
  }
  for (const std::int64_t k : kernel.v)
    if (k < 1) refuse(fmt::format("kernel sizes must be positive, got {}", k));
  for (const std::int64_t s : o.stride.v)
    if (s < 1) refuse(fmt::format("stride must be positive, got {}", s));
  for (const std::int64_t d : o.dilation.v)
    if (d < 1) refuse(fmt::format("dilation must be positive, got {}", d));
}

template <int N>
Shape with_kernel(std::int64_t first, std::int64_t second, const Extents<N>& kernel) {
  Shape s{first, second};
  for (const std::int64_t k : kernel.v) s.push_back(k);
  return s;
}

// Where element i of a padded row comes from.
std::int64_t source(std::int64_t i, std::int64_t size, PaddingMode mode) {
  if (i >= 0 && i < size) return i;
  if (mode == PaddingMode::reflect) return i < 0 ? -i : 2 * (size - 1) - i;
  if (mode == PaddingMode::circular) return i < 0 ? i + size : i - size;
  return i < 0 ? 0 : size - 1;
}

Tensor pad_dim(const std::string& op, const Tensor& x, int dim, std::int64_t front, std::int64_t back, PaddingMode mode,
               const Location& at) {
  const std::int64_t size = x.size(dim), most = mode == PaddingMode::reflect ? size - 1 : size;
  if (mode != PaddingMode::replicate && std::max(front, back) > most)
    ErrorReport(op.c_str(),
                fmt::format("padding {} is too large for dimension {} of size {}", std::max(front, back), dim, size),
                at)
        .operand("input", x)
        .shape_error();
  std::vector<std::int64_t> index;
  for (std::int64_t i = -front; i < size + back; ++i) index.push_back(source(i, size, mode));
  return index_select(x, dim, from_vector(index), at);
}

Tensor run(const Tensor& x, const Tensor& w, const Tensor& b, const ConvOptions<1>& o, const Location& at) {
  return conv1d(x, w, b, o, at);
}
Tensor run(const Tensor& x, const Tensor& w, const Tensor& b, const ConvOptions<2>& o, const Location& at) {
  return conv2d(x, w, b, o, at);
}
Tensor run(const Tensor& x, const Tensor& w, const Tensor& b, const ConvOptions<3>& o, const Location& at) {
  return conv3d(x, w, b, o, at);
}
Tensor run(const Tensor& x, const Tensor& w, const Tensor& b, const ConvTransposeOptions<1>& o, const Location& at) {
  return conv_transpose1d(x, w, b, o, at);
}
Tensor run(const Tensor& x, const Tensor& w, const Tensor& b, const ConvTransposeOptions<2>& o, const Location& at) {
  return conv_transpose2d(x, w, b, o, at);
}
Tensor run(const Tensor& x, const Tensor& w, const Tensor& b, const ConvTransposeOptions<3>& o, const Location& at) {
  return conv_transpose3d(x, w, b, o, at);
}

template <int N>
Tensor padded(const Tensor& x, const Tensor& weight, const ConvNdOptions<N>& o, const Location& at) {
  Tensor y = x;
  for (int i = 0; i < N; ++i) {
    std::int64_t front = o.padding.each()[i], back = front;
    if (o.padding.same()) {
      const std::int64_t both = o.dilation[i] * (weight.size(2 + i) - 1);
      front = both / 2;
      back = both - front;
    }
    if (front + back > 0)
      y = pad_dim(fmt::format("Conv{}d", N), y, static_cast<int>(x.dim()) - N + i, front, back, o.padding_mode, at);
  }
  return y;
}

template <int N>
constexpr const char* kind_of(const ConvNdOptions<N>*) {
  return "Conv";
}
template <int N>
constexpr const char* kind_of(const ConvTransposeNdOptions<N>*) {
  return "ConvTranspose";
}

template <int N>
Shape conv_weight_shape(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const ConvNdOptions<N>& o) {
  return with_kernel(out, in / o.groups, kernel);
}
template <int N>
Shape conv_weight_shape(std::int64_t in, std::int64_t out, const Extents<N>& kernel,
                        const ConvTransposeNdOptions<N>& o) {
  return with_kernel(in, out / o.groups, kernel);
}

template <int N>
std::string conv_option_text(const ConvNdOptions<N>& o) {
  OptionText t;
  t.add("stride", o.stride, 1);
  if (o.padding.same())
    t.add("padding", std::string("same"));
  else
    t.add("padding", o.padding.each(), 0);
  t.add("dilation", o.dilation, 1).add("groups", o.groups, 1).add("bias", o.bias, true);
  t.add("padding_mode", o.padding_mode, PaddingMode::zeros);
  return t.text();
}
template <int N>
std::string conv_option_text(const ConvTransposeNdOptions<N>& o) {
  return OptionText()
      .add("stride", o.stride, 1)
      .add("padding", o.padding, 0)
      .add("output_padding", o.output_padding, 0)
      .add("groups", o.groups, 1)
      .add("bias", o.bias, true)
      .add("dilation", o.dilation, 1)
      .text();
}

template <int N>
void check_conv(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const ConvNdOptions<N>& o,
                const Location& at) {
  const std::string name = fmt::format("Conv{}d", N);
  require_sizes(name, in, out, kernel, o, at);
  for (const std::int64_t p : o.padding.each().v)
    if (p < 0) ErrorReport(name.c_str(), fmt::format("padding must be >= 0, got {}", p), at).value_error();
  for (const std::int64_t s : o.stride.v)
    if (o.padding.same() && s != 1)
      ErrorReport(name.c_str(), fmt::format("padding \"same\" needs stride 1, got {}", s), at).value_error();
}

template <int N>
void check_conv(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const ConvTransposeNdOptions<N>& o,
                const Location& at) {
  const std::string name = fmt::format("ConvTranspose{}d", N);
  require_sizes(name, in, out, kernel, o, at);
  for (int i = 0; i < N; ++i) {
    if (o.padding[i] < 0)
      ErrorReport(name.c_str(), fmt::format("padding must be >= 0, got {}", o.padding[i]), at).value_error();
    const std::int64_t more = o.output_padding[i], most = std::max(o.stride[i], o.dilation[i]);
    if (more < 0 || more >= most)
      ErrorReport(name.c_str(),
                  fmt::format("output_padding must be >= 0 and below stride or dilation ({}), got {}", most, more), at)
          .value_error();
  }
}

template <int N>
Tensor conv_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvNdOptions<N>& o,
                    const Location& at) {
  ConvOptions<N> given{.stride = o.stride, .padding = o.padding, .dilation = o.dilation, .groups = o.groups};
  if (o.padding_mode == PaddingMode::zeros || !x.defined() || (x.dim() != N + 1 && x.dim() != N + 2))
    return run(x, weight, bias, given, at);
  given.padding = 0;
  return run(padded(x, weight, o, at), weight, bias, given, at);
}

template <int N>
Tensor conv_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvTransposeNdOptions<N>& o,
                    const Location& at) {
  const ConvTransposeOptions<N> given{.stride = o.stride,
                                      .padding = o.padding,
                                      .output_padding = o.output_padding,
                                      .groups = o.groups,
                                      .dilation = o.dilation};
  return run(x, weight, bias, given, at);
}

template <int N, class Options>
std::string label(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const Options& o) {
  return fmt::format("{}({} → {}, {}{})", ConvParts<N, Options>::name(), in, out, extents_text(kernel),
                     conv_option_text(o));
}

}  // namespace

// PyTorch's default: kaiming_uniform with a = sqrt(5), and the same bound for the bias.
void fill_conv(Tensor& weight, Tensor& bias) {
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const double bound = 1 / std::sqrt(static_cast<double>(init::calculate_fan_in_and_fan_out(weight).first));
  init::uniform_(bias, -bound, bound);
}

template <int N, class Options>
std::string ConvParts<N, Options>::name() {
  return fmt::format("{}{}d", kind_of(static_cast<const Options*>(nullptr)), N);
}
template <int N, class Options>
void ConvParts<N, Options>::check(std::int64_t in, std::int64_t out, const Extents<N>& kernel, const Options& o,
                                  const Location& at) {
  check_conv<N>(in, out, kernel, o, at);
}
template <int N, class Options>
std::string ConvParts<N, Options>::option_text(const Options& o) {
  return conv_option_text(o);
}
template <int N, class Options>
Shape ConvParts<N, Options>::weight_shape(std::int64_t in, std::int64_t out, const Extents<N>& kernel,
                                          const Options& o) {
  return conv_weight_shape<N>(in, out, kernel, o);
}
template <int N, class Options>
Tensor ConvParts<N, Options>::forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Options& o,
                                      const Location& at) {
  return conv_forward<N>(x, weight, bias, o, at);
}

template <int N>
ConvNd<N>::ConvNd(Size in_channels, Size out_channels, Extents<N> kernel, ConvNdOptions<N> options, Location at)
    : Layer<ConvNd<N>>(label(in_channels, out_channels, kernel, options)), options_(options) {
  const detail::CallSite site(at);
  check_conv<N>(in_channels, out_channels, kernel, options, at);
  weight = this->register_parameter("weight", empty(conv_weight_shape<N>(in_channels, out_channels, kernel, options)));
  if (options.bias) bias = this->register_parameter("bias", empty({out_channels}));
  fill_conv(weight, bias);
}

template <int N>
Tensor ConvNd<N>::forward(const Tensor& x, Location at) const {
  return conv_forward<N>(x, weight, bias, options_, at);
}

template <int N>
ConvTransposeNd<N>::ConvTransposeNd(Size in_channels, Size out_channels, Extents<N> kernel,
                                    ConvTransposeNdOptions<N> options, Location at)
    : Layer<ConvTransposeNd<N>>(label(in_channels, out_channels, kernel, options)), options_(options) {
  const detail::CallSite site(at);
  check_conv<N>(in_channels, out_channels, kernel, options, at);
  weight = this->register_parameter("weight", empty(conv_weight_shape<N>(in_channels, out_channels, kernel, options)));
  if (options.bias) bias = this->register_parameter("bias", empty({out_channels}));
  fill_conv(weight, bias);
}

template <int N>
Tensor ConvTransposeNd<N>::forward(const Tensor& x, Location at) const {
  return conv_forward<N>(x, weight, bias, options_, at);
}

template class ConvNd<1>;
template class ConvNd<2>;
template class ConvNd<3>;
template class ConvTransposeNd<1>;
template class ConvTransposeNd<2>;
template class ConvTransposeNd<3>;
template struct ConvParts<1, ConvNdOptions<1>>;
template struct ConvParts<2, ConvNdOptions<2>>;
template struct ConvParts<3, ConvNdOptions<3>>;
template struct ConvParts<1, ConvTransposeNdOptions<1>>;
template struct ConvParts<2, ConvTransposeNdOptions<2>>;
template struct ConvParts<3, ConvTransposeNdOptions<3>>;

}  // namespace xgrad::nn
