// Vec: accuracy against double-precision libm for every register width this CPU has, special values, masks, partial
// loads, and that vectors and numbers agree.
#define BOOST_TEST_MODULE vec
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include <xgrad/vec.hpp>

#include "unit_test.hpp"

namespace xgrad {
namespace {

using namespace simd;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();

std::vector<int> widths() {
  std::vector<int> w;
  for (int b : {16, 32, 64})
    if (b >= XGRAD_BASE_BYTES && b <= vec::max_bytes()) w.push_back(b);
  return w;
}

// f over n numbers, a multiple of 16, in registers of at most `limit` bytes. The lambda has no attributes, as a user's
// has none.
template <class T, class F>
void apply(int limit, const F& f, const T* x, T* y, int n) {
  run_simd(
      [=](auto bytes) {
        using V = Vec<T, bytes>;
        for (int i = 0; i < n; i += V::lanes) f(V::load(x + i)).store(y + i);
      },
      limit);
}
template <class T, class F>
void apply(int limit, const F& f, const T* x, const T* z, T* y, int n) {
  run_simd(
      [=](auto bytes) {
        using V = Vec<T, bytes>;
        for (int i = 0; i < n; i += V::lanes) f(V::load(x + i), V::load(z + i)).store(y + i);
      },
      limit);
}

// Distance in units of the float spacing at the true value.
double ulp_error(float got, double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : 1e30;
  if (std::isinf(got) || std::abs(want) > kMax) {
    const double rounded = static_cast<float>(want);
    return static_cast<double>(got) == rounded ? 0 : std::abs(want) > 0.9999999 * kMax ? 1 : 1e30;
  }
  const int exponent = std::max(std::ilogb(want == 0 ? 1e-300 : want), -126);
  return std::abs(got - want) / std::ldexp(1.0, exponent - 23);
}

std::vector<float> sweep(float low, float high, std::uint32_t stride) {
  std::vector<float> x;
  const auto add = [&](std::uint32_t from, std::uint32_t to, float sign) {
    for (std::uint64_t u = from; u <= to; u += stride)
      x.push_back(sign * std::bit_cast<float>(static_cast<std::uint32_t>(u)));
  };
  if (high > 0) add(std::bit_cast<std::uint32_t>(std::max(low, 0.f)), std::bit_cast<std::uint32_t>(high), 1.f);
  if (low < 0) add(std::bit_cast<std::uint32_t>(std::max(-high, 0.f)), std::bit_cast<std::uint32_t>(-low), -1.f);
  while (x.size() % 16 != 0) x.push_back(x.back());
  return x;
}

template <class F, class R>
void check_ulp(const char* name, float low, float high, double bound, F f, R reference, std::uint32_t stride = 7919) {
  const std::vector<float> x = sweep(low, high, stride);
  std::vector<float> y(x.size());
  std::vector<double> want(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) want[i] = reference(static_cast<double>(x[i]));
  for (int w : widths()) {
    apply(w, f, x.data(), y.data(), static_cast<int>(x.size()));
    double worst = 0;
    float at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double e = ulp_error(y[i], want[i]);
      if (e > worst) worst = e, at = x[i];
    }
    BOOST_TEST_MESSAGE(name << " [" << low << ", " << high << "], " << w << " bytes: " << worst << " ulp at " << at);
    BOOST_TEST(worst <= bound, name << " " << w << " bytes: " << worst << " ulp at " << at << ", bound " << bound);
  }
}

// The same for double, against long double. n points from low to high, evenly spaced or, from 0, over all exponents.
double ulp_error(double got, long double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : 1e30;
  if (std::isinf(got)) return got == static_cast<double>(want) ? 0 : 1e30;
  const int exponent = std::max(std::ilogb(want == 0 ? 1e-4000L : want), -1022);
  return static_cast<double>(std::abs(got - want) / std::ldexp(1.0L, exponent - 52));
}

template <class F, class R>
void check_wide_ulp(const char* name, double low, double high, double bound, F f, R reference) {
  constexpr int n = 1 << 17;
  std::vector<double> x(n), y(n);
  const auto bits = std::bit_cast<std::uint64_t>(high);
  for (int i = 0; i < n; ++i)
    x[i] = low == 0 ? std::bit_cast<double>(bits / n * (i + 1)) : low + (high - low) * (i + 0.37) / n;
  for (int w : widths()) {
    apply(w, f, x.data(), y.data(), n);
    double worst = 0, at = 0;
    for (int i = 0; i < n; ++i) {
      const double e = ulp_error(y[i], reference(static_cast<long double>(x[i])));
      if (e > worst) worst = e, at = x[i];
    }
    BOOST_TEST_MESSAGE(name << " [" << low << ", " << high << "], " << w << " bytes: " << worst << " ulp at " << at);
    BOOST_TEST(worst <= bound, name << " " << w << " bytes: " << worst << " ulp at " << at << ", bound " << bound);
  }
}

// Same value, counting +0 and -0 as different and all NaNs as equal.
template <class T>
bool same(T a, T b) {
  return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b);
}

template <class T, class F>
T in_vector(int w, const F& f, T x) {
  T in[16], out[16];
  std::fill(in, in + 16, T(0.5));
  in[3 % static_cast<int>(16 / sizeof(T))] = x;
  apply(w, f, in, out, 16);
  return out[3 % static_cast<int>(16 / sizeof(T))];
}

// f at each point, as float and double, in vectors of every width and as numbers.
struct Point {
  double x, want;
};
template <class F>
void check_points(const char* name, const F& f, std::initializer_list<Point> points) {
  for (const Point& p : points) {
    const float x = static_cast<float>(p.x), want = static_cast<float>(p.want);
    BOOST_TEST(same(f(p.x), p.want), name << " of the number " << p.x << " = " << f(p.x));
    BOOST_TEST(same(f(x), want), name << " of the float number " << x << " = " << f(x));
    for (int w : widths()) {
      BOOST_TEST(same(in_vector(w, f, x), want),
                 name << "(" << x << ") = " << in_vector(w, f, x) << ", " << w << " bytes");
      BOOST_TEST(same(in_vector(w, f, p.x), p.want),
                 name << "(" << p.x << ") = " << in_vector(w, f, p.x) << " in double");
    }
  }
}
#define CHECK_POINTS(f, ...) check_points(#f, [](auto v) { return f(v); }, {__VA_ARGS__})

#define UNARY(f) [](auto v) { return f(v); }

BOOST_AUTO_TEST_CASE(wide_functions_ulp) {
  using L = long double;
  const double most = std::numeric_limits<double>::max();
  check_wide_ulp("exp", -750, 715, 1.1, UNARY(exp), [](L x) { return std::exp(x); });
  check_wide_ulp("exp near 0", -2, 2, 1.1, UNARY(exp), [](L x) { return std::exp(x); });
  check_wide_ulp("exp2", -1080, 1030, 1.1, UNARY(exp2), [](L x) { return std::exp2(x); });
  check_wide_ulp("expm1", -750, 715, 2, UNARY(expm1), [](L x) { return std::expm1(x); });
  check_wide_ulp("expm1 near 0", -2, 2, 2, UNARY(expm1), [](L x) { return std::expm1(x); });
  check_wide_ulp("expm1, small", 0, 1, 2, UNARY(expm1), [](L x) { return std::expm1(x); });
  check_wide_ulp("tanh", -25, 25, 2, UNARY(tanh), [](L x) { return std::tanh(x); });
  check_wide_ulp("tanh, small", 0, 0.625, 1, UNARY(tanh), [](L x) { return std::tanh(x); });
  check_wide_ulp("sigmoid", -740, 50, 2.5, UNARY(sigmoid), [](L x) { return 1 / (1 + std::exp(-x)); });
  check_wide_ulp("softplus", -740, 50, 2.5, UNARY(softplus), [](L x) { return std::log1p(std::exp(x)); });
  check_wide_ulp("log", 0, most, 1.1, UNARY(log), [](L x) { return std::log(x); });
  check_wide_ulp("log near 1", 0.5, 2, 1.1, UNARY(log), [](L x) { return std::log(x); });
  check_wide_ulp("log2", 0, most, 2, UNARY(log2), [](L x) { return std::log2(x); });
  check_wide_ulp("log2 near 1", 0.5, 2, 2, UNARY(log2), [](L x) { return std::log2(x); });
  check_wide_ulp("log1p", -0.9999, 4, 2, UNARY(log1p), [](L x) { return std::log1p(x); });
  check_wide_ulp("sinh", -711, 711, 3, UNARY(sinh), [](L x) { return std::sinh(x); });
  check_wide_ulp("sinh, small", 0, 1, 3, UNARY(sinh), [](L x) { return std::sinh(x); });
  check_wide_ulp("cosh", -711, 711, 3, UNARY(cosh), [](L x) { return std::cosh(x); });
  check_wide_ulp("asinh", 0, most, 3, UNARY(asinh), [](L x) { return std::asinh(x); });
  check_wide_ulp("acosh", 1, 1e10, 3, UNARY(acosh), [](L x) { return std::acosh(x); });
  check_wide_ulp("atanh", -1, 1, 3, UNARY(atanh), [](L x) { return std::atanh(x); });
  check_wide_ulp("log1p, all", 0, most, 2, UNARY(log1p), [](L x) { return std::log1p(x); });
}

BOOST_AUTO_TEST_CASE(wide_special_values) {
  const double inf = std::numeric_limits<double>::infinity(), tiny = std::numeric_limits<double>::denorm_min();
  const auto check = [](const char* name, auto f, std::initializer_list<Point> points) {
    for (const Point& p : points)
      for (int w : widths())
        BOOST_TEST(same(in_vector(w, f, p.x), p.want),
                   name << "(" << p.x << ") = " << in_vector(w, f, p.x) << ", " << w << " bytes");
  };
  check("exp", UNARY(exp), {{inf, inf}, {-inf, 0}, {NAN, NAN}, {0, 1}, {710, inf}, {-746, 0}, {-745, tiny}});
  check("exp2", UNARY(exp2), {{inf, inf}, {-inf, 0}, {NAN, NAN}, {1024, inf}, {-1074, tiny}, {-1076, 0}, {10, 1024}});
  check("expm1", UNARY(expm1), {{inf, inf}, {-inf, -1}, {NAN, NAN}, {-0.0, -0.0}, {tiny, tiny}, {710, inf}});
  check("tanh", UNARY(tanh), {{inf, 1}, {-inf, -1}, {NAN, NAN}, {-0.0, -0.0}, {tiny, tiny}, {-1e300, -1}});
  check("log", UNARY(log), {{inf, inf}, {-inf, NAN}, {NAN, NAN}, {0, -inf}, {-0.0, -inf}, {-tiny, NAN}, {1, 0}});
  check("log2", UNARY(log2), {{inf, inf}, {-1, NAN}, {NAN, NAN}, {0, -inf}, {tiny, -1074}, {8, 3}, {1, 0}});
  check("log1p", UNARY(log1p), {{inf, inf}, {-2, NAN}, {NAN, NAN}, {-1, -inf}, {-0.0, -0.0}, {tiny, tiny}});
}

BOOST_AUTO_TEST_CASE(exponentials_ulp) {
  const auto e = [](double x) { return std::exp(x); };
  check_ulp("exp", -110.f, 95.f, 1.1, UNARY(exp), e);
  check_ulp("exp near 0", -2.f, 2.f, 1.1, UNARY(exp), e, 997);
  check_ulp("exp2", -152.f, 130.f, 1.1, UNARY(exp2), [](double x) { return std::exp2(x); });
  check_ulp("expm1", -110.f, 95.f, 2, UNARY(expm1), [](double x) { return std::expm1(x); });
  check_ulp(
      "expm1 near 0", -2.f, 2.f, 2, UNARY(expm1), [](double x) { return std::expm1(x); }, 997);
  check_ulp("tanh", -20.f, 20.f, 2, UNARY(tanh), [](double x) { return std::tanh(x); });
  check_ulp("sigmoid", -104.f, 95.f, 2.5, UNARY(sigmoid), [](double x) { return 1 / (1 + std::exp(-x)); });
  check_ulp("softplus", -104.f, 1e5f, 2.5, UNARY(softplus),
            [](double x) { return x > 40 ? x : std::log1p(std::exp(x)); });
  check_ulp("log_sigmoid", -1e5f, 104.f, 2.5, UNARY(log_sigmoid),
            [](double x) { return x < -40 ? x : -std::log1p(std::exp(-x)); });
}

BOOST_AUTO_TEST_CASE(logarithms_ulp) {
  check_ulp("log", 0.f, kMax, 1.1, UNARY(log), [](double x) { return std::log(x); });
  check_ulp(
      "log near 1", 0.5f, 2.f, 1.1, UNARY(log), [](double x) { return std::log(x); }, 97);
  check_ulp("log2", 0.f, kMax, 2, UNARY(log2), [](double x) { return std::log2(x); });
  check_ulp(
      "log2 near 1", 0.5f, 2.f, 2, UNARY(log2), [](double x) { return std::log2(x); }, 97);
  check_ulp("log10", 0.f, kMax, 2.5, UNARY(log10), [](double x) { return std::log10(x); });
  check_ulp(
      "log10 near 1", 0.5f, 2.f, 2.5, UNARY(log10), [](double x) { return std::log10(x); }, 97);
  check_ulp("log1p", -1.f, kMax, 2, UNARY(log1p), [](double x) { return std::log1p(x); });
}

BOOST_AUTO_TEST_CASE(trigonometry_ulp) {
  check_ulp("sin", -1e6f, 1e6f, 2, UNARY(sin), [](double x) { return std::sin(x); });
  check_ulp("cos", -1e6f, 1e6f, 2, UNARY(cos), [](double x) { return std::cos(x); });
  check_ulp("tan", -1e6f, 1e6f, 3.5, UNARY(tan), [](double x) { return std::tan(x); });
  check_ulp(
      "sin, period", -10.f, 10.f, 2, UNARY(sin), [](double x) { return std::sin(x); }, 997);
  check_ulp(
      "cos, period", -10.f, 10.f, 2, UNARY(cos), [](double x) { return std::cos(x); }, 997);
  check_ulp(
      "sin, huge", 1e6f, kMax, 1, UNARY(sin), [](double x) { return std::sin(x); }, 65537);
  check_ulp(
      "cos, huge", -kMax, -1e6f, 1, UNARY(cos), [](double x) { return std::cos(x); }, 65537);
}

BOOST_AUTO_TEST_CASE(other_functions_ulp) {
  check_ulp(
      "erf", -6.f, 6.f, 2, UNARY(erf), [](double x) { return std::erf(x); }, 1999);
  check_ulp("erfc", -6.f, 9.f, 3, UNARY(erfc), [](double x) { return std::erfc(x); });
  check_ulp("sqrt", 0.f, kMax, 0.5000001, UNARY(sqrt), [](double x) { return std::sqrt(x); });
  check_ulp("rsqrt", 1e-37f, kMax, 1.5, UNARY(rsqrt), [](double x) { return 1 / std::sqrt(x); });
  check_ulp("asin", -1.f, 1.f, 3, UNARY(asin), [](double x) { return std::asin(x); });
  check_ulp("acos", -1.f, 1.f, 3, UNARY(acos), [](double x) { return std::acos(x); });
  check_ulp("atan", -kMax, kMax, 3, UNARY(atan), [](double x) { return std::atan(x); });
  check_ulp("asinh", -kMax, kMax, 3, UNARY(asinh), [](double x) { return std::asinh(x); });
  check_ulp("acosh", 1.f, kMax, 3, UNARY(acosh), [](double x) { return std::acosh(x); });
  check_ulp("atanh", -1.f, 1.f, 3, UNARY(atanh), [](double x) { return std::atanh(x); });
  check_ulp("sinh", -90.f, 90.f, 3, UNARY(sinh), [](double x) { return std::sinh(x); });
  check_ulp("cosh", -90.f, 90.f, 3, UNARY(cosh), [](double x) { return std::cosh(x); });
  check_ulp(
      "atan2(x, 1.5)", -kMax, kMax, 3.5, [](auto v) { return atan2(v, 1.5f); },
      [](double x) { return std::atan2(x, 1.5); });
  check_ulp(
      "atan2(-2, x)", -kMax, kMax, 3.5, [](auto v) { return atan2(-2, v); },
      [](double x) { return std::atan2(-2., x); });
  check_ulp(
      "hypot(x, 1.5)", -1e38f, 1e38f, 2, [](auto v) { return hypot(v, 1.5f); },
      [](double x) { return std::hypot(x, 1.5); });
  check_ulp("lgamma", 3.f, 1e30f, 3, UNARY(lgamma), [](double x) { return std::lgamma(x); });
  check_ulp(
      "pow(x, 2.5)", 0.f, 1e15f, 1.5, [](auto v) { return pow(v, 2.5f); }, [](double x) { return std::pow(x, 2.5); });
}

BOOST_AUTO_TEST_CASE(special_values) {
  CHECK_POINTS(exp, {0., 1}, {-0., 1}, {kInf, kInf}, {-kInf, 0}, {kNaN, kNaN});
  CHECK_POINTS(exp2, {0., 1}, {-3, 0.125}, {kInf, kInf}, {-kInf, 0}, {kNaN, kNaN});
  CHECK_POINTS(expm1, {0., 0.}, {-0., -0.}, {kInf, kInf}, {-kInf, -1}, {kNaN, kNaN});
  CHECK_POINTS(log, {0., -kInf}, {-0., -kInf}, {1, 0.}, {-1, kNaN}, {kInf, kInf}, {-kInf, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(log2, {0., -kInf}, {-0., -kInf}, {8, 3}, {0.25, -2}, {-1, kNaN}, {kInf, kInf}, {kNaN, kNaN});
  CHECK_POINTS(log10, {0., -kInf}, {-0., -kInf}, {-kInf, kNaN}, {kInf, kInf}, {kNaN, kNaN});
  CHECK_POINTS(log1p, {0., 0.}, {-0., -0.}, {-1, -kInf}, {-2, kNaN}, {kInf, kInf}, {-kInf, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(tanh, {0., 0.}, {-0., -0.}, {kInf, 1}, {-kInf, -1}, {50, 1}, {kNaN, kNaN});
  CHECK_POINTS(sigmoid, {0., 0.5}, {-0., 0.5}, {kInf, 1}, {-kInf, 0}, {kNaN, kNaN});
  CHECK_POINTS(softplus, {kInf, kInf}, {-kInf, 0}, {1000, 1000}, {kNaN, kNaN});
  CHECK_POINTS(log_sigmoid, {kInf, 0}, {-kInf, -kInf}, {-1000, -1000}, {kNaN, kNaN});
  CHECK_POINTS(sin, {0., 0.}, {-0., -0.}, {kInf, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(cos, {0., 1}, {-0., 1}, {-kInf, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(tan, {0., 0.}, {-0., -0.}, {kInf, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(asin, {0., 0.}, {-0., -0.}, {1.5, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(acos, {1, 0}, {-1.5, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(atan, {0., 0.}, {-0., -0.}, {kNaN, kNaN});
  CHECK_POINTS(sinh, {0., 0.}, {-0., -0.}, {kInf, kInf}, {-kInf, -kInf}, {kNaN, kNaN});
  CHECK_POINTS(cosh, {0., 1}, {kInf, kInf}, {-kInf, kInf}, {kNaN, kNaN});
  CHECK_POINTS(asinh, {0., 0.}, {-0., -0.}, {kInf, kInf}, {-kInf, -kInf}, {kNaN, kNaN});
  CHECK_POINTS(acosh, {1, 0}, {0.5, kNaN}, {kInf, kInf}, {-kInf, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(atanh, {0., 0.}, {-0., -0.}, {1, kInf}, {-1, -kInf}, {2, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(erf, {0., 0.}, {-0., -0.}, {kInf, 1}, {-kInf, -1}, {kNaN, kNaN});
  CHECK_POINTS(sqrt, {0., 0.}, {-0., -0.}, {2.25, 1.5}, {-1, kNaN}, {kInf, kInf}, {kNaN, kNaN});
  CHECK_POINTS(rsqrt, {0., kInf}, {4, 0.5}, {kInf, 0}, {kNaN, kNaN});
  CHECK_POINTS(reciprocal, {0., kInf}, {-0., -kInf}, {-kInf, -0.}, {kNaN, kNaN});
  CHECK_POINTS(abs, {-0., 0.}, {-kInf, kInf}, {-1.5, 1.5}, {kNaN, kNaN});
  CHECK_POINTS(sign, {kNaN, 0}, {-kInf, -1}, {3, 1}, {0., 0}, {-0., 0});
  CHECK_POINTS(round, {0.5, 0}, {1.5, 2}, {2.5, 2}, {-0.5, -0.}, {-0., -0.}, {4194305.5, 4194306}, {-kInf, -kInf},
               {kNaN, kNaN});
  CHECK_POINTS(floor, {-0.25, -1}, {0.75, 0}, {-0., -0.}, {8388609, 8388609}, {kInf, kInf}, {kNaN, kNaN});
  CHECK_POINTS(ceil, {-0.75, -0.}, {0.25, 1}, {-0., -0.}, {-8388609, -8388609}, {-kInf, -kInf}, {kNaN, kNaN});
  CHECK_POINTS(trunc, {-1.75, -1}, {1.75, 1}, {-0.5, -0.}, {-0., -0.}, {kNaN, kNaN});
  CHECK_POINTS(digamma, {0., -kInf}, {-0., kInf}, {-3, kNaN}, {kNaN, kNaN});
  CHECK_POINTS(lgamma, {1, 0}, {0., kInf}, {-kInf, kInf}, {kNaN, kNaN});
  for (int w : widths()) {  // subnormals pass through what is x near 0
    BOOST_TEST(in_vector(w, UNARY(tanh), kTiny) == kTiny);
    BOOST_TEST(in_vector(w, UNARY(sin), 3 * kTiny) == 3 * kTiny);
    BOOST_TEST(in_vector(w, UNARY(expm1), -kTiny) == -kTiny);
    BOOST_TEST(in_vector(w, UNARY(log1p), kTiny) == kTiny);
    BOOST_TEST(in_vector(w, UNARY(sigmoid), -100.f) > 0.f);
    BOOST_TEST(in_vector(w, UNARY(sigmoid), -745.0) > 0.0);
    BOOST_TEST(in_vector(w, UNARY(exp), -103.9f) == kTiny);
  }
  BOOST_TEST(std::abs(digamma(1.0) + 0.57721566490153286) < 1e-15);
  BOOST_TEST(std::abs(digamma(-0.5) - 0.03648997397857652) < 1e-14);
}

BOOST_AUTO_TEST_CASE(two_arguments) {
  const float a[16] = {1, kNaN, -2, 5.5f, -5.5f, 5.5f, 0, kInf, 3};
  const float b[16] = {2, 1, kNaN, 2, 2, -2, -0.f, 2, kInf};
  float y[16];
  for (int w : widths()) {
    const auto both = [&](auto f, auto reference) {
      apply(w, f, a, b, y, 16);
      for (int i = 0; i < 9; ++i)
        BOOST_TEST(same(y[i], static_cast<float>(reference(a[i], b[i]))), a[i] << ", " << b[i] << ": " << y[i]);
    };
    both([](auto p, auto q) { return maximum(p, q); }, [](float p, float q) { return maximum(p, q); });
    both([](auto p, auto q) { return minimum(p, q); }, [](float p, float q) { return minimum(p, q); });
    both([](auto p, auto q) { return fmod(p, q); }, [](float p, float q) { return std::fmod(p, q); });
    both([](auto p, auto q) { return remainder(p, q); }, [](float p, float q) { return remainder(p, q); });
    both([](auto p, auto q) { return copysign(p, q); }, [](float p, float q) { return std::copysign(p, q); });
    const auto nearly = [&](auto f, auto reference) {  // within 2 ulp
      apply(w, f, a, b, y, 16);
      for (int i = 0; i < 9; ++i) {
        const float want = reference(a[i], b[i]);
        BOOST_TEST((same(y[i], want) || std::abs(y[i] - want) <= 2.4e-7f * std::abs(want)),
                   a[i] << ", " << b[i] << ": " << y[i]);
      }
    };
    nearly([](auto p, auto q) { return atan2(p, q); }, [](float p, float q) { return std::atan2(p, q); });
    nearly([](auto p, auto q) { return hypot(p, q); }, [](float p, float q) { return std::hypot(p, q); });
    both([](auto p, auto q) { return pow(p, q); }, [](float p, float q) { return std::pow(p, q); });
    apply(
        w, [](auto p, auto q) { return fmax(p, q); }, a, b, y, 16);
    BOOST_TEST(y[1] == 1.f);
    BOOST_TEST(y[2] == -2.f);
    apply(
        w, [](auto p, auto q) { return fmin(p, q) + maximum(0, minimum(q, 1.0)) * 0; }, a, b, y, 16);
    BOOST_TEST(y[1] == 1.f);
  }
  BOOST_TEST(std::isnan(maximum(kNaN, 1.f)));
  BOOST_TEST(std::isnan(maximum(1.f, kNaN)));
  BOOST_TEST(remainder(-5.5f, 2.f) == 0.5f);
  BOOST_TEST(remainder(5.5, -2.0) == -0.5);
}

// One lambda for float and double vectors and numbers; literals of any type do not change the result type.
BOOST_AUTO_TEST_CASE(mixed_numbers_and_masks) {
  const auto f = [](auto x) {
    using T = decltype(x);
    auto y = 2 * x + 1.0 - x / 4u;
    y += 1;
    y -= 0.5f;
    y *= 2L;
    return where((x > 0.25 && !(x >= 3)) || x == -1, y, where(isnan(x) || x != x, T(7), -y));
  };
  const auto reference = [](double x) {
    const double y = (2 * x + 1 - x / 4 + 0.5) * 2;
    return (x > 0.25 && x < 3) || x == -1 ? y : std::isnan(x) ? 7.0 : -y;
  };
  const float xs[16] = {-2, -1, 0, 0.25f, 0.5f, 1, 2, 3, 4, kNaN, 7};
  for (int w : widths())
    for (float x : xs) {
      BOOST_TEST(in_vector(w, f, x) == static_cast<float>(reference(x)));
      BOOST_TEST(in_vector(w, f, double(x)) == reference(x));
    }
  static_assert(std::is_same_v<decltype(1.0 - Vec<float, 16>(1)), Vec<float, 16>>);
  static_assert(std::is_same_v<decltype(2 * Vec<double, 16>(1) > 3.f), Mask<double, 16>>);
  Vec<float, 16> v = Vec<float, 16>::load(xs);
  BOOST_TEST(any(v == -1));
  BOOST_TEST(!any(v == 9));
  BOOST_TEST(all(v < 1));
  BOOST_TEST(!all(v < 0));
  BOOST_TEST((v > -1.5)[1]);
  BOOST_TEST(!(v > -1.5)[0]);
  BOOST_TEST(where(true, 1.f, 2) == 1.f);
}

BOOST_AUTO_TEST_CASE(numbers_agree_with_vectors) {
  const auto f = [](auto x) {
    return sigmoid(x) + softplus(x) * log_sigmoid(x) - rsqrt(square(x) + 1) + sgn(x) + digamma(x);
  };
  for (double x : {-3.7, -0.2, 0.4, 1.0, 9.5})
    for (int w : widths()) {
      BOOST_TEST(std::abs(in_vector(w, f, x) - f(x)) <= 1e-14 * std::abs(f(x)) + 1e-14);
      const float xf = static_cast<float>(x);
      BOOST_TEST(std::abs(in_vector(w, f, xf) - f(xf)) <= 2e-6f * std::abs(f(xf)) + 2e-6f);
    }
}

template <class T, int B>
void check_partial() {
  using V = Vec<T, B>;
  T x[V::lanes], y[V::lanes + 1];
  for (int i = 0; i < V::lanes; ++i) x[i] = T(i + 1);
  for (int n = 0; n <= V::lanes; ++n) {
    const V v = V::load(x, n), u = V::load(x, n, T(1));
    for (int i = 0; i < V::lanes; ++i) {
      BOOST_TEST(v[i] == (i < n ? T(i + 1) : T(0)));
      BOOST_TEST(u[i] == (i < n ? T(i + 1) : T(1)));
    }
    std::fill(y, y + V::lanes + 1, T(-1));
    u.store(y, n);
    for (int i = 0; i <= V::lanes; ++i) BOOST_TEST(y[i] == (i < n ? T(i + 1) : T(-1)));
  }
}

BOOST_AUTO_TEST_CASE(partial_loads) {
  check_partial<float, 16>();
  check_partial<double, 16>();
  check_partial<float, vec::kPortable>();
  check_partial<double, vec::kPortable>();
}

// Vec<T> without a width has 64 bytes and works in any function.
BOOST_AUTO_TEST_CASE(portable_vector) {
  static_assert(Vec<float>::lanes == 16 && Vec<double>::lanes == 8);
  float x[16], y[16];
  for (int i = 0; i < 16; ++i) x[i] = 0.3f * static_cast<float>(i) - 2;
  const Vec<float> v = Vec<float>::load(x);
  (where(v > 0, sqrt(abs(v)), exp(v)) + sin(v)).store(y);
  for (int i = 0; i < 16; ++i) {
    const double want = (x[i] > 0 ? std::sqrt(x[i]) : std::exp(x[i])) + std::sin(x[i]);
    BOOST_TEST(std::abs(y[i] - want) < 1e-6);
  }
}

}  // namespace
}  // namespace xgrad
