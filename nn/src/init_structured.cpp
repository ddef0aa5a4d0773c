// First values with structure: orthogonal, sparse, passing their input on.
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/ops/factory.hpp>
#include <xgrad/ops/sampling.hpp>

namespace xgrad::nn::init {
namespace {

Tensor& assign(Tensor& t, std::vector<double> values, const Location& at) {
  const NoGradGuard off;
  return t.copy_(from_vector(values, t.shape()), at);
}

using Vectors = std::vector<std::vector<double>>;

double dot(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// Takes what points along the first `count` of the others, which are of length 1, out of x; returns what is left of its
// length. Twice is enough: W. Kahan, in B. Parlett, The Symmetric Eigenvalue Problem, 1980.
double orthogonalize(std::vector<double>& x, const Vectors& others, std::size_t count) {
  for (int pass = 0; pass < 2; ++pass)
    for (std::size_t k = 0; k < count; ++k) {
      const double along = dot(x, others[k]);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] -= along * others[k][i];
    }
  return std::sqrt(dot(x, x));
}

// `count` orthonormal vectors of the given length, uniform among all such: normal ones made orthogonal in order.
Vectors orthonormal(std::int64_t count, std::int64_t length, const std::optional<Generator>& generator,
                    const Location& at) {
  Vectors v(static_cast<std::size_t>(count));
  for (std::size_t k = 0; k < v.size(); ++k) {
    double left = 0, before = 1;
    while (!(left > 1e-8 * before)) {  // again if it lay among the others
      v[k] = normal(0, 1, {length}, {.dtype = kFloat64, .generator = generator}, at).to_vector<double>();
      before = std::sqrt(dot(v[k], v[k]));
      left = orthogonalize(v[k], v, k);
    }
    for (double& x : v[k]) x /= left;
  }
  return v;
}

}  // namespace

Tensor& orthogonal_(Tensor& t, double gain, const std::optional<Generator>& generator, Location at) {
  require_floating("orthogonal_", t, at);
  if (t.dim() < 2)
    ErrorReport("orthogonal_", fmt::format("needs at least 2 dimensions, got {}", t.dim()), at)
        .operand("tensor", t)
        .shape_error();
  if (t.numel() == 0) return t;
  const std::int64_t rows = t.size(0), columns = t.numel() / rows, length = std::max(rows, columns);
  const Vectors v = orthonormal(std::min(rows, columns), length, generator, at);
  std::vector<double> values;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      values.push_back(gain * (rows <= columns ? v[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)]
                                               : v[static_cast<std::size_t>(c)][static_cast<std::size_t>(r)]));
  return assign(t, std::move(values), at);
}

Tensor& dirac_(Tensor& t, std::int64_t groups, Location at) {
  require_floating("dirac_", t, at);
  if (t.dim() < 3 || t.dim() > 5)
    ErrorReport("dirac_", fmt::format("needs a weight of rank 3, 4 or 5, got {}", t.dim()), at)
        .operand("tensor", t)
        .shape_error();
  if (groups < 1 || t.size(0) % groups != 0)
    ErrorReport("dirac_", fmt::format("{} output channels not divisible by groups {}", t.size(0), groups), at)
        .operand("tensor", t)
        .value_error();
  const Shape strides = t.shape().contiguous_strides();
  std::int64_t middle = 0;
  for (int d = 2; d < t.dim(); ++d) middle += t.size(d) / 2 * strides[d];
  std::vector<double> values(static_cast<std::size_t>(t.numel()), 0.0);
  const std::int64_t per_group = t.size(0) / groups;
  for (std::int64_t g = 0; g < groups && t.numel() > 0; ++g)
    for (std::int64_t c = 0; c < std::min(per_group, t.size(1)); ++c)
      values[static_cast<std::size_t>((g * per_group + c) * strides[0] + c * strides[1] + middle)] = 1;
  return assign(t, std::move(values), at);
}

Tensor& sparse_(Tensor& t, double sparsity, double stddev, const std::optional<Generator>& generator, Location at) {
  require_floating("sparse_", t, at);
  require_rank("sparse_", t, 2, at);
  if (!(sparsity >= 0 && sparsity <= 1))
    ErrorReport("sparse_", fmt::format("sparsity must be in [0, 1], got {}", sparsity), at).value_error();
  const std::int64_t rows = t.size(0), columns = t.size(1);
  // A whole number of rows may be missed by rounding: 0.07 * 100 is 7.000000000000001.
  const auto zeros = static_cast<std::size_t>(std::ceil(sparsity * static_cast<double>(rows) * (1 - 1e-15)));
  std::vector<double> values =
      normal(0, stddev, t.shape(), {.dtype = kFloat64, .generator = generator}, at).to_vector<double>();
  for (std::int64_t c = 0; c < columns; ++c) {
    const auto order = randperm(rows, {.generator = generator}, at).to_vector<std::int64_t>();
    for (std::size_t k = 0; k < zeros; ++k) values[static_cast<std::size_t>(order[k] * columns + c)] = 0;
  }
  return assign(t, std::move(values), at);
}

}  // namespace xgrad::nn::init
