// Module: the base of layers and networks. A module is a cheap handle to shared state (parameters, buffers, children,
// hooks, mode), like a Tensor: copying it makes another handle to the same parameters.
//
//   struct Net : nn::Module {
//     nn::Linear fc1 = register_module("fc1", nn::Linear(784, 128));
//     nn::Linear fc2 = register_module("fc2", nn::Linear(128, 10));
//     Tensor forward(const Tensor& x) const { return fc2(relu(fc1(x))); }
//   };
//
// Derive from nn::Layer<Net> instead to make `net(x)` work as well: it calls forward inside a scope, so that errors and
// pictures show the module's path, and runs the hooks.
#pragma once

#include <concepts>
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
#include <xgrad/tensor.hpp>

namespace xgrad::nn {
class Module;
template <class Derived>
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
  ~CloneScope();
  CloneScope(const CloneScope&) = delete;
  CloneScope& operator=(const CloneScope&) = delete;
  // At the end: ValueError when something still refers to a parameter of the original.
  void finish(const Location& at);
  struct Copies;

 private:
  std::unique_ptr<Copies> copies_;
};

}  // namespace xgrad::detail

namespace xgrad::detail {

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
  Module(const Module& o);  // a handle to the same module; its counterpart while nn::clone makes a copy
  Module(Module&&) noexcept = default;
  // Another handle. A registered child cannot be exchanged like this: its parent still lists the one that was there,
  // and the next call of the parent, or its parameters(), says so.
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
    detail::require_own_forward<M>();
    child.set_default_label(typeid(M));
    add_child(name, child, at);
    return child;
  }
  template <class M>
    requires(!std::is_base_of_v<Module, M>)
  M register_module(const std::string&, M) = delete;  // modules are handles: nn::Linear(2, 3); many: nn::ModuleList
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
  std::int64_t num_parameters(bool trainable_only = false) const;
  // By path: "body.0", "body.0.weight"; "" is the module itself. ValueError says where the path ends and what is there.
  Module get_submodule(const std::string& path, Location at = Location::current()) const;
  Tensor get_parameter(const std::string& path, Location at = Location::current()) const;
  Tensor get_buffer(const std::string& path, Location at = Location::current()) const;

  // Parameters and persistent buffers by path, sharing memory with the module: {"fc1.weight", ...}.
  NamedTensors state_dict(Location at = Location::current()) const;
  // Copies values by name (cast to the module's dtypes). All problems - missing, unexpected, mis-shaped - come in one
  // ValueError, with what was probably meant, and nothing is changed; strict = false tolerates missing and unexpected
  // keys and returns them.
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
  // (undefined: keep). Returns a key for remove_hook. ValueError: a hook that holds the module, or one that contains
  // it: the module keeps its hooks, so neither would ever be freed.
  using ForwardHook = std::function<Tensor(const Module&, const Tensor& input, const Tensor& output)>;
  std::uint64_t register_forward_hook(ForwardHook hook, Location at = Location::current());
  // fn(module, input) runs before each call and may return a replacement for the input.
  using ForwardPreHook = std::function<Tensor(const Module&, const Tensor& input)>;
  std::uint64_t register_forward_pre_hook(ForwardPreHook hook, Location at = Location::current());
  // fn(module, grad_input, grad_output) runs in the backward pass when both gradients of a call are complete and may
  // return a replacement for grad_input, which is undefined when the input wants no gradient.
  using BackwardHook = std::function<Tensor(const Module&, const Tensor& grad_input, const Tensor& grad_output)>;
  std::uint64_t register_full_backward_hook(BackwardHook hook, Location at = Location::current());
  void remove_hook(std::uint64_t key);

  const std::string& label() const;  // "Linear(2 → 3)"
  const std::string& name() const;   // within its parent
  bool is_same(const Module& o) const { return state_ == o.state_; }

 protected:
  void set_label(std::string label);
  // ValueError unless these members show the parameters in the order of registration: for members that are plain
  // Tensors.
  void require_shown(std::span<const Tensor* const> members, const Location& at) const;
  // Pieces of operator(), for modules whose forward takes something else than one tensor. ValueError when a parameter,
  // buffer or child was exchanged by assignment.
  std::shared_ptr<const ModuleInfo> info(const Location& at = Location::current()) const;
  bool has_hooks() const;
  Tensor run_pre_hooks(Tensor input) const;                    // returns the input to use
  Tensor run_hooks(const Tensor& input, Tensor output) const;  // that input; returns the output to use

 private:
  struct State;
  template <class F>
  static void visit(const State& s, const std::string& prefix, const F& f);
  explicit Module(std::shared_ptr<State> s) : state_(std::move(s)) {}
  void add_child(const std::string& name, Module& child, const Location& at);
  void rebind(std::shared_ptr<State> next) noexcept;
  void require_intact(const Location& at) const;
  template <class Hook>
  void require_no_cycle(const char* op, const Hook& hook, const Location& at) const;
  void set_default_label(const std::type_info& type);
  template <class D>
  friend class Layer;
  friend class AnyModule;
  friend class detail::CloneScope;

  std::shared_ptr<State> state_;
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
// shared within the module are shared within the copy. See <xgrad/nn/parameter.hpp> for what members must be. ValueError
// when a member is a Tensor that shows a parameter or buffer.
template <std::derived_from<Module> M>
M clone(const M& module, Location at = Location::current()) {
  detail::require_own_forward<M>();
  detail::CloneScope scope(module);
  M copy(module);
  scope.finish(at);
  return copy;
}

}  // namespace xgrad::nn

namespace xgrad::detail {

[[noreturn]] XGRAD_API void no_output_for_hooks(const nn::Module& module, const Location& at);

// Converts to a Tensor and to nothing else; converts to anything else.
struct OnlyTensor {
  template <std::same_as<Tensor> T>
  operator T() const;
};
struct NoTensor {
  template <class T>
    requires(!std::same_as<T, Tensor>)
  operator T() const;
};
template <class Y>
concept StartsWithTensor = std::is_aggregate_v<Y> && std::is_standard_layout_v<Y> && requires {
  Y{OnlyTensor()};
} && !requires { Y{NoTensor()}; };

// The output that hooks see of what forward returned: the tensor, or the first one of a tuple, list or structure.
// Null: there is none.
template <class Y>
Tensor* first_output(Y& y) {
  if constexpr (std::is_base_of_v<Tensor, Y>) return &y;
  else if constexpr (requires { { *y.data() } -> std::same_as<Tensor&>; }) return y.size() ? y.data() : nullptr;
  else if constexpr (requires { std::get<0>(y); }) return first_output(std::get<0>(y));
  else if constexpr (StartsWithTensor<Y>) return reinterpret_cast<Tensor*>(&y);  // its address is the structure's
  else return nullptr;
}

// Whether a call (x, a) goes to forward(x, state).
template <class Derived, class... A>
inline constexpr bool takes_state = false;
template <class Derived, class A>
  requires requires { typename Derived::State; }
inline constexpr bool takes_state<Derived, A> = std::is_convertible_v<const A&, const typename Derived::State&>;

}  // namespace xgrad::detail

namespace xgrad::nn {

template <class M>
  requires(!std::derived_from<M, Module>)
M clone(const M&, Location = Location::current()) = delete;  // nn::clone copies modules; a tensor: x.clone()

// A module that is called like a function, net(x) or net(x, y, ...). The library's own layers are final: what derived
// from nn::Linear and wrote a forward of its own would find Linear's called. Hold the layer as a member instead. Derived
// supplies forward, const, of the same arguments or with a Location behind them. It returns a Tensor, or several in a
// tuple, a list or a structure; hooks see the first input and the first tensor of the result. A layer that carries
// something from call to call names its type State and supplies forward(x, state, at) as well.
template <class Derived>
class Layer : public Module {
 public:
  auto operator()(const Tensor& x, Location at = Location::current()) const { return called(x, at); }
  template <class D = Derived>
  auto operator()(const Tensor& x, const typename D::State& state, Location at = Location::current()) const {
    return with_hooks(x, at, [&](const Tensor& in) { return static_cast<const D&>(*this).forward(in, state, at); });
  }
  template <class... More>
    requires(sizeof...(More) > 0 && !detail::takes_state<Derived, More...>)
  auto operator()(const Located& x, const More&... more) const {
    return called(x.tensor, x.at, more...);
  }
  void operator()() const = delete;  // net(x)
  template <class First, class... More>
    requires(!std::is_convertible_v<const First&, const Tensor&>)
  void operator()(const First&, const More&...) const = delete;  // the first input is a Tensor: net(tensor(values))
  // nn::clone(*this).
  Derived clone(Location at = Location::current()) const { return nn::clone(static_cast<const Derived&>(*this), at); }

 private:
  // Only Derived derives from it: Layer<Other> would call Other's forward on what is no Other.
  friend Derived;
  // The names are complete from the start, so that a model can be called by several threads at once.
  explicit Layer(std::string label = {}) : Module(std::move(label)) { set_default_label(typeid(Derived)); }

  template <class... More>
  auto called(const Tensor& x, const Location& at, const More&... more) const {
    static_assert(std::is_base_of_v<Layer, Derived>, "xgrad: struct Net derives from nn::Layer<Net>");
    const auto& self = static_cast<const Derived&>(static_cast<const Module&>(*this));
    if constexpr (requires { self.forward(x, more..., at); }) {
      return with_hooks(x, at, [&](const Tensor& in) { return self.forward(in, more..., at); });
    } else if constexpr (requires { self.forward(x, more...); }) {
      return with_hooks(x, at, [&](const Tensor& in) { return self.forward(in, more...); });
    } else {
      static_assert(detail::never<Derived>,
                    "xgrad: net(...) calls forward of the same arguments, and this module has none that takes these: "
                    "write `Tensor forward(const Tensor& x) const`, public and const");
      return Tensor();
    }
  }
  template <class F>
  auto with_hooks(const Tensor& x, [[maybe_unused]] const Location& at, const F& forward) const {
    using Result = decltype(forward(x));
    const detail::ModuleScope scope(info(at));
    static_assert(!std::is_void_v<Result>, "xgrad: forward returns its output: `Tensor forward(...) const`");
    if constexpr (std::is_void_v<Result>) {
      return Tensor();
    } else {
      if (!has_hooks()) return forward(x);
      const Tensor in = run_pre_hooks(x);
      auto y = forward(in);
      Tensor* output = detail::first_output(y);
      if (!output) detail::no_output_for_hooks(*this, at);
      *output = run_hooks(in, std::move(*output));
      return y;
    }
  }
};

}  // namespace xgrad::nn

namespace xgrad::detail {

template <class M>
concept ForwardsOne = requires(const M& m, const Tensor& x) {
  { m.forward(x) } -> std::convertible_to<Tensor>;
};
// A module with a call operator of its own.
template <class M>
concept CalledWithOne = !std::is_base_of_v<nn::Layer<M>, M> && requires(const M& m, const Tensor& x, Location at) {
  { m(x, at) } -> std::convertible_to<Tensor>;
};

template <class M>
constexpr void require_one_input() {
  static_assert(ForwardsOne<M> || CalledWithOne<M>,
                "xgrad: a module in a Sequential, ModuleList<> or AnyModule has a public "
                "`Tensor forward(const Tensor&) const`; one with more inputs or results is held as a member of its own type");
}

}  // namespace xgrad::detail

namespace xgrad::nn {

// Any module that is called with one tensor, whatever its type: the element of lists of different modules.
class XGRAD_API AnyModule final : public Module {
 public:
  template <std::derived_from<Module> M>
    requires(!std::is_same_v<M, AnyModule>)
  AnyModule(M module)  // NOLINT: any module will do
      : Module(static_cast<const Module&>(module)), call_([module](const Tensor& x, const Location& at) {
          return call(module, x, at);
        }) {
    detail::require_own_forward<M>();
    detail::require_one_input<M>();
    set_default_label(typeid(M));
  }
  AnyModule(const AnyModule&) = default;
  AnyModule(AnyModule&&) noexcept = default;
  AnyModule& operator=(AnyModule o) noexcept {
    call_ = std::move(o.call_);  // first, so that no handle to the old module is left when the base looks
    Module::operator=(std::move(o));
    return *this;
  }
  ~AnyModule() = default;
  Tensor operator()(const Tensor& x, Location at = Location::current()) const { return call_(x, at); }
  Tensor forward(const Tensor& x, Location at = Location::current()) const { return call_(x, at); }

  // One call of m, with its scope and hooks.
  template <class M>
  static Tensor call(const M& m, const Tensor& x, const Location& at) {
    if constexpr (detail::CalledWithOne<M> || (detail::ForwardsOne<M> && std::is_base_of_v<Layer<M>, M>)) {
      return m(x, at);
    } else if constexpr (detail::ForwardsOne<M>) {  // forward alone
      const Module& module = m;
      const detail::ModuleScope scope(module.info(at));
      if (!module.has_hooks()) return m.forward(x);
      const Tensor in = module.run_pre_hooks(x);
      return module.run_hooks(in, m.forward(in));
    } else {
      return Tensor();  // refused by require_one_input
    }
  }

 private:
  std::function<Tensor(const Tensor&, const Location&)> call_;
};

}  // namespace xgrad::nn
