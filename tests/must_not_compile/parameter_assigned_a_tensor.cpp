// expect: use of deleted function
#include <xgrad/nn.hpp>

void reset(xgrad::nn::Linear& fc) { fc.bias = xgrad::zeros({3}); }
