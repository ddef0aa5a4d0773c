#include <fmt/format.h>

#include <xgrad/optim/adadelta.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct AdadeltaStep {
  T lr, rho, rest, eps, decay, sign;
};

template <class T>
XGRAD_CLONES void adadelta_pass(const AdadeltaStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                                T* __restrict v, T* __restrict u) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    v[i] = s.rho * v[i] + s.rest * d * d;
    const T delta = root(u[i] + s.eps) / root(v[i] + s.eps) * d;
    u[i] = s.rho * u[i] + s.rest * delta * delta;
    p[i] -= s.lr * delta;
  }
}

}  // namespace

Adadelta::Adadelta(Params<AdadeltaOptions> params, AdadeltaOptions options, Location at)
    : OptimizerWith(params, options, at, "Adadelta", {"square_avg", "acc_delta"}) {}

void AdadeltaOptions::check(const OptionCheck& check) const {
  if (!(rho >= 0 && rho <= 1)) check.fail(fmt::format("rho must be in [0, 1], got {}", rho.value));
}

void Adadelta::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdadeltaOptions& o = options(group);
  Tensor& square = buffer(state, 0, param);
  Tensor& delta = buffer(state, 1, param);
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<AdadeltaStep, T>(o.lr, o.rho, 1 - o.rho, o.eps, o.weight_decay, o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { adadelta_pass<T>(s, a...); }, param, grad, square, delta);
  });
}

}  // namespace xgrad::optim
