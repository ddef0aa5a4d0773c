#include <xgrad/optim/sgd.hpp>

#include <fmt/format.h>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

namespace xgrad::optim {
namespace {

template <class T>
struct Step {
  T lr, momentum, keep, weight_decay, sign;
  bool nesterov;
};

template <class T>
XGRAD_CLONES void plain(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g) {
  for (std::int64_t i = 0; i < n; ++i) p[i] -= s.lr * (s.sign * g[i] + s.weight_decay * p[i]);
}

template <class T>
XGRAD_CLONES void with_momentum(const Step<T>& s, std::int64_t n, T* __restrict p, const T* __restrict g, T* __restrict b) {
  const T look = s.nesterov ? T(1) : T(0), use = s.nesterov ? s.momentum : T(1);
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = s.sign * g[i] + s.weight_decay * p[i];
    b[i] = s.momentum * b[i] + s.keep * d;
    p[i] -= s.lr * (look * d + use * b[i]);
  }
}

template <class T>
void run(const SGDOptions& o, bool first, Tensor& param, const Tensor& grad, Tensor* buffer) {
  const T keep = first ? T(1) : static_cast<T>(1 - o.dampening);  // the buffer starts as the gradient itself
  const Step<T> s{static_cast<T>(o.lr), static_cast<T>(o.momentum), keep, static_cast<T>(o.weight_decay),
                  static_cast<T>(o.maximize ? -1 : 1), o.nesterov};
  T* p = param.mutable_data<T>();
  const T* g = grad.data<T>();
  T* b = buffer ? buffer->mutable_data<T>() : nullptr;
  detail::parallel_cost(param.numel(), 0.3, [&](std::int64_t from, std::int64_t to) {
    if (b) with_momentum<T>(s, to - from, p + from, g + from, b + from);
    else plain<T>(s, to - from, p + from, g + from);
  });
}

}  // namespace

SGD::SGD(const std::vector<Tensor>& params, SGDOptions options, Location at) : Optimizer("SGD", {"momentum_buffer"}) {
  add(params, options, at);
}
SGD::SGD(const std::vector<ParamGroup<SGDOptions>>& groups, Location at) : Optimizer("SGD", {"momentum_buffer"}) {
  if (groups.empty()) invalid("empty parameter list", at);
  for (const auto& g : groups) add(g.params, g.options, at);
}

void SGD::add(const std::vector<Tensor>& params, const SGDOptions& o, const Location& at) {
  require_at_least_zero("lr", o.lr, at);
  require_at_least_zero("momentum", o.momentum, at);
  require_at_least_zero("weight_decay", o.weight_decay, at);
  if (o.nesterov && (o.momentum <= 0 || o.dampening != 0))
    invalid(fmt::format("nesterov needs a momentum > 0 and no dampening, got momentum {} and dampening {}", o.momentum, o.dampening), at);
  add_params(params, at);
  options_.push_back(o);
}

void SGD::update(std::size_t group, Tensor& param, const Tensor& grad, State& state) {
  const SGDOptions& o = options_[group];
  const bool first = state.buffers.empty();
  Tensor* b = o.momentum != 0 ? &buffer(state, 0, param) : nullptr;
  if (param.dtype() == kFloat64) run<double>(o, first, param, grad, b);
  else run<float>(o, first, param, grad, b);
}

}  // namespace xgrad::optim
