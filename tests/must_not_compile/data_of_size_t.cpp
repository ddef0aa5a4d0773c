// expect: a tensor holds float, double, std::int64_t
#include <xgrad/xgrad.hpp>

const std::size_t* sizes(const xgrad::Tensor& x) { return x.data<std::size_t>(); }
