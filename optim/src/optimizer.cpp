#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>
#include <unordered_set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/optim/optimizer.hpp>
#include <xgrad/profiler.hpp>

#include "fused.hpp"

namespace xgrad::optim {

void OptionCheck::fail(const std::string& rule) const { ErrorReport(optimizer_.c_str(), rule, at_).value_error(); }

void OptionCheck::at_least_zero(const char* option, double value) const {
  if (!(value >= 0 && value < std::numeric_limits<double>::infinity()))
    fail(fmt::format("{} must be >= 0{}, got {}", option, value > 0 ? " and finite" : "", value));
}

void OptionCheck::betas(const std::array<double, 2>& betas) const {
  for (const double b : betas)
    if (!(b >= 0 && b < 1)) fail(fmt::format("betas must be in [0, 1), got {} and {}", betas[0], betas[1]));
}

Optimizer::Optimizer(std::string name, std::vector<std::string> buffer_names, std::vector<std::string> number_names)
    : name_(std::move(name)), buffer_names_(std::move(buffer_names)), number_names_(std::move(number_names)) {
  for (std::string& b : buffer_names_) {
    always_.push_back(!b.ends_with('?'));
    if (!always_.back()) b.pop_back();
  }
}
Optimizer::~Optimizer() = default;

void Optimizer::invalid(const std::string& rule, const Location& at) const {
  ErrorReport(name_.c_str(), rule, at).value_error();
}

void Optimizer::no_parameters(const Location& at) const {
  ErrorReport(name_.c_str(), "empty parameter list", at)
      .help(
          "parameters() lists what register_parameter() and register_module() were given; did you forget "
          "register_module?")
      .value_error();
}

void Optimizer::add_params(const std::vector<Tensor>& params, const Location& at) {
  if (params.empty()) no_parameters(at);
  std::unordered_set<const void*> before, seen;
  for (const Tensor& p : params_) before.insert(p.id());
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Tensor& p = params[i];
    require_defined(name_.c_str(), p, at);
    const std::string who = p.name().empty() ? fmt::format("{}", i) : fmt::format("'{}'", p.name());
    if (!p.is_leaf())
      invalid(fmt::format("parameter {} is the result of an operation; only leaves can be optimized", who), at);
    if (!is_floating(p.dtype()))
      invalid(fmt::format("parameter {} is {}, not floating", who, xgrad::name(p.dtype())), at);
    if (before.contains(p.id())) invalid(fmt::format("parameter {} is in more than one group", who), at);
    if (!seen.insert(p.id()).second) invalid(fmt::format("parameter {} is in the list twice", who), at);
  }
  const std::size_t all = params_.size() + params.size();
  states_.reserve(all);
  counts_.reserve(counts_.size() + 1);
  initial_lrs_.reserve(initial_lrs_.size() + 1);
  params_.insert(params_.end(), params.begin(), params.end());
  states_.resize(all);
  counts_.push_back(params.size());
  initial_lrs_.push_back(std::nan(""));
}

void Optimizer::require_group(std::size_t group, const Location& at) const {
  if (group >= counts_.size()) [[unlikely]]
    ErrorReport(name_.c_str(), fmt::format("group {} out of range for {} groups", group, counts_.size()), at)
        .index_error();
}

std::span<const Tensor> Optimizer::params(std::size_t group, Location at) const {
  require_group(group, at);
  const auto end = counts_.begin() + static_cast<std::ptrdiff_t>(group);
  return {params_.data() + std::accumulate(counts_.begin(), end, std::size_t{0}), counts_[group]};
}

Tensor& Optimizer::buffer(State& s, std::size_t i, const Tensor& param, double start) const {
  if (s.buffers.size() <= i) s.buffers.resize(buffer_names_.size());
  Tensor& b = s.buffers[i];
  if (!b.defined())
    b = full(buffer_shape(i, param), start, {param.dtype()});
  else if (b.dtype() != param.dtype())
    b = b.to(param.dtype());  // the module was cast
  return b;
}

double& Optimizer::number(State& s, std::size_t i, double start) const {
  if (s.numbers.size() <= i) s.numbers.resize(number_names_.size(), start);
  return s.numbers[i];
}

Shape Optimizer::buffer_shape(std::size_t, const Tensor& param) const { return param.shape(); }

void Optimizer::make_state(std::size_t, const Tensor& param, State& state) {
  for (std::size_t i = 0; i < always_.size(); ++i)
    if (always_[i]) buffer(state, i, param);
}

// One parameter in a step.
struct Optimizer::Update {
  std::size_t group, index;
  Tensor param, grad;  // contiguous, their memory laid out
};

// set_data() may have given the parameter another shape since its state was made.
void Optimizer::require_same_shape(const Tensor& param, const State& state, std::size_t index,
                                   const Location& at) const {
  for (std::size_t b = 0; b < state.buffers.size(); ++b)
    if (const Tensor& buffer = state.buffers[b]; buffer.defined() && !(buffer.shape() == buffer_shape(b, param)))
      ErrorReport(name_.c_str(), fmt::format("step: the shape of parameter {} has changed since the last step", index),
                  at)
          .operand("parameter", param)
          .operand(buffer_names_[b].c_str(), buffer)
          .help("make a new optimizer after set_data() with another shape")
          .shape_error();
}

std::vector<Optimizer::Update> Optimizer::prepare_step(const Location& at) {
  std::vector<Update> updates;
  updates.reserve(params_.size());
  try {
    std::size_t i = 0;
    for (std::size_t g = 0; g < counts_.size(); ++g)
      for (const std::size_t end = i + counts_[g]; i < end; ++i) {
        const Tensor grad = params_[i].grad();
        if (!grad.defined()) continue;
        const Tensor& p = params_[i];
        updates.push_back({g, i, p.is_contiguous() ? p : p.detach().contiguous(), grad.contiguous()});
        const Update& u = updates.back();
        with_type(u.param, [&](auto zero) { u.param.data<decltype(zero)>(), u.grad.data<decltype(zero)>(); });
        State& s = states_[i];
        require_same_shape(p, s, i, at);
        s.fresh = s.buffers.empty();  // so that what follows is taken back if it throws
        make_state(g, u.param, s);
        s.fresh = s.fresh && !s.buffers.empty();
      }
  } catch (...) {
    for (State& s : states_) {
      if (!s.fresh) continue;
      s.buffers.clear();
      s.numbers.clear();
      s.fresh = false;
    }
    throw;
  }
  return updates;
}

void Optimizer::step(Location at) {
  const detail::CallSite site(at);
  const detail::OptimizerSpan span("step", name_, at);
  NoGradGuard off;
  for (std::size_t g = 0; g < counts_.size(); ++g) check_options(g, at);  // options() may have changed them
  for (Update& u : prepare_step(at)) {
    State& s = states_[u.index];
    ++s.step;
    update(u.group, u.param, u.grad, s);
    s.fresh = false;
    if (Tensor& p = params_[u.index]; !p.is_same(u.param)) p.copy_(u.param);
  }
}

Tensor Optimizer::step(const Closure& closure, Location at) {
  if (!closure) invalid("step: the closure is empty", at);
  Tensor loss;
  {
    const GradModeGuard on(true);
    loss = closure();
  }
  step(at);
  return loss;
}

void Optimizer::zero_grad(bool set_to_none, Location at) {
  const detail::OptimizerSpan span("zero_grad", name_, at);
  for (Tensor& p : params_) p.zero_grad(set_to_none, at);
}

void Optimizer::set_lr(double lr, Location at) {
  for (std::size_t g = 0; g < counts_.size(); ++g) set_lr(g, lr, at);
}
void Optimizer::set_lr(std::size_t group, double lr, Location at) {
  require_group(group, at);
  OptionCheck(name_, at).at_least_zero("lr", lr);
  store_lr(group, lr);
}

double* Optimizer::momentum_field(std::size_t group) const {
  // The fields only point at the options; nothing is changed here.
  for (const StateField& f : const_cast<Optimizer*>(this)->option_fields(group)) {
    if (f.name == "momentum") return std::get<double*>(f.value);
    if (f.name == "betas") return std::get<std::array<double, 2>*>(f.value)->data();
  }
  return nullptr;
}
bool Optimizer::has_momentum() const { return momentum_field(0) != nullptr; }
double& Optimizer::momentum_of(std::size_t group, const Location& at) const {
  require_group(group, at);
  double* m = momentum_field(group);
  if (!m) invalid("has neither momentum nor betas", at);
  return *m;
}
double Optimizer::momentum(std::size_t group, Location at) const { return momentum_of(group, at); }
void Optimizer::set_momentum(std::size_t group, double momentum, Location at) {
  double& m = momentum_of(group, at);
  const double before = std::exchange(m, momentum);
  try {
    check_options(group, at);
  } catch (...) {
    m = before;
    throw;
  }
}

double Optimizer::initial_lr(std::size_t group, Location at) const {
  require_group(group, at);
  return initial_lrs_[group];
}
void Optimizer::set_initial_lr(std::size_t group, double lr, Location at) {
  require_group(group, at);
  initial_lrs_[group] = lr;
}

std::vector<std::string> Optimizer::load_shared_state(const NamedTensors& state, bool, const Location&) {
  std::vector<std::string> unknown;
  for (const auto& [key, t] : state) unknown.push_back(key);
  return unknown;
}

std::ostream& operator<<(std::ostream& os, const Optimizer& o) {
  os << o.name() << '(';
  for (std::size_t g = 0; g < o.num_groups(); ++g)
    os << (g ? "; " : "") << o.params(g).size() << " parameters, lr=" << fmt::format("{}", o.lr(g));
  return os << ')';
}

}  // namespace xgrad::optim
