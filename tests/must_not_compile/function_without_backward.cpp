// expect: a Function needs static std::vector<Tensor> backward
#include <xgrad/custom.hpp>

struct Same : xgrad::Function<Same> {
  static xgrad::Tensor forward(Context&, const xgrad::Tensor& x) { return x; }
};

xgrad::Tensor same(const xgrad::Tensor& x) { return Same::apply(x); }
