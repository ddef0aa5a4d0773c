// expect: sum += x.item<float>()
#include <xgrad/xgrad.hpp>

void add(float& sum, const xgrad::Tensor& loss) { sum += loss; }
