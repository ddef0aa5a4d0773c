// expect: sizes in braces: zeros({2, 3})
#include <xgrad/xgrad.hpp>

xgrad::Tensor nothing() { return xgrad::zeros(2, 3); }
