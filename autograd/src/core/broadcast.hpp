// Broadcasting, as shapes and memory see it.
#pragma once

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

inline bool is_expandable_to(const Shape& from, const Shape& to) {
  const int lead = to.rank() - from.rank();
  if (lead < 0) return false;
  for (int i = 0; i < from.rank(); ++i)
    if (from[i] != 1 && from[i] != to[i + lead]) return false;
  return true;
}

// The distance in bytes between neighbours of t along dimension d of a shape of `rank` dimensions that t broadcasts to;
// 0 where one element stands for all.
inline std::int64_t broadcast_stride(const TensorImpl& t, int rank, int d) {
  const int own = d - (rank - t.shape.rank());
  return own < 0 || t.shape[own] == 1 ? 0 : t.strides[own] * item_size(t.dtype);
}

}  // namespace xgrad::detail
