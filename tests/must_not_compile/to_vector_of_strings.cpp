// expect: to_vector<T>() gives numbers: to_vector<float>()
#include <xgrad/xgrad.hpp>

auto texts(const xgrad::Tensor& x) { return x.to_vector<std::string>(); }
