// expect: h.remove()
#include <xgrad/xgrad.hpp>

void run(xgrad::nn::Linear net) { net.remove_hook(1u); }
