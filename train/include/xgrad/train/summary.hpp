#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <typeinfo>

#include <xgrad/call_site.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::train {

struct Summary {
  std::string text;  // the table
  std::int64_t parameters = 0, trainable = 0, mult_adds = 0;
  bool partial = false;  // mult_adds is a lower bound: attention and layers of your own with matrices are not counted
  const std::string& str() const { return text; }
};
XGRAD_API std::ostream& operator<<(std::ostream& os, const Summary& s);  // the table

namespace detail {
// type: what to call a model that has no name.
XGRAD_API Summary summarize(nn::Module model, const std::type_info& type, const std::function<Tensor()>& run);
// The module, which knows what it is from now on.
template <class M>
nn::Module known(const M& model) {
  return model.modules().front();
}
}  // namespace detail

// A table of the modules with output shapes, parameter counts and multiply-adds, from one run of the model on the
// inputs (in evaluation mode). Of the multiply-adds, those of modules whose cost is not known are
// left out; the total is then marked by ">=".
template <std::derived_from<nn::Module> M, class... More>
Summary summary(const M& model, const Located& x, const More&... more) {
  const xgrad::detail::CallSite site(x.at);
  return detail::summarize(detail::known(model), typeid(M), [&] {
    auto y = [&] {
      if constexpr (requires { model(x.tensor, more...); })
        return model(x.tensor, more...);
      else
        return xgrad::detail::ModuleCalls::run_named(model, x.at, x.tensor, more...);
    }();
    const Tensor* first = xgrad::detail::first_tensor(y);
    return first ? *first : Tensor();
  });
}
template <std::derived_from<nn::Module> M, class... Sizes>
requires(sizeof...(Sizes) == 0 || (std::is_arithmetic_v<Sizes> && ...))  //
    Summary summary(const M&, Sizes...)  // runs the network on inputs: summary(net, zeros({1, 3, 32, 32}))
= delete;
template <class M>
requires(!std::derived_from<M, nn::Module>)       //
    Summary summary(const M&, const nn::Module&)  // the model first: summary(net, x)
= delete;
template <std::integral N>
Summary summary(const nn::Module&, std::initializer_list<N>) = delete;  // of a run: summary(net, zeros({1, 3, 32, 32}))

}  // namespace xgrad::train
