#include <cmath>

#include <xgrad/optim/radam.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct RAdamStep {
  T rate;  // of m, with the rectification
  T beta1, rest1, beta2, rest2, eps, decay, shrink, sign;
};

template <class T, bool Adaptive>
XGRAD_CLONES void radam_pass(const RAdamStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                             T* __restrict m, T* __restrict v) {
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

}  // namespace

RAdam::RAdam(Params<RAdamOptions> params, RAdamOptions options, Location at)
    : OptimizerWith(params, options, at, "RAdam", {"exp_avg", "exp_avg_sq"}) {}

void RAdamOptions::check(const OptionCheck& check) const { check.betas(betas); }

void RAdam::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const RAdamOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  const double t = static_cast<double>(state.step), b1 = o.betas[0], b2 = o.betas[1];
  const double rest = 1 - std::pow(b2, t), most = 2 / (1 - b2) - 1, length = most - 2 * t * std::pow(b2, t) / rest;
  const bool adaptive = length > 5;
  double rate = o.lr / (1 - std::pow(b1, t));
  if (adaptive) rate *= std::sqrt(rest * (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length));
  const auto [decay, shrink] = decay_of(o);
  with_type(param, [&, decay = decay, shrink = shrink]<class T>(T) {
    const auto s = rounded<RAdamStep, T>(rate, b1, 1 - b1, b2, 1 - b2, o.eps, decay, shrink, o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { adaptive ? radam_pass<T, true>(s, a...) : radam_pass<T, false>(s, a...); }, param,
                    grad, m, v);
  });
}

}  // namespace xgrad::optim
