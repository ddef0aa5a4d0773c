// A backward function with a state that is more than numbers: it lives on the heap and dies with its node.
#pragma once

#include <xgrad/record.hpp>

namespace xgrad::detail {

struct OwnedBackward {
  virtual ~OwnedBackward() = default;
  virtual Grads run(const Saved& saved, std::span<const Tensor> grad_outputs) = 0;
};

// For OpInfo::backward of such a node, whose closure is the OwnedBackward*. It marks the node for release_node().
Grads run_owned_backward(const void* closure, const Saved& saved, std::span<const Tensor> grad_outputs);

}  // namespace xgrad::detail
