// Averages of weights: stochastic weight averaging and moving averages, with PyTorch's names (torch.optim.swa_utils).
//
//   optim::AveragedModel ema(net, {.avg_fn = optim::get_ema_avg_fn(0.999)});
//   for (auto& [x, y] : loader) { ... opt.step(); ema.update_parameters(net); }
//   optim::update_bn(loader, ema);
//   Tensor scores = ema(x);
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <utility>

#include <xgrad/autograd.hpp>
#include <xgrad/by_name.hpp>
#include <xgrad/nn/layer.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::train {

// The new average of one parameter from the average of `count` models and the present value. Runs without a tape.
using AverageFunction = std::function<Tensor(const Tensor& averaged, const Tensor& current, std::int64_t count)>;
// averaged + (current - averaged) / (count + 1): all models count the same. Izmailov et al. 2018.
XGRAD_API AverageFunction get_swa_avg_fn();
// decay averaged + (1 - decay) current. ValueError unless decay is in [0, 1].
XGRAD_API AverageFunction get_ema_avg_fn(double decay = 0.999, Location at = Location::current());

struct AveragedModelOptions {
  ByName by_name = ByName();
  AverageFunction avg_fn = {};  // left out: get_swa_avg_fn()
  bool use_buffers = false;     // average floating buffers as well, instead of copying them
};

namespace detail {
// averaged's parameters take the average with those of model, the first time its values.
XGRAD_API void average_into(const nn::Module& averaged, const nn::Module& model, const AveragedModelOptions& options,
                            const Tensor& n_averaged, const Location& at);
}  // namespace detail

// A copy of a module whose parameters are averages: the child "module", beside the buffer "n_averaged". It is called
// and saved like any module.
template <std::derived_from<nn::Module> M>
class AveragedModel : public nn::Module {
 public:
  explicit AveragedModel(const M& model, AveragedModelOptions options = {}, Location at = Location::current())
      : nn::Module("AveragedModel"),
        module(register_module("module", nn::clone(model, at), at)),
        n_averaged(register_buffer("n_averaged", zeros_count(), true, at)),
        options_(std::move(options)) {}

  // Takes the present weights of the model in. The first call copies them. ValueError: another kind of model.
  void update_parameters(const M& model, Location at = Location::current()) {
    detail::average_into(module, model, options_, n_averaged, at);
  }
  template <class... A>
  auto operator()(const A&... inputs) const {
    return module(inputs...);
  }
  template <class... A>
  auto forward(const A&... inputs) const {
    return module(inputs...);
  }

  M module;
  nn::Parameter n_averaged;  // int64: how many models

 private:
  static Tensor zeros_count();
  AveragedModelOptions options_;
};

namespace detail {
XGRAD_API Tensor no_models_yet();

// While it lives, batch normalisation layers of the model are in training mode and their inputs are counted.
class XGRAD_API BatchNormUpdate {
 public:
  [[nodiscard("the statistics are written by finish()")]] BatchNormUpdate(const nn::Module& model, const Location& at);
  ~BatchNormUpdate();
  BatchNormUpdate(const BatchNormUpdate&) = delete;
  BatchNormUpdate& operator=(const BatchNormUpdate&) = delete;
  bool needed() const;
  // The running statistics are the averages over all batches. ValueError: there was none.
  void finish();

 private:
  struct Layers;
  std::unique_ptr<Layers> layers_;
};

// The input in a batch: a tensor, the first of a structure or pair.
template <class B>
const Tensor& input_of(const B& batch) {
  if constexpr (std::derived_from<B, Tensor>) {
    return batch;
  } else if constexpr (requires { std::get<0>(batch); }) {
    return input_of(std::get<0>(batch));
  } else {
    const auto& [input, target] = batch;
    return input;
  }
}
}  // namespace detail

template <std::derived_from<nn::Module> M>
Tensor AveragedModel<M>::zeros_count() {
  return detail::no_models_yet();
}

// Computes the running statistics of all batch normalisation layers anew, as averages over the batches of one epoch:
// averaged weights have none of their own. Batches are tensors, or pairs that begin with the input. The mode of the
// model is kept. ValueError: there was no batch.
template <class Batches, std::derived_from<nn::Module> M>
void update_bn(Batches&& loader, const M& model, Location at = Location::current()) {
  detail::BatchNormUpdate update(model, at);
  if (!update.needed()) return;
  const NoGradGuard off;
  for (auto&& batch : loader) model(detail::input_of(batch));
  update.finish();
}

}  // namespace xgrad::train

// The names under which PyTorch's users look for them.
namespace xgrad::optim {
using train::AveragedModel;
using train::AveragedModelOptions;
using train::get_ema_avg_fn;
using train::get_swa_avg_fn;
using train::update_bn;
}  // namespace xgrad::optim
