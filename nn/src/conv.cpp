#include <cmath>

#include <fmt/format.h>

#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops.hpp>

#include "extents_text.hpp"

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
Shape weight_shape(std::int64_t first, std::int64_t second, const Extents<N>& kernel) {
  Shape s{first, second};
  for (const std::int64_t k : kernel.v) s.push_back(k);
  return s;
}

// PyTorch's default: kaiming_uniform with a = sqrt(5), and the same bound for the bias.
void fill(Tensor& weight, Tensor& bias) {
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  if (!bias.defined()) return;
  const double bound = 1 / std::sqrt(static_cast<double>(init::calculate_fan_in_and_fan_out(weight).first));
  init::uniform_(bias, -bound, bound);
}

template <int N>
std::string label(const char* kind, std::int64_t in, std::int64_t out, const Extents<N>& kernel) {
  return fmt::format("{}{}d({} → {}, {})", kind, N, in, out, extents_text(kernel));
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

}  // namespace

template <int N>
ConvNd<N>::ConvNd(Size in_channels, Size out_channels, Extents<N> kernel, ConvNdOptions<N> options, Location at)
    : Layer<ConvNd<N>>(label("Conv", in_channels, out_channels, kernel)), options_(options) {
  const detail::CallSite site(at);
  const std::int64_t in = in_channels, out = out_channels;
  require_sizes(fmt::format("Conv{}d", N), in, out, kernel, options, at);
  for (const std::int64_t p : options.padding.each().v)
    if (p < 0)
      ErrorReport(fmt::format("Conv{}d", N).c_str(), fmt::format("padding must be >= 0, got {}", p), at).value_error();
  for (const std::int64_t s : options.stride.v)
    if (options.padding.same() && s != 1)
      ErrorReport(fmt::format("Conv{}d", N).c_str(), fmt::format("padding \"same\" needs stride 1, got {}", s), at)
          .value_error();
  weight = this->register_parameter("weight", empty(weight_shape(out, in / options.groups, kernel)));
  if (options.bias) bias = this->register_parameter("bias", empty({out}));
  fill(weight, bias);
}

template <int N>
Tensor ConvNd<N>::forward(const Tensor& x, Location at) const {
  ConvOptions<N> o{
      .stride = options_.stride, .padding = options_.padding, .dilation = options_.dilation, .groups = options_.groups};
  if (options_.padding_mode == PaddingMode::zeros || !x.defined() || (x.dim() != N + 1 && x.dim() != N + 2))
    return run(x, weight, bias, o, at);
  o.padding = 0;
  return run(padded(x, at), weight, bias, o, at);
}

template <int N>
Tensor ConvNd<N>::padded(const Tensor& x, const Location& at) const {
  Tensor y = x;
  for (int i = 0; i < N; ++i) {
    std::int64_t front = options_.padding.each()[i], back = front;
    if (options_.padding.same()) {
      const std::int64_t both = options_.dilation[i] * (weight.size(2 + i) - 1);
      front = both / 2;
      back = both - front;
    }
    if (front + back > 0)
      y = pad_dim(fmt::format("Conv{}d", N), y, static_cast<int>(x.dim()) - N + i, front, back, options_.padding_mode,
                  at);
  }
  return y;
}

template <int N>
ConvTransposeNd<N>::ConvTransposeNd(Size in_channels, Size out_channels, Extents<N> kernel,
                                    ConvTransposeNdOptions<N> options, Location at)
    : Layer<ConvTransposeNd<N>>(label("ConvTranspose", in_channels, out_channels, kernel)), options_(options) {
  const detail::CallSite site(at);
  const std::int64_t in = in_channels, out = out_channels;
  const std::string name = fmt::format("ConvTranspose{}d", N);
  require_sizes(name, in, out, kernel, options, at);
  for (int i = 0; i < N; ++i) {
    if (options.padding[i] < 0)
      ErrorReport(name.c_str(), fmt::format("padding must be >= 0, got {}", options.padding[i]), at).value_error();
    const std::int64_t more = options.output_padding[i], most = std::max(options.stride[i], options.dilation[i]);
    if (more < 0 || more >= most)
      ErrorReport(name.c_str(),
                  fmt::format("output_padding must be >= 0 and below stride or dilation ({}), got {}", most, more), at)
          .value_error();
  }
  weight = this->register_parameter("weight", empty(weight_shape(in, out / options.groups, kernel)));
  if (options.bias) bias = this->register_parameter("bias", empty({out}));
  fill(weight, bias);
}

template <int N>
Tensor ConvTransposeNd<N>::forward(const Tensor& x, Location at) const {
  const ConvTransposeOptions<N> o{.stride = options_.stride,
                                  .padding = options_.padding,
                                  .output_padding = options_.output_padding,
                                  .groups = options_.groups,
                                  .dilation = options_.dilation};
  return run(x, weight, bias, o, at);
}

template class ConvNd<1>;
template class ConvNd<2>;
template class ConvNd<3>;
template class ConvTransposeNd<1>;
template class ConvTransposeNd<2>;
template class ConvTransposeNd<3>;

}  // namespace xgrad::nn
