#include <xgrad/optim/adagrad.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct AdagradStep {
  T rate, eps, decay, sign;
};

template <class T>
XGRAD_CLONES void adagrad_pass(const AdagradStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                               T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.decay * p[i];
    v[i] += d * d;
    p[i] -= s.rate * d / (root(v[i]) + s.eps);
  }
}

}  // namespace

Adagrad::Adagrad(Params<AdagradOptions> params, AdagradOptions options, Location at)
    : OptimizerWith(params, options, at, "Adagrad", {"sum"}) {}

void AdagradOptions::check(const OptionCheck& check) const {
  check.at_least_zero("lr_decay", lr_decay);
  check.at_least_zero("initial_accumulator_value", initial_accumulator_value);
}

void Adagrad::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param, options(group).initial_accumulator_value);
}
void Adagrad::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdagradOptions& o = options(group);
  Tensor& sum = buffer(state, 0, param, o.initial_accumulator_value);
  const double rate = o.lr / (1 + static_cast<double>(state.step - 1) * o.lr_decay);
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<AdagradStep, T>(rate, o.eps, o.weight_decay, o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { adagrad_pass<T>(s, a...); }, param, grad, sum);
  });
}

}  // namespace xgrad::optim
