#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>
#include <ostream>
#include <unordered_set>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/call_site.hpp>
#include <xgrad/check.hpp>
#include <xgrad/tape.hpp>

#include "module_state.hpp"

namespace xgrad::detail {

std::string type_name(const std::type_info& type) {
  int status = 0;
  char* text = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string s = status == 0 ? text : type.name();
  std::free(text);
  // Net of models::Net<std::vector<int>, 3>: from the last "::" outside of brackets to the arguments of the template.
  std::size_t begin = 0, end = s.size();
  int depth = 0;
  for (std::size_t i = s.size(); i-- > 0;) {
    if (s[i] == '>' || s[i] == ')' || s[i] == ']') ++depth;
    if (s[i] == '<' || s[i] == '(' || s[i] == '[') --depth;
    if (depth == 0 && (s[i] == '<' || s[i] == '[') && end == s.size()) end = i;
    if (depth > 0 || s[i] != ':') continue;
    begin = i + 1;
    break;
  }
  return s.substr(begin, end - begin);
}

}  // namespace xgrad::detail

namespace xgrad::nn {

namespace {

void require_free_name(const char* op, bool taken, const std::string& name, const Location& at) {
  if (taken) ErrorReport(op, fmt::format("'{}' is already registered", name), at).value_error();
  if (name.empty() || name.find('.') != std::string::npos)
    ErrorReport(op, fmt::format("'{}' is not a valid name (it must be not empty and have no dots)", name), at)
        .value_error();
}

}  // namespace

Module::Module(std::string label) : state_(std::make_shared<State>()) { state_->info->label = std::move(label); }

Parameter Module::register_parameter(const std::string& name, Tensor value, bool requires_grad, Location at) {
  require_free_name("register_parameter", state_->has(name), name, at);
  if (value.defined()) {
    if (!value.is_leaf())
      ErrorReport("register_parameter", fmt::format("'{}' is the result of an operation; parameters are leaves", name),
                  at)
          .operand("value", value)
          .help("register value.detach()")
          .value_error();
    value.requires_grad_(requires_grad, at);
    detail::mark_parameter(value);
    if (value.name().empty()) value.set_name(joined_path(state_->info->path(), name));
  }
  state_->parameters.emplace_back(name, value);
  state_->parameter_entries.push_back(std::make_shared<detail::Registration>());
  return {value, state_->parameter_entries.back()};
}

Parameter Module::register_buffer(const std::string& name, Tensor value, bool persistent, Location at) {
  require_free_name("register_buffer", state_->has(name), name, at);
  if (value.defined() && value.name().empty()) value.set_name(joined_path(state_->info->path(), name));
  if (!persistent) state_->transient.insert(name);
  state_->buffers.emplace_back(name, value);
  state_->buffer_entries.push_back(std::make_shared<detail::Registration>());
  return {value, state_->buffer_entries.back()};
}

void Module::add_child(const std::string& name, Module& child, const Location& at) {
  require_free_name("register_module", state_->has(name), name, at);
  adopt(name, child, "register_module", at);
  state_->children.emplace_back(name, child.state_);
}

void Module::exchange_child(const std::string& name, Module& child, const Location& at) {
  const auto named = [&](const auto& c) { return c.first == name; };
  const auto place = std::ranges::find_if(state_->children, named);
  if (place == state_->children.end()) {
    std::vector<std::string> names;
    for (const auto& [other, c] : state_->children) names.push_back(other);
    ErrorReport("replace_module", fmt::format("no child '{}'", name), at)
        .line("children", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")))
        .value_error();
  }
  adopt(name, child, "replace_module", at);
  const std::shared_ptr<State> before = std::exchange(place->second, child.state_);
  const bool still = std::ranges::any_of(state_->children, [&](const auto& c) { return c.second == before; });
  before->set_parent(still ? state_ : nullptr);
}

// Names the child and what is in it. A weight that two modules share keeps the name that it got first.
void Module::adopt(const std::string& name, Module& child, const char* op, const Location& at) {
  std::unordered_set<const State*> below;
  visit(*child.state_, name, [&](const std::string&, const State& s) {
    if (&s == state_.get()) ErrorReport(op, fmt::format("'{}' would contain itself", name), at).value_error();
    below.insert(&s);
  });
  child.state_->set_parent(state_);
  child.state_->info->name = name;
  const std::string place = child.state_->info->path();  // this module may be registered already, and filled now
  std::unordered_set<const void*> seen;
  const auto see = [&](const std::string&, const State& s) {
    if (below.contains(&s)) return;
    for (const auto& [leaf, t] : s.parameters) seen.insert(t.id());
  };
  see("", *state_);
  bool searched = false;
  visit(*child.state_, "", [&](const std::string& path, const State& s) {
    for (const auto& [leaf, t] : s.parameters) {
      Tensor p = t;
      if (!p.defined()) continue;
      const std::string own = joined_path(path, leaf);
      if (p.name() != own && !searched) {  // named before, here or elsewhere
        std::shared_ptr<State> root = state_;
        while (auto up = root->parent.lock()) root = std::move(up);
        visit(*root, "", see);
        searched = true;
      }
      if (seen.insert(p.id()).second) p.set_name(joined_path(place, own));
    }
  });
}

thread_local const std::unordered_set<const void*>* Borrowing::current = nullptr;

void Module::keep_typed(const detail::TypedCopy& type, const void* module, bool again) const {
  if (state_->object && !again) return;
  std::unordered_set<const void*> all;
  visit(*state_, "", [&](const std::string&, const State& s) {
    all.insert(&s);
    for (const auto* entries : {&s.parameter_entries, &s.buffer_entries})
      for (const auto& e : *entries) all.insert(e.get());
    for (const State::Computed& c : s.computed) all.insert(c.entry.get());
  });
  const Borrowing borrowing(std::move(all));
  void* made = type.copy(module);
  if (state_->object) state_->type->destroy(state_->object);
  state_->object = made;
  state_->type = &type;
}

void* Module::typed(const std::type_info& type) const {
  return state_.get() && state_->object && *state_->type->type == type ? state_->object : nullptr;
}

void Module::set_label(std::string label) { state_->info->label = std::move(label); }
void Module::set_default_label(const std::type_info& type) {
  if (state_->info->label.empty()) state_->info->label = detail::type_name(type);
  if (state_->info->name.empty()) {  // a root is known by its type
    const std::string& label = state_->info->label;
    state_->info->name = label.substr(0, label.find('('));
  }
}
const std::string& Module::label() const { return state_->info->label; }
const std::string& Module::name() const { return state_->info->name; }
bool Module::is_training() const { return state_->training; }

NamedTensors Module::named_parameters(bool recurse, Location at) const {
  require_intact(at);
  NamedTensors out;
  std::unordered_set<const void*> seen;
  auto take = [&](const std::string& path, const State& s) {
    for (const auto& [name, t] : s.parameters)
      if (t.defined() && seen.insert(t.id()).second) out.emplace_back(joined_path(path, name), t);
  };
  if (recurse)
    visit(*state_, "", take);
  else
    take("", *state_);
  return out;
}

NamedTensors Module::named_buffers(bool recurse, Location at) const {
  require_intact(at);
  NamedTensors out;
  auto take = [&](const std::string& path, const State& s) {
    for (const auto& [name, t] : s.buffers)
      if (t.defined()) out.emplace_back(joined_path(path, name), t);
  };
  if (recurse)
    visit(*state_, "", take);
  else
    take("", *state_);
  return out;
}

std::vector<Tensor> Module::parameters(bool recurse, Location at) const {
  std::vector<Tensor> out;
  for (auto& p : named_parameters(recurse, at)) out.push_back(std::move(p.second));
  return out;
}

std::vector<std::pair<std::string, Module>> Module::named_children() const {
  std::vector<std::pair<std::string, Module>> out;
  for (const auto& [name, child] : state_->children) out.emplace_back(name, Module(child));
  return out;
}

std::vector<std::pair<std::string, Module>> Module::named_modules() const {
  std::vector<std::pair<std::string, Module>> out{{"", *this}};
  for (const auto& [name, child] : named_children())
    for (auto& [path, m] : child.named_modules())
      if (std::ranges::none_of(out, [&m = m](const auto& o) { return o.second.is_same(m); }))
        out.emplace_back(path.empty() ? name : joined_path(name, path), m);
  return out;
}

std::vector<Module> Module::children() const {
  std::vector<Module> out;
  for (auto& [name, child] : named_children()) out.push_back(std::move(child));
  return out;
}

std::vector<Module> Module::modules() const {
  std::vector<Module> out;
  for (auto& [path, m] : named_modules()) out.push_back(std::move(m));
  return out;
}

std::int64_t Module::num_parameters(bool trainable_only) const {
  std::int64_t n = 0;
  for (const Tensor& p : parameters())
    if (!trainable_only || p.requires_grad()) n += p.numel();
  return n;
}

void Module::train(bool on) {
  std::vector<State*> all;
  visit(*state_, "", [&](const std::string&, const State& s) { all.push_back(&const_cast<State&>(s)); });
  for (State* s : all) s->training = on;
}

void Module::zero_grad(bool set_to_none, Location at) {
  for (Tensor& p : parameters(true, at)) p.zero_grad(set_to_none, at);
}

void Module::requires_grad_(bool on, Location at) {
  for (Tensor& p : parameters(true, at)) p.requires_grad_(on, at);
}

void Module::to(DType dtype, Location at) {
  if (!is_floating(dtype))
    ErrorReport("Module::to", fmt::format("needs a floating type, got {}", xgrad::name(dtype)), at).dtype_error();
  require_intact(at);
  const detail::CallSite site(at);
  NoGradGuard off;
  struct Cast {
    Tensor tensor, data, grad;
  };
  std::vector<Cast> casts;  // all made before the first tensor changes
  const auto cast = [&](const Tensor& t) {
    if (!t.defined() || !is_floating(t.dtype()) || t.dtype() == dtype) return;
    const Tensor g = t.grad();
    casts.push_back({t, t.detach().to(dtype), g.defined() ? g.to(dtype) : g});
  };
  visit(*state_, "", [&](const std::string&, const State& s) {
    for (const auto* list : {&s.parameters, &s.buffers})
      for (const auto& [name, t] : *list) cast(t);
    for (const State::Computed& c : s.computed) cast(c.shown);
  });
  for (Cast& c : casts) {
    c.tensor.set_data(c.data);
    c.tensor.set_grad(c.grad);
  }
}

void Module::apply(const std::function<void(Module&)>& fn, Location at) {
  if (!fn) ErrorReport("apply", "the function is empty", at).value_error();
  for (auto& [name, child] : named_children()) child.apply(fn, at);
  fn(*this);
}

}  // namespace xgrad::nn

namespace xgrad::detail {

void no_output_for_hooks(const nn::Module& module, const Location& at) {
  ErrorReport(module.label().c_str(), "hooks see the first tensor of what forward returns, and there is none", at)
      .help("return a Tensor, or a tuple, list or structure that begins with one")
      .value_error();
}

void no_input_for_hooks(const nn::Module& module, const Location& at) {
  ErrorReport(module.label().c_str(), "a hook replaced the input, and the call has no tensor among its inputs", at)
      .value_error();
}

void empty_module(const std::type_info& type, const Location& at) {
  const std::string name = type_name(type);
  ErrorReport(name.c_str(), "the module is empty: it was made from nullptr, or moved from", at)
      .help("assign one before it is used: fc = register_module(\"fc\", nn::Linear(4, 8))")
      .value_error();
}

std::string module_text(const nn::Module& module, const std::type_info& type) {
  if (!module) return type_name(type) + " (empty)";
  const auto children = module.named_children();
  std::string text = module.label().empty() ? type_name(type) : module.label();
  if (children.empty()) return text;
  text += text.ends_with(')') ? " (" : "(";
  for (const auto& [name, child] : children) {
    text += fmt::format("\n  ({}): ", name);
    for (const char c : module_text(child, typeid(child))) text += c == '\n' ? "\n  " : std::string(1, c);
  }
  return text + "\n)";
}

std::ostream& print_module(std::ostream& os, const nn::Module& module, const std::type_info& type) {
  return os << module_text(module, type);
}

}  // namespace xgrad::detail

namespace xgrad::nn {

std::ostream& operator<<(std::ostream& os, const std::vector<std::pair<std::string, Module>>& named) {
  for (std::size_t i = 0; i < named.size(); ++i)
    os << (i ? "\n" : "") << '(' << named[i].first << "): " << named[i].second;
  return os;
}

std::ostream& operator<<(std::ostream& os, const LoadReport& r) {
  if (r.missing.empty() && r.unexpected.empty()) return os << "all keys matched";
  return os << fmt::format("missing keys: {}; unexpected keys: {}",
                           r.missing.empty() ? "none" : fmt::format("{}", fmt::join(r.missing, ", ")),
                           r.unexpected.empty() ? "none" : fmt::format("{}", fmt::join(r.unexpected, ", ")));
}

}  // namespace xgrad::nn
