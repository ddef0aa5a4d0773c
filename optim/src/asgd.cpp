#include <algorithm>
#include <cmath>

#include <xgrad/optim/asgd.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct ASGDStep {
  T eta, mu, shrink, decay, sign;
};

template <class T>
XGRAD_CLONES void asgd_pass(const ASGDStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                            T* __restrict a) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    const T now = p[i] * s.shrink - s.eta * d;
    p[i] = now;
    a[i] = s.mu == T(1) ? now : a[i] + (now - a[i]) * s.mu;
  }
}

}  // namespace

ASGD::ASGD(Params<ASGDOptions> params, ASGDOptions options, Location at)
    : OptimizerWith(params, options, at, "ASGD", {"ax"}, {"eta", "mu"}) {}

void ASGDOptions::check(const OptionCheck& check) const {
  check.at_least_zero("lambd", lambd);
  check.at_least_zero("alpha", alpha);
  check.at_least_zero("t0", t0);
}

void ASGD::make_state(std::size_t group, const Tensor& param, State& state) {
  Optimizer::make_state(group, param, state);
  if (state.numbers.empty()) state.numbers = {options(group).lr, 1};
}
void ASGD::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const ASGDOptions& o = options(group);
  Tensor& mean = buffer(state, 0, param);
  double& eta = state.numbers[0];
  double& mu = state.numbers[1];
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<ASGDStep, T>(eta, mu, 1 - o.lambd * eta, o.weight_decay, o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { asgd_pass<T>(s, a...); }, param, grad, mean);
  });
  const double t = static_cast<double>(state.step);  // the numbers of the next step
  eta = o.lr / std::pow(1 + o.lambd * o.lr * t, o.alpha);
  mu = 1 / std::max(1.0, t - o.t0);
}

}  // namespace xgrad::optim
