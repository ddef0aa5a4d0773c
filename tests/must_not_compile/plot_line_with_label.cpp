// expect: a style is named: plot.line(x, y, {.label = "loss"})
#include <xgrad/xgrad.hpp>

void draw(xgrad::viz::Plot& plot, const std::vector<double>& v) { plot.line(v, v, "loss"); }
