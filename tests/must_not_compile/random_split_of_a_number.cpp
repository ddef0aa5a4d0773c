// expect: a share for every part: random_split(set, {0.8, 0.2})
#include <xgrad/xgrad.hpp>

auto parts(const xgrad::data::TensorDataset& set) { return xgrad::data::random_split(set, 0.8); }
