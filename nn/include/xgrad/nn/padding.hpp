// Padding and resampling as modules; see <xgrad/ops/pad.hpp> and <xgrad/ops/interpolate.hpp>.
#pragma once

#include <concepts>
#include <optional>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/interpolate.hpp>
#include <xgrad/ops/pad.hpp>

namespace xgrad::nn {

namespace detail {
// Checks and completes the sizes of a padding module: one number stands for all sides. ShapeError.
XGRAD_API std::vector<std::int64_t> side_sizes(const std::string& name, int dims, std::vector<std::int64_t> padding,
                                               Location at);
// ShapeError unless x has `dims` spatial dimensions and one or two before them.
XGRAD_API void require_spatial(const std::string& name, int dims, const Tensor& x, Location at);
XGRAD_API std::string pad_label(const std::string& name, const std::vector<std::int64_t>& padding,
                                std::optional<double> value = std::nullopt);
}  // namespace detail

// Pads the last Dims dimensions of (N, C, *) or (C, *): `padding` elements on all sides, or (before, after) of the last
// dimension, of the one before, and so on. Use it by its names below.
template <int Dims, PadMode Mode>
class PadLayer final : public Layer<PadLayer<Dims, Mode>> {
 public:
  PadLayer(const PadLayer&) = default;
  PadLayer(Null auto) noexcept : Layer<PadLayer<Dims, Mode>>(nullptr) {}  // NOLINT: = nullptr
  explicit PadLayer(std::int64_t padding, Location at = Location::current())
      : PadLayer(std::vector<std::int64_t>{padding}, at) {}
  template <std::floating_point F>
  explicit PadLayer(F) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  explicit PadLayer(std::vector<std::int64_t> padding, Location at = Location::current())
      : Layer<PadLayer<Dims, Mode>>(detail::pad_label(kind_name(), padding)),
        padding_(detail::side_sizes(kind_name(), Dims, std::move(padding), at)) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    detail::require_spatial(kind_name(), Dims, x, at);
    return pad(x, padding_, Mode, Scalar(0.0), at);
  }

 private:
  static std::string kind_name() {
    const char* kind = Mode == PadMode::reflect     ? "ReflectionPad"
                       : Mode == PadMode::replicate ? "ReplicationPad"
                       : Mode == PadMode::circular  ? "CircularPad"
                                                    : "ZeroPad";
    return kind + std::to_string(Dims) + "d";
  }

  std::vector<std::int64_t> padding_;
};

using ZeroPad1d = PadLayer<1, PadMode::constant>;
using ZeroPad2d = PadLayer<2, PadMode::constant>;
using ZeroPad3d = PadLayer<3, PadMode::constant>;
using ReflectionPad1d = PadLayer<1, PadMode::reflect>;
using ReflectionPad2d = PadLayer<2, PadMode::reflect>;
using ReflectionPad3d = PadLayer<3, PadMode::reflect>;
using ReplicationPad1d = PadLayer<1, PadMode::replicate>;
using ReplicationPad2d = PadLayer<2, PadMode::replicate>;
using ReplicationPad3d = PadLayer<3, PadMode::replicate>;
using CircularPad1d = PadLayer<1, PadMode::circular>;
using CircularPad2d = PadLayer<2, PadMode::circular>;
using CircularPad3d = PadLayer<3, PadMode::circular>;

// The same with a given value.
template <int Dims>
class ConstantPad final : public Layer<ConstantPad<Dims>> {
 public:
  ConstantPad(const ConstantPad&) = default;
  ConstantPad(Null auto) noexcept : Layer<ConstantPad<Dims>>(nullptr) {}  // NOLINT: = nullptr
  ConstantPad(std::int64_t padding, double value, Location at = Location::current())
      : ConstantPad(std::vector<std::int64_t>{padding}, value, at) {}
  template <std::floating_point F>
  ConstantPad(F, double) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  ConstantPad(std::vector<std::int64_t> padding, double value, Location at = Location::current())
      : Layer<ConstantPad<Dims>>(detail::pad_label(kind_name(), padding, value)),
        padding_(detail::side_sizes(kind_name(), Dims, std::move(padding), at)),
        value_(value) {}
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    detail::require_spatial(kind_name(), Dims, x, at);
    return pad(x, padding_, PadMode::constant, Scalar(value_), at);
  }

 private:
  static std::string kind_name() { return "ConstantPad" + std::to_string(Dims) + "d"; }

  std::vector<std::int64_t> padding_;
  double value_ = 0;
};
using ConstantPad1d = ConstantPad<1>;
using ConstantPad2d = ConstantPad<2>;
using ConstantPad3d = ConstantPad<3>;

// Resamples (N, C, *spatial) to a size or by a factor:
//   nn::Upsample({.scale_factor = {2}, .mode = Interpolation::bilinear})
class XGRAD_API Upsample final : public Layer<Upsample> {
 public:
  Upsample(const Upsample&) = default;
  Upsample(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit Upsample(InterpolateOptions options, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return interpolate(x, options_, at); }

 private:
  InterpolateOptions options_;
};

struct UpsamplingOptions {
  ByName by_name = ByName();
  std::vector<std::int64_t> size = {};    // or
  std::vector<double> scale_factor = {};  // of it
};
// Upsample of (N, C, H, W) to the nearest pixel, and bilinear where the corners keep their values.
template <Interpolation Mode>
class UpsamplingLayer final : public Layer<UpsamplingLayer<Mode>> {
 public:
  UpsamplingLayer(const UpsamplingLayer&) = default;
  UpsamplingLayer(Null auto) noexcept : Layer<UpsamplingLayer>(nullptr) {}  // NOLINT: = nullptr
  explicit UpsamplingLayer(UpsamplingOptions options, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    detail::require_spatial(this->label(), 2, x, at);
    return interpolate(x, options_, at);
  }

 private:
  InterpolateOptions options_;
};
extern template class XGRAD_API UpsamplingLayer<Interpolation::nearest>;
extern template class XGRAD_API UpsamplingLayer<Interpolation::bilinear>;

using UpsamplingNearest2d = UpsamplingLayer<Interpolation::nearest>;
using UpsamplingBilinear2d = UpsamplingLayer<Interpolation::bilinear>;

}  // namespace xgrad::nn
