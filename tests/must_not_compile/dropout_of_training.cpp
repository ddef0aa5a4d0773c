// expect: p comes first
#include <xgrad/xgrad.hpp>

xgrad::Tensor drop(const xgrad::Tensor& x, const xgrad::nn::Linear& l) { return dropout(x, l.is_training()); }
