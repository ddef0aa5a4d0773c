// expect: sizes in braces: d.sample({5})
#include <xgrad/xgrad.hpp>

xgrad::Tensor draw() { return xgrad::distributions::Normal(0, 1).sample(5); }
