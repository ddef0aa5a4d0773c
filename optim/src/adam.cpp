#include <xgrad/optim/adam.hpp>

#include <cmath>

#include <fmt/format.h>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T beta1, rest1, beta2, rest2;  // rest = 1 - beta
  T rate, root, eps;             // lr / (1 - b1^t), 1 / sqrt(1 - b2^t)
  T decay, shrink, sign;         // L2 weight decay, decoupled factor, -1 to maximize
};

template <class T, bool Ams>
XGRAD_CLONES void pass(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict m,
                       T* __restrict v, T* __restrict top) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T w = p[i] * s.shrink;
    const T d = s.sign * g[i] + s.decay * w;
    m[i] = s.beta1 * m[i] + s.rest1 * d;
    v[i] = s.beta2 * v[i] + s.rest2 * d * d;
    T second = v[i];
    if constexpr (Ams) second = top[i] = top[i] > second ? top[i] : second;
    T root;
    if constexpr (sizeof(T) == 4) root = __builtin_sqrtf(second);
    else root = __builtin_sqrt(second);
    p[i] = w - s.rate * m[i] / (root * s.root + s.eps);
  }
}

template <class T>
void run(const AdamOptions& o, bool decoupled, std::int64_t t, Tensor& param, const Tensor& grad, Tensor& m, Tensor& v, Tensor* top) {
  const double step = static_cast<double>(t), b1 = o.betas[0], b2 = o.betas[1];
  const Step<T> s{static_cast<T>(b1), static_cast<T>(1 - b1), static_cast<T>(b2), static_cast<T>(1 - b2),
                  static_cast<T>(o.lr / (1 - std::pow(b1, step))), static_cast<T>(1 / std::sqrt(1 - std::pow(b2, step))),
                  static_cast<T>(o.eps), static_cast<T>(decoupled ? 0 : o.weight_decay),
                  static_cast<T>(decoupled ? 1 - o.lr * o.weight_decay : 1), static_cast<T>(o.maximize ? -1 : 1)};
  T* p = param.mutable_data<T>();
  const T* g = grad.data<T>();
  T* pm = m.mutable_data<T>();
  T* pv = v.mutable_data<T>();
  T* pt = top ? top->mutable_data<T>() : nullptr;
  detail::parallel_cost(param.numel(), 0.7, [&](std::int64_t a, std::int64_t b) {
    if (pt) pass<T, true>(s, b - a, p + a, g + a, pm + a, pv + a, pt + a);
    else pass<T, false>(s, b - a, p + a, g + a, pm + a, pv + a, nullptr);
  });
}

const std::vector<std::string> kBuffers{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};

AdamOptions as_adam(const AdamWOptions& o) { return {o.lr, o.betas, o.eps, o.weight_decay, o.amsgrad, o.maximize}; }

}  // namespace

Adam::Adam(const char* name, bool decoupled) : Optimizer(name, kBuffers), decoupled_(decoupled) {}
Adam::Adam(const std::vector<Tensor>& params, AdamOptions options, Location at) : Adam("Adam", false) { add(params, options, at); }
Adam::Adam(const std::vector<ParamGroup<AdamOptions>>& groups, Location at) : Adam("Adam", false) {
  if (groups.empty()) invalid("empty parameter list", at);
  for (const auto& g : groups) add(g.params, g.options, at);
}
AdamW::AdamW(const std::vector<Tensor>& params, AdamWOptions options, Location at) : Adam("AdamW", true) {
  add(params, as_adam(options), at);
}
AdamW::AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups, Location at) : Adam("AdamW", true) {
  if (groups.empty()) invalid("empty parameter list", at);
  for (const auto& g : groups) add(g.params, as_adam(g.options), at);
}

void Adam::add(const std::vector<Tensor>& params, const AdamOptions& o, const Location& at) {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("eps", o.eps, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  for (const double b : o.betas)
    if (!(b >= 0 && b < 1)) invalid(fmt::format("betas must be in [0, 1), got {} and {}", o.betas[0], o.betas[1]), at);
  add_params(params, at);
  options_.push_back(o);
}

void Adam::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const AdamOptions& o = options_[group];
  Tensor& m = buffer(state, 0, param);
  Tensor& v = buffer(state, 1, param);
  Tensor* top = o.amsgrad ? &buffer(state, 2, param) : nullptr;
  if (param.dtype() == kFloat64) run<double>(o, decoupled_, state.step, param, grad, m, v, top);
  else run<float>(o, decoupled_, state.step, param, grad, m, v, top);
}

}  // namespace xgrad::optim
