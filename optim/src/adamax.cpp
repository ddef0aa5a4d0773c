#include <cmath>
#include <xgrad/optim/adamax.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T rate, beta1, rest1, beta2, eps, decay, sign;
};

template <class T>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict m,
                       T* __restrict u) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    const T old = s.beta2 * u[i], now = (d < 0 ? -d : d) + s.eps;
    u[i] = old > now ? old : now;
    p[i] -= s.rate * m[i] / u[i];
  }
}

template <class T>
void run(const AdamaxOptions& o, std::int64_t t, Tensor& param, const Tensor& grad, Tensor& m, Tensor& u) {
  const double rate = o.lr / (1 - std::pow(o.betas[0], static_cast<double>(t)));
  const Step<T> s{static_cast<T>(rate),
                  static_cast<T>(o.betas[0]),
                  static_cast<T>(1 - o.betas[0]),
                  static_cast<T>(o.betas[1]),
                  static_cast<T>(o.eps),
                  static_cast<T>(o.weight_decay),
                  static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(), [&](std::int64_t n, T* p, const T* g, T* pm, T* pu) { pass<T>(s, n, p, g, pm, pu); },
      param.mutable_data<T>(), grad.data<T>(), m.mutable_data<T>(), u.mutable_data<T>());
}

}  // namespace

Adamax::Adamax(const std::vector<Tensor>& params, AdamaxOptions options, Location at)
    : OptimizerWith("Adamax", {"exp_avg", "exp_inf"}) {
  start(params, options, at);
}
Adamax::Adamax(const std::vector<ParamGroup<AdamaxOptions>>& groups, AdamaxOptions defaults, Location at)
    : OptimizerWith("Adamax", {"exp_avg", "exp_inf"}) {
  start(groups, defaults, at);
}

void Adamax::check(const AdamaxOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_betas(o.betas, at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
}

void Adamax::make_state(std::size_t , const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param);
}
void Adamax::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdamaxOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& u = buffer(state, 1, param);
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, state.step, param, grad, m, u); });
}

}  // namespace xgrad::optim
