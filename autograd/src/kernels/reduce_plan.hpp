// The loop nest of a reduction: dimensions split into kept and reduced ones and merged as far as the strides allow.
#pragma once

#include "kernels/reduce.hpp"

namespace xgrad::detail {

struct ReduceAxis {
  std::int64_t size, in, out;  // strides in elements; out is 0 for a reduced axis
};

// Axes from the largest stride to the smallest, so that the last one walks through memory best; repeated elements
// (stride 0) come first. outputs * per_output = number of elements.
struct ReducePlan {
  int kept = 0, reduced = 0;
  ReduceAxis k[kMaxRank + 1], r[kMaxRank + 1];
  std::int64_t outputs = 1, per_output = 1;

  // Whether the innermost loop runs over reduced elements; otherwise over neighbouring results.
  bool along_rows() const {
    if (reduced == 0 || kept == 0) return reduced > 0;
    const std::int64_t a = r[reduced - 1].in, b = k[kept - 1].in;
    return a != 0 && (b == 0 || a < b);
  }
};

ReducePlan plan_reduction(const TensorImpl& x, DimSet dims);

// A position in the index space of some axes, moved one element at a time.
class AxisWalk {
 public:
  AxisWalk(const ReduceAxis* axes, int n, std::int64_t start) : axes_(axes), n_(n) {
    for (int d = n - 1; d >= 0; --d) {
      index_[d] = start % axes[d].size;
      start /= axes[d].size;
      in += index_[d] * axes[d].in;
      out += index_[d] * axes[d].out;
    }
  }
  // Elements left along the last axis.
  std::int64_t run() const { return n_ == 0 ? 1 : axes_[n_ - 1].size - index_[n_ - 1]; }
  // Goes forward by at most run() elements.
  void advance(std::int64_t by) {
    if (n_ == 0) return;
    int d = n_ - 1;
    index_[d] += by;
    in += by * axes_[d].in;
    out += by * axes_[d].out;
    for (; d > 0 && index_[d] == axes_[d].size; --d) {
      in += axes_[d - 1].in - index_[d] * axes_[d].in;
      out += axes_[d - 1].out - index_[d] * axes_[d].out;
      index_[d] = 0;
      ++index_[d - 1];
    }
  }

  std::int64_t in = 0, out = 0;

 private:
  const ReduceAxis* axes_;
  int n_;
  std::int64_t index_[kMaxRank + 1];
};

}  // namespace xgrad::detail
