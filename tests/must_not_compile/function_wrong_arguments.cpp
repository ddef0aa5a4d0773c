// expect: no forward(Context&, ...) of this Function takes these arguments
#include <xgrad/custom.hpp>

struct Scale : xgrad::Function<Scale> {
  static xgrad::Tensor forward(Context&, const xgrad::Tensor& x, double) { return x; }
  static std::vector<xgrad::Tensor> backward(Context&, const std::vector<xgrad::Tensor>& g) { return g; }
};

xgrad::Tensor scaled(const xgrad::Tensor& x) { return Scale::apply(x); }
