// expect: {.inputs = {w}}
#include <xgrad/xgrad.hpp>

void run(const xgrad::Tensor& loss, const xgrad::Tensor& w) { backward({loss}, {}, true, false, {w}); }
