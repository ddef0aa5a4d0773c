#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/matmul.hpp>
#include <xgrad/optim/muon.hpp>

#include "fused.hpp"
#include "norms.hpp"

namespace xgrad::optim {
namespace {

constexpr std::int64_t kMostIterations = 99;  // as in PyTorch

template <class T>
struct MuonStep {
  T keep, rest, look, use;  // of the average and the gradient in it; of the gradient and the average in the step
};

// Averages the gradient, and writes the direction before it is made orthogonal.
template <class T>
XGRAD_CLONES void muon_average(const MuonStep<T>& s, std::int64_t n, T* __restrict u, const T* __restrict g,
                               T* __restrict m) {
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] = s.keep * m[i] + s.rest * g[i];
    u[i] = s.look * g[i] + s.use * m[i];
  }
}

template <class T>
struct Change {
  T shrink, rate;
};
template <class T>
XGRAD_CLONES void muon_change(const Change<T>& s, std::int64_t n, T* __restrict p, const T* __restrict u) {
  for (std::int64_t i = 0; i < n; ++i) p[i] = s.shrink * p[i] - s.rate * u[i];
}

// The Newton-Schulz iteration brings the singular values near 1. The products are those of the shorter side.
Tensor orthogonal(Tensor x, const MuonOptions& o) {
  x = x / std::max(norm_of(x), o.eps.value);
  const bool tall = x.size(0) > x.size(1);
  if (tall) x = x.t();
  const double a = o.ns_coefficients.value[0], b = o.ns_coefficients.value[1], c = o.ns_coefficients.value[2];
  for (std::int64_t k = 0; k < o.ns_steps; ++k) {
    const Tensor gram = matmul(x, x.t());
    x = a * x + matmul(b * gram + c * matmul(gram, gram), x);
  }
  return (tall ? x.t() : x).contiguous();
}

double adjusted(double lr, MuonAdjust how, const Tensor& param) {
  const double rows = static_cast<double>(param.size(0)), columns = static_cast<double>(param.size(1));
  if (how == MuonAdjust::match_rms_adamw) return lr * 0.2 * std::sqrt(std::max(rows, columns));
  return lr * std::sqrt(std::max(1.0, rows / columns));
}

}  // namespace

Muon::Muon(Params<MuonOptions> params, MuonOptions options, Location at)
    : OptimizerWith(params, options, at, "Muon", {"momentum_buffer"}) {
  for (std::size_t g = 0; g < num_groups(); ++g) check_options(g, at);
}

void MuonOptions::check(const OptionCheck& check) const {
  if (!(momentum >= 0 && momentum < 1)) check.fail(fmt::format("momentum must be in [0, 1), got {}", momentum.value));
  if (ns_steps < 0 || ns_steps > kMostIterations)
    check.fail(fmt::format("ns_steps must be in 0..{}, got {}", kMostIterations, ns_steps.value));
  if (ns_coefficients.value.size() != 3)
    check.fail(fmt::format("ns_coefficients must be three numbers, got {}", ns_coefficients.value.size()));
}

// A group that add_param_group() is about to add has no parameters yet; the next step checks them.
void Muon::check_options(std::size_t group, const Location& at) const {
  OptimizerWith::check_options(group, at);
  if (group >= num_groups()) return;
  for (const Tensor& p : params(group, at))
    if (p.dim() != 2)
      ErrorReport("Muon", "parameters must be matrices", at)
          .operand("parameter", p)
          .help("give vectors, biases and convolutions to another optimizer, AdamW for instance")
          .value_error();
}

void Muon::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const MuonOptions& o = options(group);
  Tensor& m = buffer(state, 0, param);
  if (param.numel() == 0) return;
  with_type(param, [&]<class T>(T) {
    Tensor direction = empty_like(param.detach());
    const auto s = rounded<MuonStep, T>(o.momentum, 1 - o.momentum, o.nesterov ? 1 - o.momentum : 0.0,
                                        o.nesterov ? o.momentum.value : 1.0);
    for_elements<T>([&](auto... a) { muon_average<T>(s, a...); }, direction, grad, m);
    const Tensor u = orthogonal(direction, o);
    const auto c = rounded<Change, T>(1 - o.lr * o.weight_decay, adjusted(o.lr, o.adjust_lr_fn, param));
    for_elements<T>([&](auto... a) { muon_change<T>(c, a...); }, param, u);
  });
}

}  // namespace xgrad::optim
