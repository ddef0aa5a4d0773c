// expect: brace-enclosed initializer list
#include <xgrad/nn.hpp>

// Stride (1, 1), or stride 1 and padding 1?
xgrad::nn::MaxPool2d pool() { return xgrad::nn::MaxPool2d({3, 3}, {1, 1}); }
