// A common offset of the data or of its gradient, however large beside the differences, changes nothing where only
// differences count: the backward pass of softmax, variances, normalisation.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

using Row = std::vector<double>;

double range(const Row& v) {
  const auto [least, most] = std::minmax_element(v.begin(), v.end());
  return *most - *least;
}

// v as rows of a matrix, or (across) as its columns.
Tensor rows(const Row& v, std::int64_t n, bool across, DType type) {
  const Tensor one = from_vector(v, {1, static_cast<std::int64_t>(v.size())}).to(type);
  const Tensor all = one.expand({n, one.size(1)});
  return (across ? all.t() : all).contiguous().detach();
}

// The first row or column of t.
Row first(const Tensor& t, bool across) { return t.detach().select(across ? 1 : 0, 0).to_vector<double>(); }

void close(const Row& got, const Row& want, double eps, const std::string& what) {
  for (std::size_t i = 0; i < want.size(); ++i)
    if (!(std::fabs(got[i] - want[i]) <= eps))
      BOOST_ERROR(fmt::format("{}: element {} is {} instead of {}", what, i, got[i], want[i]));
}

// Numbers a few units apart at 1e8 (float32) or 1e16 (float64), where the unit is the distance of neighbours.
struct Offset {
  DType type;
  double at, unit;
};
constexpr Offset kOffsets[] = {{kFloat32, 0, 1}, {kFloat32, 1e8, 8}, {kFloat64, 1e16, 2}};

Row near_offset(std::size_t n, const Offset& o) {
  Row v;
  for (std::size_t i = 0; i < n; ++i) v.push_back(o.at + o.unit * static_cast<double>(i * i % 7 % 4));
  return v;
}

// Differences from the mean of v, exact to double.
Row deviations(const Row& v, double at) {
  double mean = 0;
  for (const double x : v) mean += (x - at) / static_cast<double>(v.size());
  Row d;
  for (const double x : v) d.push_back(x - at - mean);
  return d;
}

}  // namespace

BOOST_AUTO_TEST_CASE(softmax_of_a_gradient_with_an_offset) {
  for (const Offset& o : kOffsets)
    for (const std::size_t n : {2u, 3u, 31u, 50u, 300u})
      for (const bool across : {false, true})
        for (const std::int64_t count : {1, 3, 70}) {
          Row x, p;
          double sum = 0;
          for (std::size_t i = 0; i < n; ++i) x.push_back(0.25 * static_cast<double>(i % 5)), sum += std::exp(x[i]);
          for (const double v : x) p.push_back(std::exp(v) / sum);
          const Row g = near_offset(n, o);
          double mean = 0;
          for (std::size_t i = 0; i < n; ++i) mean += p[i] * (g[i] - o.at);
          Row want;
          for (std::size_t i = 0; i < n; ++i) want.push_back(p[i] * (g[i] - o.at - mean));
          const Tensor in = rows(x, count, across, o.type).requires_grad_();
          softmax(in, across ? 0 : 1).backward(rows(g, count, across, o.type));
          close(first(in.grad(), across), want, range(want) * (o.type == kFloat32 ? 3e-6 : 1e-14),
                fmt::format("{} of {} at {}, across {}", n, count, o.at, across));
        }
  const Tensor x = tensor({0.5, 1.5, -1.0}, {kFloat64, true});
  const auto f = [](const std::vector<Tensor>& in) {
    return softmax(in[0], 0) * tensor({1e6, 1e6 + 1, 1e6 - 2}, {kFloat64});
  };
  BOOST_TEST(gradgradcheck(f, {x}));
}

BOOST_AUTO_TEST_CASE(variances_with_an_offset) {
  for (const Offset& o : kOffsets)
    for (const std::size_t n : {2u, 5u, 40u, 300u})
      for (const bool across : {false, true}) {
        const Row v = near_offset(n, o), d = deviations(v, o.at);
        double variance = 0;
        for (const double x : d) variance += x * x / static_cast<double>(n - 1);
        if (variance == 0) continue;
        for (const bool root : {false, true}) {
          const Tensor x = rows(v, 3, across, o.type).requires_grad_();
          const Tensor y = root ? xgrad::std(x, {across ? 0 : 1}) : var(x, {across ? 0 : 1});
          y.sum().backward();
          Row want;
          const double c = root ? 1 / std::sqrt(variance) : 2;
          for (const double t : d) want.push_back(c * t / static_cast<double>(n - 1));
          close(first(x.grad(), across), want, range(want) * (o.type == kFloat32 ? 2e-6 : 1e-14),
                fmt::format("{} of {} at {}", root ? "std" : "var", n, o.at));
          const Tensor g = grad({root ? xgrad::std(x, {across ? 0 : 1}) : var(x, {across ? 0 : 1})}, {x},
                                {ones({3}, {o.type})}, {.create_graph = true})[0];
          close(first(g, across), want, range(want) * (o.type == kFloat32 ? 2e-6 : 1e-14), "recorded");
        }
      }
}

namespace {

enum class Kind { layer, group, batch, batch_of_runs, blocked };

// The data of a normalisation whose statistics are all those of the row v, and what to call.
struct Normalised {
  Tensor x, y, weight, bias;
};
Normalised normalise(Kind kind, const Row& v, DType type) {
  const auto n = static_cast<std::int64_t>(v.size());
  Normalised r;
  const auto affine = [&](const Shape& s) {
    r.weight = full(s, 2.0, {type, true});
    r.bias = full(s, 0.5, {type, true});
  };
  switch (kind) {
    case Kind::layer:
      affine({n});
      r.x = rows(v, 5, false, type).requires_grad_();
      r.y = layer_norm(r.x, {n}, r.weight, r.bias, 0);
      break;
    case Kind::group:
      affine({1});
      r.x = rows(v, 4, false, type).unsqueeze(1).detach().requires_grad_();
      r.y = group_norm(r.x, 1, r.weight, r.bias, 0);
      break;
    case Kind::batch:
      affine({3});
      r.x = rows(v, 3, true, type).requires_grad_();
      r.y = batch_norm(r.x, {}, {}, r.weight, r.bias, true, 0.1, 0);
      break;
    default: {
      affine({16});
      r.x = rows(v, 16, false, type).unsqueeze(0).unsqueeze(2).detach().requires_grad_();
      const Tensor one = kind == Kind::blocked ? conv2d(r.x, eye(16).to(type).reshape({16, 16, 1, 1})) : r.x;
      r.y = batch_norm(one, {}, {}, r.weight, r.bias, true, 0.1, 0);
    }
  }
  return r;
}

}  // namespace

BOOST_AUTO_TEST_CASE(normalisation_with_an_offset) {
  for (const Offset& o : kOffsets)
    for (const Kind kind : {Kind::layer, Kind::group, Kind::batch, Kind::batch_of_runs, Kind::blocked})
      for (const std::size_t n : {2u, 6u, 80u}) {
        const double eps = o.type == kFloat32 ? 2e-5 : 1e-13;
        const Row v = near_offset(n, o), d = deviations(v, o.at);
        double square = 0;
        for (const double x : d) square += x * x / static_cast<double>(n);
        const std::string what = fmt::format("kind {}, {} at {}", static_cast<int>(kind), n, o.at);
        Normalised r = normalise(kind, v, o.type);
        const bool across = kind == Kind::batch;
        const auto flat = [&](const Tensor& t) {
          return first(across ? t : t.reshape({-1, static_cast<std::int64_t>(n)}), across);
        };
        Row xhat, want;
        for (const double t : d) xhat.push_back(t / std::sqrt(square)), want.push_back(2 * xhat.back() + 0.5);
        close(flat(r.y), want, eps, what);
        // g = the row of 0, 1, 2, 0, 1, 2: gx = rstd 2 (g - mean g - xhat mean(g xhat)), gw = sum g xhat.
        Row g, slope;
        double mean = 0, product = 0;
        for (std::size_t i = 0; i < n; ++i) {
          g.push_back(static_cast<double>(i % 3));
          mean += g[i] / static_cast<double>(n);
          product += g[i] * xhat[i] / static_cast<double>(n);
        }
        for (std::size_t i = 0; i < n; ++i) slope.push_back(2 / std::sqrt(square) * (g[i] - mean - xhat[i] * product));
        const std::int64_t count = r.x.numel() / static_cast<std::int64_t>(n);
        r.y.backward(rows(g, count, across, o.type).reshape(r.y.shape()));
        close(flat(r.x.grad()), slope, eps * 4 / std::sqrt(square), what + ", gradient");
        double all = 0;
        for (const double w : r.weight.grad().to_vector<double>()) all += w;
        close({all}, {product * static_cast<double>(n) * static_cast<double>(count)},
              eps * static_cast<double>(count * 80), what + ", weight");
      }
}
