// expect: by name: {.mode = GridMode::bicubic}
#include <xgrad/xgrad.hpp>

xgrad::Tensor f(const xgrad::Tensor& x, const xgrad::Tensor& grid) {
  return grid_sample(x, grid, "bilinear", "zeros", true);
}
