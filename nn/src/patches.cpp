#include <fmt/format.h>

#include <xgrad/nn/patches.hpp>

#include "extents_text.hpp"
#include "option_text.hpp"

namespace xgrad::nn {
namespace {

void require_least(const OptionCheck& check, const char* what, const Extents<2>& sizes, std::int64_t least) {
  for (const std::int64_t n : sizes.v) check.at_least(what, n, least);
}

void require_windows(const OptionCheck& check, const Extents<2>& kernel, const PatchOptions& o) {
  require_least(check, "kernel_size", kernel, 1);
  require_least(check, "dilation", o.dilation, 1);
  require_least(check, "padding", o.padding, 0);
  require_least(check, "stride", o.stride, 1);
}

std::string given(const PatchOptions& o) {
  return OptionText().add("dilation", o.dilation, 1).add("padding", o.padding, 0).add("stride", o.stride, 1).text();
}

}  // namespace

Unfold::Unfold(Extents<2> kernel_size, PatchOptions options, Location at)
    : Layer(fmt::format("Unfold({}{})", extents_text(kernel_size), given(options))),
      kernel_size_(kernel_size),
      options_(options) {
  require_windows(OptionCheck("Unfold", at), kernel_size, options);
}

Fold::Fold(Extents<2> output_size, Extents<2> kernel_size, PatchOptions options, Location at)
    : Layer(fmt::format("Fold({}, {}{})", extents_text(output_size), extents_text(kernel_size), given(options))),
      output_size_(output_size),
      kernel_size_(kernel_size),
      options_(options) {
  const OptionCheck check("Fold", at);
  require_least(check, "output_size", output_size, 1);
  require_windows(check, kernel_size, options);
}

PixelShuffle::PixelShuffle(std::int64_t upscale_factor, Location at)
    : Layer(fmt::format("PixelShuffle({})", upscale_factor)),
      factor_(OptionCheck("PixelShuffle", at).at_least("upscale_factor", upscale_factor, 1)) {}

PixelUnshuffle::PixelUnshuffle(std::int64_t downscale_factor, Location at)
    : Layer(fmt::format("PixelUnshuffle({})", downscale_factor)),
      factor_(OptionCheck("PixelUnshuffle", at).at_least("downscale_factor", downscale_factor, 1)) {}

ChannelShuffle::ChannelShuffle(std::int64_t groups, Location at)
    : Layer(fmt::format("ChannelShuffle({})", groups)),
      groups_(OptionCheck("ChannelShuffle", at).at_least("groups", groups, 1)) {}

}  // namespace xgrad::nn
