// expect: a guard without a name ends at once
// flags: -Werror
#include <xgrad/train.hpp>

void watch() { xgrad::train::InterruptGuard(); }
