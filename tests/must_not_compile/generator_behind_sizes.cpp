// expect: random numbers take {.generator = g} too
#include <xgrad/xgrad.hpp>

xgrad::Tensor draw(const xgrad::Generator& g) { return xgrad::rand({2, 3}, g); }
