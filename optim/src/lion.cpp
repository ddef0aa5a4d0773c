#include <xgrad/optim/lion.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct LionStep {
  T lr, beta1, rest1, beta2, rest2, shrink, sign;  // rest = 1 - beta
};

template <class T>
XGRAD_CLONES void lion_pass(const LionStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                            T* __restrict m) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i];
    const T u = s.beta1 * m[i] + s.rest1 * d;
    const T sign = static_cast<T>((u > 0) - (u < 0));
    p[i] = s.shrink * p[i] - s.lr * sign;
    m[i] = s.beta2 * m[i] + s.rest2 * d;
  }
}

}  // namespace

Lion::Lion(Params<LionOptions> params, LionOptions options, Location at)
    : OptimizerWith(params, options, at, "Lion", {"exp_avg"}) {}

void LionOptions::check(const OptionCheck& check) const { check.betas(betas); }

void Lion::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const LionOptions& o = options(group);
  Tensor& average = buffer(state, 0, param);
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<LionStep, T>(o.lr, o.betas[0], 1 - o.betas[0], o.betas[1], 1 - o.betas[1],
                                        1 - o.lr * o.weight_decay, o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { lion_pass<T>(s, a...); }, param, grad, average);
  });
}

}  // namespace xgrad::optim
