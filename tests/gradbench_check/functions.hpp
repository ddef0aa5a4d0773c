// The functions of GradBench (github.com/gradbench/gradbench) in tensor operations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace gradbench {

using Json = nlohmann::json;

// All numbers of a value, in their order; of an object by the names of its members.
std::vector<double> numbers_of(const Json& value);

// The numbers that a function of an evaluation gives for this input, or nothing when it is not among those here.
std::optional<std::vector<double>> compute(const std::string& eval, const std::string& function, const Json& input);

}  // namespace gradbench
