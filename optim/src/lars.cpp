#include <fmt/format.h>

#include <xgrad/optim/lars.hpp>

#include "fused.hpp"
#include "norms.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct LARSStep {
  T lr, momentum, keep, weight_decay, scale;  // scale: of the gradient, with its sign
  T look, use;                                // parts of the gradient and of the buffer in the step
};

template <class T, bool Momentum>
XGRAD_CLONES void lars_pass(const LARSStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                            T* __restrict b) {
  for (std::int64_t i = 0; i < n; ++i) {
    T d = s.scale * g[i] + s.weight_decay * p[i];
    if constexpr (Momentum) {
      b[i] = s.momentum * b[i] + s.keep * d;
      d = s.look * d + s.use * b[i];
    }
    p[i] -= s.lr * d;
  }
}

// What the gradient of a parameter is multiplied by.
double trust(const LARSOptions& o, const Tensor& param, const Tensor& grad) {
  if (o.trust_coefficient == 0) return 1;
  const double p = norm_of(param), g = norm_of(grad);
  if (p == 0 || g == 0) return 1;
  return o.trust_coefficient * p / (g + o.weight_decay * p + o.eps);
}

}  // namespace

LARS::LARS(Params<LARSOptions> params, LARSOptions options, Location at)
    : OptimizerWith(params, options, at, "LARS", {"momentum_buffer?"}) {}

void LARSOptions::check(const OptionCheck& check) const {
  check.at_least_zero("momentum", momentum);
  check.at_least_zero("trust_coefficient", trust_coefficient);
  if (nesterov && (momentum <= 0 || dampening != 0))
    check.fail(fmt::format("nesterov needs a momentum > 0 and no dampening, got momentum {} and dampening {}",
                           momentum.value, dampening.value));
}

void LARS::make_state(std::size_t group, const Tensor& param, State& state) {
  if (options(group).momentum != 0) buffer(state, 0, param);
}

void LARS::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const LARSOptions& o = options(group);
  Tensor* b = o.momentum != 0 ? &buffer(state, 0, param) : nullptr;
  const double keep = state.fresh ? 1 : 1 - o.dampening;  // the buffer starts as the gradient itself
  const double scale = trust(o, param, grad);
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<LARSStep, T>(o.lr, o.momentum, keep, o.weight_decay * scale, o.maximize ? -scale : scale,
                                        o.nesterov ? 1 : 0, o.nesterov ? o.momentum.value : 1);
    for_elements<T>([&](std::int64_t n, T* p, const T* g,
                        T* pb) { pb ? lars_pass<T, true>(s, n, p, g, pb) : lars_pass<T, false>(s, n, p, g, pb); },
                    param, grad, b);
  });
}

}  // namespace xgrad::optim
