// expect: keepdim is true or false
#include <xgrad/xgrad.hpp>

xgrad::Tensor best(const xgrad::Tensor& x) { return x.argmax(1, 2); }
