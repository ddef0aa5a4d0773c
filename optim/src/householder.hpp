// Linear least squares in double.
#pragma once

#include <cstddef>
#include <vector>

namespace xgrad::optim {

// x with |A x - b| minimal; a: rows x columns, column by column, of full rank, with at least as many rows as columns.
// A column that is numerically dependent on those before it gets x = 0.
std::vector<double> solve_least_squares(std::vector<double> a, std::vector<double> b, std::size_t columns);

}  // namespace xgrad::optim
