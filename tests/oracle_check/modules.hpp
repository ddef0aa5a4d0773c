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
  std::function<Value(const List&)> call = {};  // of modules with other arguments or results
};

bool is_module(const std::string& name);
// "Linear" with constructor arguments; nothing for a class the library does not have.
std::optional<AnyModule> make_module(const std::string& name, List positional, Dict named);

// The library's Sequential of these.
AnyModule make_sequential(const std::vector<AnyModule>& parts);
// A module made by an expression, or the name of a class.
AnyModule module_of(const Value& v);
// "Linear(2,4)", "Tanh".
AnyModule parse_layer(const std::string& text);

// A copy of the values of `state` in the module's parameters, which take its dtypes.
void set_parameters(xgrad::nn::Module& m, const xgrad::NamedTensors& state);

// Optimizers: one group per list of parameters, options by PyTorch's names. Throws Unsupported for others.
struct OptimizerGroup {
  std::vector<Tensor> params;
  Dict options;
};
std::unique_ptr<xgrad::optim::Optimizer> make_optimizer(const std::string& name,
                                                        const std::vector<OptimizerGroup>& groups,
                                                        const Dict& defaults);
// A learning-rate schedule, options by PyTorch's names.
std::shared_ptr<xgrad::optim::LRScheduler> make_scheduler(const std::string& name, xgrad::optim::Optimizer& optimizer,
                                                          const Dict& options);

}  // namespace oracle
