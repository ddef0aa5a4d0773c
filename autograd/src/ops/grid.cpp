// All combinations of values, from views and selections.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <xgrad/check.hpp>
#include <xgrad/ops/grid.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/rearrange.hpp>
#include <xgrad/ops/scan.hpp>
#include <xgrad/ops/view.hpp>

#include "core/elementwise_loop.hpp"
#include "core/tensor_impl.hpp"
#include "ops/factory_checks.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

namespace {

void require_lists(const char* op, const std::vector<Tensor>& tensors, int least, Location at) {
  if (tensors.empty()) [[unlikely]]
    ErrorReport(op, "needs at least one tensor", at).value_error();
  for (const Tensor& t : tensors) {
    require_defined(op, t, at);
    if (impl(t).shape.rank() > 1 || impl(t).shape.rank() < least) [[unlikely]]
      ErrorReport(op, fmt::format("needs 1-D tensors, got rank {}", impl(t).shape.rank()), at)
          .operand("tensor", t)
          .shape_error();
    require_same_dtype(op, tensors[0], t, at);
  }
}

std::vector<Tensor> grid(const std::vector<Tensor>& tensors, bool swap, Location at) {
  Shape sizes;
  for (const Tensor& t : tensors) sizes.push_back(impl(t).numel, at);
  if (swap) std::swap(sizes[0], sizes[1]);
  std::vector<Tensor> out;
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    Shape line = sizes;
    for (std::int64_t& n : line) n = 1;
    line[swap && k < 2 ? 1 - k : k] = impl(tensors[k]).numel;
    out.push_back(expand(reshape(tensors[k], line, at), sizes, at));
  }
  return out;
}

}  // namespace

std::vector<Tensor> meshgrid(const std::vector<Tensor>& tensors, const std::string& indexing, Location at) {
  require_lists("meshgrid", tensors, 0, at);
  if (indexing != "ij" && indexing != "xy") [[unlikely]]
    ErrorReport("meshgrid", fmt::format("indexing must be \"ij\" or \"xy\", got \"{}\"", indexing), at).value_error();
  return grid(tensors, indexing == "xy" && tensors.size() > 1, at);
}

Tensor cartesian_prod(const std::vector<Tensor>& tensors, Location at) {
  require_lists("cartesian_prod", tensors, 1, at);
  if (tensors.size() == 1) return tensors[0];
  std::vector<Tensor> columns;
  for (const Tensor& t : grid(tensors, false, at)) columns.push_back(ravel(t, at));
  return stack(columns, 1, at);
}

namespace {

// The next choice of r numbers below n in order; false when `c` was the last.
bool next_choice(std::vector<std::int64_t>& c, std::int64_t n, bool again) {
  const auto r = static_cast<std::int64_t>(c.size());
  for (std::int64_t i = r - 1; i >= 0; --i) {
    std::int64_t& v = c[static_cast<std::size_t>(i)];
    if (v >= (again ? n - 1 : n - r + i)) continue;
    ++v;
    for (std::int64_t j = i + 1; j < r; ++j) c[static_cast<std::size_t>(j)] = again ? v : v + j - i;
    return true;
  }
  return false;
}

// How many ways there are to choose r of n; -1 beyond 64 bits.
std::int64_t number_of_choices(std::int64_t n, std::int64_t r, bool again) {
  if (r == 0 || n == 0 || (!again && r > n)) return 0;
  if (again && __builtin_add_overflow(n, r - 1, &n)) return -1;
  std::int64_t count = 1;
  const std::int64_t steps = std::min(r, n - r);
  for (std::int64_t i = 1; i <= steps; ++i) {  // count is a binomial coefficient after every step
    const std::int64_t common = std::gcd(count, i);
    if (__builtin_mul_overflow(count / common, (n - steps + i) / (i / common), &count)) return -1;
  }
  return count;
}

Tensor choices(std::int64_t n, std::int64_t r, std::int64_t count, bool again, const Location& at) {
  Tensor places = make_tensor({count * r}, DType::int64, at);
  if (count == 0) return places;
  auto* out = detail::data<std::int64_t>(places);
  std::vector<std::int64_t> c(static_cast<std::size_t>(r), 0);
  for (std::size_t i = 0; i < c.size() && !again; ++i) c[i] = static_cast<std::int64_t>(i);
  do out = std::copy(c.begin(), c.end(), out);
  while (next_choice(c, n, again));
  return places;
}

}  // namespace

Tensor combinations(const Tensor& x, std::int64_t r, bool with_replacement, Location at) {
  require_rank("combinations", x, 1, at);
  if (r < 0) [[unlikely]]
    ErrorReport("combinations", fmt::format("r must not be negative, got {}", r), at).operand("input", x).value_error();
  if (r == 0) return index_select(x, 0, detail::zeros_raw({0}, DType::int64), at);  // PyTorch's shape
  const std::int64_t count = number_of_choices(impl(x).numel, r, with_replacement);
  std::int64_t elements = 0;
  if (count < 0 || __builtin_mul_overflow(count, std::max<std::int64_t>(r, 1), &elements)) [[unlikely]]
    ErrorReport("combinations", fmt::format("there are too many choices of {} elements", r), at)
        .operand("input", x)
        .shape_error();
  const Tensor places = choices(impl(x).numel, r, count, with_replacement, at);
  return reshape(index_select(x, 0, places, at), {count, r}, at);
}

Tensor vander(const Tensor& x, std::int64_t n, bool increasing, Location at) {
  require_defined("vander", x, at);
  if (impl(x).shape.rank() == 0) [[unlikely]]
    ErrorReport("vander", "needs rank 1 or more, got 0", at).operand("input", x).shape_error();
  if (n < -1) [[unlikely]]
    ErrorReport("vander", fmt::format("n must not be negative, got {}", n), at).operand("input", x).value_error();
  const std::int64_t columns = n == -1 ? impl(x).shape.back() : n;
  const DType type = is_floating(impl(x).dtype) ? impl(x).dtype : DType::int64;
  Shape one = impl(x).shape, powers = impl(x).shape, whole = impl(x).shape;
  whole.push_back(columns, at);
  detail::require_shape("vander", whole, at);
  one.push_back(columns > 0 ? 1 : 0, at);
  powers.push_back(std::max<std::int64_t>(columns - 1, 0), at);
  Tensor ones = make_tensor(one, type, at);
  detail::fill_raw(ones, 1);
  const Tensor rest = cumprod(expand(unsqueeze(x, -1, at), powers, at), -1, at);
  const Tensor all = cat({ones, rest}, -1, at);
  return increasing ? all : flip(all, {-1}, at);
}

}  // namespace xgrad
