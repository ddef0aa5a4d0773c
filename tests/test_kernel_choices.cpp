// Elements chosen by rank, by size and by value, powers and copies, in the ways that kernels take for many of them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr double kChoiceNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kChoiceInf = std::numeric_limits<double>::infinity();

// Of few different values, in no order.
Tensor repeated_values(std::int64_t n, std::int64_t different, DType type) {
  const Tensor t = remainder(arange(n).to(kFloat64) * 7919 + 13, static_cast<double>(different)) - different / 2;
  return t.to(type);
}
Tensor scattered_values(const Shape& shape, DType type) {
  return (sin(arange(shape.numel()).to(kFloat64) * 12.9898) * 2.5).to(type).reshape(shape);
}

void check_ranks(const Tensor& x) {
  const ValuesIndices sorted = sort(x, 0);
  const std::int64_t n = x.size(0);
  for (const std::int64_t k : {std::int64_t{0}, n / 7, n / 2, n - 2, n - 1}) {
    if (k < 0) continue;
    const ValuesIndices one = kthvalue(x, k + 1, 0);
    BOOST_TEST(same_bits(one.values, sorted.values.select(0, k)));
    BOOST_TEST(same_bits(one.indices, sorted.indices.select(0, k)));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(elements_of_a_rank_are_those_of_the_sorted_lane) {
  for (const std::int64_t n : {1, 2, 61, 4096, 4097, 30000})
    for (const DType type : {kFloat32, kFloat64, kInt32, kInt64}) {
      check_ranks(repeated_values(n, 5, type));
      check_ranks(repeated_values(n, 20001, type));
      if (is_floating(type)) check_ranks(scattered_values({n}, type));
    }
  check_ranks(repeated_values(20000, 3, kUInt8));
  check_ranks(zeros({9000}));
  check_ranks(scattered_values({5000, 3}, kFloat64));  // lanes that are no rows
  check_ranks(cat({arange(9000) * 1e15, arange(9000) * -1e15}).to(kInt64));
}

BOOST_AUTO_TEST_CASE(elements_of_a_rank_beside_nans_and_zeros_of_both_signs) {
  for (const DType type : {kFloat32, kFloat64})
    for (const std::int64_t n : {50, 12000}) {
      Tensor x = scattered_values({n}, type);
      x = where(eq(remainder(arange(n), 3), 0), Tensor(zeros({n}, type)), x);
      x = where(eq(remainder(arange(n), 6), 0), -x, x);  // -0
      check_ranks(x);
      const Tensor some = where(eq(remainder(arange(n), 10), 7), kChoiceNaN, where(x == 0, -kChoiceInf, x));
      check_ranks(some);
      check_ranks(-some);  // NaNs with the sign bit
      BOOST_TEST(median(some, 0).indices.item<std::int64_t>() == 7);
      const std::int64_t numbers = n - n / 10;
      BOOST_TEST(same_bits(nanmedian(some, 0).values, sort(some, 0).values.select(0, (numbers - 1) / 2)));
    }
}

// As PyTorch has it: NaN is the largest value for whatever orders elements, each NaN is a value of its own, a median of
// a NaN is the first NaN, and nanmedian leaves it out.
BOOST_AUTO_TEST_CASE(nan_is_the_largest_value) {
  const double n = kChoiceNaN, i = kChoiceInf;
  const auto alike = [](const Tensor& got, const std::vector<double>& want) {
    BOOST_TEST(std::ranges::equal(got.to_vector<double>(), want,
                                  [](double u, double v) { return u == v || (std::isnan(u) && std::isnan(v)); }));
  };
  for (const DType type : {kFloat32, kFloat64}) {
    const Tensor x = tensor({{2., n, i, -i, n, 1.}, {n, n, n, n, n, n}, {1., 1., 3., 2., 3., n}}, {type});
    const auto whole = [](const Tensor& t) { return t.flatten().to_vector<std::int64_t>(); };
    using Places = std::vector<std::int64_t>;
    const Tensor up = tensor({{-i, 1., 2., i, n, n}, {n, n, n, n, n, n}, {1., 1., 2., 3., 3., n}}, {type});
    const Places places{3, 5, 0, 2, 1, 4, 0, 1, 2, 3, 4, 5, 0, 1, 3, 2, 4, 5};
    alike(sort(x).values, up.to_vector<double>());
    BOOST_TEST(whole(sort(x).indices) == places);
    BOOST_TEST(whole(argsort(x)) == places);
    alike(msort(x.t()), up.t().contiguous().to_vector<double>());
    const Places down{1, 4, 2, 0, 5, 3, 0, 1, 2, 3, 4, 5, 5, 2, 4, 3, 0, 1};
    BOOST_TEST(whole(argsort(x, 1, true)) == down);
    BOOST_TEST(whole(argsort(x.t(), 0, true).t().contiguous()) == down);  // lanes that are no rows
    alike(topk(x, 3).values, {n, n, i, n, n, n, n, 3, 3});
    BOOST_TEST(whole(topk(x, 3).indices) == (Places{1, 4, 2, 0, 1, 2, 5, 2, 4}));
    alike(topk(x, 5, 1, false).values, {-i, 1, 2, i, n, n, n, n, n, n, 1, 1, 2, 3, 3});
    for (std::int64_t k = 1; k <= 6; ++k) alike(kthvalue(x, k).values, up.select(1, k - 1).clone().to_vector<double>());

    alike(median(x, 1).values, {n, n, n});
    BOOST_TEST(whole(median(x, 1).indices) == (Places{1, 0, 5}));
    alike(nanmedian(x, 1).values, {1, n, 2});
    BOOST_TEST(whole(nanmedian(x, 1).indices) == (Places{5, 0, 3}));
    alike(nanmedian(x, 0).values, {1, 1, 3, -i, 3, 1});
    BOOST_TEST((nanmedian(x, 0, true).values.shape() == Shape{1, 6}));
    alike(median(x), {n});
    alike(nanmedian(x), {2});
    alike(nanmedian(x.select(0, 1)), {n});  // of NaNs alone
    Tensor leaf = tensor({2., n, 4., 2., n}, {type}).requires_grad_();
    nanmedian(leaf).backward();
    alike(leaf.grad(), {0.5, 0, 0, 0.5, 0});  // shared among equals, none for NaN

    alike(mode(x).values, {-i, n, 1});  // each NaN is there once
    BOOST_TEST(whole(mode(x).indices.slice(0, 0, 1)) == (Places{3}));
    BOOST_TEST(whole(mode(x).indices.slice(0, 2, 3)) == (Places{1}));
    const UniqueResult one = unique(x.select(0, 0));
    alike(one.values, {-i, 1, 2, i, n, n});
    BOOST_TEST(whole(one.counts) == Places(6, 1));
    BOOST_TEST(whole(unique(x.select(0, 2)).counts) == (Places{2, 1, 2, 1}));
    BOOST_TEST(unique(x, 0).values.size(0) == 3);
    alike(unique_consecutive(tensor({1., 1., n, n, 2.}, {type})).values, {1, n, n, 2});
  }
}

BOOST_AUTO_TEST_CASE(different_floats_in_order_with_their_places) {
  for (const Tensor& x : {repeated_values(20000, 700, kFloat32) / 3, scattered_values({300}, kFloat64)}) {
    const auto [values, inverse, counts] = unique(x);
    BOOST_TEST(all(values.slice(0, 0, values.size(0) - 1) < values.slice(0, 1, values.size(0))).item<bool>());
    BOOST_TEST(same_bits(values.index({inverse}), x));
    BOOST_TEST(same_bits(bincount(inverse), counts));
  }
  const Tensor few = tensor({2.0, kChoiceNaN, -0.0, 2.0, 0.0, kChoiceNaN}, {kFloat32});
  const auto [values, inverse, counts] = unique(few);
  BOOST_TEST(same_bits(counts, tensor({2, 2, 1, 1}).to(kInt64)));  // NaN differs from itself
  BOOST_TEST(std::signbit(values.data<float>()[0]));               // the first of equal ones
}

BOOST_AUTO_TEST_CASE(different_integers_by_their_first_place) {
  const Tensor x = tensor({7, 3, 7, -2, 3, 3}).to(kInt64);
  const auto [values, inverse, counts] = unique(x);
  BOOST_TEST(same_bits(values, tensor({-2, 3, 7}).to(kInt64)));
  BOOST_TEST(same_bits(inverse, tensor({2, 1, 2, 0, 1, 1}).to(kInt64)));
  BOOST_TEST(same_bits(counts, tensor({1, 3, 2}).to(kInt64)));
}

BOOST_AUTO_TEST_CASE(integers_are_found_in_lists_near_and_far) {
  const Tensor x = repeated_values(500, 41, kInt64);
  for (const Tensor& list : {tensor({-20, 3, 3, 7, 20}).to(kInt64), tensor({-4e15, 5.0, 4e15}).to(kInt64),
                             zeros({0}, kInt64), tensor({1000}).to(kInt64)}) {
    const Tensor there = any(x.unsqueeze(1) == list.unsqueeze(0), {1});
    BOOST_TEST(same_bits(isin(x, list), there));
    BOOST_TEST(same_bits(isin(x, list, true), logical_not(there)));
  }
  const Tensor few = tensor({1.0, kChoiceNaN, 2.0, -0.0});
  BOOST_TEST(same_bits(isin(few, tensor({0.0, kChoiceNaN, 2.0})), tensor({0, 0, 1, 1}).to(kBool)));
}

BOOST_AUTO_TEST_CASE(distances_of_pairs_are_those_of_all) {
  for (const double p : {1.0, 2.0, 3.0}) {
    Tensor x = scattered_values({9, 5}, kFloat64).requires_grad_(), y = x.detach().requires_grad_();
    const Tensor all_of_them = cdist(y, y, p);
    std::vector<Tensor> above;
    for (std::int64_t i = 0; i < 9; ++i) above.push_back(all_of_them.select(0, i).slice(0, i + 1, 9));
    const Tensor pairs = cat(above), seed = scattered_values({36}, kFloat64) + 0.5;
    BOOST_TEST(allclose(pdist(x, p), pairs, 1e-12, 0));
    pdist(x, p).backward(seed);
    pairs.backward(seed);
    BOOST_TEST(allclose(x.grad(), y.grad(), 1e-12, 1e-12));
  }
  BOOST_TEST(pdist(zeros({1, 3})).numel() == 0);
  BOOST_TEST(pdist(zeros({0, 3})).numel() == 0);
}

BOOST_AUTO_TEST_CASE(an_infinity_in_a_row_leaves_the_other_columns_their_gradients) {
  for (const DType type : {kFloat32, kFloat64})
    for (const double p : {1.5, 2.0, 3.0})
      for (const bool recorded : {false, true}) {
        Tensor x = scattered_values({4, 5}, type);
        x[1][2].fill_(INFINITY);
        x.requires_grad_();
        for (const bool of_pairs : {true, false}) {  // cdist: with the distance of each row to itself
          const Tensor distances = of_pairs ? pdist(x, p) : cdist(x, x, p);
          const Tensor bad = isnan(grad(distances.sum(), {x}, {}, {.create_graph = recorded})[0]);
          // In its column all rows differ from it by infinity, of a distance of infinity.
          BOOST_TEST(all(bad.select(1, 2)).item<bool>(), "p = " << p);
          BOOST_TEST(bad.sum().item() == 4, "p = " << p << ", recorded " << recorded << ", pairs " << of_pairs);
        }
        const Tensor of_norms = isnan(grad(norm(x, p, {1}).sum(), {x}, {}, {.create_graph = recorded})[0]);
        BOOST_TEST(of_norms[1][2].item<bool>());
        BOOST_TEST(of_norms.sum().item() == 1, "p = " << p);
      }
}

BOOST_AUTO_TEST_CASE(largest_of_short_rows_is_that_of_columns) {
  for (const DType type : {kFloat32, kFloat64, kInt32})
    for (const std::int64_t n : {1, 2, 15, 16, 17, 31, 32, 33}) {
      Tensor x = repeated_values(37 * n, 11, type).reshape({37, n});
      if (is_floating(type)) x = where(x == 4, kChoiceNaN, x);
      for (const bool largest : {true, false}) {
        const ValuesIndices by_rows = largest ? max(x, 1) : min(x, 1);
        const Tensor turned = x.transpose(0, 1).contiguous();
        const ValuesIndices by_columns = largest ? max(turned, 0) : min(turned, 0);
        BOOST_TEST(same_bits(by_rows.indices, by_columns.indices));
        BOOST_TEST(allclose(by_rows.values.to(kFloat64), by_columns.values.to(kFloat64), 0, 0, true));
      }
    }
}

BOOST_AUTO_TEST_CASE(gradients_of_distances_of_all_sizes) {
  for (const DType type : {kFloat32, kFloat64})
    for (const auto& [rows, columns, size] : {std::array{1, 1, 1}, {9, 70, 3}, {17, 5, 16}, {8, 65, 37}, {3, 8, 40}}) {
      Tensor x = scattered_values({2, rows, size}, type), y = scattered_values({2, columns, size}, type) + 0.25;
      y = cat({x.slice(1, 0, 1), y.slice(1, 1, columns)}, 1).detach();  // one distance is 0
      x.requires_grad_();
      y.requires_grad_();
      const Tensor g = scattered_values({2, rows, columns}, type) + 0.5;
      cdist(x, y).backward(g);
      const Tensor a = x.detach().to(kFloat64).unsqueeze(2), b = y.detach().to(kFloat64).unsqueeze(1), d = a - b;
      const Tensor length = sqrt(sum(d * d, {3}, true));
      const Tensor slope = g.to(kFloat64).unsqueeze(3) * where(length == 0, 0., d / length);
      BOOST_TEST(allclose(x.grad().to(kFloat64), sum(slope, {2}), 2e-5, 2e-5));
      BOOST_TEST(allclose(y.grad().to(kFloat64), -sum(slope, {1}), 2e-5, 2e-5));
    }
}

BOOST_AUTO_TEST_CASE(powers_of_float32_are_those_of_c) {
  const std::vector<float> numbers{0.f,   -0.f,   1.f,      -1.f,        2.f,   -2.f,       0.5f,
                                   -0.5f, 3.f,    -3.f,     7.5f,        -7.5f, 1e-40f,     -1e-40f,
                                   1e38f, -1e38f, 1e-30f,   0.99999994f, 1e9f,  33554433.f, -16777215.f,
                                   127.f, -150.f, INFINITY, -INFINITY,   NAN};
  std::vector<float> x, y;
  for (const float a : numbers)
    for (const float b : numbers) x.push_back(a), y.push_back(b);
  for (int i = 0; i < 20000; ++i) {
    x.push_back(static_cast<float>(std::exp(3 * std::sin(i * 12.9898))));
    y.push_back(static_cast<float>(20 * std::sin(i * 78.233)));
  }
  const auto n = static_cast<std::int64_t>(x.size());
  const Tensor power = pow(from_vector(x, {n}), from_vector(y, {n}));
  int wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float got = power.data<float>()[i], want = std::pow(x[i], y[i]);
    if (std::isnan(want) ? !std::isnan(got)
                         : !(got == want && std::signbit(got) == std::signbit(want)) &&
                               !(std::fabs(got - want) <= std::fabs(want) * 1.2e-7f))
      ++wrong;
  }
  BOOST_TEST(wrong == 0);
  const Tensor by_number = pow(from_vector(x, {n}), 2.3);
  BOOST_TEST(same_bits(by_number, pow(from_vector(x, {n}), full({n}, 2.3, {kFloat32}))));
}

BOOST_AUTO_TEST_CASE(erfinv_of_float32_is_that_of_float64) {
  std::vector<double> x{0, 1e-30, 1e-7, 0.9966f, 0.99663f, 0.99999994f};
  for (double v = -1 + 1e-4; v < 1; v += 0.00071) x.push_back(static_cast<float>(v));
  const Tensor wide = from_vector(x, {static_cast<std::int64_t>(x.size())}), narrow = wide.to(kFloat32);
  const Tensor want = erfinv(narrow.to(kFloat64)), got = erfinv(narrow).to(kFloat64);
  BOOST_TEST(max(where(want == 0, 0., abs(got / where(want == 0, 1., want) - 1))).item() < 6.2e-8);  // rounded once
  const Tensor borders = erfinv(tensor({1.0, -1.0, -0.0, 1.5, kChoiceNaN}, {kFloat32}));
  BOOST_TEST(borders.data<float>()[0] == INFINITY);
  BOOST_TEST(borders.data<float>()[1] == -INFINITY);
  BOOST_TEST(std::signbit(borders.data<float>()[2]));
  BOOST_TEST(all(isnan(borders.slice(0, 3, 5))).item<bool>());
}

BOOST_AUTO_TEST_CASE(lengths_of_rows_are_roots_of_sums_of_squares) {
  for (const DType type : {kFloat32, kFloat64})
    for (const Shape& shape : {Shape{40, 7}, Shape{40, 31}, Shape{5, 64}, Shape{3, 9000}, Shape{2, 70000}}) {
      const Tensor x = scattered_values(shape, type);
      BOOST_TEST(same_bits(linalg::vector_norm(x, 2, {1}), sqrt(sum(x * x, {1}))));
    }
  const Tensor far = scattered_values({3, 100}, kFloat32) * tensor({1e30, 1e-30, 0.0}, {kFloat32}).reshape({3, 1});
  const Tensor want = linalg::vector_norm(far.to(kFloat64), 2, {1});
  BOOST_TEST(allclose(linalg::vector_norm(far, 2, {1}).to(kFloat64), want, 1e-6, 0));
}

BOOST_AUTO_TEST_CASE(copies_of_many_short_dimensions) {
  const Tensor x = scattered_values({3, 2, 4, 2, 3, 5}, kFloat32);
  const Shape sizes = x.shape();
  for (const Shape& order : {Shape{0, 4, 1, 5, 2, 3}, Shape{5, 4, 3, 2, 1, 0}, Shape{1, 0, 3, 2, 5, 4}}) {
    const Tensor y = x.permute(order).contiguous();
    const Shape from = x.shape().contiguous_strides();
    int wrong = 0;
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      std::int64_t rest = i, at = 0;
      for (int d = 5; d >= 0; --d) {
        at += rest % sizes[static_cast<int>(order[d])] * from[static_cast<int>(order[d])];
        rest /= sizes[static_cast<int>(order[d])];
      }
      if (y.data<float>()[i] != x.data<float>()[at]) ++wrong;
    }
    BOOST_TEST(wrong == 0);
  }
  const Tensor image = scattered_values({2, 12, 5, 4}, kFloat64);
  BOOST_TEST(same_bits(pixel_unshuffle(pixel_shuffle(image, 2), 2), image));
}

BOOST_AUTO_TEST_CASE(gated_halves_are_alike_with_and_without_gradients) {
  for (const int dim : {0, 1}) {
    Tensor x = scattered_values({6, 34}, kFloat32);
    const Tensor plain = glu(x, dim);
    const Tensor y = glu(x.requires_grad_(), dim);
    BOOST_TEST(same_bits(plain, y.detach()));
    const Tensor g = scattered_values(y.shape(), kFloat32) + 0.5;
    y.backward(g);
    const std::int64_t half = x.size(dim) / 2;
    const Tensor a = x.detach().narrow(dim, 0, half), s = sigmoid(x.detach().narrow(dim, half, half));
    BOOST_TEST(allclose(x.grad(), cat({g * s, g * a * s * (1 - s)}, dim), 1e-5, 1e-6));
  }
}
