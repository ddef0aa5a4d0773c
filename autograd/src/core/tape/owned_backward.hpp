// A backward function with a state that is more than numbers: it lives on the heap and dies with its node.
#pragma once

#include <xgrad/record.hpp>

namespace xgrad::detail {

struct OwnedBackward {
  virtual ~OwnedBackward() = default;
  virtual Grads run(const Saved& saved, std::span<const Tensor> grad_outputs) = 0;
};

// Of such a node, whose closure is the OwnedBackward*.
const BackwardKind& owned_backward(bool once_differentiable);

}  // namespace xgrad::detail
