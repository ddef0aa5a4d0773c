// expect: viz::Plot({.title = "loss"}), as are .x_label
#include <xgrad/xgrad.hpp>

xgrad::viz::Plot plot() { return xgrad::viz::Plot({.xlabel = "epoch"}); }
