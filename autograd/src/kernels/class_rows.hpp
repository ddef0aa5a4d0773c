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

// The log-sum-exp of each row in two parts, its largest score and log(sum_c exp(x[c] - top)). Their sum, once rounded,
// would be off by as much as a score's last digit, which may be more than the loss: it is never formed.
template <class T>
struct RowNormaliser {
  T *top, *log_sum;
};
template <class T>
void class_normaliser(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z);
// out[row] = u sum_c w[c] (log-sum-exp of the row - x[row][c]), the share of a uniform target in the loss; w may be
// null (ones); total = u sum_c w[c].
template <class T>
void class_uniform_loss(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z, T u, const T* w, T total, T* out);
// The same with a factor q, of the shape of x, for each row and class: out[row] = sum_c q[c] (log-sum-exp - x[row][c]).
template <class T>
void class_target_loss(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z, const T* q, T* out);
// dx[row][c] = scale[row] softmax(x[row])[c] - uniform[row] w[c]; `uniform` null: left out; w null: ones.
// A row of scale 0 becomes zeros whatever it holds.
template <class T>
void class_softmax_scaled(const ClassGrid& grid, const T* x, const RowNormaliser<T>& z, const T* scale,
                          const T* uniform, const T* w, T* dx);

}  // namespace xgrad::detail
