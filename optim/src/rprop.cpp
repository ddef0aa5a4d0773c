#include <fmt/format.h>

#include <xgrad/optim/rprop.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T shrink, grow, least, most, sign;
};

template <class T>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict before,
                       T* __restrict size) {
  for (std::int64_t i = 0; i < n; ++i) {
    T d = s.sign * g[i];
    const T product = d * before[i];
    T step = size[i] * (product > 0 ? s.grow : product < 0 ? s.shrink : T(1));
    step = step < s.least ? s.least : step > s.most ? s.most : step;
    size[i] = step;
    d = product < 0 ? T(0) : d;
    p[i] -= d > 0 ? step : d < 0 ? -step : d;  // a NaN stays one
    before[i] = d;
  }
}

template <class T>
void run(const RpropOptions& o, Tensor& param, const Tensor& grad, Tensor& before, Tensor& size) {
  const Step<T> s{static_cast<T>(o.etas[0]), static_cast<T>(o.etas[1]), static_cast<T>(o.step_sizes[0]),
                  static_cast<T>(o.step_sizes[1]), static_cast<T>(o.maximize ? -1 : 1)};
  for_elements(
      param.numel(), [&](std::int64_t n, T* p, const T* g, T* b, T* z) { pass<T>(s, n, p, g, b, z); },
      param.mutable_data<T>(), grad.data<T>(), before.mutable_data<T>(), size.mutable_data<T>());
}

}  // namespace

Rprop::Rprop(const std::vector<Tensor>& params, RpropOptions options, Location at)
    : OptimizerWith("Rprop", {"prev", "step_size"}) {
  start(params, options, at);
}
Rprop::Rprop(const std::vector<ParamGroup<RpropOptions>>& groups, RpropOptions defaults, Location at)
    : OptimizerWith("Rprop", {"prev", "step_size"}) {
  start(groups, defaults, at);
}

void Rprop::check(const RpropOptions& o, const Location& at) const {
  require_at_least_zero("lr", o.lr, at);
  if (!(o.etas[0] > 0 && o.etas[0] < 1 && o.etas[1] > 1))
    invalid(fmt::format("etas must be in (0, 1) and above 1, got {} and {}", o.etas[0], o.etas[1]), at);
  if (!(o.step_sizes[0] >= 0 && o.step_sizes[0] <= o.step_sizes[1]))
    invalid(fmt::format("step_sizes must be >= 0, the smallest first, got {} and {}", o.step_sizes[0], o.step_sizes[1]),
            at);
}

void Rprop::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param, options(group).lr);
}
void Rprop::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const RpropOptions& o = options(group);
  Tensor& before = buffer(state, 0, param);
  Tensor& size = buffer(state, 1, param, o.lr);
  with_type(param, [&](auto zero) { run<decltype(zero)>(o, param, grad, before, size); });
}

}  // namespace xgrad::optim
