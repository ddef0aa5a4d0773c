// expect: a style is named: plot.line(x, y, {.label = "loss"})
#include <xgrad/xgrad.hpp>

void draw(xgrad::viz::Plot& plot, const std::vector<double>& y) { plot.line(y, y, {.name = "loss"}); }
