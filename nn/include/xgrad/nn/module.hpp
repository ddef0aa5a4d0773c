// Module: the base of layers and networks. A module is a cheap handle to shared state (parameters, buffers, children,
// hooks, mode), like a Tensor: copying it makes another handle to the same parameters.
//
//   struct Net : nn::Module {
//     nn::Linear fc1 = register_module("fc1", nn::Linear(784, 128));
//     nn::Linear fc2 = register_module("fc2", nn::Linear(128, 10));
//     Tensor forward(const Tensor& x) const { return fc2(relu(fc1(x))); }
//   };
//
// Derive from nn::Layer<Net> (<xgrad/nn/layer.hpp>, which comes with this header) to make `net(x)` work as well: it
// calls forward inside a scope, so that errors and pictures show the module's path, and runs the hooks.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <xgrad/module_scope.hpp>
#include <xgrad/nn/parameter.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/special.hpp>
#include <xgrad/ops/trigonometry.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::nn {
class Module;
class AnyModule;
class Sequential;
template <class Derived, class Options = void>
class Layer;
}  // namespace xgrad::nn

namespace xgrad::detail {

// The layer that a class is or derives from: D of nn::Layer<D>.
template <class D>
D* layer_of(const nn::Layer<D>*);

// The class that declares forward: the only one, or the one of these parameters among several.
template <class C, class R, class... A>
C* owner_of(R (C::*)(A...) const);
template <class C, class R, class... A>
C* owner_of(R (C::*)(A...));
template <class C, class R>
C* owner_of_one(R (C::*)(const Tensor&) const);
template <class C, class R>
C* owner_of_one(R (C::*)(Tensor) const);
template <class C, class R>
C* owner_of_one(R (C::*)(const Tensor&));
template <class C, class R>
C* owner_of_located(R (C::*)(const Tensor&, Location) const);
template <class M, class D>
concept HidesForward = requires {
  requires !std::is_same_v<decltype(owner_of(&M::forward)), decltype(owner_of(&D::forward))>;
}
|| requires { requires !std::is_same_v<decltype(owner_of_one(&M::forward)), decltype(owner_of_one(&D::forward))>; }
|| requires {
  requires !std::is_same_v<decltype(owner_of_located(&M::forward)), decltype(owner_of_located(&D::forward))>;
}
|| requires {  // one in the base, several here, or the other way round
  owner_of_one(&M::forward);
  requires !std::is_same_v<decltype(owner_of_one(&M::forward)), decltype(owner_of(&D::forward))>;
}
|| requires {
  owner_of(&M::forward);
  requires !std::is_same_v<decltype(owner_of(&M::forward)), decltype(owner_of_one(&D::forward))>;
};

// For every place that is given a module M: what calls M must call the forward that M shows.
template <class M>
constexpr void require_own_forward() {
  if constexpr (requires(const M* m) { layer_of(m); }) {
    using D = std::remove_pointer_t<decltype(layer_of(static_cast<const M*>(nullptr)))>;
    static_assert(std::is_base_of_v<D, M>,
                  "xgrad: a layer derives from nn::Layer of itself: struct Net : nn::Layer<Net>");
    if constexpr (!std::is_same_v<D, M> && !std::is_polymorphic_v<D>)
      static_assert(
          !HidesForward<M, D>,
          "xgrad: this module derives from a layer and hides its forward, which would be called all the same: "
          "derive from nn::Layer<...> and hold the layer as a member, or make the base's forward virtual");
  }
}

// While it lives, copies of the module and of what belongs to it become copies of their own.
class XGRAD_API CloneScope {
 public:
  [[nodiscard("a scope without a name ends at once")]] explicit CloneScope(const nn::Module& module);
  // Copies of the modules alone, with these tensors in the place of parameters and buffers, and their own for the rest.
  // ValueError: there is no parameter or buffer of a name.
  [[nodiscard("a scope without a name ends at once")]] CloneScope(const nn::Module& module, const NamedTensors& instead,
                                                                  const Location& at);
  // The same with the values of its computed tensors, for one call of forward (<xgrad/nn/parametrize.hpp>).
  enum class Computed {};
  [[nodiscard("a scope without a name ends at once")]] CloneScope(const nn::Module& module, Computed,
                                                                  const Location& at);
  ~CloneScope();
  CloneScope(const CloneScope&) = delete;
  CloneScope& operator=(const CloneScope&) = delete;
  // At the end: ValueError when something still refers to a parameter of the original.
  void finish(const Location& at);
  struct Copies;

 private:
  void copy_states(const nn::Module& module);
  std::unique_ptr<Copies> copies_;
};

}  // namespace xgrad::detail

namespace xgrad::detail {

struct ModuleCalls;
struct ComputedTensors;

// How an object of a class of modules is copied and destroyed, for Module::as().
struct TypedCopy {
  const std::type_info* type;
  void* (*copy)(const void* module);
  void (*destroy)(void* module);
};
template <class M>
inline constexpr TypedCopy kTypedCopy{&typeid(M),
                                      [](const void* m) -> void* { return new M(*static_cast<const M*>(m)); },
                                      [](void* m) { delete static_cast<M*>(m); }};

// ValueError: a module made from nullptr, or one that was moved from, is used.
[[noreturn]] XGRAD_API void empty_module(const std::type_info& type, const Location& at);

// "Net" for nn::Net.
XGRAD_API std::string type_name(const std::type_info& type);
// type: what to call a module that has no name.
XGRAD_API std::string module_text(const nn::Module& module, const std::type_info& type);
XGRAD_API std::ostream& print_module(std::ostream& os, const nn::Module& module, const std::type_info& type);

}  // namespace xgrad::detail

namespace xgrad::nn {

// Which keys a state dict lacked or had too many.
struct LoadReport {
  std::vector<std::string> missing, unexpected;
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const LoadReport& r);

class XGRAD_API Module {
 public:
  // label: what pictures and summaries call it, "Linear(2 → 3)"; the type's name when left out.
  explicit Module(std::string label = {});
  // Empty: no module yet. What uses it throws a ValueError until a module is assigned. (No number, no {} comes here.)
  template <std::same_as<std::nullptr_t> Null>
  explicit Module(Null) noexcept {}
  Module(const Module& o);  // a handle to the same module; its counterpart while nn::clone makes a copy
  Module(Module&& o) noexcept;
  // Another handle. A registered child cannot be exchanged like this: its parent still lists the one that was there,
  // and the next call of the parent, or its parameters(), says so. replace_module() exchanges it.
  Module& operator=(const Module& o);
  Module& operator=(Module&& o) noexcept;
  ~Module() = default;

  // ---- building ----
  // Adds a parameter (a leaf that requires grad) and returns it. Names are unique within a module (ValueError).
  Parameter register_parameter(const std::string& name, Tensor value, bool requires_grad = true,
                               Location at = Location::current());
  // Adds state that is saved but not learnt (running means); not saved either when not persistent.
  Parameter register_buffer(const std::string& name, Tensor value, bool persistent = true,
                            Location at = Location::current());
  // Adds a child and returns it.
  template <class M>
  requires std::is_base_of_v<Module, M> M register_module(const std::string& name, M child,
                                                          Location at = Location::current()) {
    introduce(child, at);
    add_child(name, child, at);
    return child;
  }
  template <class M>
  requires(!std::is_base_of_v<Module, M>)       //
      M register_module(const std::string&, M)  // modules are handles: nn::Linear(2, 3); many: nn::ModuleList
  = delete;
  // Puts another module in the place of a child and returns it: net.fc = net.replace_module("fc", nn::Linear(8, 3));
  // Optimizers keep the parameters they were made with: make them after it. ValueError: there is no such child.
  template <std::derived_from<Module> M>
  [[nodiscard("the member that showed the old module is assigned the new one")]] M replace_module(
      const std::string& name, M child, Location at = Location::current()) {
    introduce(child, at);
    exchange_child(name, child, at);
    return child;
  }
  // A module is called where it is declared as its own type, with forward in it; to call any module: nn::AnyModule.
  template <class... A>
  void operator()(const A&...) const = delete;  // net.forward(x); for net(x) derive from nn::Layer<Net>

  void begin() const = delete;  // for (auto& [name, child] : net.named_children())
  void end() const = delete;    // for (auto& [name, child] : net.named_children())

  // ---- contents, this module's own first, then the children's, in order of registration ----
  std::vector<Tensor> parameters(bool recurse = true, Location at = Location::current()) const;
  // A tensor registered twice appears once.
  NamedTensors named_parameters(bool recurse = true, Location at = Location::current()) const;
  NamedTensors named_buffers(bool recurse = true, Location at = Location::current()) const;
  std::vector<std::pair<std::string, Module>> named_children() const;
  std::vector<std::pair<std::string, Module>> named_modules() const;  // "" is the module itself
  std::vector<Module> children() const;
  std::vector<Module> modules() const;
  // The module as what it is, or null when it is of another class: if (auto* fc = m.as<nn::Linear>()) fc->weight ...
  // Exactly this class, of a module that was registered, or that derives from nn::Layer. The pointer is good as long as
  // the module, and leads to a handle: parameters, hooks and modes are the module's own, plain members are copies as of
  // when it was registered.
  template <std::derived_from<Module> M>
  M* as() const {
    return static_cast<M*>(typed(typeid(M)));
  }
  std::int64_t num_parameters(bool trainable_only = false) const;
  // By path: "body.0", "body.0.weight"; "" is the module itself. ValueError says where the path ends and what is there.
  Module get_submodule(const std::string& path, Location at = Location::current()) const;
  Tensor get_parameter(const std::string& path, Location at = Location::current()) const;
  Tensor get_buffer(const std::string& path, Location at = Location::current()) const;

  // Parameters and persistent buffers by path, sharing memory with the module: {"fc1.weight", ...}.
  NamedTensors state_dict(Location at = Location::current()) const;
  // Copies values by name (cast to the module's dtypes). All problems - missing, unexpected, mis-shaped - come in one
  // ValueError, with what was probably meant, and nothing is changed; strict = false tolerates missing and unexpected
  // keys and returns them, unless not one key fits. ShapeError, before all that: shapes that a lazy layer cannot have.
  LoadReport load_state_dict(const NamedTensors& state, bool strict = true, Location at = Location::current());
  // Throws what load_state_dict would and changes nothing; what it returns copies the values, once, and does not throw.
  [[nodiscard]] std::function<void()> prepare_state_dict(const NamedTensors& state, bool strict = true,
                                                         Location at = Location::current());

  // ---- modes and bulk changes ----
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const;
  void zero_grad(bool set_to_none = true, Location at = Location::current());
  void requires_grad_(bool on = true, Location at = Location::current());
  // Casts floating parameters and buffers. Optimizers made before keep working: the handles stay the same.
  void to(DType dtype, Location at = Location::current());
  // Calls fn on every submodule, children first, then on itself.
  void apply(const std::function<void(Module&)>& fn, Location at = Location::current());

  // fn(module, input, output) runs after each call through operator(); it may return a replacement for the output
  // (undefined, or nothing at all: keep). ValueError: a hook that holds the module, or one that contains it: the module
  // keeps its hooks, so neither would ever be freed.
  using ForwardHook = std::function<Tensor(const Module&, const Tensor& input, const Tensor& output)>;
  HookHandle register_forward_hook(ForwardHook hook, Location at = Location::current());
  // fn(module, input) runs before each call and may return a replacement for the input.
  using ForwardPreHook = std::function<Tensor(const Module&, const Tensor& input)>;
  HookHandle register_forward_pre_hook(ForwardPreHook hook, Location at = Location::current());
  // fn(module, grad_input, grad_output) runs in the backward pass when both gradients of a call are complete and may
  // return a replacement for grad_input, which is undefined when the input wants no gradient.
  using BackwardHook = std::function<Tensor(const Module&, const Tensor& grad_input, const Tensor& grad_output)>;
  HookHandle register_full_backward_hook(BackwardHook hook, Location at = Location::current());
  // fn(module, grad_output) runs when the gradient of the output of a call is complete, before the backward pass goes
  // into the module, and may return a replacement for it.
  using BackwardPreHook = std::function<Tensor(const Module&, const Tensor& grad_output)>;
  HookHandle register_full_backward_pre_hook(BackwardPreHook hook, Location at = Location::current());
  // Hooks that return nothing.
  template <detail::ReturnsNothing<const Module&, const Tensor&, const Tensor&> F>
  HookHandle register_forward_hook(F hook, Location at = Location::current()) {
    return register_forward_hook(detail::without_result<ForwardHook>(std::move(hook)), at);
  }
  template <detail::ReturnsNothing<const Module&, const Tensor&> F>
  HookHandle register_forward_pre_hook(F hook, Location at = Location::current()) {
    return register_forward_pre_hook(detail::without_result<ForwardPreHook>(std::move(hook)), at);
  }
  template <detail::ReturnsNothing<const Module&, const Tensor&, const Tensor&> F>
  HookHandle register_full_backward_hook(F hook, Location at = Location::current()) {
    return register_full_backward_hook(detail::without_result<BackwardHook>(std::move(hook)), at);
  }
  template <detail::ReturnsNothing<const Module&, const Tensor&> F>
  HookHandle register_full_backward_pre_hook(F hook, Location at = Location::current()) {
    return register_full_backward_pre_hook(detail::without_result<BackwardPreHook>(std::move(hook)), at);
  }
  template <class Handle>
  void remove_hook(const Handle&) = delete;  // the handle removes it: auto h = net.register_forward_hook(f); h.remove()

  const std::string& label() const;  // "Linear(2 → 3)"
  const std::string& name() const;   // within its parent
  bool is_same(const Module& o) const { return state_ == o.state_; }
  explicit operator bool() const noexcept { return state_ != nullptr; }  // not empty

 protected:
  void set_label(std::string label);
  // ValueError unless these members show the parameters in the order of registration: for members that are plain
  // Tensors.
  void require_shown(std::span<const Tensor* const> members, const Location& at) const;
  // Keeps m, which is this module, for as(): from now on, or again.
  template <class M>
  void remember(const M& m, bool again) const {
    constexpr bool has_a_type = !std::is_same_v<M, Module> && !std::is_same_v<M, AnyModule>;
    if constexpr (has_a_type && std::is_copy_constructible_v<M>) keep_typed(detail::kTypedCopy<M>, &m, again);
  }

 private:
  struct State;
  class LazyShapes;
  // Says who was used when there is no state.
  struct Held : std::shared_ptr<State> {
    using std::shared_ptr<State>::shared_ptr;
    Held(std::shared_ptr<State> s) noexcept : std::shared_ptr<State>(std::move(s)) {}
    State* operator->() const;
    State& operator*() const;
  };
  // Pieces of a call; detail::ModuleCalls puts them together. info: ValueError when a parameter, buffer or child was
  // exchanged by assignment.
  std::shared_ptr<const ModuleInfo> info(const Location& at) const;
  bool has_hooks() const;
  bool has_computed() const;                                     // parameters that are made of others for every call
  Tensor run_pre_hooks(Tensor input, const Location& at) const;  // returns the input to use
  // For that input; returns the output to use.
  Tensor run_hooks(const Tensor& input, Tensor output, const Location& at) const;

  template <class M>
  static void introduce(M& child, const Location& at) {
    detail::require_own_forward<M>();
    if (!child) detail::empty_module(typeid(M), at);
    child.set_default_label(typeid(M));
    child.Module::remember(child, true);
  }
  template <class F>
  static void visit(const State& s, const std::string& prefix, const F& f);
  explicit Module(std::shared_ptr<State> s) : state_(std::move(s)) {}
  void add_child(const std::string& name, Module& child, const Location& at);
  void exchange_child(const std::string& name, Module& child, const Location& at);
  void adopt(const std::string& name, Module& child, const char* op, const Location& at);
  void keep_typed(const detail::TypedCopy& type, const void* module, bool again) const;
  void* typed(const std::type_info& type) const;
  static std::shared_ptr<State> owned(std::shared_ptr<State> s) noexcept;
  void rebind(std::shared_ptr<State> next) noexcept;
  void require_intact(const Location& at) const;
  template <class Hook>
  void require_no_cycle(const char* op, const Hook& hook, const Location& at) const;
  void set_default_label(const std::type_info& type);
  template <class D, class Options>
  friend class Layer;
  friend class AnyModule;
  friend class Sequential;
  friend class detail::CloneScope;
  friend struct detail::ModuleCalls;
  friend struct detail::ComputedTensors;

  Held state_;
};

// The module and what it consists of, one per line: "Net(\n  (fc1): Linear(4 → 8)\n)".
template <std::derived_from<Module> M>
std::string to_string(const M& module) {
  return detail::module_text(module, typeid(M));
}
template <std::derived_from<Module> M>
std::ostream& operator<<(std::ostream& os, const M& module) {
  return detail::print_module(os, module, typeid(M));
}
XGRAD_API std::ostream& operator<<(std::ostream& os, const std::vector<std::pair<std::string, Module>>& named);

// A deep copy of the same type: parameters, buffers, hooks and modes are its own (without gradients); tensors that are
// shared within the module are shared within the copy. See <xgrad/nn/parameter.hpp> for what members must be.
// ValueError when a member is a Tensor that shows a parameter or buffer.
template <std::derived_from<Module> M>
M clone(const M& module, Location at = Location::current()) {
  detail::require_own_forward<M>();
  detail::CloneScope scope(module);
  M copy(module);
  scope.finish(at);
  return copy;
}

template <class M>
requires(!std::derived_from<M, Module>)                //
    M clone(const M&, Location = Location::current())  // nn::clone copies modules; a tensor: x.clone()
= delete;

}  // namespace xgrad::nn

#include <xgrad/nn/layer.hpp>
