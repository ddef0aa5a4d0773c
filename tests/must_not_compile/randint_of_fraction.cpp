// expect: limits are integers
#include <xgrad/xgrad.hpp>

auto f() { return xgrad::randint(2.5, {3}); }
