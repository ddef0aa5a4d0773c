#include <fmt/format.h>

#include <xgrad/optim/adadelta.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T lr, rho, rest, eps, decay, sign;
};

template <class T>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict v,
                       T* __restrict u) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    v[i] = s.rho * v[i] + s.rest * d * d;
    const T delta = root(u[i] + s.eps) / root(v[i] + s.eps) * d;
    u[i] = s.rho * u[i] + s.rest * delta * delta;
    p[i] -= s.lr * delta;
  }
}

template <class T>
void run(const AdadeltaOptions& o, Tensor& param, const Tensor& grad, Tensor& square, Tensor& delta) {
  const Step<T> s{static_cast<T>(o.lr),  static_cast<T>(o.rho),          static_cast<T>(1 - o.rho),
                  static_cast<T>(o.eps), static_cast<T>(o.weight_decay), static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(), [&](std::int64_t n, T* p, const T* g, T* v, T* u) { pass<T>(s, n, p, g, v, u); },
      param.mutable_data<T>(), grad.data<T>(), square.mutable_data<T>(), delta.mutable_data<T>());
}

}  // namespace

Adadelta::Adadelta(const std::vector<Tensor>& params, AdadeltaOptions options, Location at)
    : OptimizerWith("Adadelta", {"square_avg", "acc_delta"}) {
  start(params, options, at);
}
Adadelta::Adadelta(const std::vector<ParamGroup<AdadeltaOptions>>& groups, AdadeltaOptions defaults, Location at)
    : OptimizerWith("Adadelta", {"square_avg", "acc_delta"}) {
  start(groups, defaults, at);
}

void Adadelta::check(const AdadeltaOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  if (!(o.rho >= 0 && o.rho <= 1)) invalid(fmt::format("rho must be in [0, 1], got {}", o.rho.value), at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
}

void Adadelta::make_state(std::size_t , const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param);
}
void Adadelta::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdadeltaOptions& o = options(group);
  Tensor& square = buffer(state, 0, param);
  Tensor& delta = buffer(state, 1, param);
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, param, grad, square, delta); });
}

}  // namespace xgrad::optim
