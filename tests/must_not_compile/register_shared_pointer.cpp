// expect: modules are handles: nn::Linear(2, 3); many: nn::ModuleList
#include <memory>

#include <xgrad/xgrad.hpp>

struct Net : xgrad::nn::Module {
  Net() { register_module("fc", std::make_shared<xgrad::nn::Linear>(2, 3)); }
};
