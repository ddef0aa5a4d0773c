// expect: backward(g, {.retain_graph = true})
#include <xgrad/xgrad.hpp>

void run(const xgrad::Tensor& loss, const xgrad::Tensor& g) { loss.backward(g, true); }
