// expect: derives from a layer and hides its forward
#include <xgrad/nn.hpp>
namespace nn = xgrad::nn;
using xgrad::Tensor;

struct Block : nn::Layer<Block> {
  Tensor forward(const Tensor& x) const { return x; }
};
struct Twice : Block {
  Tensor forward(const Tensor& x) const { return x * 2; }
};
// The step would call Block's.
nn::Sequential net() { return nn::Sequential(Twice()); }
