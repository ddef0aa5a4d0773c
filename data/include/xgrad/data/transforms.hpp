// Transforms of examples, with torchvision's names: functions from a tensor to a tensor.
//
//   namespace T = data::transforms;
//   const auto augmented = set.map(T::Compose({T::RandomCrop({28, 28}, {.padding = 4}), T::RandomHorizontalFlip()}));
//   data::DataLoader loader(augmented, {.batch_size = 64, .shuffle = true, .workers = 4});
//
// Images are (..., H, W), of any dtype unless said otherwise; the same is drawn for all that stand before H and W.
// Random ones draw from data::transform_generator() where no generator is given, so that what a loader hands out does
// not depend on its workers. Results are no part of a graph. ShapeError for a rank that does not fit.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <xgrad/by_name.hpp>
#include <xgrad/data/loader_base.hpp>
#include <xgrad/ops/grid_sample.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::data::transforms {

using Transform = std::function<Tensor(const Tensor&)>;

// One after the other. ValueError for an empty function.
class XGRAD_API Compose {
 public:
  explicit Compose(std::vector<Transform> transforms, Location at = Location::current());
  Tensor operator()(const Tensor& x) const;

 private:
  std::vector<Transform> transforms_;
};

// To another type; between uint8 and floating types 0..255 becomes 0..1 and back, rounded and limited.
class XGRAD_API ConvertImageDtype {
 public:
  explicit ConvertImageDtype(DType dtype = kFloat32) : dtype_(dtype) {}
  Tensor operator()(const Tensor& image) const;

 private:
  DType dtype_;
};

// (x - mean) / std by channel, (..., C, H, W), floating; one number of each stands for all channels. ValueError unless
// every std is above 0 and there are equally many of both; ShapeError: another number of channels.
class XGRAD_API Normalize {
 public:
  Normalize(std::vector<double> mean, std::vector<double> std, Location at = Location::current());
  Tensor operator()(const Tensor& image) const;

 private:
  std::vector<double> mean_, std_;
};

using ImageSize = std::array<std::int64_t, 2>;  // height, width

// The middle; the image is filled up with 0 where it is smaller.
class XGRAD_API CenterCrop {
 public:
  explicit CenterCrop(ImageSize size, Location at = Location::current());
  Tensor operator()(const Tensor& image) const;

 private:
  ImageSize size_;
};

struct RandomCropOptions {
  ByName by_name = ByName();
  std::int64_t padding = 0;    // added on every side first
  bool pad_if_needed = false;  // and as much as the size takes
  double fill = 0;             // what is put there
  std::optional<Generator> generator = {};
};
// A part of the given size at a random place. ValueError: a size below 1; ShapeError: larger than the image.
class XGRAD_API RandomCrop {
 public:
  explicit RandomCrop(ImageSize size, RandomCropOptions options = {}, Location at = Location::current());
  Tensor operator()(const Tensor& image) const;

 private:
  ImageSize size_;
  RandomCropOptions options_;
};

// The mirror image, left for right, with probability p. ValueError unless p is in [0, 1]; here and below.
class XGRAD_API RandomHorizontalFlip {
 public:
  explicit RandomHorizontalFlip(double p = 0.5, std::optional<Generator> generator = {},
                                Location at = Location::current());
  Tensor operator()(const Tensor& image) const;

 private:
  double p_;
  std::optional<Generator> generator_;
};
// The mirror image, top for bottom.
class XGRAD_API RandomVerticalFlip {
 public:
  explicit RandomVerticalFlip(double p = 0.5, std::optional<Generator> generator = {},
                              Location at = Location::current());
  Tensor operator()(const Tensor& image) const;

 private:
  double p_;
  std::optional<Generator> generator_;
};

// The image turned counterclockwise around its centre, in the same frame.
XGRAD_API Tensor rotate(const Tensor& image, double degrees, GridMode interpolation = GridMode::nearest,
                        double fill = 0, Location at = Location::current());

struct RandomRotationOptions {
  ByName by_name = ByName();
  GridMode interpolation = GridMode::nearest;
  double fill = 0;  // of the corners that were outside
  std::optional<Generator> generator = {};
};
// By an angle from -degrees to degrees, or from the first to the second.
class XGRAD_API RandomRotation {
 public:
  explicit RandomRotation(double degrees, RandomRotationOptions options = {}, Location at = Location::current());
  explicit RandomRotation(std::array<double, 2> degrees, RandomRotationOptions options = {},
                          Location at = Location::current());
  Tensor operator()(const Tensor& image) const;

 private:
  std::array<double, 2> degrees_;
  RandomRotationOptions options_;
};

struct RandomErasingOptions {
  ByName by_name = ByName();
  double p = 0.5;
  std::array<double, 2> scale = {0.02, 0.33};  // of the area
  std::array<double, 2> ratio = {0.3, 3.3};    // height over width
  double value = 0;
  std::optional<Generator> generator = {};
};
// A rectangle overwritten. Zhong et al. 2020. ValueError: ranges that are empty or not positive.
class XGRAD_API RandomErasing {
 public:
  explicit RandomErasing(RandomErasingOptions options = {}, Location at = Location::current());
  Tensor operator()(const Tensor& image) const;

 private:
  RandomErasingOptions options_;
};

// Classes (...) int64 to 0 and 1 of a new last dimension. IndexError for a class that is not there.
class XGRAD_API OneHot {
 public:
  explicit OneHot(std::int64_t num_classes, DType dtype = kFloat32, Location at = Location::current());
  Tensor operator()(const Tensor& target) const;

 private:
  std::int64_t num_classes_;
  DType dtype_;
};

}  // namespace xgrad::data::transforms
