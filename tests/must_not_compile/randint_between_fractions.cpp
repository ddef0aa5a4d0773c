// expect: limits are integers: uniform(0, 1, {3})
#include <xgrad/xgrad.hpp>

auto f() { return xgrad::randint(0, 2.5, {3}); }
