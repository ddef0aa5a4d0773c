// expect: tensor(values) copies a number or a container of numbers
#include <xgrad/xgrad.hpp>

xgrad::Tensor letters() { return xgrad::tensor("abc"); }
