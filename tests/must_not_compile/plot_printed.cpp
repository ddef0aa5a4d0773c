// expect: a picture: plot.save("loss.svg")
#include <xgrad/xgrad.hpp>

void print(std::ostream& os, const xgrad::viz::Plot& plot) { os << plot; }
