#include "functions/gradcheck_compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/tensor_impl.hpp"

namespace xgrad::detail {

Shape index_of(const Shape& shape, std::int64_t flat) {
  Shape index = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    index[d] = flat % shape[d];
    flat /= shape[d];
  }
  return index;
}

std::string input_text(const Tensor& x, std::size_t number) {
  const std::string& name = x.name();
  return name.empty() ? fmt::format("input {}", number) : fmt::format("input {} ({})", number, name);
}

namespace {

struct Place {
  std::int64_t row = 0, col = 0, wrong = 0;
};

bool close(const Comparison& c, double a, double n) { return std::abs(a - n) <= c.atol + c.rtol * std::abs(n); }

Place worst_place(const Comparison& c) {
  Place at;
  double worst = -1;
  for (std::int64_t r = 0; r < c.numerical.rows; ++r)
    for (std::int64_t j = 0; j < c.numerical.cols; ++j) {
      const double a = c.analytical.at(r, j), n = c.numerical.at(r, j);
      if (close(c, a, n)) continue;
      ++at.wrong;
      const double d = std::abs(a - n), rank = std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
      if (rank <= worst) continue;
      worst = rank;
      at.row = r;
      at.col = j;
    }
  return at;
}

// The row of a Jacobian around an element.
std::string row_text(const Jacobian& j, const Place& at) {
  constexpr std::int64_t kShown = 6;
  const std::int64_t first =
      std::clamp<std::int64_t>(at.col - kShown / 2, 0, std::max<std::int64_t>(j.cols - kShown, 0));
  const std::int64_t last = std::min(first + kShown, j.cols);
  std::string text = first > 0 ? "..., " : "";
  for (std::int64_t k = first; k < last; ++k) text += fmt::format("{}{:.6g}", k == first ? "" : ", ", j.at(at.row, k));
  return text + (last < j.cols ? ", ..." : "");
}

Tensor as_tensor(const Jacobian& j) {
  Tensor t = make_tensor({j.rows, j.cols}, DType::float64);
  std::copy(j.values.begin(), j.values.end(), data<double>(t));
  return t;
}

bool all_zero(const Jacobian& j) {
  return std::all_of(j.values.begin(), j.values.end(), [](double v) { return v == 0; });
}

// c when the analytical one is c times the numerical one, all over and within the tolerances; else 0.
double common_factor(const Comparison& c) {
  double an = 0, nn = 0;
  for (std::size_t i = 0; i < c.numerical.values.size(); ++i) {
    an += c.analytical.values[i] * c.numerical.values[i];
    nn += c.numerical.values[i] * c.numerical.values[i];
  }
  const double factor = an / nn;
  if (!std::isfinite(factor)) return 0;
  for (std::size_t i = 0; i < c.numerical.values.size(); ++i) {
    const double want = factor * c.numerical.values[i];
    if (!(std::abs(c.analytical.values[i] - want) <= c.atol + c.rtol * std::abs(want))) return 0;
  }
  return factor;
}

// How many elements it takes to tell a factor from a wrong number.
bool shows_a_factor(const Comparison& c) {
  return std::count_if(c.numerical.values.begin(), c.numerical.values.end(),
                       [&](double v) { return std::abs(v) > 10 * c.atol; }) >= 2;
}

// What is probably wrong; "" when nothing is known.
std::string hint(const Comparison& c, const Place& at) {
  const double a = c.analytical.at(at.row, at.col), n = c.numerical.at(at.row, at.col);
  if (std::isnan(n)) return "the function gives NaN near this input: is it outside its domain, or on the border of it?";
  const double middle = c.value(at.row, at.col, 0);
  if (c.value(at.row, at.col, 0) != middle)
    return "the function gives other values when it is called again: does it draw random numbers?";
  const double right = (c.value(at.row, at.col, c.eps) - middle) / c.eps,
               left = (middle - c.value(at.row, at.col, -c.eps)) / c.eps;
  if (std::abs(right - left) > 10 * (c.atol + c.rtol * std::max(std::abs(right), std::abs(left))))
    return fmt::format(
        "the function has a kink or a step here (slopes {:.6g} on the left, {:.6g} on the right): move the input away "
        "from it",
        left, right);
  if (all_zero(c.analytical))
    return fmt::format("the {} is zero everywhere: is there a detach(), an item() or a NoGradGuard in the function?",
                       c.what);
  if (all_zero(c.numerical) && a != 0)
    return "the values do not change with this input: are they rounded, or computed in float32 inside?";
  if (n == 0 && a != 0)
    return "the output does not depend on this element of the input: a term too many, or a transposed factor?";
  if (const double factor = common_factor(c); factor != 0 && shows_a_factor(c))
    return fmt::format("analytical = {:.6g} numerical everywhere: a factor of {:.6g} is missing in the derivative",
                       factor, 1 / factor);
  if (std::abs(a + n) <= c.atol + c.rtol * std::abs(n)) return "the two differ in their sign only";
  return "";
}

}  // namespace

Failure compare_jacobians(const Comparison& c) {
  const Place at = worst_place(c);
  if (at.wrong == 0) return {};
  const Tensor &x = c.input, &y = c.output;
  Failure f;
  f.found = true;
  f.report.passed = false;
  f.report.output = c.output_number;
  f.report.input = c.input_number;
  f.report.output_index = index_of(y.shape(), at.row);
  f.report.input_index = index_of(x.shape(), at.col);
  f.report.numerical = c.numerical.at(at.row, at.col);
  f.report.analytical = c.analytical.at(at.row, at.col);
  f.report.numerical_jacobian = as_tensor(c.numerical);
  f.report.analytical_jacobian = as_tensor(c.analytical);
  f.rule = fmt::format(
      "output {} by {}: the {} is wrong at output element {}, input element {}: numerical {:.10g}, analytical {:.10g}",
      c.output_number, input_text(x, c.input_number), c.what, to_string(f.report.output_index),
      to_string(f.report.input_index), f.report.numerical, f.report.analytical);
  f.lines = {{"output", fmt::format("{} {}{}", short_name(y.dtype()), to_string(y.shape()),
                                    *y.grad_fn_name() ? fmt::format(" from {}", y.grad_fn_name()) : "")},
             {"input", fmt::format("{}{} {}", x.name().empty() ? "" : x.name() + "  ", short_name(x.dtype()),
                                   to_string(x.shape()))},
             {"wrong", fmt::format("{} of {} elements differ by more than {:g} + {:g} |numerical|", at.wrong,
                                   c.numerical.rows * c.numerical.cols, c.atol, c.rtol)},
             {"numerical", row_text(c.numerical, at)},
             {"analytical", row_text(c.analytical, at)}};
  f.help = hint(c, at);
  return f;
}

}  // namespace xgrad::detail
