// expect: private within this context
#include <xgrad/nn.hpp>
namespace nn = xgrad::nn;
using xgrad::Tensor;

struct First : nn::Layer<First> {
  Tensor forward(const Tensor& x) const { return x; }
};
// Copied, and one name not changed: First's forward would run on what is no First.
struct Second : nn::Layer<First> {
  Tensor forward(const Tensor& x) const { return x * 2; }
};
Tensor call(const Tensor& x) { return Second()(x); }
