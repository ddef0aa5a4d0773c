// What the handles of one module share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_set>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

struct WeightRules;  // weight_rules.hpp

constexpr std::int64_t kOpen = -1;
// What a lazy parameter or buffer is until it has a shape.
inline bool without_shape(const Tensor& t) { return t.defined() && t.dim() == 1 && t.numel() == 0; }

struct Module::State : std::enable_shared_from_this<Module::State> {
  // A parameter that is made of others whenever the module is called; see parametrize.hpp. Members of the module go on
  // showing `shown`, which has the values of the last call and no gradient.
  struct Computed {
    std::string name;
    Tensor shown;
    std::shared_ptr<detail::Registration> entry;
    std::size_t place = 0;                                        // among the parameters, before
    const char* maker = "";                                       // the function that made it so
    std::function<Tensor(bool training, const Location&)> value;  // holds parameters and modules, which a clone follows
  };
  NamedTensors parameters, buffers;
  std::vector<std::shared_ptr<detail::Registration>> parameter_entries, buffer_entries;  // in the same order
  std::unordered_set<std::string> transient;                                             // buffers that are not saved
  std::vector<std::pair<std::string, std::shared_ptr<State>>> children;
  detail::HookList<ForwardHook> hooks;
  detail::HookList<ForwardPreHook> pre_hooks;
  detail::HookList<BackwardHook> backward_hooks;
  detail::HookList<BackwardPreHook> backward_pre_hooks;
  std::vector<Computed> computed;
  // Parameters and buffers that may still be without a shape, (0), and what they may become: kOpen is a size that the
  // first call or a state gives, the same one for all of the module.
  std::map<std::string, Shape> lazy;
  std::shared_ptr<WeightRules> rules;  // penalties and constraints, or null
  bool keeps_shown = false;            // of functional_call: the values of the module itself stay
  std::shared_ptr<ModuleInfo> info = std::make_shared<ModuleInfo>();
  bool training = true;
  std::weak_ptr<State> parent;                // what it was registered in last; info->parent is the same
  bool has_parent = false, replaced = false;  // as a child: the last handle was assigned another module
  std::string replaced_by;                    // the label of that
  // The module as an object of its class, for as(). It borrows the states and entries of the module and of what is
  // below it, or the module would keep itself.
  const detail::TypedCopy* type = nullptr;
  void* object = nullptr;

  // Where the pretty printers of gdb find what they show (debug_layout.cpp), under a name of C.
  XGRAD_API static const std::uint32_t debug_layout[] __asm__("xgrad_debug_layout_nn");

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  void set_parent(const std::shared_ptr<State>& p) {
    parent = p;
    info->parent = p ? p->info : nullptr;
    has_parent = p != nullptr;
  }

  bool has(const std::string& name) const {
    const auto named = [&](const auto& p) { return p.first == name; };
    return std::ranges::any_of(parameters, named) || std::ranges::any_of(buffers, named) ||
           std::ranges::any_of(children, named) ||
           std::ranges::any_of(computed, [&](const Computed& c) { return c.name == name; });
  }
};

inline Module::State* Module::Held::operator->() const {
  if (!get()) [[unlikely]]
    detail::empty_module(typeid(Module), Location());
  return get();
}
inline Module::State& Module::Held::operator*() const { return *operator->(); }

// Module's copy constructor tells which module it copied a handle of.
void note_copy(const void* state);

// While it lives, copies of handles to these states and entries do not count.
class Borrowing {
 public:
  explicit Borrowing(std::unordered_set<const void*> borrowed)
      : borrowed_(std::move(borrowed)), before_(std::exchange(current, &borrowed_)) {}
  ~Borrowing() { current = before_; }
  Borrowing(const Borrowing&) = delete;
  Borrowing& operator=(const Borrowing&) = delete;

  static bool covers(const void* p) { return current && current->contains(p); }
  // What others share is copied as if there were none.
  static const std::unordered_set<const void*>* suspend() { return std::exchange(current, nullptr); }
  static void resume(const std::unordered_set<const void*>* borrowed) { current = borrowed; }

 private:
  static thread_local const std::unordered_set<const void*>* current;
  std::unordered_set<const void*> borrowed_;
  const std::unordered_set<const void*>* before_;
};

inline std::string joined_path(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

// The one of `names` that was probably meant: the same name under another prefix, or one nearly the same. "" for none.
std::string probably(const std::string& name, const std::vector<std::string>& names);

// Calls f(prefix, state) for s and everything below it, parents first; shared modules once.
template <class F>
void Module::visit(const State& s, const std::string& prefix, const F& f) {
  std::unordered_set<const State*> seen;
  const std::function<void(const State&, const std::string&)> walk = [&](const State& at, const std::string& path) {
    if (!seen.insert(&at).second) return;
    f(path, at);
    for (const auto& [name, child] : at.children) walk(*child, joined_path(path, name));
  };
  walk(s, prefix);
}

}  // namespace xgrad::nn
