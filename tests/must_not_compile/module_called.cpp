// expect: net.forward(x); for net(x) derive from nn::Layer<Net>
#include <xgrad/xgrad.hpp>

struct Net : xgrad::nn::Module {
  xgrad::Tensor forward(const xgrad::Tensor& x) const { return x; }
};

xgrad::Tensor run(const Net& net, const xgrad::Tensor& x) { return net(x); }
