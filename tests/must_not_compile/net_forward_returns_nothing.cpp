// expect: forward returns its output
#include <xgrad/xgrad.hpp>

struct Net : xgrad::nn::Layer<Net> {
  void forward(const xgrad::Tensor&) const {}
};

void run(const Net& net, const xgrad::Tensor& x) { net(x); }
