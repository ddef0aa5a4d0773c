#include <algorithm>
#include <cmath>
#include <xgrad/optim/asgd.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T eta, mu, shrink, decay, sign;
};

template <class T>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict a) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    const T now = p[i] * s.shrink - s.eta * d;
    p[i] = now;
    a[i] = s.mu == T(1) ? now : a[i] + (now - a[i]) * s.mu;
  }
}

template <class T>
void run(const ASGDOptions& o, double eta, double mu, Tensor& param, const Tensor& grad, Tensor& mean) {
  const Step<T> s{static_cast<T>(eta), static_cast<T>(mu), static_cast<T>(1 - o.lambd * eta),
                  static_cast<T>(o.weight_decay), static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(), [&](std::int64_t n, T* p, const T* g, T* a) { pass<T>(s, n, p, g, a); }, param.mutable_data<T>(),
      grad.data<T>(), mean.mutable_data<T>());
}

}  // namespace

ASGD::ASGD(const std::vector<Tensor>& params, ASGDOptions options, Location at)
    : OptimizerWith("ASGD", {"ax"}, {"eta", "mu"}) {
  start(params, options, at);
}
ASGD::ASGD(const std::vector<ParamGroup<ASGDOptions>>& groups, ASGDOptions defaults, Location at)
    : OptimizerWith("ASGD", {"ax"}, {"eta", "mu"}) {
  start(groups, defaults, at);
}

void ASGD::check(const ASGDOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("lambd", o.lambd, at);
  require_at_least_zero("alpha", o.alpha, at);
  require_at_least_zero("t0", o.t0, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
}

void ASGD::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param);
  if (state.numbers.empty()) state.numbers = {options(group).lr, 1};
}
void ASGD::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const ASGDOptions& o = options(group);
  Tensor& mean = buffer(state, 0, param);
  double& eta = state.numbers[0];
  double& mu = state.numbers[1];
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, eta, mu, param, grad, mean); });
  const double t = static_cast<double>(state.step);  // the numbers of the next step
  eta = o.lr / std::pow(1 + o.lambd * o.lr * t, o.alpha);
  mu = 1 / std::max(1.0, t - o.t0);
}

}  // namespace xgrad::optim
