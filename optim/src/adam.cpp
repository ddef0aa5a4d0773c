#include <cmath>

#include <xgrad/optim/adam.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct AdamStep {
  T beta1, rest1, beta2, rest2;  // rest = 1 - beta
  T rate, root, eps;             // lr / (1 - b1^t), 1 / sqrt(1 - b2^t)
  T decay, shrink, sign;         // L2 weight decay, decoupled factor, -1 to maximize
};

template <class T, bool Ams>
XGRAD_CLONES void adam_pass(const AdamStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                            T* __restrict m, T* __restrict v, T* __restrict top) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T w = p[i] * s.shrink;
    const T d = s.sign * g[i] + s.decay * w;
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    v[i] = s.beta2 * v[i] + s.rest2 * d * d;
    T second = v[i];
    if constexpr (Ams) second = top[i] = top[i] > second ? top[i] : second;
    p[i] = w - s.rate * m[i] / (root(second) * s.root + s.eps);
  }
}

}  // namespace

template <bool Decoupled>
void AdamOptionsOf<Decoupled>::check(const OptionCheck& check) const {
  check.betas(betas);
}

template <bool Decoupled>
AdamOf<Decoupled>::AdamOf(const Params<AdamOptionsOf<Decoupled>>& params, const AdamOptionsOf<Decoupled>& options,
                          const Location& at)
    : OptimizerWith<AdamOptionsOf<Decoupled>>(params, options, at, Decoupled ? "AdamW" : "Adam",
                                              {"exp_avg", "exp_avg_sq", "max_exp_avg_sq?"}) {}

template <bool Decoupled>
void AdamOf<Decoupled>::make_state(std::size_t group, const Tensor& param, Optimizer::State& state) {
  Optimizer::make_state(group, param, state);
  if (this->options(group).amsgrad) this->buffer(state, 2, param);
}
template <bool Decoupled>
void AdamOf<Decoupled>::update(std::size_t group, Tensor& param, const Tensor& grad, Optimizer::State& state) {
  const auto& o = this->options(group);
  Tensor& m = this->buffer(state, 0, param);
  Tensor& v = this->buffer(state, 1, param);
  Tensor* top = o.amsgrad ? &this->buffer(state, 2, param) : nullptr;
  const double t = static_cast<double>(state.step), b1 = o.betas[0], b2 = o.betas[1];
  const double rate = o.lr / (1 - std::pow(b1, t)), root = 1 / std::sqrt(1 - std::pow(b2, t));
  const double decay = Decoupled ? 0.0 : o.weight_decay.value, shrink = Decoupled ? 1 - o.lr * o.weight_decay : 1;
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<AdamStep, T>(b1, 1 - b1, b2, 1 - b2, rate, root, o.eps, decay, shrink, o.maximize ? -1 : 1);
    for_elements<T>(
        [&](std::int64_t n, T* p, const T* g, T* pm, T* pv, T* pt) {
          pt ? adam_pass<T, true>(s, n, p, g, pm, pv, pt) : adam_pass<T, false>(s, n, p, g, pm, pv, pt);
        },
        param, grad, m, v, top);
  });
}

template struct AdamOptionsOf<false>;
template struct AdamOptionsOf<true>;
template class AdamOf<false>;
template class AdamOf<true>;

Adam::Adam(Params<AdamOptions> params, AdamOptions options, Location at) : AdamOf(params, options, at) {}
AdamW::AdamW(Params<AdamWOptions> params, AdamWOptions options, Location at) : AdamOf(params, options, at) {}

}  // namespace xgrad::optim
