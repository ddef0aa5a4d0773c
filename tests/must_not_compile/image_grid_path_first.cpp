// expect: image_grid(images, "digits.svg")
#include <xgrad/xgrad.hpp>

void draw(const xgrad::Tensor& images) { xgrad::viz::image_grid("digits.svg", images); }
