#include <xgrad/nn/sequential.hpp>

namespace xgrad::nn {

Tensor Sequential::forward(const Tensor& x, Location at) const {
  Tensor y = x;
  for (const Step& step : *parts_) y = step(y, at);
  return y;
}

}  // namespace xgrad::nn
