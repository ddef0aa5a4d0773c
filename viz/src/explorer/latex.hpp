// The formulas of math.hpp as LaTeX.
#pragma once

#include <functional>
#include <string>

namespace xgrad::viz {

// symbol(node): LaTeX of what stands for {n3}; {dn3} becomes the derivative of `loss` by it.
std::string latex_of(const std::string& math, const std::function<std::string(int)>& symbol, const std::string& loss);

}  // namespace xgrad::viz
