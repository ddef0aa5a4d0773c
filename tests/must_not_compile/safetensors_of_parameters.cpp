// expect: with names: net.state_dict()
#include <xgrad/xgrad.hpp>

void save(const xgrad::nn::Linear& net) { xgrad::save_safetensors(net.parameters(), "net.safetensors"); }
