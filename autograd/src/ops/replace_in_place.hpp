// In-place forms of operations that have no kernel of their own for it.
#pragma once

#include <functional>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// self <- compute(self), on the tape as an operation on what self was. compute gets a copy of the old values when the
// backward pass may want them. Nothing is changed when it throws, or its result does not fit into self.
Tensor& replace_in_place(const char* op, Tensor& self, const std::function<Tensor(const Tensor&)>& compute,
                         const Location& at);
// An operand of it: a copy when it shares self's memory and may be saved.
Tensor apart_from(const Tensor& operand, const Tensor& self, const Location& at);

}  // namespace xgrad::detail
