// Pooling without the tape, image by image (an image: one channel of one sample). Operands of any strides, results
// contiguous.
#pragma once

#include "core/tensor_impl.hpp"
#include "kernels/conv_shape.hpp"

namespace xgrad::detail {

// The numbers of a pooling, always with three spatial dimensions: missing ones have size 1.
struct PoolShape {
  Shape outer;  // dimensions before the spatial ones
  int spatial = 2;
  Triple in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, padding{0, 0, 0}, dilation{1, 1, 1};
  bool adaptive = false;     // windows of different sizes that share the input out
  bool include_pad = true;   // of averages
  std::int64_t divisor = 0;  // of averages; 0: the count
  std::int64_t block = 0;    // of the layout (core/blocked.hpp) that a gradient of averages takes; 0: plain

  Shape shape_with(const Triple& sizes) const {
    Shape s = outer;
    for (int i = 3 - spatial; i < 3; ++i) s.push_back(sizes[static_cast<std::size_t>(i)]);
    return s;
  }
  Shape input_shape() const { return shape_with(in); }
  Shape output_shape() const { return shape_with(out); }
};

// Positions of window i along dimension d: begin, begin + dilation, ... below end.
struct Window {
  std::int64_t begin, end, count;  // count: what the dimension contributes to the divisor
};
inline Window window(const PoolShape& s, std::size_t d, std::int64_t i) {
  if (s.adaptive) {
    const std::int64_t begin = i * s.in[d] / s.out[d], end = ((i + 1) * s.in[d] + s.out[d] - 1) / s.out[d];
    return {begin, end, end - begin};
  }
  std::int64_t begin = i * s.stride[d] - s.padding[d];
  const std::int64_t reach = begin + (s.kernel[d] - 1) * s.dilation[d] + 1;
  const std::int64_t padded = std::min(reach, s.in[d] + s.padding[d]) - begin, end = std::min(reach, s.in[d]);
  if (begin < 0) begin += (-begin + s.dilation[d] - 1) / s.dilation[d] * s.dilation[d];
  return {begin, end, s.include_pad ? padded : end - begin};
}

struct MaxPool {
  Tensor values, positions;  // int32 within the image; -1: a window of padding only
};
MaxPool max_pool_raw(const PoolShape& s, const Tensor& x);
// x at the positions, and the adjoint: g added (or, with `assign`, put) at the positions into zeros of the input's
// shape.
Tensor pool_gather_raw(const PoolShape& s, const Tensor& x, const Tensor& positions);
Tensor pool_scatter_raw(const PoolShape& s, const Tensor& g, const Tensor& positions, bool assign);

Tensor avg_pool_raw(const PoolShape& s, const Tensor& x);
Tensor avg_pool_backward_raw(const PoolShape& s, const Tensor& g);

}  // namespace xgrad::detail
