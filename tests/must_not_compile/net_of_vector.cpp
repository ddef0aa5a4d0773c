// expect: the first input is a Tensor: net(tensor(values))
#include <xgrad/xgrad.hpp>

struct Net : xgrad::nn::Layer<Net> {
  xgrad::Tensor forward(const xgrad::Tensor& x) const { return x; }
};

xgrad::Tensor run(const Net& net, const std::vector<float>& x) { return net(x); }
