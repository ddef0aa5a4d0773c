// expect: without std: to_string(x)
#include <string>

#include <xgrad/xgrad.hpp>

std::string text(const xgrad::Tensor& x) { return std::to_string(x); }
