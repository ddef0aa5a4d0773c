#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/normalization.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/train/averaged_model.hpp>

namespace xgrad::train {

AverageFunction get_swa_avg_fn() {
  return [](const Tensor& averaged, const Tensor& current, std::int64_t count) {
    return averaged + (current - averaged) / static_cast<double>(count + 1);
  };
}

AverageFunction get_ema_avg_fn(double decay, Location at) {
  if (!(decay >= 0 && decay <= 1))
    ErrorReport("get_ema_avg_fn", fmt::format("decay must be in [0, 1], got {}", decay), at).value_error();
  return [decay](const Tensor& averaged, const Tensor& current, std::int64_t) {
    return lerp(averaged, current, 1 - decay);
  };
}

namespace {

// What averages are made of has the same names and shapes in both.
void require_same(const char* what, const NamedTensors& averaged, const NamedTensors& model, const Location& at) {
  const auto refuse = [&](const std::string& rule) { ErrorReport("AveragedModel", rule, at).value_error(); };
  if (averaged.size() != model.size())
    refuse(fmt::format("the model has {} {}, the averaged one {}", model.size(), what, averaged.size()));
  for (std::size_t i = 0; i < model.size(); ++i)
    if (averaged[i].first != model[i].first || !(averaged[i].second.shape() == model[i].second.shape()))
      refuse(fmt::format("'{}' {} of the model is '{}' {} in the averaged one", model[i].first,
                         to_string(model[i].second.shape()), averaged[i].first, to_string(averaged[i].second.shape())));
}

// The values that the average will have; nothing is changed yet.
void next_values(const NamedTensors& averaged, const NamedTensors& model, const AverageFunction* average,
                 std::int64_t count, std::vector<std::pair<Tensor, Tensor>>& changes, const Location& at) {
  for (std::size_t i = 0; i < model.size(); ++i) {
    const Tensor &to = averaged[i].second, from = model[i].second.detach();
    const bool copy = !average || count == 0 || !is_floating(to.dtype());
    Tensor value = copy ? from : (*average)(to.detach(), from, count);
    if (!value.defined() || !(value.shape() == to.shape()))
      ErrorReport("AveragedModel", fmt::format("avg_fn returned no average of '{}'", model[i].first), at)
          .operand("parameter", to)
          .operand("returned", value)
          .value_error();
    changes.emplace_back(to, std::move(value));
  }
}

}  // namespace

void detail::average_into(const nn::Module& averaged, const nn::Module& model, const AveragedModelOptions& options,
                          const Tensor& n_averaged, const Location& at) {
  const xgrad::detail::CallSite site(at);
  const NamedTensors params = averaged.named_parameters(), buffers = averaged.named_buffers();
  const NamedTensors new_params = model.named_parameters(), new_buffers = model.named_buffers();
  require_same("parameters", params, new_params, at);
  require_same("buffers", buffers, new_buffers, at);
  const NoGradGuard off;
  const AverageFunction average = options.avg_fn ? options.avg_fn : get_swa_avg_fn();
  const std::int64_t count = n_averaged.item<std::int64_t>();
  std::vector<std::pair<Tensor, Tensor>> changes;
  next_values(params, new_params, &average, count, changes, at);
  next_values(buffers, new_buffers, options.use_buffers ? &average : nullptr, count, changes, at);
  for (auto& [to, value] : changes) to.copy_(value);
  Tensor(n_averaged).fill_(count + 1);
}

Tensor detail::no_models_yet() { return zeros({}, {kInt64}); }

namespace {

// The sums over batches of what one layer sees.
struct Seen {
  Tensor running_mean, running_var, num_batches_tracked;
  Tensor mean, var;  // float64
  std::int64_t batches = 0;
  HookHandle hook;

  void add(const Tensor& input) {
    const NoGradGuard off;
    const Tensor x = input.detach().to(kFloat64);
    Shape dims{0};
    for (int d = 2; d < x.dim(); ++d) dims.push_back(d);
    const Tensor m = x.mean(dims), v = xgrad::var(x, dims, 1);
    mean = batches ? mean + m : m;
    var = batches ? var + v : v;
    ++batches;
  }
};

const nn::NormState* batch_norm(const nn::Module& module) {
  if (const auto* layer = module.as<nn::BatchNorm1d>()) return layer;
  if (const auto* layer = module.as<nn::BatchNorm2d>()) return layer;
  return module.as<nn::BatchNorm3d>();
}

}  // namespace

struct detail::BatchNormUpdate::Layers {
  Location at;
  std::vector<std::shared_ptr<Seen>> seen;
  std::vector<std::pair<nn::Module, bool>> modes;
};

detail::BatchNormUpdate::BatchNormUpdate(const nn::Module& model, const Location& at)
    : layers_(std::make_unique<Layers>(Layers{at, {}, {}})) {
  for (nn::Module m : model.modules()) {
    layers_->modes.emplace_back(m, m.is_training());
    const nn::NormState* norm = batch_norm(m);
    if (!norm || !norm->running_mean.defined()) continue;
    const auto seen =
        std::make_shared<Seen>(Seen{norm->running_mean, norm->running_var, norm->num_batches_tracked, {}, {}, 0, {}});
    seen->hook = m.register_forward_pre_hook([seen = seen.get()](const nn::Module&, const Tensor& x) { seen->add(x); });
    layers_->seen.push_back(seen);
  }
  nn::Module(model).train();
}

detail::BatchNormUpdate::~BatchNormUpdate() {
  for (const auto& s : layers_->seen) s->hook.remove();
  // From the outside in: train() of a module sets its children as well.
  for (auto& [module, mode] : layers_->modes) module.train(mode);
}

bool detail::BatchNormUpdate::needed() const { return !layers_->seen.empty(); }

void detail::BatchNormUpdate::finish() {
  for (const auto& s : layers_->seen)
    if (s->batches == 0)
      ErrorReport("update_bn", "a batch normalisation layer saw no batch", layers_->at).value_error();
  const NoGradGuard off;
  for (const auto& s : layers_->seen) {
    s->running_mean.copy_((s->mean / static_cast<double>(s->batches)).to(s->running_mean.dtype()));
    s->running_var.copy_((s->var / static_cast<double>(s->batches)).to(s->running_var.dtype()));
    s->num_batches_tracked.fill_(s->batches);
  }
}

}  // namespace xgrad::train
