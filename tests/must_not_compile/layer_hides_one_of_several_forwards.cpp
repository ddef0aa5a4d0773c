// expect: derives from a layer and hides its forward
#include <xgrad/nn.hpp>
namespace nn = xgrad::nn;
using xgrad::Tensor;

struct Block : nn::Layer<Block> {
  Tensor forward(const Tensor& x) const { return x; }
  Tensor forward(const Tensor& x, const Tensor& y) const { return x + y; }
};
struct Twice : Block {
  Tensor forward(const Tensor& x) const { return x * 2; }
};
struct Net : nn::Module {
  Twice twice = register_module("twice", Twice());
};
