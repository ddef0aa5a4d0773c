// Comparisons, logic and tests of single elements, with nothing to differentiate; choices between values.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <xgrad/autograd.hpp>
#include <xgrad/elementwise.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/comparison.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/record.hpp>

#include "core/profile/spans.hpp"
#include "core/row_tiles.hpp"
#include "core/tape/record.hpp"
#include "core/tape/trace_all.hpp"
#include "ops/factory_checks.hpp"
#include "ops/promote.hpp"

namespace xgrad {

using detail::as_type;
using detail::dispatch_all;
using detail::impl;
using detail::scalar_tensor;

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
  const detail::OperationSpan span(op, at);
  detail::require_broadcast(op, x, y, at);
  const DType type = detail::result_type(x, y);
  const Tensor a = as_type(x, type), b = as_type(y, type);
  const Tensor* in[] = {&a, &b};
  Tensor out = detail::tile_output(in, 2, DType::boolean);
  dispatch_all(type, [&](auto zero) {
    detail::run_tiles({&compare_tile<decltype(zero), F>, nullptr, 0.2}, out, in, 2);
  });
  return detail::traced(op, std::move(out), {x, y}, at);
}

template <class F>
Tensor compare(const char* op, const Tensor& x, Scalar y, F f, const Location& at) {
  const detail::OperationSpan span(op, at);
  require_defined(op, x, at);
  // A whole number may lie outside the range of a narrow tensor: 300 is no uint8.
  const bool whole = !is_floating(impl(x).dtype) && !y.is_floating();
  const Tensor b = scalar_tensor(y, whole ? DType::int64 : promote_types(impl(x).dtype, y));
  return compare(op, whole ? x.to(DType::int64, at) : x, b, f, at);
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
  return detail::traced(op, std::move(out), {x}, at);
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

Tensor isposinf(const Tensor& x, Location at) {
  return test(
      "isposinf", x, [](auto a) { return class_of(a) == 1 && a > 0; }, at);
}
Tensor isneginf(const Tensor& x, Location at) {
  return test(
      "isneginf", x, [](auto a) { return class_of(a) == 1 && !(a > 0); }, at);
}
Tensor isreal(const Tensor& x, Location at) {
  return test(
      "isreal", x, [](auto) { return true; }, at);
}
Tensor signbit(const Tensor& x, Location at) {
  return test(
      "signbit", x,
      [](auto a) {
        if constexpr (std::is_floating_point_v<decltype(a)>)
          return std::signbit(a);
        else if constexpr (std::is_signed_v<decltype(a)>)
          return a < 0;
        else
          return false;
      },
      at);
}

namespace {

struct Closeness {
  double rtol, atol;
  bool equal_nan;
};

template <class T>
void close_tile(const void* f, std::int64_t n, void* out, const void* const* in) {
  const Closeness& c = *static_cast<const Closeness*>(f);
  const T *x = static_cast<const T*>(in[0]), *y = static_cast<const T*>(in[1]);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto a = static_cast<double>(x[i]), b = static_cast<double>(y[i]), apart = std::fabs(a - b);
    static_cast<bool*>(out)[i] = x[i] == y[i] || (c.equal_nan && std::isnan(a) && std::isnan(b)) ||
                                 (std::isfinite(apart) && apart <= c.atol + std::fabs(c.rtol * b));
  }
}

}  // namespace

Tensor isclose(const Tensor& x, const Tensor& y, double rtol, double atol, bool equal_nan, Location at) {
  require_defined("isclose", x, at);
  require_defined("isclose", y, at);
  require_same_dtype("isclose", x, y, at);
  detail::require_broadcast("isclose", x, y, at);
  if (!(rtol >= 0 && atol >= 0))
    ErrorReport("isclose", fmt::format("tolerances are not negative, got rtol {} and atol {}", rtol, atol), at)
        .value_error();
  const Closeness c{rtol, atol, equal_nan};
  const Tensor* in[] = {&x, &y};
  Tensor out = detail::tile_output(in, 2, DType::boolean);
  dispatch_all(impl(x).dtype, [&](auto zero) {
    detail::run_tiles({&close_tile<decltype(zero)>, &c, 2.0}, out, in, 2);
  });
  return detail::traced("isclose", std::move(out), {x, y}, at, detail::named<"rtol">(rtol), detail::named<"atol">(atol),
                        detail::named<"equal_nan">(equal_nan));
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

bool equal(const Tensor& x, const Tensor& y, Location at) {
  require_defined("equal", x, at);
  require_defined("equal", y, at);
  if (!(impl(x).shape == impl(y).shape)) return false;
  const NoGradGuard off;
  return impl(x).numel == 0 || all(eq(x, y, at), at).item<bool>();
}

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

// ---- choices ----
namespace {

// Of elements of the size of B, by their bits: a condition read as bool would become a branch for each element.
template <class B, class X, class Y>
[[gnu::always_inline]] inline void choose(std::int64_t n, B* y, const std::uint8_t* c, const X& a, const Y& b) {
  for (std::int64_t i = 0; i < n; ++i) {
    const B mask = static_cast<B>(-static_cast<B>(c[i] != 0));
    y[i] = static_cast<B>((a(i) & mask) | (b(i) & ~mask));
  }
}

template <class B>
XGRAD_CLONES void where_tile(const void*, std::int64_t n, void* out, const void* const* in) {
  const B *a = static_cast<const B*>(in[1]), *b = static_cast<const B*>(in[2]);
  choose(
      n, static_cast<B*>(out), static_cast<const std::uint8_t*>(in[0]), [a](std::int64_t i) { return a[i]; },
      [b](std::int64_t i) { return b[i]; });
}

template <class B>
XGRAD_CLONES void where_rows(const void*, const detail::Rows& r) {
  for (std::int64_t row = 0; row < r.rows; ++row) {
    const auto at = [row](const detail::Rows::Operand& o) { return o.first + row * o.step; };
    const auto* c = reinterpret_cast<const std::uint8_t*>(at(r.in[0]));
    B* y = reinterpret_cast<B*>(at(r.out));
    if (r.in[0].number) {  // a row is that of one side
      const detail::Rows::Operand& side = r.in[*c != 0 ? 1 : 2];
      const B* x = reinterpret_cast<const B*>(at(side));
      side.number ? static_cast<void>(std::fill_n(y, r.n, *x)) : static_cast<void>(std::copy_n(x, r.n, y));
      continue;
    }
    const B *a = reinterpret_cast<const B*>(at(r.in[1])), *b = reinterpret_cast<const B*>(at(r.in[2]));
    const auto all_a = [v = *a](std::int64_t) { return v; };
    const auto all_b = [v = *b](std::int64_t) { return v; };
    const auto each_a = [a](std::int64_t i) { return a[i]; };
    const auto each_b = [b](std::int64_t i) { return b[i]; };
    if (r.in[1].number)
      r.in[2].number ? choose(r.n, y, c, all_a, all_b) : choose(r.n, y, c, all_a, each_b);
    else
      r.in[2].number ? choose(r.n, y, c, each_a, all_b) : choose(r.n, y, c, each_a, each_b);
  }
}

detail::RowKernel where_kernel(int item) {
  switch (item) {
    case 1:
      return {{&where_tile<std::uint8_t>, nullptr, 0.3}, &where_rows<std::uint8_t>};
    case 4:
      return {{&where_tile<std::uint32_t>, nullptr, 0.3}, &where_rows<std::uint32_t>};
    default:
      return {{&where_tile<std::uint64_t>, nullptr, 0.3}, &where_rows<std::uint64_t>};
  }
}

Tensor where_raw(const Tensor& c, const Tensor& a, const Tensor& b) {
  const Tensor* in[] = {&c, &a, &b};
  Tensor out = detail::tile_output(in, 3, impl(a).dtype);
  detail::run_row_tiles(where_kernel(item_size(impl(a).dtype)), out, in, 3);
  return out;
}

template <class F>
Tensor choose(const char* op, const Tensor& x, const Tensor& y, F better, const Location& at) {
  detail::require_broadcast(op, x, y, at);
  const DType type = detail::result_type(x, y);
  const Tensor a = as_type(x, type), b = as_type(y, type);
  if (!is_floating(type)) {
    Tensor best;
    {
      const NoGradGuard off;
      best = where_raw(better(a, b), a, b);
    }
    return detail::traced(op, std::move(best), {x, y}, at);
  }
  Tensor out = map([better](auto p, auto q) { return where(better(p, q) || (p != p), p, q); }, a, b);
  return detail::record_op(
      op, out, {x, y}, {a, b},
      [better](const Saved& s, const Tensor& g) -> Grads {
        auto part = [better](auto u, auto p, auto q) { return where(p == q, u * 0.5, where(better(q, p), 0, u)); };
        return {s.needs(0) ? fuse(part, g, s[0], s[1]) : Tensor(), s.needs(1) ? fuse(part, g, s[1], s[0]) : Tensor()};
      },
      at);
}

}  // namespace

Tensor maximum(const Tensor& x, const Tensor& y, Location at) {
  return choose(
      "maximum", x, y, [](auto a, auto b) { return a > b; }, at);
}
Tensor minimum(const Tensor& x, const Tensor& y, Location at) {
  return choose(
      "minimum", x, y, [](auto a, auto b) { return a < b; }, at);
}

namespace {

// x where it is the better one, and where y is NaN.
template <class F, class G>
Tensor choose_number(const char* op, const Tensor& x, const Tensor& y, F holds, G compare_tensors, const Location& at) {
  detail::require_broadcast(op, x, y, at);
  const DType type = detail::result_type(x, y);
  const Tensor a = as_type(x, type), b = as_type(y, type);
  if (!is_floating(type)) {
    Tensor best;
    {
      const NoGradGuard off;
      best = where_raw(compare_tensors(a, b, at), a, b);
    }
    return detail::traced(op, std::move(best), {x, y}, at);
  }
  Tensor out = map([holds](auto p, auto q) { return where(holds(p, q) || (q != q), p, q); }, a, b);
  return detail::record_op(
      op, std::move(out), {x, y}, {a, b},
      [holds](const Saved& s, const Tensor& g) -> Grads {
        const auto of_x = [holds](auto u, auto p, auto q) { return where(holds(p, q) || (q != q), u, 0); };
        const auto of_y = [holds](auto u, auto p, auto q) { return where(holds(p, q) || (q != q), 0, u); };
        return {s.needs(0) ? fuse(of_x, g, s[0], s[1]) : Tensor(), s.needs(1) ? fuse(of_y, g, s[0], s[1]) : Tensor()};
      },
      at);
}

}  // namespace

Tensor fmax(const Tensor& x, const Tensor& y, Location at) {
  const auto compare_tensors = [](const Tensor& a, const Tensor& b, const Location& l) { return ge(a, b, l); };
  return choose_number(
      "fmax", x, y, [](auto a, auto b) { return a >= b; }, compare_tensors, at);
}
Tensor fmin(const Tensor& x, const Tensor& y, Location at) {
  const auto compare_tensors = [](const Tensor& a, const Tensor& b, const Location& l) { return le(a, b, l); };
  return choose_number(
      "fmin", x, y, [](auto a, auto b) { return a <= b; }, compare_tensors, at);
}

Tensor nan_to_num(const Tensor& x, double nan, std::optional<double> posinf, std::optional<double> neginf,
                  Location at) {
  require_defined("nan_to_num", x, at);
  const DType type = impl(x).dtype;
  if (!is_floating(type)) return x.clone(at);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double most = type == DType::float64 ? std::numeric_limits<double>::max()
                                             : static_cast<double>(std::numeric_limits<float>::max());
  const double above = posinf.value_or(most), below = neginf.value_or(-most);
  const auto f = [=](auto v) {
    return where(v != v, nan, where(v == infinity, above, where(v == -infinity, below, v)));
  };
  return detail::record_op(
      "nan_to_num", map(f, x), {x}, {x},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {fuse([](auto u, auto v) { return where(abs(v) < INFINITY, u, 0); }, g, s[0])};
      },
      at, detail::named<"nan">(nan), detail::named<"posinf">(above), detail::named<"neginf">(below));
}

namespace {

struct Bounds {
  double lo, hi;  // infinite: none
};
void describe(const Bounds& b, Attributes& list) {
  if (b.lo != -std::numeric_limits<double>::infinity()) list.add("min", b.lo);
  if (b.hi != std::numeric_limits<double>::infinity()) list.add("max", b.hi);
}

Tensor clamp_between(const Tensor& x, double lo, double hi, const Location& at) {
  // max(x, lo) first, then min with hi: hi wins when lo > hi, and a NaN always, as in PyTorch.
  const bool unknown = std::isnan(lo) || std::isnan(hi);
  Tensor y = unknown ? map([](auto v) { return decltype(v)(NAN); }, x)
                     : map(
                           [=](auto v) {
                             auto w = where(v < lo, lo, v);
                             return where(w > hi, hi, w);
                           },
                           x);
  return detail::record_with_attributes(
      "clamp", Bounds{lo, hi}, y, {x}, {x},
      [](const Bounds& b, const Saved& s, const Tensor& g) -> Grads {
        return {fuse([lo = b.lo, hi = b.hi](auto u, auto v) { return where((v >= lo) && (v <= hi), u, 0); }, g, s[0])};
      },
      at);
}

Tensor clamp_any(const Tensor& x, const Scalar* lo, const Scalar* hi, const Location& at) {
  require_defined("clamp", x, at);
  DType type = impl(x).dtype;
  if (lo) type = promote_types(type, *lo);
  if (hi) type = promote_types(type, *hi);
  const Tensor v = x.to(type, at);
  if (is_floating(type))
    return clamp_between(v, lo ? lo->to_double() : -std::numeric_limits<double>::infinity(),
                         hi ? hi->to_double() : std::numeric_limits<double>::infinity(), at);
  // A bound that no value of the type can pass changes nothing; one that none can reach is an error.
  if (lo && detail::outside_of(*lo, type) < 0) lo = nullptr;
  if (hi && detail::outside_of(*hi, type) > 0) hi = nullptr;
  if (lo) detail::require_fits("clamp", *lo, type, at);
  if (hi) detail::require_fits("clamp", *hi, type, at);
  Tensor y = v;
  if (lo) y = maximum(y, scalar_tensor(*lo, type), at);
  if (hi) y = minimum(y, scalar_tensor(*hi, type), at);
  return y.is_same(x) ? x.clone(at) : y;
}

// A tensor as the bound: x keeps its gradient where it equals the bound.
template <class F, class G>
Tensor clamp_by(const char* op, const Tensor& x, const Tensor& bound, F inside, G outside, const Location& at) {
  detail::require_broadcast(op, x, bound, at);
  const DType type = detail::result_type(x, bound);
  const Tensor v = as_type(x, type), b = as_type(bound, type);
  Tensor out = map([outside](auto p, auto q) { return where(outside(p, q) || (q != q), q, p); }, v, b);
  return detail::record_op(
      op, std::move(out), {x, bound}, {v, b},
      [inside, outside](const Saved& s, const Tensor& g) -> Grads {
        return {s.needs(0) ? fuse([inside](auto u, auto p, auto q) { return where(inside(p, q), u, 0); }, g, s[0], s[1])
                           : Tensor(),
                s.needs(1)
                    ? fuse([outside](auto u, auto p, auto q) { return where(outside(p, q), u, 0); }, g, s[0], s[1])
                    : Tensor()};
      },
      at);
}

}  // namespace

Tensor clamp_min(const Tensor& x, const Tensor& min, Location at) {
  detail::require_broadcast("clamp_min", x, min, at);
  if (!is_floating(detail::result_type(x, min))) return maximum(x, min, at);
  return clamp_by(
      "clamp_min", x, min, [](auto v, auto b) { return v >= b; }, [](auto v, auto b) { return v < b; }, at);
}
Tensor clamp_max(const Tensor& x, const Tensor& max, Location at) {
  detail::require_broadcast("clamp_max", x, max, at);
  if (!is_floating(detail::result_type(x, max))) return minimum(x, max, at);
  return clamp_by(
      "clamp_max", x, max, [](auto v, auto b) { return v <= b; }, [](auto v, auto b) { return v > b; }, at);
}
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max, Location at) {
  return clamp_max(clamp_min(x, min, at), max, at);
}

Tensor clamp(const Tensor& x, Scalar min, Scalar max, Location at) { return clamp_any(x, &min, &max, at); }
Tensor clamp_min(const Tensor& x, Scalar min, Location at) { return clamp_any(x, &min, nullptr, at); }
Tensor clamp_max(const Tensor& x, Scalar max, Location at) { return clamp_any(x, nullptr, &max, at); }

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y, Location at) {
  require_defined("where", condition, at);
  if (impl(condition).dtype != DType::boolean)
    ErrorReport("where", fmt::format("the condition must be bool, got {}", name(condition.dtype())), at)
        .operand("condition", condition)
        .dtype_error();
  detail::require_broadcast("where", x, y, at);
  const Shape both = impl(x).shape == impl(y).shape ? impl(x).shape : broadcast_shapes("where", x, y, at);
  if (!(impl(condition).shape == both)) broadcast_shapes("where", impl(condition).shape, both, at);
  const DType type = detail::result_type(x, y);
  Tensor out = where_raw(condition, as_type(x, type), as_type(y, type));
  return detail::record_op(
      "where", std::move(out), {condition, x, y}, {condition},
      [](const Saved& s, const Tensor& g) -> Grads {
        return {Tensor(), s.needs(1) ? where(s[0], g, Scalar(0.0)) : Tensor(),
                s.needs(2) ? where(s[0], Scalar(0.0), g) : Tensor()};
      },
      at);
}
namespace {
// A number beside a tensor of where, as a tensor.
Tensor choice(Scalar v, const Tensor& beside, const Location& at) {
  const DType type = promote_types(impl(beside).dtype, v);
  detail::require_fits("where", v, type, at);
  return scalar_tensor(v, type);
}
}  // namespace

Tensor where(const Tensor& condition, const Tensor& x, Scalar y, Location at) {
  require_defined("where", x, at);
  return where(condition, x, choice(y, x, at), at);
}
Tensor where(const Tensor& condition, Scalar x, Scalar y, Location at) {
  const DType type = x.is_floating() || y.is_floating() ? DType::float32
                     : x.is_bool() && y.is_bool()       ? DType::boolean
                                                        : DType::int64;
  return where(condition, scalar_tensor(x, type), scalar_tensor(y, type), at);
}
Tensor where(const Tensor& condition, Scalar x, const Tensor& y, Location at) {
  require_defined("where", y, at);
  return where(condition, choice(x, y, at), y, at);
}

}  // namespace xgrad
