// expect: print with <<, or to_string(x)
#include <xgrad/xgrad.hpp>

auto message(const xgrad::Tensor& loss) { return "loss: " + loss; }
