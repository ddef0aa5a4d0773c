#include "householder.hpp"

#include <cmath>
#include <numeric>

namespace xgrad::optim {
namespace {

// Applies the reflection I - v v' / h to y; v and y have n numbers.
void reflect(const double* v, double h, double* y, std::size_t n) {
  const double s = std::inner_product(v, v + n, y, 0.0) / h;
  for (std::size_t i = 0; i < n; ++i) y[i] -= s * v[i];
}

}  // namespace

std::vector<double> solve_least_squares(std::vector<double> a, std::vector<double> b, std::size_t columns) {
  const std::size_t rows = b.size();
  std::vector<double> diagonal(columns);
  for (std::size_t k = 0; k < columns; ++k) {
    double* v = a.data() + k * rows + k;
    const std::size_t n = rows - k;
    const double norm = std::sqrt(std::inner_product(v, v + n, v, 0.0));
    diagonal[k] = v[0] > 0 ? -norm : norm;
    if (norm == 0) continue;
    v[0] -= diagonal[k];
    const double h = -diagonal[k] * v[0];  // half the square of |v|
    for (std::size_t j = k + 1; j < columns; ++j) reflect(v, h, a.data() + j * rows + k, n);
    reflect(v, h, b.data() + k, n);
  }
  std::vector<double> x(columns);
  for (std::size_t k = columns; k-- > 0;) {
    double sum = b[k];
    for (std::size_t j = k + 1; j < columns; ++j) sum -= a[j * rows + k] * x[j];
    x[k] = diagonal[k] == 0 ? 0 : sum / diagonal[k];
  }
  return x;
}

}  // namespace xgrad::optim
