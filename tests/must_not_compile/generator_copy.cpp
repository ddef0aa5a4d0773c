// expect: it has one sequence: auto& g = default_generator()
#include <xgrad/xgrad.hpp>

void draw() { auto g = xgrad::default_generator(); }
