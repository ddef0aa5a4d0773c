// Different values and slices, by sorting their positions.
#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/check.hpp>
#include <xgrad/ops/index.hpp>
#include <xgrad/ops/unique.hpp>
#include <xgrad/ops/view.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/vec.hpp>

#include "core/elementwise_loop.hpp"
#include "kernels/lanes.hpp"
#include "kernels/order.hpp"
#include "ops/print_parts.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::impl;
using detail::make_tensor;

namespace {

using Places = std::vector<std::int64_t>;

// Rows of `width` elements in a contiguous tensor. NaN is the largest value and differs from itself.
template <class T>
struct Rows {
  const T* data;
  std::int64_t width;
  static int compare(T a, T b) {
    if (a < b || (detail::not_a_number(b) && !detail::not_a_number(a))) return -1;
    return b < a || (detail::not_a_number(a) && !detail::not_a_number(b)) ? 1 : 0;
  }
  bool less(std::int64_t i, std::int64_t j) const {
    for (std::int64_t k = 0; k < width; ++k)
      if (const int c = compare(data[i * width + k], data[j * width + k]); c != 0) return c < 0;
    return i < j;
  }
  bool equal(std::int64_t i, std::int64_t j) const {
    return std::equal(data + i * width, data + (i + 1) * width, data + j * width);
  }
};

struct Groups {
  Places first;  // the row that each group begins with
  Tensor inverse, counts;
};

Tensor as_places(const Places& list) {
  Tensor t = make_tensor({static_cast<std::int64_t>(list.size())}, DType::int64);
  std::copy(list.begin(), list.end(), detail::data<std::int64_t>(t));
  return t;
}

template <class T>
struct Bounds {
  T least, most;
};
template <class T>
XGRAD_CLONES Bounds<T> bounds_of(const T* data, std::int64_t n) {
  T least = data[0], most = data[0];
  for (std::int64_t i = 1; i < n; ++i) {
    least = data[i] < least ? data[i] : least;
    most = data[i] > most ? data[i] : most;
  }
  return {least, most};
}

// Integers of a range not much larger than their number: counted instead of sorted. False: it is larger.
template <class T>
bool count_values(const T* data, std::int64_t n, const Shape& inverse_shape, Groups& g) {
  if (n == 0) return false;
  const auto [least, most] = bounds_of(data, n);
  const std::uint64_t range = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
  if (range > 4 * static_cast<std::uint64_t>(n)) return false;
  const auto value = [data, least = static_cast<std::size_t>(least)](std::int64_t i) {
    return static_cast<std::size_t>(data[i]) - least;
  };
  Places counts(range + 1, 0), group_of(range + 1), kept;
  for (std::int64_t i = 0; i < n; ++i) ++counts[value(i)];
  for (std::size_t v = 0; v <= range; ++v) {
    if (counts[v] == 0) continue;
    group_of[v] = std::ssize(kept);
    kept.push_back(counts[v]);
  }
  g.first.resize(kept.size());
  std::int64_t wanted = std::ssize(kept);
  for (std::int64_t i = 0; wanted > 0; ++i)
    if (std::int64_t& count = counts[value(i)]; count > 0) {  // not met yet
      count = 0;
      g.first[static_cast<std::size_t>(group_of[value(i)])] = i;
      --wanted;
    }
  g.inverse = make_tensor(inverse_shape, DType::int64);
  std::int64_t* const inverse = detail::data<std::int64_t>(g.inverse);
  for (std::int64_t i = 0; i < n; ++i) inverse[i] = group_of[value(i)];
  g.counts = as_places(kept);
  return true;
}

// Positions of the rows in order, equal ones by position.
template <class T>
Places sorted_places(const Tensor& rows, const Rows<T>& r, std::int64_t count) {
  Places order(static_cast<std::size_t>(count));
  if (r.width == 1 && count > 0) {
    const Tensor sorted = detail::sort_raw(reshape(rows, {count}), 0, false).indices;
    std::copy_n(detail::data<const std::int64_t>(sorted), count, order.begin());
    return order;
  }
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) { return r.less(i, j); });
  return order;
}

template <class T>
Groups group(const Tensor& tensor, std::int64_t rows, std::int64_t width, bool sorted, const Shape& inverse_shape) {
  const T* data = detail::data<T>(tensor);
  if constexpr (std::is_integral_v<T>)
    if (Groups counted; sorted && width == 1 && count_values(data, rows, inverse_shape, counted)) return counted;
  const Rows<T> r{data, width};
  Places order;
  if (sorted) {
    order = sorted_places(tensor, r, rows);
  } else {
    order.resize(static_cast<std::size_t>(rows));
    std::iota(order.begin(), order.end(), 0);
  }
  Groups g{{}, make_tensor(inverse_shape, DType::int64), {}};
  auto* inverse = detail::data<std::int64_t>(g.inverse);
  Places counts;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (k == 0 || !r.equal(order[k - 1], order[k])) {
      g.first.push_back(order[k]);
      counts.push_back(0);
    }
    ++counts.back();
    inverse[order[k]] = static_cast<std::int64_t>(counts.size()) - 1;
  }
  g.counts = as_places(counts);
  return g;
}

Groups groups_of(const Tensor& rows, std::int64_t count, bool sorted, const Shape& inverse_shape) {
  Groups g;
  const std::int64_t width = count == 0 ? 0 : impl(rows).numel / count;
  detail::dispatch_all(impl(rows).dtype, [&](auto zero) {
    using T = decltype(zero);
    g = group<T>(rows, count, width, sorted, inverse_shape);
  });
  return g;
}

UniqueResult of_elements(const char* op, const Tensor& x, bool sorted, const Location& at) {
  require_defined(op, x, at);
  NoGradGuard off;
  const Tensor flat = detail::contiguous_copy(x);
  Groups g = groups_of(flat, impl(x).numel, sorted, impl(x).shape);
  return {index_select(reshape(flat, {impl(x).numel}), 0, as_places(g.first)), g.inverse, g.counts};
}

UniqueResult of_slices(const char* op, const Tensor& x, std::int64_t dim, bool sorted, const Location& at) {
  const int d = wrap_dim(op, dim, x, at);
  if (impl(x).shape.rank() == 0) return of_elements(op, x, sorted, at);
  const std::int64_t n = impl(x).shape[d];
  if (impl(x).numel == 0 && n != 0) [[unlikely]]
    ErrorReport(op, "slices of no elements cannot be told apart", at).operand("input", x).shape_error();
  NoGradGuard off;
  Groups g = groups_of(detail::contiguous_copy(movedim(x, d, 0)), n, sorted, {n});
  return {index_select(x, d, as_places(g.first)), g.inverse, g.counts};
}

}  // namespace

UniqueResult unique(const Tensor& x, Location at) { return of_elements("unique", x, true, at); }
UniqueResult unique(const Tensor& x, std::int64_t dim, Location at) { return of_slices("unique", x, dim, true, at); }
UniqueResult unique_consecutive(const Tensor& x, Location at) {
  return of_elements("unique_consecutive", x, false, at);
}
UniqueResult unique_consecutive(const Tensor& x, std::int64_t dim, Location at) {
  return of_slices("unique_consecutive", x, dim, false, at);
}

namespace {

// out[i] = whether x[i] is in the list, for integers of a range not much larger than their number. False: it is larger.
template <class T>
bool marked_values(const T* x, std::int64_t count, const T* list, std::int64_t n, bool invert, bool* out) {
  if (n == 0) return false;
  const auto [least, most] = bounds_of(list, n);
  const std::uint64_t first = static_cast<std::uint64_t>(least), range = static_cast<std::uint64_t>(most) - first;
  if (range > 4 * static_cast<std::uint64_t>(n + count)) return false;
  std::vector<std::uint8_t> marks(range + 1, invert ? 1 : 0);
  for (std::int64_t i = 0; i < n; ++i) marks[static_cast<std::uint64_t>(list[i]) - first] = invert ? 0 : 1;
  detail::parallel_cost(count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint64_t at = static_cast<std::uint64_t>(x[i]) - first;
      out[i] = at <= range ? marks[at] != 0 : invert;
    }
  });
  return true;
}

// The same for all numbers; NaN is nowhere.
template <class T>
void sorted_values(const T* x, std::int64_t count, const T* list, std::int64_t n, bool invert, bool* out) {
  const auto sorted = std::make_unique<T[]>(static_cast<std::size_t>(n));
  T* end = std::copy_if(list, list + n, sorted.get(), [](T v) { return !detail::not_a_number(v); });
  std::sort(sorted.get(), end);
  detail::parallel_cost(count, 20, [&](std::int64_t begin, std::int64_t last) {
    for (std::int64_t i = begin; i < last; ++i)
      out[i] = (!detail::not_a_number(x[i]) && std::binary_search(sorted.get(), end, x[i])) != invert;
  });
}

}  // namespace

Tensor isin(const Tensor& x, const Tensor& test_elements, bool invert, Location at) {
  require_defined("isin", x, at);
  require_defined("isin", test_elements, at);
  const DType type = promote_types(impl(x).dtype, impl(test_elements).dtype);
  const Tensor from = detail::contiguous_copy(detail::as_type(x, type));
  const Tensor tests = detail::contiguous_copy(detail::as_type(test_elements, type));
  Tensor y = make_tensor(impl(x).shape, DType::boolean, at);
  bool* out = detail::data<bool>(y);
  detail::dispatch_all(type, [&](auto zero) {
    using T = decltype(zero);
    const T *p = detail::data<T>(from), *list = detail::data<T>(tests);
    const std::int64_t n = impl(tests).numel;
    if constexpr (std::is_integral_v<T>)
      if (marked_values(p, impl(y).numel, list, n, invert, out)) return;
    sorted_values(p, impl(y).numel, list, n, invert, out);
  });
  return y;
}

std::ostream& operator<<(std::ostream& os, const UniqueResult& r) {
  return detail::print_parts(os, {{"values", r.values}, {"inverse", r.inverse}, {"counts", r.counts}});
}
}  // namespace xgrad
