// expect: all.insert(all.end(), b.begin(), b.end())
#include <xgrad/xgrad.hpp>

auto both(const xgrad::nn::Linear& a, const xgrad::nn::Linear& b) { return a.parameters() + b.parameters(); }
