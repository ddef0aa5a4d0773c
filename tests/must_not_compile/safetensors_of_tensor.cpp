// expect: with a name: save_safetensors({{"x", x}}, path)
#include <xgrad/xgrad.hpp>

void save(const xgrad::Tensor& x) { xgrad::save_safetensors(x, "x.safetensors"); }
