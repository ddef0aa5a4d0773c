// expect: options have no text: print the members you want
#include <iostream>

#include <xgrad/xgrad.hpp>

void print(const xgrad::optim::AdamOptions& options) { std::cout << options; }
