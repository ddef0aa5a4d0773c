// The local derivative of one operation as numbers, and the structure that is read off them: no operation is known
// here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/shape.hpp>

namespace xgrad::viz {

// dy_o / dx_i, row by row; y and x are counted row by row as well.
struct Jacobian {
  Shape out, in;
  std::size_t m = 0, n = 0;
  std::vector<double> numbers;
  double operator()(std::size_t o, std::size_t i) const { return numbers[o * n + i]; }
};

enum class Form {
  zero,      // y does not depend on x here
  same,      // dL/dx = dL/dy
  scaled,    // dL/dx = factor dL/dy
  diagonal,  // element by element: dL/dx_i = factors_i dL/dy_i
  picked,    // each y_o reads one x at most: index_o, with factor or factors_o
  spread,    // each x_i goes into one y at most: index_i, with factor or factors_i
  product,   // a product with a matrix K, as `product` says
  general    // the entries that are not zero
};

// G: dL/dy as a matrix, one for each of `batches`. Result: dL/dx as a matrix.
enum class Product { g_k, gt_k, kt_g, kt_gt, row };  // row: dL/dx = dL/dy K, both as one row

struct LocalDerivative {
  Form form = Form::zero;
  double factor = 1;
  std::vector<double> factors;  // empty: all are `factor`
  std::vector<std::int64_t> index;
  Product product = Product::g_k;
  std::size_t batches = 1, rows = 0, columns = 0;  // of K
  std::vector<double> matrix;
  struct Entry {
    std::size_t out, in;
    double value;
  };
  std::vector<Entry> entries;
  std::vector<int> agree;  // general: dimensions in which y depends on x of the same index only
};

// operands: the numbers that the operation read. A product with one of them is told from a sum or a selection, which
// a matrix of zeros and ones may look like. expected: which of several products with the same numbers it is, where a
// size is 1; it holds only where the numbers agree.
LocalDerivative structure_of(const Jacobian& j, const std::vector<std::vector<double>>& operands = {},
                             std::optional<Product> expected = {});
// The same where what is zero or equal by chance is not taken for a rule: all units of a relu active, or none. others:
// the Jacobians of the operation for other data.
LocalDerivative structure_of(const Jacobian& j, const std::vector<Jacobian>& others,
                             const std::vector<std::vector<double>>& operands, std::optional<Product> expected);
// Whether the matrices of a product are these numbers, or, turned, their transposes.
bool matrix_is(const LocalDerivative& d, const std::vector<double>& numbers, bool turned);
const char* name_of(Form f);
const char* name_of(Product p);

}  // namespace xgrad::viz
