// A module as a function of its parameters.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>

#include <xgrad/nn/layer.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::nn {

// What takes the place of parameters and buffers, by their paths: {{"fc.weight", w}}, a NamedTensors, a map.
class Replacements {
 public:
  Replacements(const NamedTensors& t, Location where = Location::current()) : tensors(t), at(where) {}         // NOLINT
  Replacements(std::initializer_list<std::pair<std::string, Tensor>> t, Location where = Location::current())  // NOLINT
      : tensors(t), at(where) {}
  template <class Map>
  requires requires(const Map& m) {
    { m.begin()->first } -> std::convertible_to<std::string>;
    { m.begin()->second } -> std::convertible_to<const Tensor&>;
    m.end();
  }
  Replacements(const Map& m, Location where = Location::current()) : at(where) {  // NOLINT
    for (const auto& [name, t] : m) tensors.emplace_back(name, t);
  }
  NamedTensors tensors;
  Location at;
};

// module(args...) with other parameters and buffers; the module itself stays as it is, whatever happens in forward.
//
//   Tensor loss = mse_loss(nn::functional_call(net, {{"weight", w - 0.1 * g}, {"bias", b}}, x), y);
//
// Gradients flow to the given tensors, which may be results of other operations. Those not named stay the module's own.
// A tensor that is registered in several places is replaced in all. Buffers that forward changes, as running means, are
// changed in the given tensors. forward runs on a copy of the module object that shares all else, so members it changes
// which are neither are changed in the copy.
//
// ValueError: no parameter or buffer has a name (with the one that was probably meant); two tensors for one place; a
// member that shows a replaced parameter is declared Tensor, not nn::Parameter.
template <std::derived_from<Module> M, class... A>
auto functional_call(const M& module, const Replacements& tensors, A&&... args) {
  detail::require_own_forward<M>();
  if (!module) [[unlikely]]
    detail::empty_module(typeid(M), tensors.at);
  detail::CloneScope scope(module, tensors.tensors, tensors.at);
  const M copy(module);
  scope.finish(tensors.at);
  if constexpr (sizeof...(A) == 1 && detail::CalledWithOne<M>)
    return copy(std::forward<A>(args)..., tensors.at);
  else
    return detail::ModuleCalls::run(copy, tensors.at, std::forward<A>(args)...);
}
template <std::derived_from<Module> M>
void functional_call(const M&, const Replacements&,  // inputs without braces: functional_call(net, tensors, x)
                     std::initializer_list<Tensor>) = delete;

}  // namespace xgrad::nn
