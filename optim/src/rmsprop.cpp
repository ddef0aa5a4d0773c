#include <xgrad/optim/rmsprop.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T lr, alpha, rest, eps, decay, momentum, sign;
};

template <class T, bool Centered, bool Momentum>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict v,
                       T* __restrict a, T* __restrict b) {
  for (std::int64_t i = 0; i < n; ++i) {
    T d = s.sign * g[i] + s.decay * p[i];
    v[i] = s.alpha * v[i] + s.rest * d * d;
    T square = v[i];
    if constexpr (Centered) {
      a[i] = s.alpha * a[i] + s.rest * d;
      square -= a[i] * a[i];
      square = square > 0 ? square : T(0);  // rounding may make a variance of nothing negative
    }
    d /= root(square) + s.eps;
    if constexpr (Momentum) d = b[i] = s.momentum * b[i] + d;
    p[i] -= s.lr * d;
  }
}

template <class T>
void run(const RMSpropOptions& o, Tensor& param, const Tensor& grad, Tensor& square, Tensor* mean, Tensor* momentum) {
  const Step<T> s{static_cast<T>(o.lr),
                  static_cast<T>(o.alpha),
                  static_cast<T>(1 - o.alpha),
                  static_cast<T>(o.eps),
                  static_cast<T>(o.weight_decay),
                  static_cast<T>(o.momentum),
                  static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(),
      [&](std::int64_t n, T* p, const T* g, T* v, T* a, T* b) {
        if (a && b)
          pass<T, true, true>(s, n, p, g, v, a, b);
        else if (a)
          pass<T, true, false>(s, n, p, g, v, a, nullptr);
        else if (b)
          pass<T, false, true>(s, n, p, g, v, nullptr, b);
        else
          pass<T, false, false>(s, n, p, g, v, nullptr, nullptr);
      },
      param.mutable_data<T>(), grad.data<T>(), square.mutable_data<T>(), data_of<T>(mean), data_of<T>(momentum));
}

}  // namespace

RMSprop::RMSprop(const std::vector<Tensor>& params, RMSpropOptions options, Location at)
    : OptimizerWith("RMSprop", {"square_avg", "grad_avg?", "momentum_buffer?"}) {
  start(params, options, at);
}
RMSprop::RMSprop(const std::vector<ParamGroup<RMSpropOptions>>& groups, RMSpropOptions defaults, Location at)
    : OptimizerWith("RMSprop", {"square_avg", "grad_avg?", "momentum_buffer?"}) {
  start(groups, defaults, at);
}

void RMSprop::check(const RMSpropOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("alpha", o.alpha, at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  require_at_least_zero("momentum", o.momentum, at);
}

void RMSprop::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param);
  if (options(group).centered) buffer(state, 1, param);
  if (options(group).momentum > 0) buffer(state, 2, param);
}
void RMSprop::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const RMSpropOptions& o = options(group);
  Tensor& square = buffer(state, 0, param);
  Tensor* mean = o.centered ? &buffer(state, 1, param) : nullptr;
  Tensor* momentum = o.momentum > 0 ? &buffer(state, 2, param) : nullptr;
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, param, grad, square, mean, momentum); });
}

}  // namespace xgrad::optim
