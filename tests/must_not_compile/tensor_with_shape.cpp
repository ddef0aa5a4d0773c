// expect: with a shape: from_vector(values, {2, 3})
#include <xgrad/xgrad.hpp>

xgrad::Tensor table(const std::vector<float>& values) { return xgrad::tensor(values, {2, 3}); }
