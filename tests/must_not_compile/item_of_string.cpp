// expect: item<T>() gives a number, item<float>()
#include <xgrad/xgrad.hpp>

std::string text(const xgrad::Tensor& x) { return x.item<std::string>(); }
