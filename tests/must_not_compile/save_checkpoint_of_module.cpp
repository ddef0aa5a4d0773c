// expect: what it is: save_checkpoint(path, {.model = net})
#include <xgrad/xgrad.hpp>

void save(const xgrad::nn::Linear& net) { xgrad::train::save_checkpoint("net.safetensors", net); }
