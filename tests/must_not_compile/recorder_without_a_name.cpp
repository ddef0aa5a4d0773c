// expect: a recorder without a name ends at once
// flags: -Werror
#include <xgrad/tape.hpp>

void watch() { xgrad::TapeRecorder(); }
