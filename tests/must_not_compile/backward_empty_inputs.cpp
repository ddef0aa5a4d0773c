// expect: BackwardInputs
#include <xgrad/xgrad.hpp>

void run(const xgrad::Tensor& loss) { loss.backward({.inputs = {}}); }
