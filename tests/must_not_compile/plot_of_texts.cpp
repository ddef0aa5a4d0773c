// expect: of numbers: plot.line(std::vector<double>{1, 2}, loss)
#include <xgrad/xgrad.hpp>

void draw(xgrad::viz::Plot& plot, const std::vector<std::string>& v) { plot.line(v, v); }
