// expect: both coordinates: plot.line(epochs, loss)
#include <xgrad/xgrad.hpp>

void draw(xgrad::viz::Plot& plot, const std::vector<double>& v) { plot.line(v); }
