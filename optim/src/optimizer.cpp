#include <xgrad/optim/optimizer.hpp>

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include <fmt/format.h>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>

namespace xgrad::optim {

Optimizer::Optimizer(std::string name, std::vector<std::string> buffer_names)
    : name_(std::move(name)), buffer_names_(std::move(buffer_names)) {}
Optimizer::~Optimizer() = default;

void Optimizer::invalid(const std::string& rule, const Location& at) const { ErrorReport(name_.c_str(), rule, at).value_error(); }

void Optimizer::require_at_least_zero(const char* what, double value, const Location& at) const {
  if (!(value >= 0)) invalid(fmt::format("{} must be >= 0, got {}", what, value), at);
}

void Optimizer::add_params(const std::vector<Tensor>& params, const Location& at) {
  if (params.empty()) invalid("empty parameter list", at);
  std::unordered_set<const void*> seen;
  for (const Tensor& p : params_) seen.insert(p.impl());
  const std::size_t before = seen.size();
  for (std::size_t i = 0; i < params.size(); ++i) {
    const Tensor& p = params[i];
    require_defined(name_.c_str(), p, at);
    const std::string who = p.name().empty() ? fmt::format("{}", i) : fmt::format("'{}'", p.name());
    if (!p.is_leaf()) invalid(fmt::format("parameter {} is the result of an operation; only leaves can be optimized", who), at);
    if (!is_floating(p.dtype())) invalid(fmt::format("parameter {} is {}, not floating", who, xgrad::name(p.dtype())), at);
    if (!seen.insert(p.impl()).second)
      invalid(fmt::format("parameter {} is in {}", who, before ? "more than one group" : "the list twice"), at);
  }
  params_.insert(params_.end(), params.begin(), params.end());
  states_.resize(params_.size());
  counts_.push_back(params.size());
}

std::span<const Tensor> Optimizer::params(std::size_t group) const {
  if (group >= counts_.size()) throw IndexError(fmt::format("xgrad: {}: group {} of {}", name_, group, counts_.size()));
  const std::size_t first = std::accumulate(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(group), std::size_t{0});
  return {params_.data() + first, counts_[group]};
}

Tensor& Optimizer::buffer(State& s, std::size_t i, const Tensor& param) const {
  if (s.buffers.size() <= i) s.buffers.resize(buffer_names_.size());
  if (!s.buffers[i].defined()) s.buffers[i] = zeros(param.shape(), {param.dtype()});
  else if (s.buffers[i].dtype() != param.dtype()) s.buffers[i] = s.buffers[i].to(param.dtype());  // the module was cast
  return s.buffers[i];
}

void Optimizer::step() {
  NoGradGuard off;
  std::size_t i = 0;
  for (std::size_t g = 0; g < counts_.size(); ++g)
    for (const std::size_t end = i + counts_[g]; i < end; ++i) {
      Tensor& p = params_[i];
      const Tensor grad = p.grad();
      if (!grad.defined()) continue;
      ++states_[i].step;
      if (p.is_contiguous()) {
        update(g, p, grad.contiguous(), states_[i]);
        continue;
      }
      Tensor flat = p.detach().contiguous();
      update(g, flat, grad.contiguous(), states_[i]);
      p.copy_(flat);
    }
}

void Optimizer::zero_grad(bool set_to_none) {
  for (Tensor& p : params_) p.zero_grad(set_to_none);
}

void Optimizer::set_lr(double lr) {
  for (std::size_t g = 0; g < counts_.size(); ++g) set_lr(g, lr);
}
void Optimizer::set_lr(std::size_t group, double lr) {
  if (group >= counts_.size()) throw IndexError(fmt::format("xgrad: {}: group {} of {}", name_, group, counts_.size()));
  require_at_least_zero("lr", lr, Location::current());
  store_lr(group, lr);
}

NamedTensors Optimizer::state_dict() const {
  NamedTensors out;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    out.emplace_back(fmt::format("{}.step", i), full({}, states_[i].step));
    for (std::size_t b = 0; b < states_[i].buffers.size(); ++b)
      if (states_[i].buffers[b].defined()) out.emplace_back(fmt::format("{}.{}", i, buffer_names_[b]), states_[i].buffers[b].clone());
  }
  for (std::size_t g = 0; g < counts_.size(); ++g) out.emplace_back(fmt::format("group.{}.lr", g), full({}, lr(g), {kFloat64}));
  return out;
}

void Optimizer::load_state_dict(const NamedTensors& state, Location at) {
  std::vector<State> states(params_.size());
  for (State& s : states) s.step = -1;
  std::vector<double> rates(counts_.size(), -1);
  for (const auto& [key, t] : state) {
    const auto dot = key.rfind('.');
    const std::string owner = key.substr(0, dot), what = dot == std::string::npos ? "" : key.substr(dot + 1);
    const bool group = owner.starts_with("group.");
    const std::string digits = group ? owner.substr(6) : owner;
    if (digits.empty() || digits.size() > 9 || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
      invalid(fmt::format("unexpected key '{}' in the state", key), at);
    const std::size_t i = std::stoul(digits);
    const auto name = std::ranges::find(buffer_names_, what);
    if (group && what == "lr" && i < rates.size()) rates[i] = t.item<double>(at);
    else if (!group && i < states.size() && what == "step") {
      states[i].step = t.item<std::int64_t>(at);
      if (states[i].step < 0) invalid(fmt::format("'{}' is {}, not a number of steps", key, states[i].step), at);
    }
    else if (!group && i < states.size() && name != buffer_names_.end()) {
      if (!(t.shape() == params_[i].shape()))
        invalid(fmt::format("'{}' has shape {}, the parameter {}", key, to_string(t.shape()), to_string(params_[i].shape())), at);
      states[i].buffers.resize(buffer_names_.size());
      states[i].buffers[static_cast<std::size_t>(name - buffer_names_.begin())] = t.to(params_[i].dtype()).clone();
    } else invalid(fmt::format("unexpected key '{}' in the state", key), at);
  }
  for (std::size_t i = 0; i < states.size(); ++i)
    if (states[i].step < 0) invalid(fmt::format("the state lacks '{}.step': it is of fewer parameters", i), at);
  for (const double r : rates)
    if (!(r >= 0)) invalid("the state lacks the learning rate of a group", at);
  states_ = std::move(states);
  for (std::size_t g = 0; g < rates.size(); ++g) store_lr(g, rates[g]);
}

}  // namespace xgrad::optim
