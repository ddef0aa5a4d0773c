// expect: use of deleted function
#include <xgrad/nn.hpp>

// Nobody registered it: it would not be trained.
struct Net : xgrad::nn::Module {
  xgrad::nn::Parameter scale = xgrad::ones({3});
};
