// What a TapeRecorder keeps of each node, for pictures.
//
// A value shown must be the value at the time it was computed, and a gradient that of one backward pass. So these are
// copies: in-place changes and optimizers write into the originals afterwards. A leaf that is used many times is copied
// once for each state it was in.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <xgrad/record.hpp>

#include "core/tape/node.hpp"

namespace xgrad::detail {

// What a saved tensor is: an output of its node, something the node read (index into all_edges()), or something else.
struct SeenSaved {
  std::uint32_t slot = 0;  // among the saved tensors of the node
  std::int32_t own = -1, read = -1;
  Tensor other;
};

// Gradients that one pass gave to leaves. The nodes that hold this hold the leaves, too.
struct PassLeaves {
  std::vector<std::pair<const TensorImpl*, Tensor>> gradients;
  Tensor of(const TensorImpl* leaf) const;
};

struct SeenPass {
  std::uint32_t pass;
  std::vector<Tensor> grads;  // of the outputs
  std::vector<double> norms;  // of what was sent to each input; -1: nothing
  std::shared_ptr<const PassLeaves> leaves;
};

struct Recorded {
  std::vector<Tensor> values;                       // of the outputs
  std::vector<std::shared_ptr<const Tensor>> read;  // leaves and data, by index into all_edges()
  std::vector<SeenSaved> saved;
  std::vector<std::pair<std::uint32_t, TensorImpl*>> plain;  // outputs that take no gradient, by weak reference
  std::vector<SeenPass> passes;
  Recorded() = default;
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;
  ~Recorded();
  SeenPass* in_pass(std::uint32_t pass);  // null: it did not come here
};

std::shared_ptr<Recorded> keep_for_pictures(Node& n, std::span<const Tensor> outputs, const TensorRefs& inputs,
                                            const TensorRefs& data, const TensorRefs& saved);
// The value of an output that an in-place operation wrote after recording it; t holds it.
void keep_written(const Tensor& output, TensorImpl& t) noexcept;
// No picture is drawn of leaves that were read before.
void forget_read() noexcept;
// The node and all that it depends on, inputs before users (creation order).
std::vector<Node*> reachable_nodes(Node* root);
// A copy off the tape, in the layout the tensor is in.
Tensor copy_of(const Tensor& t);

}  // namespace xgrad::detail
