// Convolution and pooling modules by PyTorch's names.
#pragma once

#include <string>
#include <vector>

#include "modules.hpp"

namespace oracle {

struct ModuleClass {
  std::string name;
  const char* signature;
  std::function<AnyModule(Args&)> make;
};
std::vector<ModuleClass> convolution_classes();

// Adds channel counts and kernel size of the module `name` as its weight has them.
void add_conv_sizes(const std::string& name, const Tensor& weight, Dict& attrs);

}  // namespace oracle
