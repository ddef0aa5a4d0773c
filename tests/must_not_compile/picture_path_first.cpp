// expect: the tensor first: viz::save(loss, "net.svg")
#include <xgrad/xgrad.hpp>

void draw(const xgrad::Tensor& loss) { xgrad::viz::save("net.svg", loss); }
