// Running the backward function of a node that is in no backward pass.
#pragma once

#include <span>

#include "core/tape/node.hpp"

namespace xgrad::detail {

// n's backward function, on its own: what a pass that is under way has collected does not concern it.
Grads run_backward_apart(Node* n, std::span<const Tensor> grads);

}  // namespace xgrad::detail
