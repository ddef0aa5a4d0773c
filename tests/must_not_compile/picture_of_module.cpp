// expect: of a result: viz::save(net(x), "net.svg")
#include <xgrad/xgrad.hpp>

void draw(const xgrad::nn::Linear& net) { xgrad::viz::save(net, "net.svg"); }
