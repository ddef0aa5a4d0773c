#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/checkpoint.hpp>
#include <xgrad/nn/lazy_norm.hpp>
#include <xgrad/nn/normalization.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/ops/normalization.hpp>

#include "computed_tensors.hpp"
#include "first_values.hpp"
#include "option_text.hpp"

namespace xgrad::nn {

namespace {

using xgrad::detail::ComputedTensors;

constexpr std::int64_t kLazy = std::numeric_limits<std::int64_t>::min();  // as many channels as the first call has

template <class Options>
OptionText norm_option_text(const Options& o) {
  const Options usual;
  return OptionText()
      .add("eps", o.eps, usual.eps)
      .add("momentum", o.momentum, usual.momentum)
      .add("affine", o.affine, usual.affine)
      .add("track_running_stats", o.track_running_stats, usual.track_running_stats);
}

std::string label_of(const char* name, std::int64_t n, const OptionText& options) {
  return fmt::format("{}({}{})", name, n, options.text());
}

template <class Options>
std::string label_of(const char* name, std::int64_t n, const Options& o) {
  return label_of(name, n, norm_option_text(o));
}

void require_size(const char* op, const char* what, std::int64_t n, Location at) {
  if (n < 0) ErrorReport(op, fmt::format("{} must not be negative, got {}", what, n), at).value_error();
}

// What a lazy layer has parameters or statistics for; `channels` when it has none yet.
std::int64_t channels_of(const NormState& s, std::int64_t channels) {
  for (const Tensor* t : {&s.weight, &s.bias, &s.running_mean, &s.running_var})
    if (t->defined() && t->numel() > 0) return t->size(0);
  return channels;
}

void require_channels(const char* op, const Tensor& x, int dim, std::int64_t want, Location at) {
  const std::int64_t got = x.size(dim);
  if (got == want) return;
  ErrorReport(op, fmt::format("expected {} channels, got {}", want, got), at).operand("input", x).shape_error();
}

bool lacks_shapes(const NormState& s) {
  return without_shape(s.weight) || without_shape(s.bias) || without_shape(s.running_mean) ||
         without_shape(s.running_var);
}

// Of a lazy layer: what has no shape yet gets it with its first values, unless call(mean, var, weight, bias) throws.
template <class Call>
void take_channels(const NormState& s, std::int64_t channels, const Call& call) {
  FirstValues first;
  if (channels == 0 || !lacks_shapes(s)) return;
  const Shape shape{channels};
  Tensor w = first.of(s.weight, shape), b = first.of(s.bias, shape);
  Tensor mean = first.of(s.running_mean, shape), var = first.of(s.running_var, shape);
  call(mean, var, w, b);  // may write the statistics
  for (const auto& [t, value] : {std::pair(w, 1.), {b, 0.}, {mean, 0.}, {var, 1.}})
    if (t.defined() && first.is_new(t)) Tensor(t).fill_(value);
  first.keep();
}

const BatchNormOptions& as_batch(const BatchNormOptions& o) { return o; }
BatchNormOptions as_batch(const InstanceNormOptions& o) {
  return {.eps = o.eps, .momentum = o.momentum, .affine = o.affine, .track_running_stats = o.track_running_stats};
}

}  // namespace

NormState::NormState(Module& owner, const char* name, std::int64_t num_features, const BatchNormOptions& options,
                     Location at)
    : name_(name), num_features_(num_features), options_(options) {
  const detail::CallSite site(at);
  const OptionCheck check(name, at);
  const bool lazy = num_features == kLazy;
  if (!lazy) require_size(name, "num_features", num_features, at);
  check.at_least_zero("eps", options.eps);
  if (options.momentum) check.probability("momentum", *options.momentum);
  if (options.affine) {
    weight = lazy ? ComputedTensors::lazy(owner, "weight", {kOpen}, at)
                  : owner.register_parameter("weight", ones({num_features}));
    bias = lazy ? ComputedTensors::lazy(owner, "bias", {kOpen}, at)
                : owner.register_parameter("bias", zeros({num_features}));
  }
  if (!options.track_running_stats) return;
  running_mean = lazy ? ComputedTensors::lazy_buffer(owner, "running_mean", {kOpen}, at)
                      : owner.register_buffer("running_mean", zeros({num_features}));
  running_var = lazy ? ComputedTensors::lazy_buffer(owner, "running_var", {kOpen}, at)
                     : owner.register_buffer("running_var", ones({num_features}));
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
  const bool lazy = num_features_ == kLazy;
  require_channels(name_, x, 1, lazy ? channels_of(*this, x.size(1)) : num_features_, at);
  const Tensor count = next_count(training);
  const bool of_batch = training || !running_mean.defined();
  const double momentum = next_momentum(training);
  const auto call = [&](const Tensor& mean, const Tensor& var, const Tensor& w, const Tensor& b) {
    return batch_norm(x, mean, var, w, b, of_batch, momentum, options_.eps, at);
  };
  if (lazy && lacks_shapes(*this)) take_channels(*this, x.size(1), call);
  const Tensor y = call(running_mean, running_var, weight, bias);
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
  const int dim = single ? 0 : 1;
  const bool lazy = num_features_ == kLazy;
  require_channels(name_, x, dim, lazy ? channels_of(*this, x.size(dim)) : num_features_, at);
  const Tensor count = next_count(training);
  const bool of_input = training || !running_mean.defined();
  const Tensor batch = single ? unsqueeze(x, 0, at) : x;
  const double momentum = next_momentum(training);
  const auto call = [&](const Tensor& mean, const Tensor& var, const Tensor& w, const Tensor& b) {
    return instance_norm(batch, mean, var, w, b, of_input, momentum, options_.eps, at);
  };
  if (lazy && lacks_shapes(*this)) take_channels(*this, x.size(dim), call);
  const Tensor y = call(running_mean, running_var, weight, bias);
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

namespace {

template <LazyNorm Kind, int N>
constexpr const char* lazy_name() {
  constexpr const char* names[2][3] = {{"LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d"},
                                       {"LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"}};
  return names[static_cast<int>(Kind)][N - 1];
}

}  // namespace

template <LazyNorm Kind, int N>
LazyNormLayer<Kind, N>::LazyNormLayer(Options options, Location at)
    : Layer<LazyNormLayer>(norm_option_text(options).label(lazy_name<Kind, N>())),
      NormState(*this, lazy_name<Kind, N>(), kLazy, as_batch(options), at) {}

template <LazyNorm Kind, int N>
Tensor LazyNormLayer<Kind, N>::forward(const Tensor& x, Location at) const {
  if constexpr (Kind == LazyNorm::batch)
    return batch_forward(x, N == 1 ? 2 : N + 2, N + 2, this->is_training(), at);
  else
    return instance_forward(x, N + 2, this->is_training(), at);
}

template class LazyNormLayer<LazyNorm::batch, 1>;
template class LazyNormLayer<LazyNorm::batch, 2>;
template class LazyNormLayer<LazyNorm::batch, 3>;
template class LazyNormLayer<LazyNorm::instance, 1>;
template class LazyNormLayer<LazyNorm::instance, 2>;
template class LazyNormLayer<LazyNorm::instance, 3>;

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
