#include <fmt/format.h>

#include <xgrad/optim/sgd.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T lr, momentum, keep, weight_decay, sign;
  bool nesterov;
};

template <class T>
XGRAD_CLONES void plain(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g) {
  for (std::int64_t i = 0; i < n; ++i) p[i] -= s.lr * (s.sign * g[i] + s.weight_decay * p[i]);
}

template <class T>
XGRAD_CLONES void with_momentum(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                                T* __restrict b) {
  const T look = s.nesterov ? T(1) : T(0), use = s.nesterov ? s.momentum : T(1);
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.weight_decay * p[i];
    b[i] = s.momentum * b[i] + s.keep * d;
    p[i] -= s.lr * (look * d + use * b[i]);
  }
}

template <class T>
void run(const SGDOptions& o, bool first, Tensor& param, const Tensor& grad, Tensor* buffer) {
  const T keep = first ? T(1) : static_cast<T>(1 - o.dampening);  // the buffer starts as the gradient itself
  const Step<T> s{static_cast<T>(o.lr),           static_cast<T>(o.momentum),          keep,
                  static_cast<T>(o.weight_decay), static_cast<T>(o.maximize ? -1 : 1), o.nesterov};
  for_elements(
      param.numel(),
      [&](std::int64_t n, T* p, const T* g, T* b) {
        if (b)
          with_momentum<T>(s, n, p, g, b);
        else
          plain<T>(s, n, p, g);
      },
      param.mutable_data<T>(), grad.data<T>(), data_of<T>(buffer));
}

}  // namespace

SGD::SGD(const std::vector<Tensor>& params, SGDOptions options, Location at)
    : OptimizerWith("SGD", {"momentum_buffer?"}) {
  start(params, options, at);
}
SGD::SGD(const std::vector<ParamGroup<SGDOptions>>& groups, SGDOptions defaults, Location at)
    : OptimizerWith("SGD", {"momentum_buffer?"}) {
  start(groups, defaults, at);
}

void SGD::check(const SGDOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("momentum", o.momentum, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  if (o.nesterov && (o.momentum <= 0 || o.dampening != 0))
    invalid(fmt::format("nesterov needs a momentum > 0 and no dampening, got momentum {} and dampening {}",
                        o.momentum.value, o.dampening.value),
            at);
}

void SGD::make_state(std::size_t group, const Tensor& param, State& state) {
  if (options(group).momentum != 0) buffer(state, 0, param);
}
void SGD::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const SGDOptions& o = options(group);
  Tensor* b = o.momentum != 0 ? &buffer(state, 0, param) : nullptr;
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, state.fresh, param, grad, b); });
}

}  // namespace xgrad::optim
