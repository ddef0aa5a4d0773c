#include <xgrad/optim/rmsprop.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct RMSpropStep {
  T lr, alpha, rest, eps, decay, momentum, sign;
};

template <class T, bool Centered, bool Momentum>
XGRAD_CLONES void rmsprop_pass(const RMSpropStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                               T* __restrict v, T* __restrict a, T* __restrict b) {
  for (std::int64_t i = 0; i < n; ++i) {
    T d = s.sign * g[i] + s.decay * p[i];
    v[i] = s.alpha * v[i] + s.rest * d * d;
    T square = v[i];
    if constexpr (Centered) {
      a[i] = s.alpha * a[i] + s.rest * d;
      square -= a[i] * a[i];
      square = square > 0 ? square : T(0);  // rounding can make a variance near 0 negative
    }
    d /= root(square) + s.eps;
    if constexpr (Momentum) d = b[i] = s.momentum * b[i] + d;
    p[i] -= s.lr * d;
  }
}

}  // namespace

RMSprop::RMSprop(Params<RMSpropOptions> params, RMSpropOptions options, Location at)
    : OptimizerWith(params, options, at, "RMSprop", {"square_avg", "grad_avg?", "momentum_buffer?"}) {}

void RMSpropOptions::check(const OptionCheck& check) const {
  check.at_least_zero("alpha", alpha);
  check.at_least_zero("momentum", momentum);
}

void RMSprop::make_state(std::size_t group, const Tensor& param, State& state) {
  Optimizer::make_state(group, param, state);
  if (options(group).centered) buffer(state, 1, param);
  if (options(group).momentum > 0) buffer(state, 2, param);
}
void RMSprop::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const RMSpropOptions& o = options(group);
  Tensor& square = buffer(state, 0, param);
  Tensor* mean = o.centered ? &buffer(state, 1, param) : nullptr;
  Tensor* momentum = o.momentum > 0 ? &buffer(state, 2, param) : nullptr;
  with_type(param, [&]<class T>(T) {
    const auto s =
        rounded<RMSpropStep, T>(o.lr, o.alpha, 1 - o.alpha, o.eps, o.weight_decay, o.momentum, o.maximize ? -1 : 1);
    for_elements<T>(
        [&](auto... a) {
          if (mean)
            momentum ? rmsprop_pass<T, true, true>(s, a...) : rmsprop_pass<T, true, false>(s, a...);
          else
            momentum ? rmsprop_pass<T, false, true>(s, a...) : rmsprop_pass<T, false, false>(s, a...);
        },
        param, grad, square, mean, momentum);
  });
}

}  // namespace xgrad::optim
