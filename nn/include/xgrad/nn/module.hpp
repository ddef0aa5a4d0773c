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

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <xgrad/module_scope.hpp>
#include <xgrad/tensor.hpp>

namespace xgrad::nn {

// Which keys a state dict lacked or had too many.
struct LoadReport {
  std::vector<std::string> missing, unexpected;
};

class XGRAD_API Module {
 public:
  // label: what pictures and summaries call it, "Linear(2 → 3)"; the type's name when left out.
  explicit Module(std::string label = {});

  // ---- building ----
  // Adds a parameter (a leaf that requires grad) and returns it. Names are unique within a module (ValueError).
  Tensor register_parameter(const std::string& name, Tensor value, bool requires_grad = true);
  // Adds state that is saved but not learnt (running means).
  Tensor register_buffer(const std::string& name, Tensor value);
  // Adds a child and returns it.
  template <class M>
    requires std::is_base_of_v<Module, M>
  M register_module(const std::string& name, M child) {
    child.set_default_label(typeid(M));
    add_child(name, child);
    return child;
  }

  // ---- contents, this module's own first, then the children's, in order of registration ----
  std::vector<Tensor> parameters(bool recurse = true) const;
  NamedTensors named_parameters(bool recurse = true) const;  // a tensor registered twice appears once
  NamedTensors named_buffers(bool recurse = true) const;
  std::vector<std::pair<std::string, Module>> named_children() const;
  std::vector<std::pair<std::string, Module>> named_modules() const;  // "" is the module itself
  std::int64_t num_parameters(bool trainable_only = false) const;

  // Parameters and buffers by path, sharing memory with the module: {"fc1.weight", ...}.
  NamedTensors state_dict() const;
  // Copies values by name (cast to the module's dtypes). All problems - missing, unexpected, mis-shaped - come in one
  // ValueError and nothing is changed; strict = false tolerates missing and unexpected keys and returns them.
  LoadReport load_state_dict(const NamedTensors& state, bool strict = true, Location at = Location::current());

  // ---- modes and bulk changes ----
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const;
  void zero_grad(bool set_to_none = true);
  void requires_grad_(bool on = true);
  // Casts floating parameters and buffers. Optimizers made before keep working: the handles stay the same.
  void to(DType dtype);
  // Calls fn on every submodule, children first, then on itself.
  void apply(const std::function<void(Module&)>& fn);

  // fn(module, input, output) runs after each call through operator(); it may return a replacement for the output
  // (undefined: keep). Returns a key for remove_hook.
  using ForwardHook = std::function<Tensor(const Module&, const Tensor& input, const Tensor& output)>;
  std::uint64_t register_forward_hook(ForwardHook hook);
  void remove_hook(std::uint64_t key);

  const std::string& label() const;  // "Linear(2 → 3)"
  const std::string& name() const;   // within its parent
  bool is_same(const Module& o) const { return state_ == o.state_; }

 protected:
  void set_label(std::string label);
  // Pieces of operator(), for modules whose forward takes something else than one tensor.
  std::shared_ptr<const detail::ModuleInfo> info() const;
  bool has_hooks() const;
  Tensor run_hooks(const Tensor& input, Tensor output) const;

 private:
  struct State;
  template <class F>
  static void visit(const State& s, const std::string& prefix, const F& f);
  explicit Module(std::shared_ptr<State> s) : state_(std::move(s)) {}
  void add_child(const std::string& name, Module& child);
  void set_default_label(const std::type_info& type);
  template <class D>
  friend class Layer;
  friend class Sequential;

  std::shared_ptr<State> state_;
};

// A module that is called like a function. Derived supplies forward(x) or forward(x, at), which returns a Tensor or a
// structure of two parts, the first of them the output that hooks see. A layer that carries something from call to call
// names its type State and supplies forward(x, state, at) as well.
template <class Derived>
class Layer : public Module {
 public:
  // The names are complete from the start, so that a model can be called by several threads at once.
  explicit Layer(std::string label = {}) : Module(std::move(label)) { set_default_label(typeid(Derived)); }
  auto operator()(const Tensor& x, Location at = Location::current()) const {
    const detail::ModuleScope scope(info());
    const Derived& self = static_cast<const Derived&>(*this);
    if constexpr (requires { self.forward(x, at); }) return hooked(x, self.forward(x, at));
    else return hooked(x, self.forward(x));
  }
  template <class D = Derived>
  auto operator()(const Tensor& x, const typename D::State& state, Location at = Location::current()) const {
    const detail::ModuleScope scope(info());
    return hooked(x, static_cast<const D&>(*this).forward(x, state, at));
  }

 private:
  template <class Result>
  Result hooked(const Tensor& x, Result y) const {
    if (!has_hooks()) return y;
    if constexpr (std::is_convertible_v<Result, Tensor>) {
      return run_hooks(x, std::move(y));
    } else {
      [[maybe_unused]] auto& [output, rest] = y;
      output = run_hooks(x, std::move(output));
      return y;
    }
  }
};

}  // namespace xgrad::nn
