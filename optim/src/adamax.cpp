#include <cmath>

#include <xgrad/optim/adamax.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct AdamaxStep {
  T rate, beta1, rest1, beta2, eps, decay, sign;
};

template <class T>
XGRAD_CLONES void adamax_pass(const AdamaxStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                              T* __restrict m, T* __restrict u) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    const T old = s.beta2 * u[i], now = (d < 0 ? -d : d) + s.eps;
    u[i] = old > now ? old : now;
    p[i] -= s.rate * m[i] / u[i];
  }
}

}  // namespace

Adamax::Adamax(Params<AdamaxOptions> params, AdamaxOptions options, Location at)
    : OptimizerWith(params, options, at, "Adamax", {"exp_avg", "exp_inf"}) {}

void AdamaxOptions::check(const OptionCheck& check) const { check.betas(betas); }

void Adamax::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdamaxOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& u = buffer(state, 1, param);
  const double b1 = o.betas[0], rate = o.lr / (1 - std::pow(b1, static_cast<double>(state.step)));
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<AdamaxStep, T>(rate, b1, 1 - b1, o.betas[1], o.eps, o.weight_decay, o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { adamax_pass<T>(s, a...); }, param, grad, m, u);
  });
}

}  // namespace xgrad::optim
