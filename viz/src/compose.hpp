// Layers that are one operation, computed with the operations that their definitions are made of.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/tape.hpp>

namespace xgrad::viz {

// Whether compose() knows the operation as it was called: recurrent layers and cells, attention without dropout.
bool can_compose(const tape::OpNode& op);
// Of a sequence; 1 of all others.
std::int64_t composed_steps(const tape::OpNode& op);
// How many operations it becomes, about.
std::size_t composed_operations(const tape::OpNode& op);
// What stands above them: "lstm : 4 steps".
std::string composed_label(const tape::OpNode& op);
// Its results from its inputs, undefined where one was not given: with the names of the usual formulas, and each step
// in a ModuleScope of its own inside of `around`.
std::vector<Tensor> compose(const tape::OpNode& op, const std::vector<Tensor>& inputs,
                            const std::shared_ptr<const ModuleInfo>& around);

}  // namespace xgrad::viz
