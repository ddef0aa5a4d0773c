// expect: options have no text: print the members you want
#include <iostream>

#include <xgrad/xgrad.hpp>

void print(const xgrad::nn::LinearOptions& options) { std::cout << options; }
