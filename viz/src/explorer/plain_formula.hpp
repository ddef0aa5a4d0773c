// The formulas of math.hpp as one line of text, for labels: "1 − a[1]²".
#pragma once

#include <functional>
#include <string>

namespace xgrad::viz {

// symbol(node): what stands for {n3}. Indices under sums are left out; a formula that is nothing but a condition
// becomes "1 where z > 0, else 0".
std::string plain_formula(const std::string& math, const std::function<std::string(int)>& symbol);

// In brackets where an operator stands in it.
std::string as_operand(const std::string& text);

std::size_t count_letters(const std::string& text);

}  // namespace xgrad::viz
