#include <fmt/format.h>

#include <xgrad/optim/sgd.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct SGDStep {
  T lr, momentum, keep, weight_decay, sign;
  T look, use;  // parts of the gradient and of the buffer in the step
};

template <class T>
XGRAD_CLONES void descend(const SGDStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g) {
  for (std::int64_t i = 0; i < n; ++i) p[i] -= s.lr * (s.sign * g[i] + s.weight_decay * p[i]);
}

template <class T>
XGRAD_CLONES void descend_with_momentum(const SGDStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                                        T* __restrict b) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.weight_decay * p[i];
    b[i] = s.momentum * b[i] + s.keep * d;
    p[i] -= s.lr * (s.look * d + s.use * b[i]);
  }
}

}  // namespace

SGD::SGD(Params<SGDOptions> params, SGDOptions options, Location at)
    : OptimizerWith(params, options, at, "SGD", {"momentum_buffer?"}) {}

void SGDOptions::check(const OptionCheck& check) const {
  check.at_least_zero("momentum", momentum);
  if (nesterov && (momentum <= 0 || dampening != 0))
    check.fail(fmt::format("nesterov needs a momentum > 0 and no dampening, got momentum {} and dampening {}",
                           momentum.value, dampening.value));
}

void SGD::make_state(std::size_t group, const Tensor& param, State& state) {
  if (options(group).momentum != 0) buffer(state, 0, param);
}
void SGD::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const SGDOptions& o = options(group);
  Tensor* b = o.momentum != 0 ? &buffer(state, 0, param) : nullptr;
  const double keep = state.fresh ? 1 : 1 - o.dampening;  // the buffer starts as the gradient itself
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<SGDStep, T>(o.lr, o.momentum, keep, o.weight_decay, o.maximize ? -1 : 1, o.nesterov ? 1 : 0,
                                       o.nesterov ? o.momentum.value : 1);
    for_elements<T>([&](std::int64_t n, T* p, const T* g,
                        T* pb) { pb ? descend_with_momentum<T>(s, n, p, g, pb) : descend<T>(s, n, p, g); },
                    param, grad, b);
  });
}

}  // namespace xgrad::optim
