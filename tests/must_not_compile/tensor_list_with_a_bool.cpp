// expect: options by name: tensor({1., 2.}, {.requires_grad = true})
#include <xgrad/xgrad.hpp>

xgrad::Tensor make() { return xgrad::tensor({1., 2.}, true); }
