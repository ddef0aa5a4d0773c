#include <cmath>

#include <xgrad/optim/nadam.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct NAdamStep {
  T by_gradient, by_mean;  // rates of the gradient and of its mean
  T beta1, rest1, beta2, rest2, root, eps, decay, shrink, sign;
};

template <class T>
XGRAD_CLONES void nadam_pass(const NAdamStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                             T* __restrict m, T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T w = p[i] * s.shrink;
    const T d = s.sign * g[i] + s.decay * w;
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    v[i] = s.beta2 * v[i] + s.rest2 * d * d;
    p[i] = w - (s.by_gradient * d + s.by_mean * m[i]) / (root(v[i]) * s.root + s.eps);
  }
}

// The momentum of a step.
double mu_at(const NAdamOptions& o, double t) { return o.betas[0] * (1 - 0.5 * std::pow(0.96, t * o.momentum_decay)); }

}  // namespace

NAdam::NAdam(Params<NAdamOptions> params, NAdamOptions options, Location at)
    : OptimizerWith(params, options, at, "NAdam", {"exp_avg", "exp_avg_sq"}, {"mu_product"}) {}

void NAdamOptions::check(const OptionCheck& check) const {
  check.betas(betas);
  check.at_least_zero("momentum_decay", momentum_decay);
}

void NAdam::make_state(std::size_t group, const Tensor& param, State& state) {
  Optimizer::make_state(group, param, state);
  number(state, 0, 1);
}
void NAdam::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const NAdamOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  double& product = number(state, 0, 1);
  const double t = static_cast<double>(state.step), b1 = o.betas[0], b2 = o.betas[1];
  const double mu = mu_at(o, t), next = mu_at(o, t + 1);
  product *= mu;
  const double by_gradient = o.lr * (1 - mu) / (1 - product), by_mean = o.lr * next / (1 - product * next);
  const double root = 1 / std::sqrt(1 - std::pow(b2, t));
  const auto [decay, shrink] = decay_of(o);
  with_type(param, [&, decay = decay, shrink = shrink]<class T>(T) {
    const auto s = rounded<NAdamStep, T>(by_gradient, by_mean, b1, 1 - b1, b2, 1 - b2, root, o.eps, decay, shrink,
                                         o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { nadam_pass<T>(s, a...); }, param, grad, m, v);
  });
}

}  // namespace xgrad::optim
