#pragma once

#include <functional>
#include <string>
#include <vector>

#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

// Runs its parts one after the other. A part is a module (registered under its position "0", "1", ... or a name of its
// own) or any callable Tensor(const Tensor&), also a function such as xgrad::relu.
//
//   nn::Sequential net(nn::Linear(2, 3), nn::Tanh(), nn::Linear(3, 1));
//   nn::Sequential net = nn::Sequential().add("fc1", nn::Linear(2, 3)).add("act", nn::Tanh());
class XGRAD_API Sequential final : public Layer<Sequential> {
 public:
  template <class... Parts>
    requires(sizeof...(Parts) != 1 || (!std::is_same_v<std::remove_cvref_t<Parts>, Sequential> && ...))
  explicit Sequential(Parts... parts) : Layer("Sequential") {
    (push_back(std::move(parts)), ...);
  }

  template <class Part>
  Sequential& push_back(Part part, Location where = Location::current()) & {
    return add(std::to_string(size()), std::move(part), where);
  }
  template <class Part>
  Sequential& add(const std::string& name, Part part, Location where = Location::current()) & {
    if constexpr (std::is_base_of_v<Module, Part>) {
      detail::require_one_input<Part>();
      Part child = register_module(name, std::move(part), where);
      parts_->push_back([child](const Tensor& x, const Location& at) { return AnyModule::call(child, x, at); });
    } else if constexpr (std::is_invocable_r_v<Tensor, const Part&, const Tensor&, const Location&>) {
      parts_->push_back([part](const Tensor& x, const Location& at) { return Tensor(part(x, at)); });
    } else if constexpr (std::is_invocable_r_v<Tensor, const Part&, const Tensor&>) {
      parts_->push_back([part](const Tensor& x, const Location&) { return Tensor(part(x)); });
    } else {
      static_assert(detail::never<Part>,
                    "xgrad: a part of a Sequential is a module, nn::Linear(2, 3), or a callable Tensor(const Tensor&), "
                    "[](const Tensor& x) { return relu(x); }; many modules: push_back each, pointers: push_back(*p)");
    }
    return *this;
  }
  // The same of a temporary, as a value.
  template <class Part>
  Sequential push_back(Part part, Location where = Location::current()) && {
    return std::move(push_back(std::move(part), where));
  }
  template <class Part>
  Sequential add(const std::string& name, Part part, Location where = Location::current()) && {
    return std::move(add(name, std::move(part), where));
  }
  std::size_t size() const { return parts_->size(); }

  Tensor forward(const Tensor& x, Location at = Location::current()) const;

 private:
  using Step = std::function<Tensor(const Tensor&, const Location&)>;
  Shared<std::vector<Step>> parts_;
};

}  // namespace xgrad::nn
