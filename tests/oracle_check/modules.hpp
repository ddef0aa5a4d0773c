// Modules by PyTorch's class names.
#pragma once

#include <optional>
#include <string>

#include "value.hpp"

namespace oracle {

// A module together with the way to call it.
struct AnyModule {
  xgrad::nn::Module module;
  std::function<Tensor(const Tensor&)> forward;
};

// "Linear" with constructor arguments; nothing for a class the library does not have.
std::optional<AnyModule> make_module(const std::string& name, List positional, Dict named);

// A copy of the values of `state` in the module's parameters, which take its dtypes.
void set_parameters(xgrad::nn::Module& m, const xgrad::NamedTensors& state);

// Optimizers: one group per list of parameters, options by PyTorch's names. Throws Unsupported for others.
struct OptimizerGroup {
  std::vector<Tensor> params;
  Dict options;
};
std::unique_ptr<xgrad::optim::Optimizer> make_optimizer(const std::string& name, const std::vector<OptimizerGroup>& groups,
                                                        const Dict& defaults);

}  // namespace oracle
