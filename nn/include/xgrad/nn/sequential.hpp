#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/nn/container.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/activation.hpp>

namespace xgrad::detail {

// An activation function of more than a tensor, called with its defaults: gelu, leaky_relu, elu, celu, hardshrink,
// softshrink, step, softplus, hardtanh, glu. ValueError for another function of the same type, which has none here.
using Activation = std::function<Tensor(const Tensor&, const Location&)>;
XGRAD_API Activation with_defaults(Tensor (*f)(const Tensor&, Gelu, Location), const Location& at);
XGRAD_API Activation with_defaults(Tensor (*f)(const Tensor&, double, Location), const Location& at);
XGRAD_API Activation with_defaults(Tensor (*f)(const Tensor&, double, double, Location), const Location& at);
XGRAD_API Activation with_defaults(Tensor (*f)(const Tensor&, std::int64_t, Location), const Location& at);

template <class Part>
concept StandsForSequential = std::is_same_v<Part, nn::Sequential> || std::is_same_v<Part, std::nullptr_t>;

}  // namespace xgrad::detail

namespace xgrad::nn {

// Runs its parts one after the other. A part is a module (registered under its position "0", "1", ... or a name of its
// own) or any callable Tensor(const Tensor&), also a function such as xgrad::relu or xgrad::gelu.
//
//   nn::Sequential net(nn::Linear(2, 3), nn::Tanh(), nn::Linear(3, 1));
//   nn::Sequential net = nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh());
//   for (const nn::AnyModule& part : net) x = part(x);
//   net[0].as<nn::Linear>()->weight
class XGRAD_API Sequential final : public Layer<Sequential> {
 public:
  Sequential(const Sequential&) = default;
  Sequential(Null auto) noexcept : Layer(nullptr) {}  // NOLINT: = nullptr
  Sequential() : Layer("Sequential") {}
  template <class... Parts>
  requires(sizeof...(Parts) > 1 ||
           (!xgrad::detail::StandsForSequential<Parts> && ...)) explicit Sequential(Parts... parts)
      : Layer("Sequential") {
    (push_back(std::move(parts)), ...);
  }

  template <class Part>
  Sequential& push_back(Part part, Location where = Location::current()) & {
    return add(std::to_string(size()), std::move(part), where);
  }
  template <class Part>
  Sequential& add(const std::string& name, Part part, Location where = Location::current()) & {
    if constexpr (std::is_base_of_v<Module, Part>) {
      xgrad::detail::require_one_input<Part>();
      parts_->push_back(AnyModule(register_module(name, std::move(part), where)));
    } else {
      parts_->push_back(function_part(std::move(part), where));
    }
    return *this;
  }
  // For one of several functions of this name.
  Sequential& push_back(Tensor (*f)(const Tensor&, Location), Location where = Location::current()) & {
    return push_back<Tensor (*)(const Tensor&, Location)>(f, where);
  }
  template <class Part>
  Sequential& append(Part part, Location where = Location::current()) & {
    return push_back(std::move(part), where);
  }
  // The same of a temporary, as a value.
  template <class Part>
  Sequential push_back(Part part, Location where = Location::current()) && {
    return std::move(push_back(std::move(part), where));
  }
  template <class Part>
  Sequential append(Part part, Location where = Location::current()) && {
    return std::move(push_back(std::move(part), where));
  }
  template <class Part>
  Sequential add(const std::string& name, Part part, Location where = Location::current()) && {
    return std::move(add(name, std::move(part), where));
  }
  // Another part in the place of one, under the same name; negative positions count from the end. IndexError.
  template <class Part>
  Sequential& replace(std::int64_t i, Part part, Location where = Location::current()) {
    if constexpr (std::is_base_of_v<Module, Part>)
      exchange(i, AnyModule(std::move(part)), true, where);
    else
      exchange(i, function_part(std::move(part), where), false, where);
    return *this;
  }

  // The parts, callable: net[0](x). IndexError.
  AnyModule& operator[](Place<std::int64_t> i) const { return at(i.value, i.where); }
  AnyModule& at(std::int64_t i, Location where = Location::current()) const {
    return (*parts_)[xgrad::detail::wrap_index("Sequential", i, size(), where)];
  }
  std::size_t size() const { return parts_->size(); }
  bool empty() const { return parts_->empty(); }
  auto begin() const { return parts_->begin(); }
  auto end() const { return parts_->end(); }

  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  template <class F>
  static AnyModule function_part(F f, [[maybe_unused]] const Location& where) {
    if constexpr (xgrad::detail::FunctionOfTensor<F>) {
      return AnyModule(std::move(f));
    } else if constexpr (requires { xgrad::detail::with_defaults(f, where); }) {
      return AnyModule(xgrad::detail::with_defaults(f, where));
    } else {
      static_assert(xgrad::detail::never<F>,
                    "xgrad: a part of a Sequential is a module, nn::Linear(2, 3), or a callable Tensor(const Tensor&), "
                    "[](const Tensor& x) { return relu(x); }; many modules: push_back each, pointers: push_back(*p)");
      return AnyModule(nullptr);
    }
  }
  void exchange(std::int64_t i, AnyModule part, bool is_module, const Location& where);

  Shared<std::vector<AnyModule>> parts_;
};

}  // namespace xgrad::nn
