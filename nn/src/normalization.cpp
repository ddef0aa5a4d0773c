#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/checkpoint.hpp>
#include <xgrad/nn/normalization.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/ops/normalization.hpp>

#include "option_text.hpp"

namespace xgrad::nn {

namespace {

std::string label_of(const char* name, std::int64_t n, const OptionText& options) {
  return fmt::format("{}({}{})", name, n, options.text());
}

template <class Options>
std::string label_of(const char* name, std::int64_t n, const Options& o) {
  const Options usual;
  return label_of(name, n,
                  OptionText()
                      .add("eps", o.eps, usual.eps)
                      .add("momentum", o.momentum, usual.momentum)
                      .add("affine", o.affine, usual.affine)
                      .add("track_running_stats", o.track_running_stats, usual.track_running_stats));
}

void require_size(const char* op, const char* what, std::int64_t n, Location at) {
  if (n < 0) ErrorReport(op, fmt::format("{} must not be negative, got {}", what, n), at).value_error();
}

void require_channels(const char* op, const Tensor& x, int dim, std::int64_t want, Location at) {
  const std::int64_t got = x.size(dim);
  if (got == want) return;
  ErrorReport(op, fmt::format("expected {} channels, got {}", want, got), at).operand("input", x).shape_error();
}

BatchNormOptions as_batch(const InstanceNormOptions& o) {
  return {.eps = o.eps, .momentum = o.momentum, .affine = o.affine, .track_running_stats = o.track_running_stats};
}

}  // namespace

NormState::NormState(Module& owner, const char* name, std::int64_t num_features, const BatchNormOptions& options,
                     Location at)
    : name_(name), num_features_(num_features), options_(options) {
  const detail::CallSite site(at);
  const OptionCheck check(name, at);
  require_size(name, "num_features", num_features, at);
  check.at_least_zero("eps", options.eps);
  if (options.momentum) check.probability("momentum", *options.momentum);
  if (options.affine) {
    weight = owner.register_parameter("weight", ones({num_features}));
    bias = owner.register_parameter("bias", zeros({num_features}));
  }
  if (!options.track_running_stats) return;
  running_mean = owner.register_buffer("running_mean", zeros({num_features}));
  running_var = owner.register_buffer("running_var", ones({num_features}));
  num_batches_tracked = owner.register_buffer("num_batches_tracked", zeros({}, {kInt64}));
}

// The weight that the batch at hand gets in the running statistics.
double NormState::next_momentum(bool training) const {
  if (options_.momentum || !training || !num_batches_tracked.defined()) return options_.momentum.value_or(0);
  return 1 / static_cast<double>(num_batches_tracked.item<std::int64_t>() + 1);
}

Tensor NormState::next_count(bool training) const {
  if (!training || !num_batches_tracked.defined()) return Tensor();
  const NoGradGuard off;
  return num_batches_tracked + 1;
}

void NormState::count_batch(const Tensor& next, const Location& at) const {
  Tensor count = num_batches_tracked;
  if (next.defined() && !xgrad::detail::recomputing()) count.copy_(next, at);
}

Tensor NormState::batch_forward(const Tensor& x, int min_rank, int max_rank, bool training, Location at) const {
  require_defined(name_, x, at);
  if (x.dim() < min_rank || x.dim() > max_rank) {
    const std::string want =
        min_rank == max_rank ? fmt::format("{}", min_rank) : fmt::format("{} or {}", min_rank, max_rank);
    ErrorReport(name_, fmt::format("expected {} dimensions, got {}", want, x.dim()), at)
        .operand("input", x)
        .shape_error();
  }
  require_channels(name_, x, 1, num_features_, at);
  const Tensor count = next_count(training);
  const bool of_batch = training || !running_mean.defined();
  const Tensor y =
      batch_norm(x, running_mean, running_var, weight, bias, of_batch, next_momentum(training), options_.eps, at);
  count_batch(count, at);
  return y;
}

Tensor NormState::instance_forward(const Tensor& x, int rank, bool training, Location at) const {
  require_defined(name_, x, at);
  if (x.dim() != rank && x.dim() != rank - 1)
    ErrorReport(name_, fmt::format("expected {} or {} dimensions, got {}", rank - 1, rank, x.dim()), at)
        .operand("input", x)
        .shape_error();
  const bool single = x.dim() == rank - 1;
  require_channels(name_, x, single ? 0 : 1, num_features_, at);
  const Tensor count = next_count(training);
  const bool of_input = training || !running_mean.defined();
  const Tensor y = instance_norm(single ? unsqueeze(x, 0, at) : x, running_mean, running_var, weight, bias, of_input,
                                 next_momentum(training), options_.eps, at);
  count_batch(count, at);
  return single ? squeeze(y, 0, at) : y;
}

BatchNorm1d::BatchNorm1d(std::int64_t n, BatchNormOptions options, Location at)
    : Layer(label_of("BatchNorm1d", n, options)), NormState(*this, "BatchNorm1d", n, options, at) {}
Tensor BatchNorm1d::forward(const Tensor& x, Location at) const { return batch_forward(x, 2, 3, is_training(), at); }

BatchNorm2d::BatchNorm2d(std::int64_t n, BatchNormOptions options, Location at)
    : Layer(label_of("BatchNorm2d", n, options)), NormState(*this, "BatchNorm2d", n, options, at) {}
Tensor BatchNorm2d::forward(const Tensor& x, Location at) const { return batch_forward(x, 4, 4, is_training(), at); }

BatchNorm3d::BatchNorm3d(std::int64_t n, BatchNormOptions options, Location at)
    : Layer(label_of("BatchNorm3d", n, options)), NormState(*this, "BatchNorm3d", n, options, at) {}
Tensor BatchNorm3d::forward(const Tensor& x, Location at) const { return batch_forward(x, 5, 5, is_training(), at); }

InstanceNorm1d::InstanceNorm1d(std::int64_t n, InstanceNormOptions options, Location at)
    : Layer(label_of("InstanceNorm1d", n, options)), NormState(*this, "InstanceNorm1d", n, as_batch(options), at) {}
Tensor InstanceNorm1d::forward(const Tensor& x, Location at) const { return instance_forward(x, 3, is_training(), at); }

InstanceNorm2d::InstanceNorm2d(std::int64_t n, InstanceNormOptions options, Location at)
    : Layer(label_of("InstanceNorm2d", n, options)), NormState(*this, "InstanceNorm2d", n, as_batch(options), at) {}
Tensor InstanceNorm2d::forward(const Tensor& x, Location at) const { return instance_forward(x, 4, is_training(), at); }

InstanceNorm3d::InstanceNorm3d(std::int64_t n, InstanceNormOptions options, Location at)
    : Layer(label_of("InstanceNorm3d", n, options)), NormState(*this, "InstanceNorm3d", n, as_batch(options), at) {}
Tensor InstanceNorm3d::forward(const Tensor& x, Location at) const { return instance_forward(x, 5, is_training(), at); }

LayerNorm::LayerNorm(const Shape& normalized_shape, LayerNormOptions options, Location at)
    : Layer(with_options("LayerNorm" + to_string(normalized_shape),
                         OptionText()
                             .add("eps", options.eps, 1e-5)
                             .add("elementwise_affine", options.elementwise_affine, true)
                             .add("bias", options.bias, true))),
      normalized_shape_(normalized_shape),
      options_(options) {
  const detail::CallSite site(at);
  OptionCheck("LayerNorm", at).at_least_zero("eps", options.eps);
  if (normalized_shape.empty()) ErrorReport("LayerNorm", "normalized_shape must not be empty", at).value_error();
  for (const std::int64_t n : normalized_shape) require_size("LayerNorm", "normalized_shape", n, at);
  if (!options.elementwise_affine) return;
  weight = register_parameter("weight", ones(normalized_shape));
  if (options.bias) bias = register_parameter("bias", zeros(normalized_shape));
}
LayerNorm::LayerNorm(std::int64_t normalized_size, LayerNormOptions options, Location at)
    : LayerNorm(Shape{normalized_size}, options, at) {}
Tensor LayerNorm::forward(const Tensor& x, Location at) const {
  return layer_norm(x, normalized_shape_, weight, bias, options_.eps, at);
}

RMSNorm::RMSNorm(const Shape& normalized_shape, RMSNormOptions options, Location at)
    : Layer(with_options("RMSNorm" + to_string(normalized_shape),
                         OptionText()
                             .add("eps", options.eps, std::nullopt)
                             .add("elementwise_affine", options.elementwise_affine, true))),
      normalized_shape_(normalized_shape),
      options_(options) {
  const detail::CallSite site(at);
  if (options.eps) OptionCheck("RMSNorm", at).at_least_zero("eps", *options.eps);
  if (normalized_shape.empty()) ErrorReport("RMSNorm", "normalized_shape must not be empty", at).value_error();
  for (const std::int64_t n : normalized_shape) require_size("RMSNorm", "normalized_shape", n, at);
  if (options.elementwise_affine) weight = register_parameter("weight", ones(normalized_shape));
}
RMSNorm::RMSNorm(std::int64_t normalized_size, RMSNormOptions options, Location at)
    : RMSNorm(Shape{normalized_size}, options, at) {}
Tensor RMSNorm::forward(const Tensor& x, Location at) const {
  return rms_norm(x, normalized_shape_, weight, options_.eps, at);
}

GroupNorm::GroupNorm(Size groups, Size channels, GroupNormOptions options, Location at)
    : Layer(fmt::format("GroupNorm({}, {}{})", std::int64_t{groups}, std::int64_t{channels},
                        OptionText().add("eps", options.eps, 1e-5).add("affine", options.affine, true).text())),
      num_groups_(groups),
      num_channels_(channels),
      options_(options) {
  const detail::CallSite site(at);
  const std::int64_t num_groups = groups, num_channels = channels;
  OptionCheck("GroupNorm", at).at_least_zero("eps", options.eps);
  require_size("GroupNorm", "num_channels", num_channels, at);
  if (num_groups < 1 || num_channels % num_groups != 0)
    ErrorReport("GroupNorm", fmt::format("{} channels are not divisible by {} groups", num_channels, num_groups), at)
        .value_error();
  if (!options.affine) return;
  weight = register_parameter("weight", ones({num_channels}));
  bias = register_parameter("bias", zeros({num_channels}));
}
Tensor GroupNorm::forward(const Tensor& x, Location at) const {
  require_defined("GroupNorm", x, at);
  if (x.dim() >= 2) require_channels("GroupNorm", x, 1, num_channels_, at);
  return group_norm(x, num_groups_, weight, bias, options_.eps, at);
}

LocalResponseNorm::LocalResponseNorm(std::int64_t size, LocalResponseNormOptions options, Location at)
    : Layer(label_of(
          "LocalResponseNorm", size,
          OptionText().add("alpha", options.alpha, 1e-4).add("beta", options.beta, 0.75).add("k", options.k, 1))),
      size_(size),
      options_(options) {
  const OptionCheck check("LocalResponseNorm", at);
  if (size_ < 1) check.fail(fmt::format("size must be positive, got {}", size_));
  check.finite("alpha", options.alpha);
  check.finite("beta", options.beta);
  check.finite("k", options.k);
}
Tensor LocalResponseNorm::forward(const Tensor& x, Location at) const {
  return local_response_norm(x, size_, options_.alpha, options_.beta, options_.k, at);
}

}  // namespace xgrad::nn
