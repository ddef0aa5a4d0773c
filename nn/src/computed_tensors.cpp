#include "computed_tensors.hpp"

#include <mutex>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/factory.hpp>

namespace xgrad::nn {

bool Module::has_computed() const { return !state_->computed.empty(); }

}  // namespace xgrad::nn

namespace xgrad::detail {
namespace {

template <class List>
auto named(List& list, const std::string& name) {
  return std::ranges::find_if(list, [&](const auto& p) { return p.first == name; });
}
template <class States>
auto computed_named(States& s, const std::string& name) {
  return std::ranges::find_if(s.computed, [&](const auto& c) { return c.name == name; });
}

// A model may be called by several threads at once; all of them write the same values.
void show(const Tensor& shown, const Tensor& value, const Location& at) {
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  const NoGradGuard off;
  Tensor target = shown;
  target.copy_(value.detach(), at);
}

void require_same_form(const nn::Module& m, const std::string& name, const Tensor& shown, const Tensor& value,
                       const Location& at) {
  if (value.defined() && value.shape() == shown.shape() && value.dtype() == shown.dtype()) return;
  ErrorReport report(m.label().c_str(),
                     fmt::format("what '{}' is computed from gives another shape or type than the parameter has", name),
                     at);
  report.operand("parameter", shown);
  if (value.defined()) report.operand("computed", value);
  report.shape_error();
}

}  // namespace

std::vector<std::pair<Tensor, Tensor>> ComputedTensors::values(const nn::Module& m, const Location& at) {
  std::vector<std::pair<Tensor, Tensor>> all;
  for (const State::Computed& c : m.state_->computed) {
    Tensor value = c.value(m.state_->training, at);
    require_same_form(m, c.name, c.shown, value, at);
    if (!m.state_->keeps_shown) show(c.shown, value, at);
    all.emplace_back(c.shown, std::move(value));
  }
  return all;
}

Tensor ComputedTensors::value(const nn::Module& m, const std::string& name, const Location& at) {
  const auto found = computed_named(*m.state_, name);
  if (found == m.state_->computed.end())
    ErrorReport(m.label().c_str(), fmt::format("'{}' is not computed from others", name), at).value_error();
  return found->value(m.state_->training, at);
}

bool ComputedTensors::any(const nn::Module& m) { return !m.state_->computed.empty(); }

std::vector<std::string> ComputedTensors::names(const nn::Module& m) {
  std::vector<std::string> all;
  for (const State::Computed& c : m.state_->computed) all.push_back(c.name);
  return all;
}

const char* ComputedTensors::maker(const nn::Module& m, const std::string& name) {
  const auto found = computed_named(*m.state_, name);
  return found == m.state_->computed.end() ? nullptr : found->maker;
}

Tensor ComputedTensors::parameter(const nn::Module& m, const std::string& name, const char* op, const Location& at) {
  const State& s = *m.state_;
  if (const auto found = named(s.parameters, name); found != s.parameters.end() && found->second.defined())
    return found->second;
  if (const char* other = maker(m, name))
    ErrorReport(op, fmt::format("'{}' of {} is computed already, by {}", name, m.label(), other), at).value_error();
  std::vector<std::string> names;
  for (const auto& [key, t] : s.parameters)
    if (t.defined()) names.push_back(key);
  ErrorReport report(op, fmt::format("{} has no parameter '{}'", m.label(), name), at);
  report.line("parameters", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
  if (const std::string meant = nn::probably(name, names); !meant.empty())
    report.help(fmt::format("did you mean '{}'?", meant));
  report.value_error();
}

void ComputedTensors::replace(const nn::Module& m, const std::string& name, const char* maker, Value value,
                              const Location& at) {
  State& s = *m.state_;
  const auto found = named(s.parameters, name);
  const auto i = found - s.parameters.begin();
  State::Computed c{
      name,  found->second,   s.parameter_entries[static_cast<std::size_t>(i)], static_cast<std::size_t>(i),
      maker, std::move(value)};
  auto behind = s.computed.begin();  // places count as if all were still there
  for (; behind != s.computed.end() && behind->place <= c.place; ++behind) ++c.place;
  const Tensor first = c.value(false, at);
  require_same_form(m, name, c.shown, first, at);
  s.parameters.erase(found);
  s.parameter_entries.erase(s.parameter_entries.begin() + i);
  c.shown.set_grad(Tensor());
  c.shown.requires_grad_(false);
  show(c.shown, first, at);
  s.computed.insert(behind, std::move(c));
}

void ComputedTensors::append(const nn::Module& m, const std::string& name, const std::function<Value(Value)>& more,
                             const Location& at) {
  const auto found = computed_named(*m.state_, name);
  Value longer = more(found->value);
  const Tensor first = longer(false, at);
  require_same_form(m, name, found->shown, first, at);
  found->value = std::move(longer);
  show(found->shown, first, at);
}

void ComputedTensors::refresh(const nn::Module& m, const std::string& name, const Location& at) {
  const auto found = computed_named(*m.state_, name);
  const NoGradGuard off;
  show(found->shown, found->value(false, at), at);
}

void ComputedTensors::require(const nn::Module& m, const std::string& name, const char* maker, const char* op,
                              const Location& at) {
  const char* by = ComputedTensors::maker(m, name);
  if (by && std::string(by) == maker) return;
  ErrorReport report(op, fmt::format("'{}' of {} was not made by {}", name, m.label(), maker), at);
  const std::vector<std::string> all = names(m);
  report.line("computed", all.empty() ? "nothing" : fmt::format("{}", fmt::join(all, ", ")));
  report.value_error();
}

void ComputedTensors::restore(const nn::Module& m, const std::string& name, const Tensor& values, bool requires_grad,
                              const Location& at) {
  State& s = *m.state_;
  const auto found = computed_named(s, name);
  show(found->shown, values, at);
  found->shown.requires_grad_(requires_grad);
  auto place = static_cast<std::ptrdiff_t>(found->place) - (found - s.computed.begin());
  place = std::min(place, static_cast<std::ptrdiff_t>(s.parameters.size()));
  s.parameters.emplace(s.parameters.begin() + place, name, found->shown);
  s.parameter_entries.insert(s.parameter_entries.begin() + place, found->entry);
  s.computed.erase(found);
}

nn::Parameter ComputedTensors::lazy(nn::Module& m, const std::string& name, const Shape& shape, const Location& at) {
  m.state_->lazy.emplace(name, shape);
  return m.register_parameter(name, empty({0}), true, at);
}

nn::Parameter ComputedTensors::lazy_buffer(nn::Module& m, const std::string& name, const Shape& shape,
                                           const Location& at) {
  m.state_->lazy.emplace(name, shape);
  return m.register_buffer(name, empty({0}), true, at);
}

bool ComputedTensors::waits_for_shape(const nn::Module& m, const std::string& name) {
  const State& s = *m.state_;
  if (!s.lazy.contains(name)) return false;
  const auto found = named(s.parameters, name);
  return found != s.parameters.end() && nn::without_shape(found->second);
}

std::shared_ptr<nn::WeightRules>& ComputedTensors::rules(const nn::Module& m) { return m.state_->rules; }
std::string& ComputedTensors::label(const nn::Module& m) { return m.state_->info->label; }

void ComputedTensors::drop(const nn::Module& m, const std::string& name) {
  State& s = *m.state_;
  const auto drop_from = [&](NamedTensors& list, std::vector<std::shared_ptr<Registration>>& entries) {
    const auto found = named(list, name);
    if (found == list.end()) return;
    entries.erase(entries.begin() + (found - list.begin()));
    list.erase(found);
  };
  drop_from(s.parameters, s.parameter_entries);
  drop_from(s.buffers, s.buffer_entries);
  s.transient.erase(name);
  std::erase_if(s.children, [&](const auto& child) { return child.first == name; });
}

nn::Module ComputedTensors::child(const nn::Module& m, const std::string& name) {
  for (auto& [key, module] : m.named_children())
    if (key == name) return module;
  return nn::Module(nullptr);
}

}  // namespace xgrad::detail
