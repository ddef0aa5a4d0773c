#include <cmath>
#include <xgrad/optim/radam.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T rate;  // of m, with the rectification
  T beta1, rest1, beta2, rest2, eps, decay, shrink, sign;
};

template <class T, bool Adaptive>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict m,
                       T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T w = p[i] * s.shrink;
    const T d = s.sign * g[i] + s.decay * w;
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    v[i] = s.beta2 * v[i] + s.rest2 * d * d;
    if constexpr (Adaptive)
      p[i] = w - s.rate * m[i] / (root(v[i]) + s.eps);
    else
      p[i] = w - s.rate * m[i];
  }
}

template <class T>
void run(const RAdamOptions& o, std::int64_t step, Tensor& param, const Tensor& grad, Tensor& m, Tensor& v) {
  const double t = static_cast<double>(step), b1 = o.betas[0], b2 = o.betas[1];
  const double rest = 1 - std::pow(b2, t), most = 2 / (1 - b2) - 1, length = most - 2 * t * std::pow(b2, t) / rest;
  const bool adaptive = length > 5;
  double rate = o.lr / (1 - std::pow(b1, t));
  if (adaptive) rate *= std::sqrt(rest * (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length));
  const Step<T> s{static_cast<T>(rate),
                  static_cast<T>(b1),
                  static_cast<T>(1 - b1),
                  static_cast<T>(b2),
                  static_cast<T>(1 - b2),
                  static_cast<T>(o.eps),
                  static_cast<T>(o.decoupled_weight_decay ? 0.0 : o.weight_decay.value),
                  static_cast<T>(o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1),
                  static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(),
      [&](std::int64_t n, T* p, const T* g, T* pm, T* pv) {
        if (adaptive)
          pass<T, true>(s, n, p, g, pm, pv);
        else
          pass<T, false>(s, n, p, g, pm, pv);
      },
      param.mutable_data<T>(), grad.data<T>(), m.mutable_data<T>(), v.mutable_data<T>());
}

}  // namespace

RAdam::RAdam(const std::vector<Tensor>& params, RAdamOptions options, Location at)
    : OptimizerWith("RAdam", {"exp_avg", "exp_avg_sq"}) {
  start(params, options, at);
}
RAdam::RAdam(const std::vector<ParamGroup<RAdamOptions>>& groups, RAdamOptions defaults, Location at)
    : OptimizerWith("RAdam", {"exp_avg", "exp_avg_sq"}) {
  start(groups, defaults, at);
}

void RAdam::check(const RAdamOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_betas(o.betas, at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
}

void RAdam::make_state(std::size_t , const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param);
}
void RAdam::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const RAdamOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, state.step, param, grad, m, v); });
}

}  // namespace xgrad::optim
