// expect: backward({.retain_graph = true})
#include <xgrad/xgrad.hpp>

void run(const xgrad::Tensor& loss) { loss.backward(true); }
