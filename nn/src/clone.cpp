#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/tape.hpp>

#include "computed_tensors.hpp"
#include "module_state.hpp"
#include "weight_rules.hpp"

namespace xgrad::detail {

// What was copied for the clone that this thread makes.
struct CloneScope::Copies {
  std::unordered_map<const void*, std::shared_ptr<void>> contents;  // states of modules, contents of containers
  std::unordered_map<const void*, Tensor> tensors;
  std::vector<std::pair<std::string, std::pair<Tensor, std::uint32_t>>> references;  // to the originals, before
  std::vector<std::pair<const void*, std::shared_ptr<void>>> states;                 // and their copies
  Copies* outer = nullptr;
  const char* op = "clone";
  std::unordered_map<const void*, Tensor> instead;  // of functional_call: what takes the place of a tensor
  bool shares_rest = false;                         // the others are not copied
  const void* called = nullptr;                     // the state whose computed tensors are in `instead`
  Tensor copy_of(const Tensor& t) const;
};

namespace {

thread_local CloneScope::Copies* making = nullptr;

std::uint32_t references_to(const Tensor& t) { return static_cast<const RefCounted*>(t.id())->refs.load(); }

}  // namespace

Tensor CloneScope::Copies::copy_of(const Tensor& t) const {
  if (const auto found = instead.find(t.id()); found != instead.end()) return found->second;
  if (shares_rest) return t;
  const NoGradGuard off;
  Tensor copy = t.detach().clone();
  copy.requires_grad_(t.requires_grad());
  return copy.set_name(t.name());
}

const Tensor& counterpart(const Tensor& t) {
  if (!making) return t;
  const auto found = making->tensors.find(t.id());
  return found == making->tensors.end() ? t : found->second;
}

namespace {

std::shared_ptr<void> copied(const std::shared_ptr<void>& p,
                             std::shared_ptr<void> (*copy)(const std::shared_ptr<void>&)) {
  if (!making) return p;
  if (const auto found = making->contents.find(p.get()); found != making->contents.end()) return found->second;
  if (!copy) return p;
  // Marked first: contents may lead back to themselves.
  making->contents[p.get()] = p;
  const auto* borrowed = nn::Borrowing::suspend();
  std::shared_ptr<void> made = copy(p);
  nn::Borrowing::resume(borrowed);
  making->contents[p.get()] = made;
  return made;
}

}  // namespace

std::shared_ptr<void> counterpart(const std::shared_ptr<void>& p,
                                  std::shared_ptr<void> (*copy)(const std::shared_ptr<void>&)) {
  if (!p) return p;
  std::shared_ptr<void> found = copied(p, copy);
  return nn::Borrowing::covers(found.get()) ? std::shared_ptr<void>(std::shared_ptr<void>(), found.get()) : found;
}

CloneScope::CloneScope(const nn::Module& module) : copies_(std::make_unique<Copies>()) { copy_states(module); }

CloneScope::CloneScope(const nn::Module& module, const NamedTensors& instead, const Location& at)
    : copies_(std::make_unique<Copies>()) {
  Copies& c = *copies_;
  c.op = "functional_call";
  c.shares_rest = true;
  std::vector<std::string> names;
  std::unordered_map<std::string, const void*> known;
  nn::Module::visit(*module.state_, "", [&](const std::string& path, const nn::Module::State& s) {
    for (const NamedTensors* list : {&s.parameters, &s.buffers})
      for (const auto& [name, t] : *list)
        if (t.defined()) known.emplace(names.emplace_back(nn::joined_path(path, name)), t.id());
  });
  for (const auto& [name, t] : instead) {
    const auto found = known.find(name);
    if (found == known.end()) {
      ErrorReport report(c.op, fmt::format("the module has no parameter or buffer '{}'", name), at);
      if (const std::string meant = nn::probably(name, names); !meant.empty())
        report.help(fmt::format("did you mean '{}'?", meant));
      report.value_error();
    }
    if (!t.defined()) ErrorReport(c.op, fmt::format("the tensor for '{}' is undefined", name), at).value_error();
    const auto [place, fresh] = c.instead.try_emplace(found->second, t);
    if (!fresh && !place->second.is_same(t))
      ErrorReport(c.op,
                  fmt::format("'{}' is given twice with different tensors, by this name or by that of a parameter "
                              "that it is tied to",
                              name),
                  at)
          .operand("one", place->second)
          .operand("the other", t)
          .value_error();
  }
  copy_states(module);
}

CloneScope::CloneScope(const nn::Module& module, Computed, const Location& at) : copies_(std::make_unique<Copies>()) {
  Copies& c = *copies_;
  c.op = "forward";
  c.shares_rest = true;
  c.called = module.state_.get();
  for (const auto& [shown, value] : ComputedTensors::values(module, at)) c.instead[shown.id()] = value;
  copy_states(module);
}

void CloneScope::copy_states(const nn::Module& module) {
  using State = nn::Module::State;
  Copies& c = *copies_;
  std::vector<std::pair<const State*, std::shared_ptr<State>>> all;
  nn::Module::visit(*module.state_, "", [&](const std::string& path, const State& s) {
    auto copy = std::make_shared<State>();
    copy->keeps_shown = c.shares_rest;
    copy->transient = s.transient;
    copy->training = s.training;
    copy->lazy = s.lazy;
    if (s.rules) copy->rules = c.shares_rest ? s.rules : std::make_shared<nn::WeightRules>(s.rules->options);
    *copy->info = *s.info;  // that of functional_call goes on standing where the module stands
    if (!c.shares_rest) copy->set_parent(nullptr);
    for (const auto& [from, to] : {std::pair(&s.parameters, &copy->parameters), std::pair(&s.buffers, &copy->buffers)})
      for (const auto& [name, t] : *from) {
        if (t.defined() && !c.tensors.contains(t.id())) {
          const Tensor& taken = c.tensors[t.id()] = c.copy_of(t);
          if (!taken.is_same(t)) c.references.emplace_back(nn::joined_path(path, name), std::pair(t, 0));
        }
        to->emplace_back(name, t.defined() ? c.tensors[t.id()] : Tensor());
        if (t.defined() && from == &s.parameters && !c.shares_rest) mark_parameter(c.tensors[t.id()]);
      }
    for (const auto& [from, to] : {std::pair(&s.parameter_entries, &copy->parameter_entries),
                                   std::pair(&s.buffer_entries, &copy->buffer_entries)})
      for (const auto& entry : *from) {
        to->push_back(std::make_shared<Registration>());
        c.contents[entry.get()] = to->back();
      }
    for (const State::Computed& from : s.computed) {
      if (!c.tensors.contains(from.shown.id())) c.tensors[from.shown.id()] = c.copy_of(from.shown);
      const Tensor& taken = c.tensors[from.shown.id()];
      const auto entry = std::make_shared<Registration>();
      c.contents[from.entry.get()] = entry;
      if (&s != c.called) {
        copy->computed.push_back({from.name, taken, entry, from.place, from.maker, {}});
      } else {  // forward finds it where it was
        copy->parameters.emplace(copy->parameters.begin() + static_cast<std::ptrdiff_t>(from.place), from.name, taken);
        copy->parameter_entries.insert(copy->parameter_entries.begin() + static_cast<std::ptrdiff_t>(from.place),
                                       entry);
      }
    }
    c.contents[&s] = copy;
    all.emplace_back(&s, copy);
  });
  c.outer = std::exchange(making, &c);
  for (auto& [from, to] : all) {
    for (const auto& [name, child] : from->children) {
      to->children.emplace_back(name, std::static_pointer_cast<State>(c.contents.at(child.get())));
      State& copy = *to->children.back().second;
      if (!copy.has_parent || child->parent.lock().get() == from) copy.set_parent(to);
    }
    to->hooks = from->hooks;
    to->pre_hooks = from->pre_hooks;
    to->backward_hooks = from->backward_hooks;
    to->backward_pre_hooks = from->backward_pre_hooks;
    for (std::size_t i = 0; i < to->computed.size(); ++i)  // none of the module that is called
      to->computed[i].value = from->computed[i].value;
  }
  c.states.assign(all.begin(), all.end());
  for (auto& [path, reference] : c.references) reference.second = references_to(reference.first);
}

CloneScope::~CloneScope() {
  if (making == copies_.get()) making = copies_->outer;
}

void CloneScope::finish(const Location& at) {
  using State = nn::Module::State;
  for (const auto& [from, to] : copies_->states)
    if (const State& s = *static_cast<const State*>(from); s.object)
      nn::Module(std::static_pointer_cast<State>(to)).keep_typed(*s.type, s.object, true);
  making = copies_->outer;
  if (!copies_->states.empty()) {  // what was exchanged by assignment shows something else in the copy, too
    auto* original = const_cast<State*>(static_cast<const State*>(copies_->states.front().first));
    nn::Module(original->shared_from_this()).require_intact(at);
  }
  for (const auto& [path, reference] : copies_->references)
    if (references_to(reference.first) > reference.second)
      ErrorReport(
          copies_->op,
          copies_->shares_rest
              ? fmt::format("a member of the module is a Tensor and goes on showing the module's own '{}'", path)
              : fmt::format("a member of the copy still refers to the original's '{}'", path),
          at)
          .operand("parameter", reference.first)
          .help("declare the member nn::Parameter instead of Tensor")
          .value_error();
}

}  // namespace xgrad::detail
