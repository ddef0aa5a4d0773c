// expect: the path first: save_checkpoint(path, {.model = net})
#include <xgrad/xgrad.hpp>

void save(const xgrad::nn::Linear& net) { xgrad::train::save_checkpoint({.model = net}, "net.safetensors"); }
