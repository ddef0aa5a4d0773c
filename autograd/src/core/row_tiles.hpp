// Elementwise kernels that go over rows where they lie: a column, a channel or one number for all is read once for each
// row, and no tile is filled with it; rows of a part of a tensor are not gathered.
#pragma once

#include <xgrad/detail/tiles.hpp>

namespace xgrad::detail {

inline constexpr int kMaxRowInputs = 3;

// Rows of n elements, contiguous or, of inputs, one number each; from row to row it is `step` bytes.
struct Rows {
  struct Operand {
    char* first;
    std::int64_t step;
    bool number;
  };
  std::int64_t rows, n;
  Operand out, in[kMaxRowInputs];
};
using RowsFn = void (*)(const void* f, const Rows& r);

struct RowKernel {
  TileKernel plain;
  RowsFn rows;
};

// As run_tiles().
void run_row_tiles(const RowKernel& k, Tensor& out, const Tensor* const* in, int n_in);

}  // namespace xgrad::detail
