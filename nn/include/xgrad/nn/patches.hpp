// Patches of images and orders of channels as modules; formulas, shapes and errors are those of
// <xgrad/ops/patches.hpp>.
#pragma once

#include <concepts>

#include <xgrad/nn/module.hpp>
#include <xgrad/ops/patches.hpp>

namespace xgrad::nn {

// im2col: (N, C, H, W) -> (N, C kh kw, L).
class XGRAD_API Unfold final : public Layer<Unfold> {
 public:
  Unfold(const Unfold&) = default;
  Unfold(Empty) noexcept : Layer(nullptr) {}  // NOLINT: {nullptr}
  explicit Unfold(Extents<2> kernel_size, PatchOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return im2col(x, kernel_size_, options_, at);
  }

 private:
  Extents<2> kernel_size_ = 1;
  PatchOptions options_;
};

// col2im: (N, C kh kw, L) -> (N, C) + output_size.
class XGRAD_API Fold final : public Layer<Fold> {
 public:
  Fold(const Fold&) = default;
  Fold(Empty) noexcept : Layer(nullptr) {}  // NOLINT: {nullptr}
  Fold(Extents<2> output_size, Extents<2> kernel_size, PatchOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    return col2im(x, output_size_, kernel_size_, options_, at);
  }

 private:
  Extents<2> output_size_ = 1, kernel_size_ = 1;
  PatchOptions options_;
};

// (*, C r^2, H, W) -> (*, C, H r, W r), r = upscale_factor.
class XGRAD_API PixelShuffle final : public Layer<PixelShuffle> {
 public:
  PixelShuffle(const PixelShuffle&) = default;
  PixelShuffle(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit PixelShuffle(std::int64_t upscale_factor, Location at = Location::current());
  template <std::floating_point F>
  explicit PixelShuffle(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return pixel_shuffle(x, factor_, at); }

 private:
  std::int64_t factor_ = 1;
};

// And back.
class XGRAD_API PixelUnshuffle final : public Layer<PixelUnshuffle> {
 public:
  PixelUnshuffle(const PixelUnshuffle&) = default;
  PixelUnshuffle(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit PixelUnshuffle(std::int64_t downscale_factor, Location at = Location::current());
  template <std::floating_point F>
  explicit PixelUnshuffle(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return pixel_unshuffle(x, factor_, at); }

 private:
  std::int64_t factor_ = 1;
};

// Channels (N, C, *) as a matrix of `groups` rows, transposed.
class XGRAD_API ChannelShuffle final : public Layer<ChannelShuffle> {
 public:
  ChannelShuffle(const ChannelShuffle&) = default;
  ChannelShuffle(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit ChannelShuffle(std::int64_t groups, Location at = Location::current());
  template <std::floating_point F>
  explicit ChannelShuffle(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return channel_shuffle(x, groups_, at); }

 private:
  std::int64_t groups_ = 1;
};

}  // namespace xgrad::nn
