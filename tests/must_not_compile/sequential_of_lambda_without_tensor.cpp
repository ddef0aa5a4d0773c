// expect: a part of a Sequential is a module
#include <xgrad/xgrad.hpp>

xgrad::nn::Sequential net() {
  return xgrad::nn::Sequential(xgrad::nn::Linear(2, 3), [](float x) { return x; });
}
