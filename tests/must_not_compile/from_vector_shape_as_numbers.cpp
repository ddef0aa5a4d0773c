// expect: sizes in braces: from_vector(v, {2, 3})
#include <xgrad/xgrad.hpp>

xgrad::Tensor matrix(const std::vector<float>& v) { return xgrad::from_vector(v, 2, 3); }
