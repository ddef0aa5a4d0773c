// A normaliser (log-sum-exp, mean) is never rounded before it is subtracted: results do not depend on an offset of the
// scores, up to the largest numbers there are. References are computed in long double.
#include <algorithm>
#include <cmath>
#include <limits>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

using Row = std::vector<double>;
using Exact = std::vector<long double>;

// log(sum exp(x)) - x, class by class.
Exact losses_of(const Row& x) {
  const long double top = *std::max_element(x.begin(), x.end());
  long double sum = 0;
  for (const double v : x) sum += std::exp(static_cast<long double>(v) - top);
  Exact out;
  for (const double v : x) out.push_back(std::log(sum) - (static_cast<long double>(v) - top));
  return out;
}

void close(double got, long double want, double eps, const std::string& what) {
  if (!(std::fabs(static_cast<long double>(got) - want) <= eps * (1 + std::fabs(want))))
    BOOST_ERROR(fmt::format("{}: {} instead of {}", what, got, static_cast<double>(want)));
}

double eps_of(DType type) { return type == kFloat32 ? 2e-6 : 1e-14; }

// The value and the gradient of a loss of class t; `smoothing` and weights w (by class) as in cross_entropy, not
// reduced.
struct Expected {
  long double loss = 0;
  Exact grad;
};
Expected expected(const Row& x, std::size_t t, double smoothing = 0, const Row& w = {}) {
  const Exact below = losses_of(x);
  const auto n = static_cast<long double>(x.size());
  const auto weight = [&](std::size_t c) { return w.empty() ? 1.L : static_cast<long double>(w[c]); };
  long double all = 0;
  Expected e;
  for (std::size_t c = 0; c < x.size(); ++c) {
    const long double share =
        (c == t ? (1 - static_cast<long double>(smoothing)) * weight(c) : 0) + smoothing / n * weight(c);
    if (share != 0) e.loss += share * below[c];
    all += share;
    e.grad.push_back(-share);
  }
  for (std::size_t c = 0; c < x.size(); ++c) e.grad[c] += all * std::exp(-below[c]);
  return e;
}

// Rows of scores around `offset`, exact in `type`.
Row scores(std::size_t n, double offset, DType type) {
  Row x;
  const double unit = type == kFloat32 ? std::max(1.0, std::ldexp(1, std::ilogb(offset) - 23))
                                       : std::max(1.0, std::ldexp(1, std::ilogb(offset) - 52));
  for (std::size_t i = 0; i < n; ++i) x.push_back(offset - unit * static_cast<double>(i * 7 % 5));
  return x;
}

Tensor matrix(const std::vector<Row>& rows, DType type) {
  Row flat;
  for (const Row& r : rows) flat.insert(flat.end(), r.begin(), r.end());
  const auto n = static_cast<std::int64_t>(rows.size());
  return from_vector(flat, {n, static_cast<std::int64_t>(rows[0].size())}).to(type).detach().requires_grad_();
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_scores_of_any_size) {
  for (const double big : {0.0, 1e3, 1e5, 1e7, 1e8, 3e38, -1e8, -3e38})
    for (const std::int64_t classes : {1, 2, 3, 33, 70}) {
      const Tensor x = full({1, classes}, big, {kFloat32, true});
      const Tensor loss = cross_entropy(x, zeros({1}, {kInt64}));
      close(loss.item(), std::log(static_cast<long double>(classes)), 1e-6,
            fmt::format("{} classes of {}", classes, big));
      loss.backward();
      const auto g = x.grad().to_vector<double>();
      for (std::size_t i = 0; i < g.size(); ++i)
        close(g[i], 1.L / classes - (i == 0), 1e-6, fmt::format("gradient {} of {}", i, big));
    }
  for (const double big : {1e16, 1e50, 1e308, -1e308}) {
    const Tensor x = full({3, 3}, big, {kFloat64, true});
    const Tensor loss = cross_entropy(x, tensor({0, 1, 2}), {.label_smoothing = 0.25});
    close(loss.item(), std::log(3.L), 1e-15, "float64");
    loss.backward();
    close(x.grad().sum().item(), 0, 1e-16, "sum of the gradient");
  }
}

BOOST_AUTO_TEST_CASE(cross_entropy_does_not_depend_on_an_offset) {
  const Row weights{0.5, 2, 0, 1, 0.25};
  for (const DType type : {kFloat32, kFloat64})
    for (const std::size_t classes : {1u, 2u, 5u, 33u, 65u, 200u})
      for (const double offset : {1.0, 1e3, 1e5, 1e8, type == kFloat32 ? 3e38 : 1.7e308})
        for (const double smoothing : {0.0, 0.2}) {
          Row w;
          for (std::size_t c = 0; c < classes; ++c) w.push_back(weights[c % weights.size()]);
          for (const bool weighted : {false, true}) {
            const Row row = scores(classes, offset, type);
            const std::size_t t = classes / 2;
            const Expected want = expected(row, t, smoothing, weighted ? w : Row{});
            CrossEntropyOptions o{.reduction = Reduction::none, .label_smoothing = smoothing};
            if (weighted) o.weight = from_vector(w, {static_cast<std::int64_t>(classes)});
            const std::string what = fmt::format("{} classes at {}, {}", classes, offset, name(type));
            // The rows lie along the vectors, then across them.
            const Tensor x = matrix({row, row, row}, type), index = full({3}, static_cast<std::int64_t>(t), {kInt64});
            const Tensor loss = cross_entropy(x, index, o);
            loss.sum().backward();
            const Tensor y = x.detach().t().contiguous().unsqueeze(0).requires_grad_();
            const Tensor across = cross_entropy(y, index.unsqueeze(0), o);
            across.sum().backward();
            for (const double v : loss.to_vector<double>()) close(v, want.loss, eps_of(type), what);
            for (const double v : across.to_vector<double>()) close(v, want.loss, eps_of(type), what);
            for (std::size_t c = 0; c < classes; ++c) {
              close(x.grad()[1][static_cast<std::int64_t>(c)].item(), want.grad[c], eps_of(type), what + ", gradient");
              close(y.grad()[0][static_cast<std::int64_t>(c)][1].item(), want.grad[c], eps_of(type), what + ", across");
            }
          }
        }
}

BOOST_AUTO_TEST_CASE(probabilities_as_target_at_an_offset) {
  for (const DType type : {kFloat32, kFloat64})
    for (const std::size_t classes : {1u, 2u, 5u, 40u})
      for (const double offset : {1.0, 1e5, 1e8, type == kFloat32 ? 3e38 : 1.7e308})
        for (const bool across : {false, true}) {
          const Row row = scores(classes, offset, type);
          const Expected want = expected(row, 0, 0.5);  // half on class 0, half everywhere
          Row target(classes, 0.5 / static_cast<double>(classes));
          target[0] += 0.5;
          Tensor x = matrix({row, row}, type), t = matrix({target, target}, type).detach();
          if (across) x = x.detach().t().contiguous().unsqueeze(0).requires_grad_(), t = t.t().unsqueeze(0);
          const Tensor loss = cross_entropy(x, t, {.reduction = Reduction::sum});
          const std::string what = fmt::format("{} classes at {}", classes, offset);
          close(loss.item() / 2, want.loss, eps_of(type), what);
          loss.backward();
          const Tensor g = across ? x.grad()[0].t() : x.grad();
          for (std::size_t c = 0; c < classes; ++c)
            close(g[1][static_cast<std::int64_t>(c)].item(), want.grad[c], eps_of(type), what + ", gradient");
        }
  // Only differences that do not exist are infinite.
  const Tensor far = tensor({{1.5e308, -1.5e308}}, {kFloat64, true});
  BOOST_TEST(cross_entropy(far, tensor({{1.0, 0.0}}, {kFloat64})).item() == 0);
  check_close(cross_entropy(far, tensor({{0.75, 0.25}}, {kFloat64})) / 1e308, {0.75}, 1e-15);
  BOOST_TEST(std::isinf(cross_entropy(far, tensor({{0.0, 1.0}}, {kFloat64})).item()));
  check_close(cross_entropy(zeros({2, 0}, {kFloat64}), zeros({2, 0}, {kFloat64}), {.reduction = Reduction::none}),
              {0, 0});
}

BOOST_AUTO_TEST_CASE(the_largest_difference_of_scores) {
  for (const DType type : {kFloat32, kFloat64}) {
    const double big = type == kFloat32 ? 3e38 : 1.5e308;
    const Row row{big, -big, -big, big};
    const Expected want = expected(row, 0, 0.1);  // 0.025 * 2 * 2 big: there is such a number
    const Tensor x = matrix({row}, type);
    const Tensor loss = cross_entropy(x, zeros({1}, {kInt64}), {.label_smoothing = 0.1});
    close(loss.item() / big, want.loss / big, eps_of(type), "smoothed");
    loss.backward();
    for (std::size_t c = 0; c < row.size(); ++c)
      close(x.grad()[0][static_cast<std::int64_t>(c)].item(), want.grad[c], eps_of(type), "gradient");
    BOOST_TEST(std::isinf(cross_entropy(x, ones({1}, {kInt64})).item()));
    check_close(
        cross_entropy(x, ones({1}, {kInt64}), {.weight = tensor({1., 0.25, 1., 1.}), .reduction = Reduction::sum}) /
            big,
        {0.5}, 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(infinite_scores_as_in_pytorch) {
  const double inf = INFINITY;
  const auto loss = [](const Tensor& x, std::int64_t t) { return cross_entropy(x, tensor({t})); };
  Tensor x = matrix({{1, -inf, 1}}, kFloat64);
  loss(x, 0).backward();
  check_close(x.grad(), {-0.5, 0, 0.5}, 1e-15);
  BOOST_TEST(loss(x, 1).item() == inf);
  BOOST_TEST(std::isnan(loss(matrix({{-inf, -inf}}, kFloat64), 0).item()));
  BOOST_TEST(std::isnan(loss(matrix({{inf, 1}}, kFloat64), 0).item()));
  BOOST_TEST(std::isnan(softmax(matrix({{-inf, -inf}}, kFloat64), 1)[0][0].item()));
  const Tensor nothing = matrix({{-inf, -inf}}, kFloat64), all = logsumexp(nothing, {1});
  BOOST_TEST(all.item() == -inf);
  // Ignored rows may hold anything.
  const Tensor rows = matrix({{inf, NAN}, {1e308, 1e308}}, kFloat64);
  const Tensor kept = cross_entropy(rows, tensor({-100, 1}));
  close(kept.item(), std::log(2.L), 1e-15, "ignored");
  kept.backward();
  check_close(rows.grad(), {0, 0, 0.5, -0.5}, 1e-15);
}

BOOST_AUTO_TEST_CASE(second_derivatives_at_an_offset) {
  // The Hessian of the loss and of logsumexp is diag(p) - p p^T.
  for (const double offset : {0.0, 1e5, 1e50})
    for (const bool loss : {true, false}) {
      const Tensor x = full({1, 2}, offset, {kFloat64, true});
      const Tensor y = loss ? cross_entropy(x, zeros({1}, {kInt64})) : logsumexp(x, {0, 1});
      const Tensor g = grad({y}, {x}, {}, {.create_graph = true})[0];
      check_close(grad({g[0][0]}, {x})[0], {0.25, -0.25}, 1e-15);
    }
  const Tensor x = tensor({{1e3, 1e3 + 1, 1e3 - 2}, {0.5, 0.25, -1.0}}, {kFloat64, true});
  for (const Shape& dims : {Shape{1}, Shape{0}, Shape{0, 1}}) {
    const auto f = [dims](const std::vector<Tensor>& in) { return logsumexp(in[0], dims); };
    BOOST_TEST(gradcheck(f, {x}));
    BOOST_TEST(gradgradcheck(f, {x}));
  }
}

BOOST_AUTO_TEST_CASE(logsumexp_of_large_numbers) {
  for (const double big : {1e5, 1e16, 1e50, 1e308, -1e308}) {
    for (const Shape& dims : {Shape{0}, Shape{1}, Shape{0, 1}}) {
      const Tensor x = full({2, 2}, big, {kFloat64, true});
      logsumexp(x, dims, true).sum().backward();
      const double share = dims.size() == 2 ? 0.25 : 0.5;
      check_close(x.grad(), {share, share, share, share}, 1e-15);
    }
  }
  const Tensor x = tensor({1e8, 1e8, 1e8 - 8}, {kFloat32, true});
  logsumexp(x, {0}).backward();
  close(x.grad().sum().item(), 1, 1e-6, "float32");
  close(x.grad()[2].item(), std::exp(-8.L) / (2 + std::exp(-8.L)), 1e-6, "float32");
}

BOOST_AUTO_TEST_CASE(binary_cross_entropy_of_any_logit) {
  const auto loss = [](double x, double y, bool weighted) {
    const Tensor p = weighted ? tensor(1.0, {kFloat64}) : Tensor();
    return binary_cross_entropy_with_logits(tensor(x, {kFloat64}), tensor(y, {kFloat64}), {.pos_weight = p}).item();
  };
  const double inf = INFINITY;
  for (const bool weighted : {false, true}) {
    BOOST_TEST(loss(inf, 0, weighted) == inf);
    BOOST_TEST(loss(inf, 0.5, weighted) == inf);
    BOOST_TEST(loss(inf, 1, weighted) == 0);
    BOOST_TEST(loss(-inf, 1, weighted) == inf);
    BOOST_TEST(loss(-inf, 0, weighted) == 0);
    BOOST_TEST(std::isnan(loss(NAN, 0, weighted)));
    for (const double x : {-1e308, -40.0, -1.0, 0.0, 3.0, 40.0, 1e308})
      for (const double y : {0.0, 0.25, 1.0}) {
        const long double a = std::fabs(static_cast<long double>(x));
        const long double want = (x > 0 ? 1 - y : y) * a + std::log1p(std::exp(-a));
        const double got = loss(x, y, weighted);
        BOOST_TEST(std::fabs(got - want) <= 1e-15L * want);
      }
  }
  // All digits of a small slope, which 1 - sigmoid(x) does not have.
  for (const double x : {-60.0, 60.0}) {
    const Tensor logit = tensor(x, {kFloat64, true});
    binary_cross_entropy_with_logits(logit, tensor(x > 0 ? 1.0 : 0.0, {kFloat64})).backward();
    const double want = std::exp(-60.0) * (x > 0 ? -1 : 1);
    BOOST_TEST(std::fabs(logit.grad().item() - want) <= 1e-15 * std::fabs(want));
  }
  const Tensor x = tensor({-inf, inf}, {kFloat64, true}), y = tensor({0.0, 1.0}, {kFloat64});
  const Tensor both = multilabel_soft_margin_loss(x, y);
  BOOST_TEST(both.item() == 0);
  both.backward();
  check_close(x.grad(), {0, 0}, 0);
}

BOOST_AUTO_TEST_CASE(binary_cross_entropy_at_zero_twice_differentiable) {
  const Tensor x = zeros({2}, {kFloat64, true}), y = tensor({0.0, 0.25}, {kFloat64}),
               p = tensor({2.0, 3.0}, {kFloat64});
  for (const bool weighted : {false, true}) {
    const Tensor loss =
        binary_cross_entropy_with_logits(x, y, {.pos_weight = weighted ? p : Tensor(), .reduction = Reduction::sum});
    const Tensor g = grad({loss}, {x}, {}, {.create_graph = true})[0];
    check_close(grad({g.sum()}, {x})[0], weighted ? Row{0.25, 0.375} : Row{0.25, 0.25}, 1e-15);  // q / 4
  }
}

BOOST_AUTO_TEST_CASE(a_power_of_0_has_no_slope) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  const Tensor x = tensor({tiny, -tiny, 1e-310, 0.0, 2.0, INFINITY}, {kFloat64, true});
  pow(x, zeros({6}, {kFloat64})).sum().backward();
  check_close(x.grad(), {0, 0, 0, 0, 0, 0}, 0);
  const Tensor single = tensor({1e-45, -1e-40, 3.0}, {kFloat32, true});
  pow(single, zeros({3})).sum().backward();
  check_close(single.grad(), {0, 0, 0}, 0);
  const Tensor base = tensor({2.0}, {kFloat64, true}), none = zeros({1}, {kFloat64, true});
  const Tensor g = grad({pow(base, none)}, {base}, {}, {.create_graph = true})[0];
  check_close(grad({g}, {none})[0], {0.5}, 1e-15);  // the mixed derivative 1 / x
}
