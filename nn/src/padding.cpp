#include <fmt/format.h>
#include <fmt/ranges.h>

#include <xgrad/check.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/nn/padding.hpp>

#include "option_text.hpp"

namespace xgrad::nn {

namespace detail {

std::vector<std::int64_t> side_sizes(const std::string& name, int dims, std::vector<std::int64_t> padding,
                                     Location at) {
  const auto sides = static_cast<std::size_t>(2 * dims);
  if (padding.size() == 1) return std::vector<std::int64_t>(sides, padding[0]);
  if (padding.size() != sides)
    ErrorReport(name.c_str(), fmt::format("padding must be 1 or {} numbers, got {}", sides, padding.size()), at)
        .shape_error();
  return padding;
}

void require_spatial(const std::string& name, int dims, const Tensor& x, Location at) {
  require_defined(name.c_str(), x, at);
  if (x.dim() == dims + 1 || x.dim() == dims + 2) return;
  ErrorReport(name.c_str(), fmt::format("expected {} or {} dimensions, got {}", dims + 1, dims + 2, x.dim()), at)
      .operand("input", x)
      .shape_error();
}

std::string pad_label(const std::string& name, const std::vector<std::int64_t>& padding, std::optional<double> value) {
  const OptionText of_value = OptionText().add("value", value, std::nullopt);
  return fmt::format("{}({}{})", name, fmt::join(padding, ", "), of_value.text());
}

}  // namespace detail

namespace {

std::string resampling_label(const char* name, const std::vector<std::int64_t>& size,
                             const std::vector<double>& factors, const OptionText& options = {}) {
  return size.empty() ? fmt::format("{}(×{}{})", name, fmt::join(factors, ", "), options.text())
                      : fmt::format("{}({}{})", name, fmt::join(size, ", "), options.text());
}

OptionText option_text(const InterpolateOptions& o) {
  return OptionText()
      .add("mode", o.mode, Interpolation::nearest)
      .add("align_corners", o.align_corners, false)
      .add("recompute_scale_factor", o.recompute_scale_factor, false)
      .add("antialias", o.antialias, false);
}

void check_resampling(const OptionCheck& check, const InterpolateOptions& o) {
  if (o.size.empty() == o.scale_factor.empty()) check.fail("needs either size or scale_factor");
  for (const std::int64_t n : o.size)
    if (n < 1) check.fail(fmt::format("size must be positive, got {}", n));
  for (const double f : o.scale_factor) check.positive("scale_factor", f);
}

}  // namespace

Upsample::Upsample(InterpolateOptions options, Location at)
    : Layer(resampling_label("Upsample", options.size, options.scale_factor, option_text(options))),
      options_(std::move(options)) {
  check_resampling(OptionCheck("Upsample", at), options_);
}

namespace {

template <Interpolation Mode>
constexpr const char* kUpsampling = Mode == Interpolation::nearest ? "UpsamplingNearest2d" : "UpsamplingBilinear2d";

}  // namespace

template <Interpolation Mode>
UpsamplingLayer<Mode>::UpsamplingLayer(UpsamplingOptions options, Location at)
    : Layer<UpsamplingLayer>(resampling_label(kUpsampling<Mode>, options.size, options.scale_factor)) {
  options_.size = std::move(options.size);
  options_.scale_factor = std::move(options.scale_factor);
  options_.mode = Mode;
  options_.align_corners = Mode == Interpolation::bilinear;
  check_resampling(OptionCheck(kUpsampling<Mode>, at), options_);
}

template class UpsamplingLayer<Interpolation::nearest>;
template class UpsamplingLayer<Interpolation::bilinear>;

}  // namespace xgrad::nn
