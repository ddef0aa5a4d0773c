// Row work of the classification losses on raw memory. A "row" is the scores of one sample over all classes; x is
// contiguous (outer, classes, inner), row number o * inner + i.
#pragma once

#include <cstdint>

namespace xgrad::detail {

struct ClassGrid {
  std::int64_t outer, classes, inner;
  std::int64_t rows() const { return outer * inner; }
  std::int64_t at(std::int64_t row, std::int64_t c) const { return (row / inner * classes + c) * inner + row % inner; }
};

// lse[row] = log(sum_c exp(x[row][c])), without overflow.
template <class T>
void class_logsumexp(const ClassGrid& grid, const T* x, T* lse);
// out[row] = sum_c w[c] (lse[row] - x[row][c]), the loss of a uniform target; w may be null (ones).
template <class T>
void class_uniform_loss(const ClassGrid& grid, const T* x, const T* lse, const T* w, T* out);
// dx[row][c] = scale[row] exp(x[row][c] - lse[row]) - uniform[row] w[c]; `uniform` null: left out; w null: ones.
// A row of scale 0 becomes zeros whatever it holds.
template <class T>
void class_softmax_scaled(const ClassGrid& grid, const T* x, const T* lse, const T* scale, const T* uniform, const T* w,
                          T* dx);

}  // namespace xgrad::detail
