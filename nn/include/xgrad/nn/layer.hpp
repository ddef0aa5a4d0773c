// How a module is called. A call opens a scope, so that errors and pictures name the module, runs the hooks before,
// forward, and the hooks behind; detail::ModuleCalls is the one place where this stands.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <xgrad/module_scope.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/option_check.hpp>
#include <xgrad/nn/option_text.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::detail {

[[noreturn]] XGRAD_API void no_output_for_hooks(const nn::Module& module, const Location& at);
[[noreturn]] XGRAD_API void no_input_for_hooks(const nn::Module& module, const Location& at);

// Converts to a Tensor and to nothing else; converts to anything else.
struct OnlyTensor {
  template <std::same_as<Tensor> T>
  operator T() const;
};
struct NoTensor {
  template <class T>
  requires(!std::same_as<T, Tensor>) operator T() const;
};
template <class Y>
concept StartsWithTensor = std::is_aggregate_v<Y> && std::is_standard_layout_v<Y> && requires {
  Y{OnlyTensor()};
} && !requires {
  Y{NoTensor()};
};

// The tensor that hooks see of an input or of what forward returned: the tensor itself, or the first one of an
// optional, a tuple, a list, a map or a structure that begins with one. Null: there is none.
template <class Y>
Tensor* first_tensor(Y& y) {
  if constexpr (std::is_base_of_v<Tensor, Y>) {
    return &y;
  } else if constexpr (std::is_same_v<Y, std::optional<Tensor>>) {
    return y ? &*y : nullptr;
  } else if constexpr (requires { std::tuple_size<Y>::value; }) {
    Tensor* found = nullptr;
    std::apply([&](auto&... part) { ((found = found ? found : first_tensor(part)), ...); }, y);
    return found;
  } else if constexpr (requires { y.begin() == y.end(); }) {
    if constexpr (std::is_class_v<std::remove_cvref_t<decltype(*y.begin())>>)
      if (y.begin() != y.end()) return first_tensor(*y.begin());
    return nullptr;
  } else if constexpr (StartsWithTensor<Y>) {
    return reinterpret_cast<Tensor*>(&y);  // its address is the structure's
  } else {
    return nullptr;
  }
}
// Whether it may find one.
template <class Y>
constexpr bool may_hold_tensor();
template <class Y>
constexpr bool may_be_part() {
  if constexpr (std::is_class_v<Y>)
    return may_hold_tensor<Y>();
  else
    return false;
}
template <class Y>
constexpr bool may_hold_tensor() {
  if constexpr (std::is_base_of_v<Tensor, Y> || std::is_same_v<Y, std::optional<Tensor>>)
    return true;
  else if constexpr (requires { std::tuple_size<Y>::value; })
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (may_hold_tensor<std::remove_cv_t<std::tuple_element_t<I, Y>>>() || ...);
    }
  (std::make_index_sequence<std::tuple_size<Y>::value>());
  else if constexpr (requires(Y & y) {
                       y.begin() == y.end();
                     }) return may_be_part<std::remove_cvref_t<decltype(*std::declval<Y&>().begin())>>();
  else return StartsWithTensor<Y>;
}

template <class... A>
inline constexpr bool ends_with_location = false;
template <class A>
inline constexpr bool ends_with_location<A> = std::is_same_v<std::remove_cvref_t<A>, Location>;
template <class A, class B, class... More>
inline constexpr bool ends_with_location<A, B, More...> = ends_with_location<B, More...>;

// The call of a module.
struct ModuleCalls {
  // M has a public forward, of these arguments or of these and a Location.
  template <class M, class... A>
  static auto run(const M& m, const Location& at, A&&... a) {
    if constexpr (requires { m.forward(std::forward<A>(a)..., at); }) {
      const auto forward = [&](auto&&... in) {
        return with_computed(m, at, [&](const M& self) { return self.forward(std::forward<decltype(in)>(in)..., at); });
      };
      return run_as(m, at, forward, std::forward<A>(a)...);
    } else if constexpr (requires { m.forward(std::forward<A>(a)...); }) {
      const auto forward = [&](auto&&... in) {
        return with_computed(m, at, [&](const M& self) { return self.forward(std::forward<decltype(in)>(in)...); });
      };
      return run_as(m, at, forward, std::forward<A>(a)...);
    } else if constexpr ((std::is_convertible_v<A, const Tensor&> || ...)) {
      static_assert(never<M>,
                    "xgrad: net(...) calls forward of the same arguments, and this module has none that takes these: "
                    "write `Tensor forward(const Tensor& x) const`, public and const; a loss: loss(input, target), "
                    "Tensors");
      return Tensor();
    } else {
      static_assert(never<M>,
                    "xgrad: forward of this module takes no such arguments; the first input is a Tensor: "
                    "net(tensor(values))");
      return Tensor();
    }
  }
  // f(a...) in the place of forward, for layers that are called in a second way.
  template <class M, class F, class... A>
  static auto run_as(const M& m, const Location& at, const F& f, A&&... a) {
    const nn::Module& module = m;
    if (!module) [[unlikely]]
      empty_module(typeid(M), at);
    const ModuleScope scope(module.info(at));
    using Result = decltype(f(std::forward<A>(a)...));
    static_assert(!std::is_void_v<Result>, "xgrad: forward returns its output: `Tensor forward(...) const`");
    if constexpr (std::is_void_v<Result>) {
      return Tensor();
    } else {
      if (!module.has_hooks()) [[likely]]
        return f(std::forward<A>(a)...);
      return with_hooks(module, at, f, std::index_sequence_for<A...>(), std::forward<A>(a)...);
    }
  }
  // The call of a module that may have no name yet: a root of its own is known by its type.
  template <class M, class... A>
  static auto run_named(const M& m, const Location& at, A&&... a) {
    nn::Module handle = static_cast<const nn::Module&>(m);
    if (handle) handle.set_default_label(typeid(M));
    return run(m, at, std::forward<A>(a)...);
  }
  // A function in the place of a module: it has hooks and no name.
  template <class F>
  static Tensor run_function(const nn::Module& module, const Location& at, const F& f, const Tensor& x) {
    if (!module.has_hooks()) [[likely]]
      return f(x);
    const Tensor in = module.run_pre_hooks(x, at);
    return module.run_hooks(in, f(in), at);
  }

 private:
  // f(m), or f of a copy that has the computed parameters of this call in the place of m's.
  template <class M, class F>
  static auto with_computed(const M& m, const Location& at, const F& f) {
    if constexpr (std::is_copy_constructible_v<M>) {
      const nn::Module& module = m;
      if (module.has_computed()) [[unlikely]] {
        CloneScope scope(module, CloneScope::Computed{}, at);
        const M copy(m);
        scope.finish(at);
        return f(copy);
      }
    }
    return f(m);
  }
  // Hooks see the first argument that is, or begins with, a tensor, in a copy of the argument.
  template <class F, std::size_t... I, class... A>
  static auto with_hooks(const nn::Module& module, const Location& at, const F& f, std::index_sequence<I...>,
                         A&&... a) {
    constexpr bool holds[] = {may_hold_tensor<std::remove_cvref_t<A>>()..., true};
    constexpr std::size_t first = [&] {
      std::size_t i = 0;
      while (!holds[i]) ++i;
      return i;
    }();
    auto copy = std::get<first>(std::tuple<const std::remove_cvref_t<A>&..., const Tensor&>(a..., Tensor()));
    Tensor* input = first_tensor(copy);
    const Tensor in = module.run_pre_hooks(input ? *input : Tensor(), at);
    if (input && first < sizeof...(A))
      *input = in;
    else if (in.defined())
      no_input_for_hooks(module, at);
    auto y = f(chosen<I == first>(copy, std::forward<A>(a))...);
    Tensor* output = first_tensor(y);
    if (!output) no_output_for_hooks(module, at);
    *output = module.run_hooks(in, std::move(*output), at);
    return y;
  }
  template <bool copied, class C, class A>
  static decltype(auto) chosen(C& copy, A&& a) {
    if constexpr (copied)
      return (copy);
    else
      return std::forward<A>(a);
  }
};

// Whether a call (x, a) goes to forward(x, state).
template <class Derived, class... A>
inline constexpr bool takes_state = false;
template <class Derived, class A>
requires requires { typename Derived::State; }
inline constexpr bool takes_state<Derived, A> = std::is_convertible_v<const A&, const typename Derived::State&>;

// Of options with one member: its value, V.
template <class V, class Options>
concept OnlyOptionOf = !std::same_as<V, bool> && !std::same_as<V, Options> && !std::derived_from<V, nn::Module> &&
                       (requires(V v) { Options{v}; } || (std::integral<V> && requires { Options{0.}; }));
template <class Options, OnlyOptionOf<Options> V>
Options only_option(V v) {
  if constexpr (requires { Options{v}; })
    return {v};
  else
    return {static_cast<double>(v)};
}

}  // namespace xgrad::detail

namespace xgrad::nn {

// nullptr, and neither 0 nor {}: what an empty layer is made from, nn::Linear fc = nullptr. The library's layers
// declare that constructor themselves, and none that moves: an inherited one takes seven lines in every compile error.
template <class T>
concept Null = std::same_as<T, std::nullptr_t>;
// The same in three lines less of a compile error, for {nullptr} alone: of pooling, whose constructors are many.
struct Empty {
  constexpr Empty(Null auto) noexcept {}  // NOLINT
};

// A module that is called like a function, net(x) or net(x, y, ...). Derived supplies forward, public and const, of the
// same arguments or with a Location behind them: tensors, optional tensors, lists, structures, numbers. It returns a
// Tensor, or several in a structure, a tuple, an array or a list; hooks see the first tensor of both. The library's own
// layers are final: what derived from nn::Linear and wrote a forward of its own would find Linear's called. Hold the
// layer as a member instead. A layer that carries something from call to call names its type State and supplies
// forward(x, state, at) as well: net(x, {h, c}).
//
// `using Layer::Layer;` lets it be empty, Net net{nullptr}, until a module is assigned; if (net) asks.
template <class Derived>
class Layer<Derived, void> : public Module {
 public:
  Layer(Null auto) noexcept : Module(nullptr) {}  // NOLINT: Net net = nullptr

  // The ways in, which differ in where the line of the call comes from.
  auto operator()(const Tensor& x, Location at = Location::current()) const { return call(at, x); }
  template <class D = Derived>
  auto operator()(const Tensor& x, const typename D::State& state, Location at = Location::current()) const {
    return call(at, x, state);
  }
  template <class... More>
  requires(sizeof...(More) > 0 && !detail::takes_state<Derived, More...>) auto operator()(const Located& x,
                                                                                          More&&... more) const {
    if constexpr (detail::ends_with_location<More...>)
      return called_at(x.tensor, std::forward<More>(more)...);
    else
      return call(x.at, x.tensor, std::forward<More>(more)...);
  }
  auto operator()(Location at = Location::current()) const { return call(at); }
  template <class First, class... More>
  requires(!std::is_convertible_v<First&&, const Tensor&> && !std::is_same_v<std::remove_cvref_t<First>, Location>) auto
  operator()(First&& first, More&&... more) const {
    return call(Location(), std::forward<First>(first), std::forward<More>(more)...);
  }

  // net->fc and net.fc are the same, as programs for other libraries write it. ValueError when empty.
  Derived* operator->() { return const_cast<Derived*>(std::as_const(*this).operator->()); }
  const Derived* operator->() const {
    if (!*this) [[unlikely]]
      detail::empty_module(typeid(Derived), Location());
    return &self();
  }

  // nn::clone(*this).
  Derived clone(Location at = Location::current()) const { return nn::clone(self(), at); }
  // As Module's; the module itself is known as what it is, too.
  template <std::derived_from<Module> M>
  M* as() const {
    if constexpr (std::is_same_v<M, Derived>)
      return *this ? const_cast<M*>(&self()) : nullptr;
    else
      return Module::as<M>();
  }
  std::vector<std::pair<std::string, Module>> named_modules() const {
    remember(self(), false);
    return Module::named_modules();
  }
  std::vector<Module> modules() const {
    remember(self(), false);
    return Module::modules();
  }
  void apply(const std::function<void(Module&)>& fn, Location at = Location::current()) {
    remember(self(), false);
    Module::apply(fn, at);
  }

 protected:
  // A call, for operators of Derived that take a last argument in braces.
  template <class... A>
  auto call(const Location& at, A&&... a) const {
    return detail::ModuleCalls::run(self(), at, std::forward<A>(a)...);
  }
  // The same of f in the place of forward.
  template <class F, class... A>
  auto call_as(const F& f, const Location& at, A&&... a) const {
    return detail::ModuleCalls::run_as(self(), at, f, std::forward<A>(a)...);
  }
  // Has the text of the layer show these options, by show_options(text, options) if there is one beside them, and how
  // a loss reduces.
  template <class Options>
  void show(const Options& options) {
    OptionText text;
    if constexpr (requires { show_options(text, options); }) show_options(text, options);
    if constexpr (requires { show_reduction(text, options.reduction); }) show_reduction(text, options.reduction);
    set_label(text.label(name()));
  }

 private:
  // Only Derived derives from it: Layer<Other> would call Other's forward on what is no Other.
  friend Derived;
  template <class D, class Options>
  friend class Layer;
  // The names are complete from the start, so that a model can be called by several threads at once.
  Layer() : Layer(std::string()) {}
  explicit Layer(std::string label) : Module(std::move(label)) { set_default_label(typeid(Derived)); }

  const Derived& self() const {
    static_assert(std::is_base_of_v<Layer, Derived>, "xgrad: struct Net derives from nn::Layer<Net>");
    return static_cast<const Derived&>(static_cast<const Module&>(*this));
  }
  // (x, more..., at)
  template <class... More>
  auto called_at(const Tensor& x, More&&... more) const {
    const auto all = std::forward_as_tuple(std::forward<More>(more)...);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return call(std::get<sizeof...(I)>(all), x,
                  std::forward<std::tuple_element_t<I, std::tuple<More...>>>(std::get<I>(all))...);
    }
    (std::make_index_sequence<sizeof...(More) - 1>());
  }
};

// What {} goes to in the constructor of a layer that can be made without arguments: GELU({}) could also mean a copy of
// GELU().
enum class NoOptions {};

// A layer that is made of its options alone, options_: nn::GELU(), nn::GELU({.approximate = Gelu::tanh}), nn::GELU({}).
// A value stands for options of one member: nn::GELU(Gelu::tanh).
//   class GELU final : public Layer<GELU, GELUOptions> {
//    public:
//     using Layer::Layer;
//     template <class = void>
//     explicit GELU(...) = delete;  // what the compiler shows for all else
//     Tensor forward(const Tensor& x, Location at = Location::current()) const { ... options_.approximate ... }
//   };
template <class Derived, class Options>
class Layer : public Layer<Derived, void> {
 public:
  explicit Layer(Options options = {}, Location at = Location::current()) : options_(std::move(options)) {
    if constexpr (requires(const OptionCheck& check) { check_options(check, options_); })
      check_options(OptionCheck(this->name(), at), options_);
    this->show(options_);
  }
  explicit Layer(NoOptions, Location at = Location::current()) : Layer(Options{}, at) {}
  template <detail::OnlyOptionOf<Options> V>
  explicit Layer(V v, Location at = Location::current()) : Layer(detail::only_option<Options>(v), at) {}
  Layer(Null auto) noexcept : Layer<Derived, void>(nullptr) {}  // NOLINT: as above

 protected:
  Options options_{};
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
                "`Tensor forward(const Tensor&) const`; one with more inputs or results is held as a member of its own "
                "type");
}

template <class F>
concept FunctionWithPlace = std::is_invocable_r_v<Tensor, const F&, const Tensor&, const Location&>;
template <class F>
concept FunctionOfTensor = FunctionWithPlace<F> || std::is_invocable_r_v<Tensor, const F&, const Tensor&>;

}  // namespace xgrad::detail

namespace xgrad::nn {

// Anything that is called with one tensor, whatever its type, a module or a function: the element of nn::Sequential and
// of lists of different modules. as<nn::Linear>() gives the module back. A function has no parameters and no name.
class XGRAD_API AnyModule final : public Module {
 public:
  template <std::derived_from<Module> M>
  requires(!std::is_same_v<M, AnyModule>) AnyModule(M module)  // NOLINT: any module will do
      : Module(static_cast<const Module&>(module)),
        call_([module](const Tensor& x, const Location& at) { return call(module, x, at); }) {
    detail::require_own_forward<M>();
    detail::require_one_input<M>();
    if (!*this) detail::empty_module(typeid(M), Location());
    set_default_label(typeid(M));
    remember(module, false);
  }
  template <detail::FunctionOfTensor F>
  requires(!std::derived_from<F, Module>) AnyModule(F f) : Module("Function") {  // NOLINT: any function will do
    const Module& self = *this;
    call_ = [f = std::move(f), hooked = Module(self)](const Tensor& x, const Location& at) {
      return detail::ModuleCalls::run_function(
          hooked, at,
          [&](const Tensor& in) -> Tensor {
            if constexpr (detail::FunctionWithPlace<F>)
              return f(in, at);
            else
              return f(in);
          },
          x);
    };
  }
  template <std::same_as<std::nullptr_t> Null>
  AnyModule(Null) noexcept : Module(nullptr) {}  // NOLINT: empty, as a Layer
  AnyModule(const AnyModule&) = default;
  AnyModule(AnyModule&&) noexcept = default;
  AnyModule& operator=(AnyModule o) noexcept {
    call_ = std::move(o.call_);  // first, so that no handle to the old module is left when the base looks
    Module::operator=(std::move(o));
    return *this;
  }
  ~AnyModule() = default;
  Tensor operator()(const Tensor& x, Location at = Location::current()) const { return forward(x, at); }
  Tensor forward(const Tensor& x, Location at = Location::current()) const {
    if (!call_) [[unlikely]]
      detail::empty_module(typeid(AnyModule), at);
    return call_(x, at);
  }
  const AnyModule* operator->() const { return this; }

  // One call of m, with its scope and hooks.
  template <class M>
  static Tensor call(const M& m, const Tensor& x, const Location& at) {
    if constexpr (detail::CalledWithOne<M>)
      return m(x, at);
    else if constexpr (detail::ForwardsOne<M>)
      return detail::ModuleCalls::run(m, at, x);
    else
      return Tensor();  // refused by require_one_input
  }

 private:
  std::function<Tensor(const Tensor&, const Location&)> call_;
};

}  // namespace xgrad::nn
