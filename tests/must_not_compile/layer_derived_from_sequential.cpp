// expect: cannot derive from
#include <xgrad/nn.hpp>

struct Net : xgrad::nn::Sequential {
  Net() : Sequential(xgrad::nn::Linear(2, 3)) {}
  xgrad::Tensor forward(const xgrad::Tensor& x) const { return Sequential::forward(x) * 2; }
};
