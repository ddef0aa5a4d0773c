// expect: one optimizer has the state: pass Optimizer&
#include <xgrad/xgrad.hpp>

void train(const std::vector<xgrad::Tensor>& params) {
  xgrad::optim::Adam opt(params);
  auto other = opt;
}
