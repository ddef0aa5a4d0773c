#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/data/transforms.hpp>
#include <xgrad/ops.hpp>

#include "refuse.hpp"

namespace xgrad::data::transforms {
namespace {

void require_image(const char* transform, const Tensor& x, int least = 2) {
  const Location at = Location::current();
  require_defined(transform, x, at);
  if (x.dim() < least)
    ErrorReport(transform, fmt::format("images are ({}H, W)", least == 2 ? "..., " : "..., C, "), at)
        .operand("image", x)
        .shape_error();
}
void require_size(const char* transform, const ImageSize& size, const Location& at) {
  if (size[0] < 1 || size[1] < 1)
    refuse(transform, fmt::format("height and width must be positive, got {} and {}", size[0], size[1]), at);
}
void require_probability(const char* transform, double p, const Location& at) {
  if (!(p >= 0 && p <= 1)) refuse(transform, fmt::format("p must be in [0, 1], got {}", p), at);
}
void require_range(const char* transform, const char* what, const std::array<double, 2>& r, const Location& at) {
  if (!(r[0] > 0 && r[0] <= r[1]) || std::isinf(r[1]))
    refuse(transform, fmt::format("{} must be two rising positive numbers, got {} and {}", what, r[0], r[1]), at);
}

// Uniform in [0, 1), and the whole numbers 0 .. n - 1.
double draw(const std::optional<Generator>& generator) {
  const Generator& g = generator ? *generator : transform_generator();
  const auto [seed, first] = g.reserve(1);
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto r = Generator::philox({low(first), low(first >> 32), 0, 0}, {low(seed), low(seed >> 32)});
  const std::uint64_t bits = (static_cast<std::uint64_t>(r[0]) << 32 | r[1]) >> 11;
  return static_cast<double>(bits) * 0x1p-53;
}
std::int64_t draw_below(std::int64_t n, const std::optional<Generator>& generator) {
  return static_cast<std::int64_t>(draw(generator) * static_cast<double>(n));
}
double draw_between(double low, double high, const std::optional<Generator>& generator) {
  return low + (high - low) * draw(generator);
}

Tensor cut(const Tensor& x, std::int64_t top, std::int64_t left, const ImageSize& size) {
  return x.slice(-2, top, top + size[0]).slice(-1, left, left + size[1]);
}

}  // namespace

Compose::Compose(std::vector<Transform> transforms, Location at) : transforms_(std::move(transforms)) {
  for (const Transform& t : transforms_)
    if (!t) refuse("Compose", "a transform is empty", at);
}
Tensor Compose::operator()(const Tensor& x) const {
  Tensor y = x;
  for (const Transform& t : transforms_) y = t(y);
  return y;
}

Tensor ConvertImageDtype::operator()(const Tensor& image) const {
  const NoGradGuard off;
  require_defined("ConvertImageDtype", image, Location::current());
  const bool bytes = image.dtype() == kUInt8;
  if (bytes && is_floating(dtype_)) return image.to(dtype_) / 255;
  if (is_floating(image.dtype()) && dtype_ == kUInt8) return round(clamp(image * 255, 0, 255)).to(kUInt8);
  return image.to(dtype_);
}

Normalize::Normalize(std::vector<double> mean, std::vector<double> std, Location at)
    : mean_(std::move(mean)), std_(std::move(std)) {
  if (mean_.empty() || mean_.size() != std_.size())
    refuse("Normalize", fmt::format("{} means and {} deviations", mean_.size(), std_.size()), at);
  for (const double s : std_)
    if (!(s > 0)) refuse("Normalize", fmt::format("std must be above 0, got {}", s), at);
}
Tensor Normalize::operator()(const Tensor& image) const {
  require_image("Normalize", image, 3);
  require_floating("Normalize", image, Location::current());
  const auto channels = static_cast<std::int64_t>(mean_.size());
  if (channels != 1 && image.size(-3) != channels)
    ErrorReport("Normalize", fmt::format("{} channels, but means of {}", image.size(-3), channels), Location::current())
        .operand("image", image)
        .shape_error();
  const NoGradGuard off;
  const auto per_channel = [&](const std::vector<double>& v) {
    return from_vector(v).to(image.dtype()).reshape({channels, 1, 1});
  };
  return (image - per_channel(mean_)) / per_channel(std_);
}

CenterCrop::CenterCrop(ImageSize size, Location at) : size_(size) { require_size("CenterCrop", size, at); }
Tensor CenterCrop::operator()(const Tensor& image) const {
  require_image("CenterCrop", image);
  const NoGradGuard off;
  const std::int64_t down = std::max<std::int64_t>(0, size_[0] - image.size(-2)),
                     across = std::max<std::int64_t>(0, size_[1] - image.size(-1));
  const Tensor x = down + across > 0 ? pad(image, {across / 2, across - across / 2, down / 2, down - down / 2}) : image;
  return cut(x, (x.size(-2) - size_[0]) / 2, (x.size(-1) - size_[1]) / 2, size_);
}

RandomCrop::RandomCrop(ImageSize size, RandomCropOptions options, Location at)
    : size_(size), options_(std::move(options)) {
  require_size("RandomCrop", size, at);
  if (options_.padding < 0) refuse("RandomCrop", fmt::format("padding must be >= 0, got {}", options_.padding), at);
}
Tensor RandomCrop::operator()(const Tensor& image) const {
  require_image("RandomCrop", image);
  const NoGradGuard off;
  const RandomCropOptions& o = options_;
  std::int64_t down = o.padding, across = o.padding;
  if (o.pad_if_needed) {
    down = std::max(down, size_[0] - image.size(-2));
    across = std::max(across, size_[1] - image.size(-1));
  }
  const Tensor x = down + across > 0 ? pad(image, {across, across, down, down}, PadMode::constant, o.fill) : image;
  const std::int64_t rows = x.size(-2) - size_[0] + 1, columns = x.size(-1) - size_[1] + 1;
  if (rows < 1 || columns < 1)
    ErrorReport("RandomCrop", fmt::format("a part of {} x {} is larger than the image", size_[0], size_[1]),
                Location::current())
        .operand("image", x)
        .shape_error();
  const std::int64_t top = draw_below(rows, o.generator);
  return cut(x, top, draw_below(columns, o.generator), size_);
}

RandomHorizontalFlip::RandomHorizontalFlip(double p, std::optional<Generator> generator, Location at)
    : p_(p), generator_(std::move(generator)) {
  require_probability("RandomHorizontalFlip", p, at);
}
Tensor RandomHorizontalFlip::operator()(const Tensor& image) const {
  require_image("RandomHorizontalFlip", image);
  const NoGradGuard off;
  return draw(generator_) < p_ ? flip(image, -1) : image;
}

RandomVerticalFlip::RandomVerticalFlip(double p, std::optional<Generator> generator, Location at)
    : p_(p), generator_(std::move(generator)) {
  require_probability("RandomVerticalFlip", p, at);
}
Tensor RandomVerticalFlip::operator()(const Tensor& image) const {
  require_image("RandomVerticalFlip", image);
  const NoGradGuard off;
  return draw(generator_) < p_ ? flip(image, -2) : image;
}

// The grid of a picture is in units of half its sides, in which a turn is no rotation unless it is a square.
Tensor rotate(const Tensor& image, double degrees, GridMode interpolation, double fill, Location at) {
  require_image("rotate", image);
  const NoGradGuard off;
  const std::int64_t h = image.size(-2), w = image.size(-1);
  if (image.numel() == 0) return image;
  const DType type = is_floating(image.dtype()) ? image.dtype() : kFloat32;
  const Tensor x = image.reshape({1, image.numel() / (h * w), h, w}).to(type) - fill;
  const double angle = degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  const double stretch = static_cast<double>(h) / static_cast<double>(w);
  const Tensor theta = from_vector(std::vector<double>{c, -s * stretch, 0, s / stretch, c, 0}).to(type);
  const Tensor grid = affine_grid(theta.reshape({1, 2, 3}), x.shape(), false, at);
  const Tensor turned = (grid_sample(x, grid, {.mode = interpolation}, at) + fill).reshape(image.shape());
  return image.dtype() == type ? turned : round(turned).to(image.dtype());
}

RandomRotation::RandomRotation(double degrees, RandomRotationOptions options, Location at)
    : RandomRotation({-degrees, degrees}, std::move(options), at) {}
RandomRotation::RandomRotation(std::array<double, 2> degrees, RandomRotationOptions options, Location at)
    : degrees_(degrees), options_(std::move(options)) {
  if (!(degrees[0] <= degrees[1] && std::isfinite(degrees[0]) && std::isfinite(degrees[1])))
    refuse("RandomRotation", fmt::format("from {} to {} degrees", degrees[0], degrees[1]), at);
}
Tensor RandomRotation::operator()(const Tensor& image) const {
  const double angle = draw_between(degrees_[0], degrees_[1], options_.generator);
  return rotate(image, angle, options_.interpolation, options_.fill);
}

RandomErasing::RandomErasing(RandomErasingOptions options, Location at) : options_(std::move(options)) {
  require_probability("RandomErasing", options_.p, at);
  require_range("RandomErasing", "scale", options_.scale, at);
  require_range("RandomErasing", "ratio", options_.ratio, at);
  if (options_.scale[1] > 1) refuse("RandomErasing", fmt::format("scale {} is above 1", options_.scale[1]), at);
}
Tensor RandomErasing::operator()(const Tensor& image) const {
  constexpr int kTries = 10;  // as in torchvision: a rectangle may be too long for the image
  require_image("RandomErasing", image);
  const NoGradGuard off;
  const RandomErasingOptions& o = options_;
  if (draw(o.generator) >= o.p) return image;
  const std::int64_t height = image.size(-2), width = image.size(-1);
  for (int i = 0; i < kTries; ++i) {
    const double area = static_cast<double>(height * width) * draw_between(o.scale[0], o.scale[1], o.generator);
    const double ratio = std::exp(draw_between(std::log(o.ratio[0]), std::log(o.ratio[1]), o.generator));
    const std::int64_t h = std::llround(std::sqrt(area * ratio)), w = std::llround(std::sqrt(area / ratio));
    if (h < 1 || w < 1 || h >= height || w >= width) continue;
    const std::int64_t top = draw_below(height - h + 1, o.generator), left = draw_below(width - w + 1, o.generator);
    Tensor out = image.detach().clone();
    cut(out, top, left, {h, w}).fill_(o.value);
    return out;
  }
  return image;
}

OneHot::OneHot(std::int64_t num_classes, DType dtype, Location at) : num_classes_(num_classes), dtype_(dtype) {
  if (num_classes < 1) refuse("OneHot", fmt::format("num_classes must be positive, got {}", num_classes), at);
}
Tensor OneHot::operator()(const Tensor& target) const { return one_hot(target, num_classes_).to(dtype_); }

}  // namespace xgrad::data::transforms
