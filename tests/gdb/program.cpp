// What the pretty printers of gdb are shown; check.sh stops at stop_here().
#include <xgrad/nn.hpp>
#include <xgrad/ops.hpp>

using namespace xgrad;

[[gnu::noinline]] void stop_here(const Tensor&) { asm volatile(""); }

struct Net : nn::Layer<Net> {
  nn::Linear fc = register_module("fc", nn::Linear(2, 3));
  nn::BatchNorm1d norm = register_module("norm", nn::BatchNorm1d(3));
  Tensor forward(const Tensor& x) const { return norm(fc(x)); }
};

int main() {
  const Tensor none, whole = arange(6).reshape({2, 3}), turned = whole.t(), flags = whole > 2, scalar = tensor(1.5);
  Tensor weight = tensor({{0.5, -1.25}, {2., 3.}}).requires_grad_().set_name("w \"1\"");
  const Tensor result = exp(weight), large = zeros({100, 100}, {.dtype = kFloat64}), empty = zeros({0, 3});
  const Shape shape{2, 3, 4};
  Net net;
  net.eval();
  stop_here(result);
  return 0;
}
