// expect: `Tensor forward(const Tensor&) const`; one with more inputs or results is held as a member
#include <xgrad/xgrad.hpp>

xgrad::nn::Sequential net() { return xgrad::nn::Sequential(xgrad::nn::LSTM(2, 3), xgrad::nn::ReLU()); }
