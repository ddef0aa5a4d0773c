// expect: a part of a Sequential is a module
#include <memory>

#include <xgrad/xgrad.hpp>

xgrad::nn::Sequential net() { return xgrad::nn::Sequential(std::make_shared<xgrad::nn::Linear>(2, 3)); }
