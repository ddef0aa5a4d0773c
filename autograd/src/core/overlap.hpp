// Memory that several elements, or several tensors, share: what may be written in place.
#pragma once

#include <algorithm>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Whether several elements may share one place in memory, as in an expanded tensor or one of overlapping windows: then
// it cannot be written in place. From the shortest stride to the longest, each must reach beyond all that lie within
// it.
inline bool repeats_elements(const TensorImpl& t) {
  if (t.contiguous || t.numel <= 1) return false;
  int order[kMaxRank], n = 0;
  for (int i = 0; i < t.shape.rank(); ++i)
    if (t.shape[i] > 1) order[n++] = i;
  std::sort(order, order + n, [&](int a, int b) { return t.strides[a] < t.strides[b]; });
  std::int64_t reach = 0;  // of the last element of the dimensions so far
  for (int k = 0; k < n; ++k) {
    if (t.strides[order[k]] <= reach) return true;
    reach += (t.shape[order[k]] - 1) * t.strides[order[k]];
  }
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
         i.storage->refs.load(std::memory_order_relaxed) == 1 && !i.storage->owner.load(std::memory_order_acquire);
}

}  // namespace xgrad::detail
