// expect: a guard without a name ends at once
// flags: -Werror
#include <xgrad/autograd.hpp>
#include <xgrad/tensor.hpp>

void evaluate() { xgrad::NoGradGuard(); }
