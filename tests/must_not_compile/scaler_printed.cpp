// expect: its numbers: center(), scale()
#include <xgrad/xgrad.hpp>

void print(std::ostream& os, const xgrad::data::StandardScaler& scaler) { os << scaler; }
