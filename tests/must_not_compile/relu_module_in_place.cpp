// expect: not in place: nn::ReLU()
#include <xgrad/xgrad.hpp>

xgrad::nn::ReLU layer() { return xgrad::nn::ReLU(true); }
