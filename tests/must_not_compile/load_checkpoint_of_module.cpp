// expect: load_checkpoint(path, {.model = net})
#include <xgrad/xgrad.hpp>

void load(const xgrad::nn::Linear& net) { xgrad::train::load_checkpoint("net.safetensors", net); }
