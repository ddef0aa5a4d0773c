// expect: allow_unused
#include <xgrad/xgrad.hpp>

void run(const xgrad::Tensor& loss) { loss.backward({.allow_unused = true}); }
