// Gradients that arrive: checked, cast and reduced to the value they belong to, and added up. The engine does this for
// every operation, so backward functions need not.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <xgrad/tensor.hpp>

namespace xgrad::detail {

// g summed over the dimensions in which `shape` was broadcast to g's.
Tensor sum_to(const Tensor& g, const Shape& shape);
// g as the gradient of a value of this shape and type; AutogradError, naming op, when it cannot be one.
Tensor fit_gradient(Tensor g, const Shape& shape, DType dtype, const char* op, const Location& at);
// slot += g, in place where nobody else can see the memory, unless it keeps_values: then the sum is an operation.
void add_to_slot(Tensor& slot, Tensor g, bool keeps_values);
// The same for a slot that may be undefined yet: the first gradient is taken as it is.
inline void accumulate(Tensor& slot, Tensor g, bool keeps_values) {
  if (slot.defined()) return add_to_slot(slot, std::move(g), keeps_values);
  slot = std::move(g);
}

// What a backward pass has collected for a leaf, or for a result that keeps its gradient.
struct Collected {
  Tensor of, gradient;
  std::uint32_t uses = 0;  // of a leaf: how many gradients this is the sum of
};

// What the end of a pass needs to know of it.
struct PassInfo {
  bool create_graph;
  bool keeps_values;  // nothing is added in place, for the graph or for tangents
  std::uint32_t number;
  Location at;
};

// Adds what a pass collected to .grad. A .grad never shares memory with anything else, since later passes add to it in
// place. All that may throw comes before the first .grad changes. The gradients are used up.
void add_to_grads(const PassInfo& pass, std::vector<Collected>& leaves, std::vector<Collected>& retained);
// The same of a pass that leaves the .grad of leaves alone.
void add_to_retained_grads(const PassInfo& pass, const std::vector<Collected>& leaves,
                           std::vector<Collected>& retained);

// For operations whose inputs are used again and again, as weights in a loop over time or the rows of a tensor: a
// product can be added to the gradient collected so far (beta = 1 in gemm), and a piece to its place, where a fresh
// tensor would have to be written, read and added by the engine.
//
// Called by a backward function: what the running pass has collected for its input `i`, if there is something already
// and the memory may be added to in place; contiguous, of the input's shape and type; undefined otherwise. Having
// added, the function returns no gradient for that input.
Tensor collected_gradient(std::size_t i);

}  // namespace xgrad::detail
