// expect: the tensors first: save_safetensors(net.state_dict(), path)
#include <xgrad/xgrad.hpp>

void save(const xgrad::nn::Linear& net) { xgrad::save_safetensors("net.safetensors", net.state_dict()); }
