#include <cmath>
#include <xgrad/optim/adam.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T beta1, rest1, beta2, rest2;  // rest = 1 - beta
  T rate, root, eps;             // lr / (1 - b1^t), 1 / sqrt(1 - b2^t)
  T decay, shrink, sign;         // L2 weight decay, decoupled factor, -1 to maximize
};

template <class T, bool Ams>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict m,
                       T* __restrict v, T* __restrict top) {
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

template <class T, class Options>
void run(const Options& o, bool decoupled, std::int64_t t, Tensor& param, const Tensor& grad, Tensor& m, Tensor& v,
         Tensor* top) {
  const double step = static_cast<double>(t), b1 = o.betas[0], b2 = o.betas[1];
  const Step<T> s{static_cast<T>(b1),
                  static_cast<T>(1 - b1),
                  static_cast<T>(b2),
                  static_cast<T>(1 - b2),
                  static_cast<T>(o.lr / (1 - std::pow(b1, step))),
                  static_cast<T>(1 / std::sqrt(1 - std::pow(b2, step))),
                  static_cast<T>(o.eps),
                  static_cast<T>(decoupled ? 0.0 : o.weight_decay.value),
                  static_cast<T>(decoupled ? 1 - o.lr * o.weight_decay : 1),
                  static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(),
      [&](std::int64_t n, T* p, const T* g, T* pm, T* pv, T* pt) {
        if (pt)
          pass<T, true>(s, n, p, g, pm, pv, pt);
        else
          pass<T, false>(s, n, p, g, pm, pv, nullptr);
      },
      param.mutable_data<T>(), grad.data<T>(), m.mutable_data<T>(), v.mutable_data<T>(), data_of<T>(top));
}

const std::vector<std::string> kBuffers{"exp_avg", "exp_avg_sq", "max_exp_avg_sq?"};

}  // namespace

Adam::Adam(const std::vector<Tensor>& params, AdamOptions options, Location at) : OptimizerWith("Adam", kBuffers) {
  start(params, options, at);
}
Adam::Adam(const std::vector<ParamGroup<AdamOptions>>& groups, AdamOptions defaults, Location at)
    : OptimizerWith("Adam", kBuffers) {
  start(groups, defaults, at);
}
AdamW::AdamW(const std::vector<Tensor>& params, AdamWOptions options, Location at) : OptimizerWith("AdamW", kBuffers) {
  start(params, options, at);
}
AdamW::AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups, AdamWOptions defaults, Location at)
    : OptimizerWith("AdamW", kBuffers) {
  start(groups, defaults, at);
}

void Adam::check(const AdamOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  require_betas(o.betas, at);
}
void AdamW::check(const AdamWOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  require_betas(o.betas, at);
}

void Adam::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param);
  if (options(group).amsgrad) buffer(state, 2, param);
}
void Adam::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdamOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  Tensor* top = o.amsgrad ? &buffer(state, 2, param) : nullptr;
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, false, state.step, param, grad, m, v, top); });
}
void AdamW::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param);
  if (options(group).amsgrad) buffer(state, 2, param);
}
void AdamW::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdamWOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  Tensor* top = o.amsgrad ? &buffer(state, 2, param) : nullptr;
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, true, state.step, param, grad, m, v, top); });
}

}  // namespace xgrad::optim
