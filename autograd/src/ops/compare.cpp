// Comparisons, logic and tests of single elements: bool results, nothing to differentiate.
#include <cmath>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>

#include "ops/promote.hpp"

namespace xgrad {

using detail::as_type;
using detail::dispatch_all;
using detail::impl;

namespace {

template <class T, class F>
XGRAD_CLONES void compare_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  bool* y = static_cast<bool*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = F{}(a[i], b[i]);
}

template <class F>
Tensor compare(const char* op, const Tensor& x, const Tensor& y, F, const Location& at) {
  detail::require_broadcast(op, x, y, at);
  const DType type = detail::result_type(x, y);
  const Tensor a = as_type(x, type), b = as_type(y, type);
  const Tensor* in[] = {&a, &b};
  Tensor out = detail::tile_output(in, 2, DType::boolean);
  dispatch_all(type, [&](auto zero) {
    detail::run_tiles({&compare_tile<decltype(zero), F>, nullptr, 0.2}, out, in, 2);
  });
  return out;
}

template <class F>
Tensor compare(const char* op, const Tensor& x, Scalar y, F f, const Location& at) {
  require_defined(op, x, at);
  // A whole number may lie outside the range of a narrow tensor: 300 is no uint8.
  const bool whole = !is_floating(impl(x).dtype) && !y.is_floating();
  Tensor b = detail::make_tensor({}, whole ? DType::int64 : promote_types(impl(x).dtype, y));
  detail::fill_raw(b, y);
  return compare(op, whole ? as_type(x, DType::int64) : x, b, f, at);
}

constexpr auto kEq = [](auto a, auto b) { return a == b; };
constexpr auto kNe = [](auto a, auto b) { return a != b; };
constexpr auto kLt = [](auto a, auto b) { return a < b; };
constexpr auto kLe = [](auto a, auto b) { return a <= b; };
constexpr auto kGt = [](auto a, auto b) { return a > b; };
constexpr auto kGe = [](auto a, auto b) { return a >= b; };

template <class T, class F>
void test_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  for (std::int64_t i = 0; i < n; ++i) static_cast<bool*>(out)[i] = F{}(static_cast<const T*>(in[0])[i]);
}

template <class F>
Tensor test(const char* op, const Tensor& x, F, const Location& at) {
  require_defined(op, x, at);
  const Tensor* in[] = {&x};
  Tensor out = detail::tile_output(in, 1, DType::boolean);
  dispatch_all(impl(x).dtype, [&](auto zero) {
    detail::run_tiles({&test_tile<decltype(zero), F>, nullptr, 0.5}, out, in, 1);
  });
  return out;
}

}  // namespace

void detail::require_no_chain(const char* op, const Tensor& a, const Operand& b) {
  if (!a.defined() || impl(a).dtype != kBool) return;
  if (b.tensor ? !b.tensor->defined() || impl(*b.tensor).dtype == kBool : b.scalar.is_bool()) return;
  ErrorReport(op, "the result of a comparison (bool) is compared with numbers", b.at)
      .operand("left", a)
      .help("write a < b < c as (a < b) && (b < c); bools as numbers: to(kInt64)")
      .dtype_error();
}

Tensor eq(const Tensor& x, const Tensor& y, Location at) { return compare("eq", x, y, kEq, at); }
Tensor ne(const Tensor& x, const Tensor& y, Location at) { return compare("ne", x, y, kNe, at); }
Tensor lt(const Tensor& x, const Tensor& y, Location at) { return compare("lt", x, y, kLt, at); }
Tensor le(const Tensor& x, const Tensor& y, Location at) { return compare("le", x, y, kLe, at); }
Tensor gt(const Tensor& x, const Tensor& y, Location at) { return compare("gt", x, y, kGt, at); }
Tensor ge(const Tensor& x, const Tensor& y, Location at) { return compare("ge", x, y, kGe, at); }
Tensor eq(const Tensor& x, Scalar y, Location at) { return compare("eq", x, y, kEq, at); }
Tensor ne(const Tensor& x, Scalar y, Location at) { return compare("ne", x, y, kNe, at); }
Tensor lt(const Tensor& x, Scalar y, Location at) { return compare("lt", x, y, kLt, at); }
Tensor le(const Tensor& x, Scalar y, Location at) { return compare("le", x, y, kLe, at); }
Tensor gt(const Tensor& x, Scalar y, Location at) { return compare("gt", x, y, kGt, at); }
Tensor ge(const Tensor& x, Scalar y, Location at) { return compare("ge", x, y, kGe, at); }

Tensor logical_and(const Tensor& x, const Tensor& y, Location at) {
  return compare(
      "logical_and", x, y, [](auto a, auto b) { return a != 0 && b != 0; }, at);
}
Tensor logical_or(const Tensor& x, const Tensor& y, Location at) {
  return compare(
      "logical_or", x, y, [](auto a, auto b) { return a != 0 || b != 0; }, at);
}
Tensor logical_xor(const Tensor& x, const Tensor& y, Location at) {
  return compare(
      "logical_xor", x, y, [](auto a, auto b) { return (a != 0) != (b != 0); }, at);
}
Tensor logical_not(const Tensor& x, Location at) {
  return test(
      "logical_not", x, [](auto a) { return a == 0; }, at);
}

namespace {
// By bits: no compiler flag can argue these away, and they hold for integers too.
template <class T>
int class_of(T v) {  // 0 finite, 1 infinite, 2 NaN
  if constexpr (std::is_floating_point_v<T>)
    return v != v ? 2 : std::fabs(v) > std::numeric_limits<T>::max() ? 1 : 0;
  else
    return 0;
}
}  // namespace

Tensor isnan(const Tensor& x, Location at) {
  return test(
      "isnan", x, [](auto a) { return class_of(a) == 2; }, at);
}
Tensor isinf(const Tensor& x, Location at) {
  return test(
      "isinf", x, [](auto a) { return class_of(a) == 1; }, at);
}
Tensor isfinite(const Tensor& x, Location at) {
  return test(
      "isfinite", x, [](auto a) { return class_of(a) == 0; }, at);
}

namespace {
// Differences of whole numbers are exact: doubles would take 2^53 and 2^53 + 1 for one number.
bool close_integers(const Tensor& x, const Tensor& y, double rtol, double atol) {
  const std::vector<std::int64_t> a = x.to_vector<std::int64_t>(), b = y.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const auto high = static_cast<std::uint64_t>(std::max(a[i], b[i]));
    const auto apart = static_cast<double>(high - static_cast<std::uint64_t>(std::min(a[i], b[i])));
    if (!(apart <= atol + rtol * std::fabs(static_cast<double>(b[i])))) return false;
  }
  return true;
}
}  // namespace

bool allclose(const Tensor& x_given, const Tensor& y_given, double rtol, double atol, bool equal_nan, Location at) {
  detail::require_broadcast("allclose", x_given, y_given, at);
  const Shape shape = broadcast_shapes("allclose", x_given, y_given, at);
  const NoGradGuard off;
  const Tensor x = x_given.expand(shape, at), y = y_given.expand(shape, at);
  if (!is_floating(impl(x).dtype) && !is_floating(impl(y).dtype)) return close_integers(x, y, rtol, atol);
  const std::vector<double> a = x.to_vector<double>(), b = y.to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (equal_nan && std::isnan(a[i]) && std::isnan(b[i]))) continue;
    if (!(std::fabs(a[i] - b[i]) <= atol + rtol * std::fabs(b[i])) || std::isinf(a[i]) || std::isinf(b[i]))
      return false;
  }
  return true;
}

}  // namespace xgrad
