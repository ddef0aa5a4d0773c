// The gradient of a convolution's weights, computed by pieces of the images and added in a fixed order.
#pragma once

#include <cstdint>

#include <xgrad/parallel.hpp>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

// Pieces under set_deterministic, where their number may not depend on the number of threads.
inline constexpr std::int64_t kFixedPieces = 8;

template <class T>
class WeightSums {
 public:
  // `count` pieces of a gradient of `size` numbers, which is at `out` in the end.
  WeightSums(std::int64_t count, std::int64_t size, T* out) : size_(size), count_(count), out_(out) {
    if (count_ > 1) partial_ = make_tensor({count_, size_}, dtype_of<T>);
  }
  T* of(std::int64_t piece) const { return count_ > 1 ? data<T>(partial_) + piece * size_ : out_; }
  void add() const {
    if (count_ == 1) return;
    parallel_cost(size_, 0.2 * static_cast<double>(count_), [&](std::int64_t begin, std::int64_t end) {
      const T* sums = data<T>(partial_);
      for (std::int64_t j = begin; j < end; ++j) {
        T total = sums[j];
        for (std::int64_t b = 1; b < count_; ++b) total += sums[b * size_ + j];
        out_[j] = total;
      }
    });
  }

 private:
  std::int64_t size_, count_;
  T* out_;
  Tensor partial_;
};

}  // namespace xgrad::detail
