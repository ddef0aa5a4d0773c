// expect: a title is an option: viz::Plot({.title = "loss"})
#include <xgrad/xgrad.hpp>

auto plot() { return xgrad::viz::Plot("loss"); }
