// d(x*x*x)/dx at 2, with the installed library.
#include <cmath>
#include <iostream>

#include <xgrad/xgrad.hpp>

int main() {
  xgrad::Tensor x = xgrad::full({3}, 2.0);
  x.requires_grad_();
  xgrad::Tensor y = xgrad::sum(x * x * x);
  y.backward();
  std::cout << "xgrad " << xgrad::kVersion << ": y = " << y.item<float>() << ", dy/dx = " << x.grad() << "\n";
  const bool right = std::abs(y.item<float>() - 24) < 1e-5 && std::abs(xgrad::sum(x.grad()).item<float>() - 36) < 1e-5;
  return right ? 0 : 1;
}
