// Memory that several elements, or several tensors, share: what may be written in place.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Whether several elements share one place in memory, as in an expanded tensor: then it cannot be written in place.
inline bool repeats_elements(const TensorImpl& t) {
  for (int i = 0; i < t.shape.rank() && t.numel > 0; ++i)
    if (t.strides[i] == 0 && t.shape[i] > 1) return true;
  return false;
}
// Whether writing a element by element while reading b could read what was already overwritten.
inline bool read_while_written(const TensorImpl& a, const TensorImpl& b) {
  return a.storage == b.storage && !(a.memory() == b.memory() && a.shape == b.shape && a.strides == b.strides);
}
// Whether nobody but this handle can see the memory of g, and g fills it.
inline bool is_sole_owner(const Tensor& g) {
  const TensorImpl& i = impl(g);
  return i.contiguous && i.refs.load(std::memory_order_relaxed) == 1 &&
         i.storage->refs.load(std::memory_order_relaxed) == 1 && !i.storage->deleter;
}

}  // namespace xgrad::detail
