// expect: tensor(values) copies a number or a container of numbers
#include <xgrad/xgrad.hpp>

xgrad::Tensor words() { return xgrad::tensor({"a", "b"}); }
