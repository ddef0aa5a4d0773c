// The p-norm behind distances, limits of norms and pooling: all p, all magnitudes, and gradients without NaN.
#include <cmath>
#include <limits>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/optim/clip_grad.hpp>
#include <xgrad/p_norm.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

long double norm(const std::vector<double>& x, double p) {
  long double sum = 0, most = 0, least = kInf;
  for (const double v : x) {
    const long double a = std::fabs(static_cast<long double>(v));
    most = std::max(most, a);
    least = std::min(least, a);
    sum += p == 0 ? a != 0 : std::pow(a, static_cast<long double>(p));
  }
  return p == kInf ? most : p == -kInf ? least : p == 0 ? sum : std::pow(sum, 1 / static_cast<long double>(p));
}

// The distance of x and 0 as triplet_margin_loss measures it.
Tensor distance(const Tensor& x, double p, double eps = 0) {
  const Tensor zero = zeros(x.shape(), {x.dtype()});
  // The negative is the anchor itself, at a distance of 0 (|eps| where eps is not 0).
  return triplet_margin_loss(x, zero, x, {.margin = 0, .p = p, .eps = eps, .reduction = Reduction::none});
}

void close(double got, long double want, double eps, const std::string& what) {
  if (!(std::fabs(static_cast<long double>(got) - want) <= eps * std::fabs(want)))
    BOOST_ERROR(fmt::format("{}: {} instead of {}", what, got, static_cast<double>(want)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(infinite_p_is_the_largest_difference) {
  const Tensor a = tensor({{1.5, 0.5}}, {kFloat64, true}), zero = zeros({1, 2}, {kFloat64});
  const Tensor loss = triplet_margin_loss(a, zero, a, {.margin = 0, .p = kInf, .eps = 0});
  BOOST_TEST(loss.item() == 1.5);
  loss.backward();
  check_close(a.grad(), {1, 0}, 0);
  BOOST_TEST(distance(tensor({1.5, -2.5}, {kFloat64}), kInf).item() == 2.5);
  // Equal extremes share.
  const Tensor b = tensor({-2.0, 1.0, 2.0}, {kFloat64, true});
  distance(b, kInf).backward();
  check_close(b.grad(), {-0.5, 0, 0.5}, 0);
}

BOOST_AUTO_TEST_CASE(norms_of_all_orders) {
  const std::vector<double> x{1.5, -0.5, 0, 3, -3, 0.125};
  for (const double p : {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 7.0, 300.0, kInf})
    for (const double unit : {1.0, 1e-300, 1e150, 1e300, 0x1p-1070}) {
      std::vector<double> v;
      for (const double k : x) v.push_back(unit * k);
      const long double want = p == 0 ? 5 : norm(x, p) * static_cast<long double>(unit);
      close(detail::p_norm_of(v.data(), 6, p), want, unit < 1e-305 ? 0.02 : 1e-14, fmt::format("{} at {}", p, unit));
    }
  const std::vector<double> y{2, -4, 8};
  for (const double p : {-kInf, -3.0, -1.0, -0.5}) close(detail::p_norm_of(y.data(), 3, p), norm(y, p), 1e-15, "p < 0");
  for (const double p : {-kInf, -1.0}) BOOST_TEST(detail::p_norm_of(x.data(), 6, p) == 0);
  const double nan[] = {1, NAN, INFINITY}, inf[] = {1, INFINITY};
  for (const double p : {0.5, 1.0, 2.0, 3.0, kInf, -kInf, -1.0}) {
    BOOST_TEST(std::isnan(detail::p_norm_of(nan, 3, p)));
    BOOST_TEST(detail::p_norm_of(inf, 2, p) == (p > 0 ? INFINITY : 1));
    BOOST_TEST(detail::p_norm_of(inf, 0, p) == (p > 0 ? 0 : INFINITY));
  }
  const std::vector<float> many(100'000, 1e30F);  // squares of floats, blocks
  close(detail::p_norm_of(many.data(), 100'000, 2), std::sqrt(1e5L) * static_cast<long double>(1e30F), 1e-12, "blocks");
  close(detail::p_norm_of(many.data(), 100'000, 3), std::cbrt(1e5L) * static_cast<long double>(1e30F), 1e-12, "blocks");
}

BOOST_AUTO_TEST_CASE(equal_vectors_have_no_slope) {
  for (const DType type : {kFloat32, kFloat64})
    for (const double p : {1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 7.0, kInf, 0.5, 0.0, -1.0, -kInf}) {
      const Tensor a = tensor({{1, 2, 3}, {4, 5, 6}}).to(type).detach().requires_grad_();
      const Tensor b = a.detach().clone().requires_grad_(), c = a.detach().clone().requires_grad_();
      triplet_margin_loss(a, b, c, {.margin = 1, .p = p, .eps = 0, .swap = true}).backward();
      for (const Tensor& t : {a, b, c}) check_close(t.grad(), {0, 0, 0, 0, 0, 0}, 0);
    }
  // One equal coordinate: it alone has no slope, in the second derivative too.
  for (const double p : {1.0, 1.5, 2.0, 2.5, 3.0, kInf}) {
    const Tensor x = tensor({3.0, 0.0, 4.0}, {kFloat64, true});
    const Tensor y = distance(x, p), g = grad({y}, {x}, {}, {.create_graph = true})[0];
    BOOST_TEST(g[1].item() == 0);
    const Tensor h = g.requires_grad() ? grad({g.sum()}, {x}, {}, {.allow_unused = true})[0] : Tensor();
    if (h.defined())
      for (const double v : h.to_vector<double>()) BOOST_TEST(std::isfinite(v));
  }
}

BOOST_AUTO_TEST_CASE(gradients_of_all_magnitudes) {
  for (const DType type : {kFloat32, kFloat64})
    for (const double p : {0.5, 1.0, 1.5, 2.0, 3.0, 8.0, kInf, -2.0})
      for (const double unit :
           type == kFloat32 ? std::vector<double>{1, 1e-30, 1e25, 1e37} : std::vector<double>{1e-300, 1e300}) {
        const std::vector<double> at{3, -4, 1};
        const Tensor x = (tensor({3.0, -4.0, 1.0}, {kFloat64}) * unit).to(type).detach().requires_grad_();
        const Tensor y = distance(x, p);
        const double eps = type == kFloat32 ? 2e-5 : 1e-12;
        close(y.item() / unit, norm(at, p), eps, fmt::format("value, p = {}, {}", p, unit));
        y.backward();
        for (std::size_t i = 0; i < 3; ++i) {
          const long double a = std::fabs(at[i]), sign = at[i] < 0 ? -1 : 1;
          const long double want =
              p == kInf ? (i == 1 ? -1 : 0) : sign * std::pow(a / norm(at, p), static_cast<long double>(p) - 1);
          close(x.grad()[static_cast<std::int64_t>(i)].item(), want, eps, fmt::format("slope, p = {}, {}", p, unit));
        }
      }
}

BOOST_AUTO_TEST_CASE(derivatives_by_finite_differences) {
  const Tensor a = tensor({{0.5, -1.0, 2.0}, {1.0, 0.25, -0.5}}, {kFloat64, true});
  const Tensor b = tensor({{-0.5, 1.5, 0.5}, {0.5, 2.0, 1.5}}, {kFloat64, true});
  const Tensor c = tensor({{3.0, -2.5, 4.0}, {-3.0, 2.75, -1.5}}, {kFloat64, true});
  for (const double p : {0.5, 1.0, 1.5, 2.0, 2.5, 3.0, kInf, -1.0, -kInf}) {
    const auto f = [p](const std::vector<Tensor>& in) {
      return triplet_margin_loss(in[0], in[1], in[2], {.margin = 40, .p = p, .eps = 1e-3});
    };
    BOOST_TEST(gradcheck(f, {a, b, c}), "p = " << p);
    if (std::isfinite(p) && p != 1) BOOST_TEST(gradgradcheck(f, {a, b, c}), "p = " << p);
  }
}

BOOST_AUTO_TEST_CASE(any_p_but_nan) {
  const Tensor x = ones({2}, {kFloat64});
  expect_op<ValueError>("triplet_margin_loss", {"p must be a number", "nan"},
                        [&] { triplet_margin_loss(x, x, x, {.p = NAN}); });
}

BOOST_AUTO_TEST_CASE(clipping_gradients_of_any_size) {
  for (const double unit : {1e-300, 1.0, 1e300})
    for (const double p : {1.0, 2.0, 3.0, kInf}) {
      Tensor x = zeros({2}, {kFloat64, true}), y = zeros({1}, {kFloat64, true});
      x.set_grad(tensor({3 * unit, -4 * unit}, {kFloat64}));
      y.set_grad(tensor({12 * unit}, {kFloat64}));
      const long double want = norm({3, 4, 12}, p) * static_cast<long double>(unit);
      close(optim::clip_grad_norm_({x, y}, 1, p, true), want, 1e-14, fmt::format("norm {} at {}", p, unit));
      if (unit > 1) close(y.grad().item(), 12 / norm({3, 4, 12}, p), 1e-14, "clipped");
      if (unit < 1) BOOST_TEST(y.grad().item() == 12 * unit);
    }
}

BOOST_AUTO_TEST_CASE(limited_rows_of_large_numbers) {
  for (const double p : {2.0, 3.0}) {
    const Tensor table = tensor({{3e200, -4e200}}, {kFloat64});
    embedding(zeros({1}, {kInt64}), table, {.max_norm = 1e200, .norm_type = p});
    close(detail::p_norm_of(table.data<double>(), 2, p), 1e200L, 1e-12, "row");
  }
}

BOOST_AUTO_TEST_CASE(pooled_powers_of_any_size) {
  for (const DType type : {kFloat32, kFloat64})
    for (const double unit :
         type == kFloat32 ? std::vector<double>{1e-30, 1, 1e30} : std::vector<double>{1e-250, 1, 1e250})
      for (const double p : {1.0, 2.0, 3.0, 2.5}) {
        const Tensor x = (tensor({{{3.0, 4.0, 0.0, 0.0}}}, {kFloat64}) * unit).to(type).detach().requires_grad_();
        const Tensor y = lp_pool1d(x, p, 2);
        const double eps = type == kFloat32 ? 1e-5 : 1e-13;
        close(y[0][0][0].item() / unit, norm({3, 4}, p), eps, fmt::format("p = {} at {}", p, unit));
        BOOST_TEST(y[0][0][1].item() == 0);
        y.sum().backward();
        close(x.grad()[0][0][1].item(), std::pow(4 / norm({3, 4}, p), p - 1.0L), eps, "slope");
        BOOST_TEST(x.grad()[0][0][3].item() == 0);
      }
}

BOOST_AUTO_TEST_CASE(angles_of_vectors_of_any_length) {
  for (const double unit : {1.0, 1e10, 1e25, 1e38}) {
    const Tensor a = (tensor({{1.0, 2.0}}) * unit).detach().requires_grad_(), b = (tensor({{2.0, 1.0}}) * unit);
    const Tensor loss = cosine_embedding_loss(a, b, ones({1}));
    close(loss.item(), 0.2L, 1e-5, fmt::format("cosine at {}", unit));
    loss.backward();
    // (a cos / |a|^2 - b / (|a| |b|)): (0.8 - 2, 1.6 - 1) / 5
    close(a.grad()[0][0].item() * unit, -0.24L, 1e-4, "slope");
    close(a.grad()[0][1].item() * unit, 0.12L, 1e-4, "slope");
  }
}
