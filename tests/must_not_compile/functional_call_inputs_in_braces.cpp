// expect: inputs without braces: functional_call(net, tensors, x)
#include <xgrad/xgrad.hpp>

xgrad::Tensor f(const xgrad::nn::Linear& fc, const xgrad::NamedTensors& tensors, const xgrad::Tensor& x) {
  return xgrad::nn::functional_call(fc, tensors, {x});
}
