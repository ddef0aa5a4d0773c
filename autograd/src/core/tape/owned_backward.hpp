// A backward function with a state that is more than numbers: it lives on the heap and dies with its node.
#pragma once

#include <xgrad/record.hpp>

namespace xgrad::detail {

struct OwnedBackward {
  virtual ~OwnedBackward() = default;
  virtual Grads run(const Saved& saved, std::span<const Tensor> grad_outputs) = 0;
  bool shared = false;  // copies of its node run it too: it must keep what it needs
};

// What runs it, for a kind of node of its own.
Grads run_owned_backward(const void* closure, const Saved& saved, std::span<const Tensor> grad_outputs);
// Of such a node, whose closure is the OwnedBackward*.
const BackwardKind& owned_backward(bool once_differentiable);

}  // namespace xgrad::detail
