// expect: image_grid(images, "digits.svg", {.columns = 10})
#include <xgrad/xgrad.hpp>

void draw(const xgrad::Tensor& images) { xgrad::viz::image_grid(images, "digits.svg", 10); }
