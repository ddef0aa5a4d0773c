// Functions and scans that were once computed one number at a time, against the formula in long double: digits, ends,
// layouts, and the same bits wherever a number stands.
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr double kFunctionInf = std::numeric_limits<double>::infinity();
constexpr double kFunctionNaN = std::numeric_limits<double>::quiet_NaN();
constexpr long double kPiLong = 3.14159265358979323846264338327950288L;

using Reference = std::function<long double(long double)>;
using Function = std::function<Tensor(const Tensor&)>;

// At most `units` of the type's last place from the reference, or `away` of them of 1 / |x|.
void check_digits(const Function& f, const Reference& wanted, const std::vector<double>& at, DType type, double units,
                  double away = 0) {
  const Tensor x = tensor(at, {kFloat64}).to(type), values = f(x).to(kFloat64), exact = x.to(kFloat64);
  BOOST_TEST(values.dtype() == kFloat64);
  const double unit = type == kFloat32 ? 0x1p-23 : 0x1p-52;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double v = exact[i].item(), y = values[i].item();
    const long double want = wanted(v), off = std::fabs(y - want);
    const long double most = unit * (units * std::fabs(want) + (v != 0 ? away / std::fabs(v) : 0));
    BOOST_TEST(static_cast<bool>(off <= most), (type == kFloat32 ? "float32" : "float64")
                                                   << " at " << v << ": " << y << " instead of "
                                                   << static_cast<double>(want));
  }
}

// Bits do not depend on where a number stands, nor on strides.
void check_places(const Function& f, const Tensor& x) {
  const Tensor whole = f(x);
  for (std::int64_t i = 0; i < x.numel(); ++i)
    BOOST_TEST(same_bits(f(x.slice(0, i, i + 1).clone()), whole.slice(0, i, i + 1)), "element " << i);
  const Tensor pairs = stack({x, x + 1}, 1).detach();
  BOOST_TEST(same_bits(f(pairs.select(1, 0)), whole));
  BOOST_TEST(f(zeros({0, 3}, x.dtype())).shape() == Shape({0, 3}));
  BOOST_TEST(same_bits(f(x[0].clone()), whole[0].clone()));
}

Tensor slope_of(const Function& f, const Tensor& x) {
  const Tensor leaf = x.detach().clone().requires_grad_();
  f(leaf).backward(ones(x.shape(), x.dtype()));
  return leaf.grad();
}

std::vector<double> probabilities() {
  std::vector<double> p{1e-300, 1e-45, 1e-38, 1e-20,     1e-7, 0.1,        0.24999999,
                        0.25,   0.5,   0.75,  0.7500001, 0.9,  1 - 0x1p-24};
  for (int k = 2; k < 50; k += 3)
    for (const double sign : {-1., 1.}) p.push_back(0.5 + sign * std::ldexp(1., -k));
  for (double v = 0.003; v < 1; v += 0.0137) p.push_back(v);
  return p;
}

long double logit_of(long double x) {
  return x > 0.25L && x < 0.75L ? std::log1p((2 * x - 1) / (1 - x)) : std::log(x / (1 - x));
}

}  // namespace

BOOST_AUTO_TEST_CASE(logit_keeps_its_digits_at_both_ends_and_at_a_half) {
  const Function f = [](const Tensor& x) { return logit(x); };
  std::vector<double> in_float;  // without those that float32 has not
  for (const double p : probabilities())
    if (const auto v = static_cast<float>(p); v > 0 && v < 1) in_float.push_back(p);
  const Reference odds = [](long double x) { return x == 0.5L ? 0 : logit_of(x); };
  const Reference slope = [](long double x) { return 1 / (x * (1 - x)); };
  check_digits(f, odds, in_float, kFloat32, 3);
  check_digits(f, odds, probabilities(), kFloat64, 4);
  const Function g = [&](const Tensor& x) { return slope_of(f, x); };
  std::vector<double> finite;  // where the slope has no overflow
  for (const double p : in_float)
    if (p > 1e-37) finite.push_back(p);
  check_digits(g, slope, finite, kFloat32, 2);
  check_digits(g, slope, probabilities(), kFloat64, 2);
  for (const DType type : {kFloat32, kFloat64}) {
    const Tensor x = tensor({0.0, -0.0, 1.0, -1.0, 2.0, kFunctionInf, -kFunctionInf, kFunctionNaN}, {type});
    const Tensor want = tensor({-kFunctionInf, -kFunctionInf, kFunctionInf, kFunctionNaN, kFunctionNaN, kFunctionNaN,
                                kFunctionNaN, kFunctionNaN},
                               {type});
    BOOST_TEST(allclose(f(x), want, 0, 0, true));
    const Tensor mixed = cat({x, tensor(probabilities(), {kFloat64}).to(type)});
    check_places(f, mixed);
    check_places(g, mixed);
  }
  const Tensor x = tensor({0.01, 0.3, 0.5, 0.7, 0.999}, {kFloat64, true});
  const auto checked = [](const std::vector<Tensor>& in) { return logit(in[0]); };
  BOOST_TEST(gradcheck(checked, {x}));
  BOOST_TEST(gradgradcheck(checked, {x}));
}

BOOST_AUTO_TEST_CASE(sinc_and_its_slope_keep_their_digits) {
  std::vector<double> at{0,   1e-300,   1e-30,   -1e-8,     1e-4,      0.1,        0.25,
                         0.5, -0.63661, 0.63662, 0.6367,    0.75,      0.999999,   1,
                         -2,  1.4303,   100.25,  12345.675, 1e6 + 0.5, 1e15 + 0.5, 1e30};
  for (double v = -9; v < 9; v += 0.0973) at.push_back(v);
  const auto sign = [](long double x) { return std::fmod(std::round(x), 2) == 0 ? 1 : -1; };
  const auto sine = [&](long double x) { return sign(x) * std::sin(kPiLong * (x - std::round(x))); };
  const auto cosine = [&](long double x) { return sign(x) * std::cos(kPiLong * (x - std::round(x))); };
  const Reference value = [&](long double x) { return x == 0 ? 1 : sine(x) / (kPiLong * x); };
  const Reference slope = [&](long double x) -> long double {
    const long double t = kPiLong * x, z = t * t;
    if (std::fabs(t) < 0.3L)
      return kPiLong * t * (-1 / 3.L + z * (1 / 30.L - z * (1 / 840.L - z * (1 / 45360.L - z / 3991680.L))));
    return (cosine(x) - sine(x) / t) / x;
  };
  const Function f = [](const Tensor& x) { return sinc(x); };
  const Function g = [&](const Tensor& x) { return slope_of(f, x); };
  check_digits(f, value, at, kFloat32, 0.51);
  check_digits(f, value, at, kFloat64, 4);
  check_digits(g, slope, at, kFloat32, 0.51, 1e-6);
  check_digits(g, slope, at, kFloat64, 4, 2);
  for (const DType type : {kFloat32, kFloat64}) {
    const Tensor x = tensor({kFunctionInf, -kFunctionInf, kFunctionNaN, 0.0, -0.0}, {type});
    BOOST_TEST(allclose(f(x), tensor({0.0, 0.0, kFunctionNaN, 1.0, 1.0}, {type}), 0, 0, true));
    BOOST_TEST(allclose(g(x), tensor({0.0, 0.0, kFunctionNaN, 0.0, 0.0}, {type}), 0, 0, true));
    const Tensor mixed = cat({x, tensor(at, {kFloat64}).to(type)});
    check_places(f, mixed);
    check_places(g, mixed);
  }
  const Tensor x = tensor({-1.5, 0.0, 0.3, 0.64, 2.25}, {kFloat64, true});
  const auto checked = [](const std::vector<Tensor>& in) { return sinc(in[0]); };
  BOOST_TEST(gradcheck(checked, {x}));
  BOOST_TEST(gradgradcheck(checked, {x}));
}

BOOST_AUTO_TEST_CASE(entr_and_angle_of_all_numbers) {
  std::vector<double> at{1e-300, 1e-30, 0.1, 0.36787944, 0.999999, 1, 1.000001, 2.5, 1e30};
  const Function f = [](const Tensor& x) { return entr(x); };
  check_digits(
      f, [](long double x) { return x == 0 ? 0 : -x * std::log(x); }, at, kFloat32, 0.51);
  check_digits(
      f, [](long double x) { return -x * std::log(x); }, at, kFloat64, 3);
  for (const DType type : {kFloat32, kFloat64}) {
    const Tensor x = tensor({0.0, -0.0, -1.0, kFunctionInf, -kFunctionInf, kFunctionNaN, 2.0}, {type});
    BOOST_TEST(allclose(
        f(x), tensor({0.0, 0.0, -kFunctionInf, -kFunctionInf, -kFunctionInf, kFunctionNaN, -2 * std::log(2.)}, {type}),
        1e-6, 0, true));
    check_places(f, x);
    const Function turn = [](const Tensor& t) { return angle(t); };
    const double pi = static_cast<double>(kPiLong);
    BOOST_TEST(allclose(turn(x), tensor({0.0, 0.0, pi, 0.0, pi, kFunctionNaN, 0.0}, {type}), 1e-7, 0, true));
    check_places(turn, x);
  }
}

namespace {

// The running extreme and its place by the rule: the last of equal ones, NaN wins.
template <class T>
void check_running(const Tensor& x, bool largest) {
  for (const int dim : {0, 1}) {
    const ValuesIndices got = largest ? cummax(x, dim) : cummin(x, dim);
    for (std::int64_t lane = 0; lane < x.size(1 - dim); ++lane) {
      const Tensor row = x.select(1 - dim, lane), values = got.values.select(1 - dim, lane),
                   indices = got.indices.select(1 - dim, lane);
      T best{};
      std::int64_t place = -1;
      for (std::int64_t j = 0; j < row.numel(); ++j) {
        const T v = row[j].item<T>();
        const bool is_nan = v != v;
        if (place < 0 || is_nan || (best == best && (largest ? v >= best : v <= best))) best = v, place = j;
        BOOST_TEST(indices[j].item<std::int64_t>() == place);
        BOOST_TEST((values[j].item<T>() == best || (best != best && std::isnan(values[j].item()))));
      }
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(running_extremes_of_all_types) {
  for (const bool largest : {true, false})
    for (const Shape& shape : {Shape{1, 1}, {3, 7}, {6, 5}, {9, 140}}) {
      const Tensor base = remainder(arange(shape.numel()).to(kFloat64) * 7919 + 5, 11.).reshape(shape) - 5;
      check_running<float>(base.to(kFloat32), largest);
      check_running<std::int32_t>(base.to(kInt32), largest);
      check_running<std::uint8_t>(abs(base).to(kUInt8), largest);
      check_running<bool>((base > 2), largest);
      const Tensor odd =
          where(base == 3, kFunctionNaN, where(base == 4, kFunctionInf, where(base == -4, -kFunctionInf, base)));
      check_running<double>(odd, largest);
      check_running<double>(full(shape, largest ? -kFunctionInf : kFunctionInf, {kFloat64}), largest);
      check_running<std::int64_t>(full(shape, largest ? INT64_MIN : INT64_MAX, {kInt64}), largest);
      check_running<float>(base.to(kFloat32).transpose(0, 1), largest);
    }
  BOOST_TEST(cummax(zeros({0, 4}), 0).values.numel() == 0);
  BOOST_TEST(cummin(zeros({4, 0}), 1).indices.numel() == 0);
}

BOOST_AUTO_TEST_CASE(extremes_scattered_to_places) {
  const Tensor x = tensor({{1.0, kFunctionNaN, -kFunctionInf, 4.0}}, {kFloat64}), places = tensor({{0, 1, 2, 3, 3, 0}});
  const Tensor from = tensor({{kFunctionInf, 2.0, 3.0, kFunctionNaN, 9.0, 5.0}}, {kFloat64});
  for (const DType type : {kFloat32, kFloat64}) {
    const auto by = [&](const char* how, bool self) {
      return scatter_reduce(x.to(type), 1, places, from.to(type), how, self);
    };
    const auto wanted = [&](const Tensor& got, const std::vector<double>& want) {
      BOOST_TEST(allclose(got, tensor(want, {kFloat64}).to(type).reshape({1, 4}), 0, 0, true));
    };
    wanted(by("amax", true), {kFunctionInf, kFunctionNaN, 3, kFunctionNaN});
    wanted(by("amin", true), {1, kFunctionNaN, -kFunctionInf, kFunctionNaN});
    wanted(by("amax", false), {kFunctionInf, 2, 3, kFunctionNaN});
    wanted(by("amin", false), {5, 2, 3, kFunctionNaN});
    wanted(by("prod", false), {kFunctionInf, 2, 3, kFunctionNaN});
  }
  BOOST_TEST(same_bits(scatter_reduce(tensor({5, 1}).to(kInt32), 0, tensor({1, 1}), tensor({-3, 7}).to(kInt32), "amin"),
                       tensor({5, -3}).to(kInt32)));
  BOOST_TEST(scatter_reduce(zeros({0}), 0, zeros({0}, {kInt64}), zeros({0}), "amax").numel() == 0);
}

BOOST_AUTO_TEST_CASE(rows_read_backwards) {
  for (const DType type : {kFloat32, kFloat64, kUInt8, kBool})
    for (const std::int64_t n : {1, 2, 15, 64, 65, 200}) {
      const Tensor x = remainder(arange(3 * n).to(kFloat64) * 37, 251.).reshape({3, n}).to(type);
      const Tensor back = flip(x, {1}), turned = rot90(x, 1), threefold = rot90(x, 3);
      for (std::int64_t i = 0; i < 3; ++i)
        for (std::int64_t j = 0; j < n; ++j) {
          BOOST_TEST(back[i][j].item() == x[i][n - 1 - j].item());
          BOOST_TEST(turned[j][i].item() == x[i][n - 1 - j].item());
          BOOST_TEST(threefold[j][i].item() == x[2 - i][j].item());
        }
      BOOST_TEST(same_bits(flip(x.transpose(0, 1), {0}), back.transpose(0, 1).contiguous()));
    }
}

BOOST_AUTO_TEST_CASE(sums_over_runs_between_kept_dimensions) {
  for (const DType type : {kFloat32, kFloat64})
    for (const Shape& shape : {Shape{3, 4, 70, 5}, {2, 8, 3, 40}, {70, 2, 2, 1}, {5, 3, 4, 600}}) {
      const Tensor x = sin(arange(shape.numel()).to(kFloat64) * 12.9898).to(type).reshape(shape);
      const Tensor together = x.permute({0, 2, 1, 3}).contiguous();
      BOOST_TEST(allclose(sum(x, {1, 3}), sum(together, {2, 3}), 1e-5, 1e-5));
      BOOST_TEST(same_bits(amax(x, {1, 3}), amax(together, {2, 3})));
      BOOST_TEST(allclose(var(x, {1, 3}), var(together, {2, 3}), 1e-5, 1e-5));
      BOOST_TEST(allclose(prod(x + 1.5, {1}), prod((x + 1.5).permute({0, 2, 3, 1}).contiguous(), {3}), 1e-5, 1e-5));
    }
}
