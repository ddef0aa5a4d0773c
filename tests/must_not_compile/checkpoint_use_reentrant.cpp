// expect: checkpoint(fn, x) is PyTorch's use_reentrant = False
#include <xgrad/xgrad.hpp>

auto f(const xgrad::nn::Linear& fc, const xgrad::Tensor& x) {
  return xgrad::checkpoint(fc, x, {.use_reentrant = false});
}
