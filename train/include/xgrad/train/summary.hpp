#pragma once

#include <functional>
#include <string>
#include <typeinfo>

#include <xgrad/call_site.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::train {

struct Summary {
  std::string text;  // the table
  std::int64_t parameters = 0, trainable = 0, mult_adds = 0;
  const std::string& str() const { return text; }
};

namespace detail {
// type: what to call a model that has no name.
XGRAD_API Summary summarize(nn::Module model, const std::type_info& type, const std::function<Tensor()>& run);
}

// A table of the modules with output shapes, parameter counts and multiply-adds, from one run of the model on `input`
// (in evaluation mode, without gradients).
template <class M>
Summary summary(const M& model, const Tensor& input, Location at = Location::current()) {
  const xgrad::detail::CallSite site(at);
  return detail::summarize(model, typeid(M), [&] {
    if constexpr (requires { model(input); })
      return model(input);
    else
      return model.forward(input);
  });
}

}  // namespace xgrad::train
