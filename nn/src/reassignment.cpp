// What assigning to a registered member of a module means: a handle shows something else, and the module's lists, and
// optimizers made of them, keep what nobody uses any more.
#include <atomic>

#include <fmt/format.h>

#include <xgrad/check.hpp>

#include "module_state.hpp"

namespace xgrad::nn {
namespace {

// Entries and children that were left so, in all modules: as long as there are none, nobody needs to look.
std::atomic<std::int64_t> replacements{0};

// A handle that counts, in the place of one that was borrowed; see Module::as().
template <class T>
std::shared_ptr<T> counting(std::shared_ptr<T> p) noexcept {
  if (p && p.use_count() == 0 && !Borrowing::covers(p.get())) p = p->weak_from_this().lock();
  return p;
}

std::shared_ptr<xgrad::detail::Registration> counterpart_of(const std::shared_ptr<xgrad::detail::Registration>& entry) {
  return counting(std::static_pointer_cast<xgrad::detail::Registration>(xgrad::detail::counterpart(entry, nullptr)));
}

[[noreturn]] void refuse(const std::string& path, const std::string& by, const char* help, const Location& at) {
  ErrorReport("Module", fmt::format("'{}' was exchanged by assignment, which does not change what is registered", path),
              at)
      .line("now", by.empty() ? "a tensor without a name" : by)
      .help(help)
      .value_error();
}

// "decoder.weight", as it is called from the outermost module.
std::string full_name(const std::string& path, const Tensor& t) {
  return t.defined() && t.name().ends_with(path) ? t.name() : path;
}

}  // namespace

Parameter::Parameter(const Parameter& o) : Tensor(xgrad::detail::counterpart(o)), entry_(counterpart_of(o.entry_)) {}

Parameter& Parameter::operator=(const Parameter& o) {
  Parameter copy(o);
  return *this = std::move(copy);
}

Parameter& Parameter::operator=(Parameter&& o) noexcept {
  if (this == &o) return *this;
  const std::shared_ptr<xgrad::detail::Registration> before = std::exchange(entry_, std::move(o.entry_));
  Tensor::operator=(static_cast<Tensor&&>(o));
  // Held by the module's list and here, or borrowed: no other Parameter shows it.
  if (before && before != entry_ && (before.use_count() == 2 || before.use_count() == 0) && !before->replaced) {
    before->replaced = true;
    if (defined()) before->replaced_by = name();
    ++replacements;
  }
  return *this;
}

std::shared_ptr<Module::State> Module::owned(std::shared_ptr<State> s) noexcept { return counting(std::move(s)); }

Module::Module(const Module& o)
    : state_(owned(std::static_pointer_cast<State>(xgrad::detail::counterpart(o.state_, nullptr)))) {
  note_copy(state_.get());
}
Module::Module(Module&& o) noexcept : state_(owned(std::move(o.state_))) {}
Module& Module::operator=(const Module& o) {
  rebind(owned(std::static_pointer_cast<State>(xgrad::detail::counterpart(o.state_, nullptr))));
  return *this;
}
Module& Module::operator=(Module&& o) noexcept {
  rebind(owned(std::move(o.state_)));
  return *this;
}

void Module::rebind(std::shared_ptr<State> next) noexcept {
  const std::shared_ptr<State> before = std::exchange(state_, Held(std::move(next)));
  if (!before || before == state_ || !before->has_parent || before->replaced) return;
  if (before.use_count() != 2 && before.use_count() != 0) return;
  before->replaced = true;
  if (state_) before->replaced_by = state_->info->label;
  ++replacements;
}

Module::State::~State() {
  if (object) type->destroy(object);
  std::int64_t gone = replaced;
  for (const auto* entries : {&parameter_entries, &buffer_entries})
    for (const auto& e : *entries) gone += e->replaced;
  for (const Computed& c : computed) gone += c.entry->replaced;
  if (gone) replacements -= gone;
}

void Module::require_intact(const Location& at) const {
  if (!state_) xgrad::detail::empty_module(typeid(Module), at);
  if (replacements.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  visit(*state_, "", [&](const std::string& path, const State& s) {
    const auto check = [&](const NamedTensors& list,
                           const std::vector<std::shared_ptr<xgrad::detail::Registration>>& entries) {
      for (std::size_t i = 0; i < entries.size(); ++i)
        if (entries[i]->replaced)
          refuse(full_name(joined_path(path, list[i].first), list[i].second), entries[i]->replaced_by,
                 "register_parameter() is the way in. Copy values with copy_(); share a parameter when the module is "
                 "made (weight tying): nn::Linear::from_weight(embedding.weight)",
                 at);
    };
    check(s.parameters, s.parameter_entries);
    check(s.buffers, s.buffer_entries);
    for (const State::Computed& c : s.computed) check({{c.name, c.shown}}, {c.entry});
    for (const auto& [name, child] : s.children)
      if (child->replaced)
        refuse(joined_path(path, name), child->replaced_by,
               "register_module() is the way in, net.fc = net.replace_module(\"fc\", ...) exchanges it. Copy values "
               "with load_state_dict(), or make the module before it is registered",
               at);
  });
}

std::shared_ptr<const ModuleInfo> Module::info(const Location& at) const {
  if (replacements.load(std::memory_order_relaxed) != 0) [[unlikely]]
    require_intact(at);
  return state_->info;
}

void Module::require_shown(std::span<const Tensor* const> members, const Location& at) const {
  if (has_computed()) return;  // the copy that is called shows them
  std::size_t i = 0;
  for (const Tensor* member : members) {
    if (i == state_->parameters.size()) return;  // without bias
    const auto& [name, t] = state_->parameters[i++];
    if (!t.is_same(*member)) [[unlikely]]
      refuse(full_name(name, t), member->defined() ? member->name() : "undefined",
             "register_parameter() is the way in. Copy values with copy_()", at);
  }
}

}  // namespace xgrad::nn
