// Warnings of the fronts: a line on standard error with the line of the user's call.
#pragma once

#include <string>

#include <xgrad/error.hpp>

namespace xgrad::fronts {

// "xgrad: MLPClassifier: ConvergenceWarning: ...\n  in     called at train.cpp:42"
void warn(const std::string& op, const std::string& text, const Location& at);

}  // namespace xgrad::fronts
