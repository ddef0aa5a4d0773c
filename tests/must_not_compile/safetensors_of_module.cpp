// expect: save_safetensors(net.state_dict(), "net.safetensors")
#include <xgrad/xgrad.hpp>

void save(const xgrad::nn::Linear& net) { xgrad::save_safetensors(net, "net.safetensors"); }
