// expect: load_state_dict(other.state_dict())
#include <xgrad/xgrad.hpp>

void copy(xgrad::optim::Adam& a, const xgrad::optim::Adam& b) { a = b; }
