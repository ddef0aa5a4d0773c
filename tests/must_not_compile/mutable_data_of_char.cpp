// expect: a tensor holds float, double, std::int64_t
#include <xgrad/xgrad.hpp>

char* bytes(xgrad::Tensor& x) { return x.mutable_data<char>(); }
