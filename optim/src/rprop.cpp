#include <fmt/format.h>

#include <xgrad/optim/rprop.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct RpropStep {
  T shrink, grow, least, most, sign;
};

template <class T>
XGRAD_CLONES void rprop_pass(const RpropStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                             T* __restrict before, T* __restrict size) {
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

}  // namespace

Rprop::Rprop(Params<RpropOptions> params, RpropOptions options, Location at)
    : OptimizerWith(params, options, at, "Rprop", {"prev", "step_size"}) {}

void RpropOptions::check(const OptionCheck& check) const {
  if (!(etas[0] > 0 && etas[0] < 1 && etas[1] > 1))
    check.fail(fmt::format("etas must be one number in (0, 1) and one above 1, got {} and {}", etas[0], etas[1]));
  if (!(step_sizes[0] >= 0 && step_sizes[0] <= step_sizes[1]))
    check.fail(fmt::format("step_sizes must be >= 0, the smallest first, got {} and {}", step_sizes[0], step_sizes[1]));
}

void Rprop::make_state(std::size_t group, const Tensor& param, State& state) {
  buffer(state, 0, param);
  buffer(state, 1, param, options(group).lr);
}
void Rprop::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const RpropOptions& o = options(group);
  Tensor& before = buffer(state, 0, param);
  Tensor& size = buffer(state, 1, param, o.lr);
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<RpropStep, T>(o.etas[0], o.etas[1], o.step_sizes[0], o.step_sizes[1], o.maximize ? -1 : 1);
    for_elements<T>([&](auto... a) { rprop_pass<T>(s, a...); }, param, grad, before, size);
  });
}

}  // namespace xgrad::optim
