// expect: backward(g, {.inputs = {w}})
#include <xgrad/xgrad.hpp>

void run(const xgrad::Tensor& loss, const xgrad::Tensor& w) { loss.backward({}, true, false, {w}); }
