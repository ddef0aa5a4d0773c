#pragma once

#include <string>
#include <vector>

#include <xgrad/tape.hpp>

namespace xgrad::viz {

// "3×3 /2" of a convolution, "dim=0" of a softmax over other than the last dimension; often empty. inputs: their
// shapes.
std::string told_text(const tape::OpNode& op, const std::vector<Shape>& inputs);
// "stride 2, padding 1" of a convolution.
std::string moves_of(const Attributes& attributes);
// "0.1", "2", "−0.25": at most four digits.
std::string few_digits(double v);

}  // namespace xgrad::viz
