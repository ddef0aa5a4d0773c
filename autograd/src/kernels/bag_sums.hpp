// Rows of a table, added up in bags.
#pragma once

#include <cstdint>

namespace xgrad::detail {

// Bag b is of the rows row[ends[b]] ... row[ends[b + 1] - 1] of the table, each of `size` numbers; `share` has a factor
// for each bag, `scale` one for each row. Null: all are 1.
template <class T>
struct BagSums {
  const T* table;
  std::int64_t size;
  const std::int64_t *row, *ends;
  const T *share, *scale;

  // out[b] for b in [begin, end), each added up in the order of its rows, from 0.
  void run(std::int64_t begin, std::int64_t end, T* out) const;
};

}  // namespace xgrad::detail
