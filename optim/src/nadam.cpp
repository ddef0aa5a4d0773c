#include <cmath>
#include <xgrad/optim/nadam.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T by_gradient, by_mean;  // rates of the gradient and of its mean
  T beta1, rest1, beta2, rest2, root, eps, decay, shrink, sign;
};

template <class T>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict m,
                       T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T w = p[i] * s.shrink;
    const T d = s.sign * g[i] + s.decay * w;
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    v[i] = s.beta2 * v[i] + s.rest2 * d * d;
    p[i] = w - (s.by_gradient * d + s.by_mean * m[i]) / (root(v[i]) * s.root + s.eps);
  }
}

template <class T>
void run(const NAdamOptions& o, std::int64_t step, double& product, Tensor& param, const Tensor& grad, Tensor& m,
         Tensor& v) {
  const double t = static_cast<double>(step), b1 = o.betas[0], b2 = o.betas[1];
  const auto mu_at = [&](double when) { return b1 * (1 - 0.5 * std::pow(0.96, when * o.momentum_decay)); };
  const double mu = mu_at(t), next = mu_at(t + 1);
  product *= mu;
  const double next_product = product * next;
  const Step<T> s{static_cast<T>(o.lr * (1 - mu) / (1 - product)),
                  static_cast<T>(o.lr * next / (1 - next_product)),
                  static_cast<T>(b1),
                  static_cast<T>(1 - b1),
                  static_cast<T>(b2),
                  static_cast<T>(1 - b2),
                  static_cast<T>(1 / std::sqrt(1 - std::pow(b2, t))),
                  static_cast<T>(o.eps),
                  static_cast<T>(o.decoupled_weight_decay ? 0.0 : o.weight_decay.value),
                  static_cast<T>(o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1),
                  static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(), [&](std::int64_t n, T* p, const T* g, T* pm, T* pv) { pass<T>(s, n, p, g, pm, pv); },
      param.mutable_data<T>(), grad.data<T>(), m.mutable_data<T>(), v.mutable_data<T>());
}

}  // namespace

NAdam::NAdam(const std::vector<Tensor>& params, NAdamOptions options, Location at)
    : OptimizerWith("NAdam", {"exp_avg", "exp_avg_sq"}, {"mu_product"}) {
  start(params, options, at);
}
NAdam::NAdam(const std::vector<ParamGroup<NAdamOptions>>& groups, NAdamOptions defaults, Location at)
    : OptimizerWith("NAdam", {"exp_avg", "exp_avg_sq"}, {"mu_product"}) {
  start(groups, defaults, at);
}

void NAdam::check(const NAdamOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_betas(o.betas, at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  require_at_least_zero("momentum_decay", o.momentum_decay, at);
}

void NAdam::make_state(std::size_t , const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param);
  number(state, 0, 1);
}
void NAdam::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const NAdamOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  double& product = number(state, 0, 1);
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, state.step, product, param, grad, m, v); });
}

}  // namespace xgrad::optim
