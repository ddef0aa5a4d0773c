#include <xgrad/optim/adagrad.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T rate, eps, decay, sign;
};

template <class T>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    v[i] += d * d;
    p[i] -= s.rate * d / (root(v[i]) + s.eps);
  }
}

template <class T>
void run(const AdagradOptions& o, std::int64_t t, Tensor& param, const Tensor& grad, Tensor& sum) {
  const double rate = o.lr / (1 + static_cast<double>(t - 1) * o.lr_decay);
  const Step<T> s{static_cast<T>(rate), static_cast<T>(o.eps), static_cast<T>(o.weight_decay),
                  static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(), [&](std::int64_t n, T* p, const T* g, T* v) { pass<T>(s, n, p, g, v); }, param.mutable_data<T>(),
      grad.data<T>(), sum.mutable_data<T>());
}

}  // namespace

Adagrad::Adagrad(const std::vector<Tensor>& params, AdagradOptions options, Location at)
    : OptimizerWith("Adagrad", {"sum"}) {
  start(params, options, at);
}
Adagrad::Adagrad(const std::vector<ParamGroup<AdagradOptions>>& groups, AdagradOptions defaults, Location at)
    : OptimizerWith("Adagrad", {"sum"}) {
  start(groups, defaults, at);
}

void Adagrad::check(const AdagradOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("lr_decay", o.lr_decay, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  require_at_least_zero("initial_accumulator_value", o.initial_accumulator_value, at);
  require_at_least_zero("eps", o.eps, at);
}

void Adagrad::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param, options(group).initial_accumulator_value);
}
void Adagrad::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdagradOptions& o = options(group);
  Tensor& sum = buffer(state, 0, param, o.initial_accumulator_value);
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, state.step, param, grad, sum); });
}

}  // namespace xgrad::optim
