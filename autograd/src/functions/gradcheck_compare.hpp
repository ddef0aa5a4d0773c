// What gradcheck compares, and what it says about a difference.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/gradcheck.hpp>

namespace xgrad::detail {

// Row-major, output elements by input elements.
struct Jacobian {
  std::int64_t rows = 0, cols = 0;
  std::vector<double> values;
  Jacobian(std::int64_t r, std::int64_t c) : rows(r), cols(c), values(static_cast<std::size_t>(r * c)) {}
  double& at(std::int64_t r, std::int64_t c) { return values[static_cast<std::size_t>(r * cols + c)]; }
  double at(std::int64_t r, std::int64_t c) const { return values[static_cast<std::size_t>(r * cols + c)]; }
};
using Jacobians = std::vector<std::vector<Jacobian>>;  // [output][checked input]

struct Failure {
  bool found = false;
  std::string rule;
  std::vector<std::pair<std::string, std::string>> lines;
  std::string help;
  GradcheckReport report;
};

// One output by one input.
struct Comparison {
  const char* what;  // "gradient" or "tangent"
  const Tensor& output;
  std::size_t output_number;
  const Tensor& input;
  std::size_t input_number;
  const Jacobian& analytical;
  const Jacobian& numerical;
  double atol, rtol, eps;
  // f(x + by e_j) at this output's element r, for input element j.
  std::function<double(std::int64_t r, std::int64_t j, double by)> value;
};
// The worst element where the two differ by more than atol + rtol |numerical|.
Failure compare_jacobians(const Comparison& c);

// "(1, 2)" for an element by its number in row-major order.
Shape index_of(const Shape& shape, std::int64_t flat);
// "input 1", "input 1 (fc.weight)".
std::string input_text(const Tensor& x, std::size_t number);

}  // namespace xgrad::detail
