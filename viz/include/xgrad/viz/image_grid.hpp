// Tensors as pictures: digits, filters, feature maps.
//
//   viz::image_grid(images, "out/digits.svg", {.columns = 10});
//   viz::image_grid({noisy, restored, original}, "out/denoised.svg", {.row_labels = {"noisy", "restored",
//   "original"}});
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/viz/plot.hpp>

namespace xgrad::viz {

// ink: small is white, large is black; gray: the other way round; diverging: purple below 0, white, green above 0, as
// in pictures of graphs; automatic: diverging when there are negative values, else ink.
enum class Colors { automatic, ink, gray, diverging };
inline std::ostream& operator<<(std::ostream& os, Colors v) {
  return xgrad::detail::print_choice(os, static_cast<int>(v), {"automatic", "ink", "gray", "diverging"});
}

struct ImageGridOptions {
  ByName by_name = ByName();
  std::int64_t columns = 0;  // of a single tensor; 0: nearly a square
  int tile = 0;              // pixels on the longer side of an image; 0: what fits well
  int gap = 6;               // pixels between images
  Colors colors = Colors::automatic;
  std::optional<Range> range = {};  // of values; left out: smallest to largest (diverging: symmetric around 0),
                                    // of one value all over: from 0 to it
  bool shared_range = true;         // false: every image has a range of its own
  std::string title = {};
  std::vector<std::string> row_labels = {};  // left of the rows
  std::vector<std::string> captions = {};    // below the images, row by row
};

// One image after the other: images (N, H, W), (N, 1, H, W), or (N, 3, H, W) in red, green and blue. Not finite values
// are red. Saving is as in Plot::save, which also says what is returned and thrown. ShapeError: another shape, no
// pixels, more labels than rows or captions than images; ValueError: negative sizes, a tile or gap above 30000,
// an empty range.
XGRAD_API std::string image_grid(const Tensor& images, const std::string& path, const ImageGridOptions& options = {},
                                 Location at = Location::current());
// A row for every tensor.
XGRAD_API std::string image_grid(const std::vector<Tensor>& rows, const std::string& path,
                                 const ImageGridOptions& options = {}, Location at = Location::current());
template <std::convertible_to<std::string> P, class T>
std::string image_grid(const P&, const T&, const ImageGridOptions& = {}) = delete;  // image_grid(images, "digits.svg")
template <class T, std::integral N>
std::string image_grid(const T&, const std::string&, N) = delete;  // image_grid(images, "digits.svg", {.columns = 10})
XGRAD_API std::string image_grid_svg(const std::vector<Tensor>& rows, const ImageGridOptions& options = {},
                                     Location at = Location::current());

}  // namespace xgrad::viz
