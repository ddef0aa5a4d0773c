// Images in files: PNG (W3C 2003), read with libpng.
#pragma once

#include <concepts>
#include <map>
#include <string>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/data/dataset.hpp>

namespace xgrad::data {

// The channels of an image, whatever those of the file: torchvision.io.ImageReadMode. unchanged: as in the file, so
// that a palette gives the numbers of its colours (masks of segmentations), and transparency is left out unless it is a
// channel.
enum class ImageReadMode { unchanged, gray, gray_alpha, rgb, rgb_alpha };

struct ReadImageOptions {
  ByName by_name = ByName();
  std::int64_t max_pixels = std::int64_t{1} << 27;  // an IoError for more
};

// torchvision.io.read_image: a PNG file as (C, H, W), C the channels of the mode. uint8, or int32 from 0 to 65535 where
// the file has 16 bits a channel; 1, 2 and 4 bits of grey are spread over 0 to 255. Grey is 0.2989 red + 0.587 green +
// 0.114 blue. IoError for another format, a file that is cut short or damaged (check sums of all chunks, order and
// content of those that matter), more than max_pixels or 1,000,000 pixels a side, and sizes that the file cannot hold.
// A small file that unfolds to a large image is decoded once without being kept before memory is taken for it.
XGRAD_API Tensor read_image(const std::string& path, ImageReadMode mode = ImageReadMode::unchanged,
                            const ReadImageOptions& options = {}, Location at = Location::current());

// torchvision.io.write_png: image (C, H, W) of 1 (grey), 2 (grey, opacity), 3 (red, green, blue) or 4 channels, uint8,
// or int32 from 0 to 65535 for 16 bits a channel; atomically, as save_safetensors. ShapeError: other shapes;
// DTypeError: other types; ValueError: numbers that are too large, a level outside 0 to 9, sides of more than 1,000,000
// pixels.
XGRAD_API void write_png(const Tensor& image, const std::string& path, int compression_level = 6,
                         Location at = Location::current());
template <std::convertible_to<std::string> P, class T>
void write_png(const P&, const T&) = delete;  // the image first: write_png(image, "x.png")

struct ImageFolderOptions {
  ByName by_name = ByName();
  ImageReadMode mode = ImageReadMode::rgb;
  std::int64_t max_pixels = std::int64_t{1} << 27;  // of an image
  bool allow_empty = false;                         // folders without an image are no error
};

// torchvision.datasets.ImageFolder: the PNG files of a folder with a folder for each class, root/dog/1.png,
// root/cat/more/2.png. Classes are numbered by name, files are sorted by path. An example is an image, (C, H, W) as
// read_image gives it, and the number of its class (0-d, int64). Images are read when they are asked for:
//
//   data::ImageFolder images("pets");
//   auto loader = data::DataLoader(images.map(transforms), {.batch_size = 32, .shuffle = true});
//
// IoError: no such folder, no classes, a class without images.
class XGRAD_API ImageFolder {
 public:
  explicit ImageFolder(const std::string& root, const ImageFolderOptions& options = {},
                       Location at = Location::current());
  std::int64_t size() const { return static_cast<std::int64_t>(samples.size()); }
  Example get(std::int64_t index, Location at = Location::current()) const;  // IndexError; IoError of read_image
  template <class F>
  auto map(F f) const {
    return MappedDataset<ImageFolder, F>(*this, std::move(f));
  }

  struct Sample {
    std::string path;
    std::int64_t target;
  };
  std::vector<std::string> classes;
  std::map<std::string, std::int64_t> class_to_idx;
  std::vector<Sample> samples;

 private:
  ImageFolderOptions options_;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const ImageFolder& folder);  // ImageFolder(8 images: cat, dog)

}  // namespace xgrad::data
