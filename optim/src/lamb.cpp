#include <cmath>

#include <xgrad/optim/lamb.hpp>

#include "fused.hpp"
#include "norms.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct LAMBStep {
  T beta1, rest1, beta2, rest2, sign;  // rest = 1 - beta
  T first, root, eps, decay;           // 1 / (1 - b1^t), 1 / sqrt(1 - b2^t)
};

template <class T>
XGRAD_CLONES void lamb_average(const LAMBStep<T>& s, std::int64_t n, const T* __restrict g, T* __restrict m,
                               T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i];
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    v[i] = s.beta2 * v[i] + s.rest2 * d * d;
  }
}

template <class T>
T direction(const LAMBStep<T>& s, T p, T m, T v) {
  return s.first * m / (root(v) * s.root + s.eps) + s.decay * p;
}

// |u|, summed in double.
template <class T>
double length(const LAMBStep<T>& s, std::int64_t n, const T* p, const T* m, const T* v) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const double u = direction(s, p[i], m[i], v[i]);
    sum += u * u;
  }
  return std::sqrt(sum);
}

template <class T>
void lamb_change(const LAMBStep<T>& s, T rate, std::int64_t n, T* __restrict p, const T* __restrict m,
                 const T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) p[i] -= rate * direction(s, p[i], m[i], v[i]);
}

}  // namespace

LAMB::LAMB(Params<LAMBOptions> params, LAMBOptions options, Location at)
    : OptimizerWith(params, options, at, "LAMB", {"exp_avg", "exp_avg_sq"}) {}

void LAMBOptions::check(const OptionCheck& check) const { check.betas(betas); }

void LAMB::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const LAMBOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  const double t = static_cast<double>(state.step), b1 = o.betas[0], b2 = o.betas[1], before = norm_of(param);
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<LAMBStep, T>(b1, 1 - b1, b2, 1 - b2, o.maximize ? -1 : 1, 1 / (1 - std::pow(b1, t)),
                                        1 / std::sqrt(1 - std::pow(b2, t)), o.eps, o.weight_decay);
    for_elements<T>([&](std::int64_t n, T* pm, const T* g, T* pv) { lamb_average<T>(s, n, g, pm, pv); }, m, grad, v);
    const double along = length<T>(s, param.numel(), data_of<T>(param), data_of<T>(m), data_of<T>(v));
    const T rate = static_cast<T>(before > 0 && along > 0 ? o.lr * before / along : o.lr.value);
    for_elements<T>([&](auto... a) { lamb_change<T>(s, rate, a...); }, param, m, v);
  });
}

}  // namespace xgrad::optim
