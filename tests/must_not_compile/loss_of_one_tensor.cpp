// expect: loss(input, target), Tensors
#include <xgrad/xgrad.hpp>

xgrad::Tensor loss(const xgrad::Tensor& y) { return xgrad::nn::MSELoss()(y); }
