// expect: its numbers: scaler.center(), scaler.scale()
#include <xgrad/xgrad.hpp>

void print(std::ostream& os, const xgrad::data::StandardScaler& scaler) { os << scaler; }
