// expect: options by name: read_csv("data.csv", {.delimiter
#include <xgrad/xgrad.hpp>

auto read() { return xgrad::data::read_csv("data.csv", ';'); }
