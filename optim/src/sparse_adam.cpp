#include <algorithm>
#include <cmath>

#include <xgrad/optim/sparse_adam.hpp>

#include "fused.hpp"

namespace xgrad::optim {
namespace {

template <class T>
struct SparseAdamStep {
  T beta1, rest1, beta2, rest2, rate, eps, sign;  // rest = 1 - beta
};

template <class T>
XGRAD_CLONES void row(const SparseAdamStep<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g,
                      T* __restrict m, T* __restrict v) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i];
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    v[i] = s.beta2 * v[i] + s.rest2 * d * d;
    p[i] -= s.rate * m[i] / (root(v[i]) + s.eps);
  }
}

template <class T>
bool is_zero(const T* g, std::int64_t n) {
  return std::all_of(g, g + n, [](T x) { return x == 0; });  // a NaN is none
}

}  // namespace

SparseAdam::SparseAdam(Params<SparseAdamOptions> params, SparseAdamOptions options, Location at)
    : OptimizerWith(params, options, at, "SparseAdam", {"exp_avg", "exp_avg_sq"}) {}

void SparseAdamOptions::check(const OptionCheck& check) const { check.betas(betas); }

void SparseAdam::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const SparseAdamOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  if (param.numel() == 0) return;
  const double t = static_cast<double>(state.step), b1 = o.betas[0], b2 = o.betas[1];
  const double rate = o.lr * std::sqrt(1 - std::pow(b2, t)) / (1 - std::pow(b1, t));
  const std::int64_t rows = param.dim() == 0 ? 1 : param.size(0), width = param.numel() / rows;
  with_type(param, [&]<class T>(T) {
    const auto s = rounded<SparseAdamStep, T>(b1, 1 - b1, b2, 1 - b2, rate, o.eps, o.maximize ? -1 : 1);
    T *const pp = data_of<T>(param), *const pm = data_of<T>(m), *const pv = data_of<T>(v);
    const T* const pg = data_of<T>(grad);
    const double ns = 0.1 * static_cast<double>(width) + 1;
    detail::parallel_cost(rows, ns, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin * width; i < end * width; i += width)
        if (!is_zero(pg + i, width)) row<T>(s, width, pp + i, pg + i, pm + i, pv + i);
    });
  });
}

}  // namespace xgrad::optim
