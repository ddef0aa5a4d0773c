// Normalisation layers; the formulas are those of <xgrad/ops/normalization.hpp>.
#pragma once

#include <optional>

#include <xgrad/by_name.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/shape.hpp>
#include <xgrad/size.hpp>

namespace xgrad::nn {

struct BatchNormOptions {
  ByName by_name = ByName();
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // std::nullopt: running statistics are averages over all batches
  bool affine = true;                    // learn weight and bias
  bool track_running_stats = true;       // else the statistics of the batch are used in evaluation, too
};
struct InstanceNormOptions {
  ByName by_name = ByName();
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;
  bool affine = false;
  bool track_running_stats = false;
};

// Parameters weight (1) and bias (0), buffers running_mean (0), running_var (1) and num_batches_tracked (int64), each
// (num_features) or undefined.
struct XGRAD_API NormState {
  Parameter weight, bias, running_mean, running_var, num_batches_tracked;

 protected:
  NormState() = default;  // of an empty layer
  NormState(Module& owner, const char* name, std::int64_t num_features, const BatchNormOptions& options, Location at);
  Tensor batch_forward(const Tensor& x, int min_rank, int max_rank, bool training, Location at) const;
  Tensor instance_forward(const Tensor& x, int rank, bool training, Location at) const;

 private:
  double next_momentum(bool training) const;
  Tensor next_count(bool training) const;
  void count_batch(const Tensor& next, const Location& at) const;

  const char* name_ = "";
  std::int64_t num_features_ = 0;
  BatchNormOptions options_;
};

// Normalises each channel over the batch. x: (N, C) or (N, C, L), (N, C, H, W), (N, C, D, H, W). ShapeError for another
// rank or number of channels, ValueError for one value per channel in training.
class XGRAD_API BatchNorm1d final : public Layer<BatchNorm1d>, public NormState {
 public:
  BatchNorm1d(const BatchNorm1d&) = default;
  BatchNorm1d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit BatchNorm1d(...) = delete;                  // options by name: nn::BatchNorm1d(16, {.eps = 1e-3})
  explicit BatchNorm1d(std::int64_t num_features, BatchNormOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit BatchNorm1d(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};
class XGRAD_API BatchNorm2d final : public Layer<BatchNorm2d>, public NormState {
 public:
  BatchNorm2d(const BatchNorm2d&) = default;
  BatchNorm2d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit BatchNorm2d(...) = delete;                  // options by name: nn::BatchNorm2d(16, {.eps = 1e-3})
  explicit BatchNorm2d(std::int64_t num_features, BatchNormOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit BatchNorm2d(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};
class XGRAD_API BatchNorm3d final : public Layer<BatchNorm3d>, public NormState {
 public:
  BatchNorm3d(const BatchNorm3d&) = default;
  BatchNorm3d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit BatchNorm3d(...) = delete;                  // options by name: nn::BatchNorm3d(16, {.eps = 1e-3})
  explicit BatchNorm3d(std::int64_t num_features, BatchNormOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit BatchNorm3d(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

// Normalises each channel of each sample. x as for BatchNorm with at least one spatial dimension, or without N.
class XGRAD_API InstanceNorm1d final : public Layer<InstanceNorm1d>, public NormState {
 public:
  InstanceNorm1d(const InstanceNorm1d&) = default;
  InstanceNorm1d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit InstanceNorm1d(...) = delete;                  // options by name: nn::InstanceNorm1d(16, {.affine = true})
  explicit InstanceNorm1d(std::int64_t num_features, InstanceNormOptions options = {},
                          Location at = Location::current());
  template <std::floating_point F>
  explicit InstanceNorm1d(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};
class XGRAD_API InstanceNorm2d final : public Layer<InstanceNorm2d>, public NormState {
 public:
  InstanceNorm2d(const InstanceNorm2d&) = default;
  InstanceNorm2d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit InstanceNorm2d(...) = delete;                  // options by name: nn::InstanceNorm2d(16, {.affine = true})
  explicit InstanceNorm2d(std::int64_t num_features, InstanceNormOptions options = {},
                          Location at = Location::current());
  template <std::floating_point F>
  explicit InstanceNorm2d(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};
class XGRAD_API InstanceNorm3d final : public Layer<InstanceNorm3d>, public NormState {
 public:
  InstanceNorm3d(const InstanceNorm3d&) = default;
  InstanceNorm3d(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit InstanceNorm3d(...) = delete;                  // options by name: nn::InstanceNorm3d(16, {.affine = true})
  explicit InstanceNorm3d(std::int64_t num_features, InstanceNormOptions options = {},
                          Location at = Location::current());
  template <std::floating_point F>
  explicit InstanceNorm3d(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;
};

struct LayerNormOptions {
  ByName by_name = ByName();
  double eps = 1e-5;
  bool elementwise_affine = true;
  bool bias = true;  // only with elementwise_affine
};
// Normalises over the last dimensions, which are normalized_shape: (*, normalized_shape) of the same shape. Parameters
// weight (1) and bias (0) of normalized_shape.
class XGRAD_API LayerNorm final : public Layer<LayerNorm> {
 public:
  LayerNorm(const LayerNorm&) = default;
  LayerNorm(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <std::floating_point E>
  LayerNorm(std::int64_t, E, ...) = delete;  // options by name: nn::LayerNorm(64, {.eps = 1e-6})
  template <std::floating_point E>
  LayerNorm(const Shape&, E, ...) = delete;  // options by name: nn::LayerNorm({3, 4}, {.eps = 1e-6})
  explicit LayerNorm(const Shape& normalized_shape, LayerNormOptions options = {}, Location at = Location::current());
  explicit LayerNorm(std::int64_t normalized_size, LayerNormOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit LayerNorm(F, LayerNormOptions = {}) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  Shape normalized_shape_;
  LayerNormOptions options_;
};

struct RMSNormOptions {
  ByName by_name = ByName();
  std::optional<double> eps = {};  // the smallest number above 1, minus 1, of the input's type when not given
  bool elementwise_affine = true;
};
// x / sqrt(mean(x^2) + eps) weight, the mean over the last dimensions, which are normalized_shape. Parameter weight (1)
// of normalized_shape. B. Zhang & R. Sennrich 2019.
class XGRAD_API RMSNorm final : public Layer<RMSNorm> {
 public:
  RMSNorm(const RMSNorm&) = default;
  RMSNorm(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  template <std::floating_point E>
  RMSNorm(std::int64_t, E, ...) = delete;  // options by name: nn::RMSNorm(64, {.eps = 1e-6})
  template <std::floating_point E>
  RMSNorm(const Shape&, E, ...) = delete;  // options by name: nn::RMSNorm({3, 4}, {.eps = 1e-6})
  explicit RMSNorm(const Shape& normalized_shape, RMSNormOptions options = {}, Location at = Location::current());
  explicit RMSNorm(std::int64_t normalized_size, RMSNormOptions options = {}, Location at = Location::current());
  template <std::floating_point F>
  explicit RMSNorm(F, RMSNormOptions = {}) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight;

 private:
  Shape normalized_shape_;
  RMSNormOptions options_;
};

struct GroupNormOptions {
  ByName by_name = ByName();
  double eps = 1e-5;
  bool affine = true;
};
// Normalises num_groups groups of channels of each sample. x: (N, C, *). ValueError when num_channels is not divisible
// by num_groups.
class XGRAD_API GroupNorm final : public Layer<GroupNorm> {
 public:
  GroupNorm(const GroupNorm&) = default;
  GroupNorm(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit GroupNorm(...) = delete;                  // options by name: nn::GroupNorm(4, 16, {.eps = 1e-6})
  GroupNorm(Size num_groups, Size num_channels, GroupNormOptions options = {}, Location at = Location::current());
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

  Parameter weight, bias;

 private:
  std::int64_t num_groups_ = 0, num_channels_ = 0;
  GroupNormOptions options_;
};

struct LocalResponseNormOptions {
  ByName by_name = ByName();
  double alpha = 1e-4, beta = 0.75, k = 1;
};
// Divides by a power of the sum of squares over `size` neighbouring channels.
class XGRAD_API LocalResponseNorm final : public Layer<LocalResponseNorm> {
 public:
  LocalResponseNorm(const LocalResponseNorm&) = default;
  LocalResponseNorm(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  explicit LocalResponseNorm(...) = delete;                  // options by name: nn::LocalResponseNorm(5, {.k = 2})
  explicit LocalResponseNorm(std::int64_t size, LocalResponseNormOptions options = {},
                             Location at = Location::current());
  template <std::floating_point F>
  explicit LocalResponseNorm(F, ...) = delete;  // sizes are integers: static_cast<std::int64_t>(n)
  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  std::int64_t size_ = 0;
  LocalResponseNormOptions options_;
};

}  // namespace xgrad::nn
