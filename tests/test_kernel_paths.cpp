// Ways that kernels take at some sizes only, against the plain ones: short rows, few results, tiles, copies.
#include <algorithm>
#include <cmath>
#include <limits>
#include <pthread.h>
#include <utility>
#include <vector>

#include <xgrad/autograd.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/parallel.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

Tensor numbers(const Shape& shape, DType type = kFloat32) {
  Tensor t = arange(shape.numel()).to(kFloat64);
  return (sin(t * 12.9898) * 2.5).to(type).reshape(shape);
}
double distance(const Tensor& a, const Tensor& b) {
  BOOST_TEST_REQUIRE(a.shape() == b.shape());
  return max(abs(a.to(kFloat64) - b.to(kFloat64))).item();
}
Tensor expanded(const Tensor& x, const Shape& shape) { return x.expand(shape).contiguous(); }

}  // namespace

BOOST_AUTO_TEST_CASE(gelu_of_float32_keeps_its_digits) {
  std::vector<float> x;
  for (double v = -12; v < 6; v += 0.0037) x.push_back(static_cast<float>(v));
  Tensor t = from_vector(x, {static_cast<std::int64_t>(x.size())}).requires_grad_();
  const Tensor y = gelu(t);
  y.sum().backward();
  double worst = 0, worst_slope = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = static_cast<double>(x[i]), below = 0.5 * std::erfc(-v / std::sqrt(2.0));
    const double density = std::exp(-v * v / 2) / std::sqrt(2 * M_PI);
    worst = std::max(worst, std::abs(static_cast<double>(y.data<float>()[i]) / (v * below) - 1));
    worst_slope = std::max(worst_slope, std::abs(static_cast<double>(t.grad().data<float>()[i]) - below - v * density) /
                                            (below + std::abs(v * density)));
  }
  BOOST_TEST(worst < 6e-7);  // 5 units in the last place
  BOOST_TEST(worst_slope < 6e-7);
}

BOOST_AUTO_TEST_CASE(erfc_of_float32_keeps_its_digits) {
  std::vector<float> x;
  for (double v = -4; v < 9; v += 0.0031) x.push_back(static_cast<float>(v));
  const Tensor y = erfc(from_vector(x, {static_cast<std::int64_t>(x.size())}));
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    worst =
        std::max(worst, std::abs(static_cast<double>(y.data<float>()[i]) / std::erfc(static_cast<double>(x[i])) - 1));
  BOOST_TEST(worst < 6e-7);
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor far = erfc(tensor({inf, -inf, 30.0, -30.0}, {kFloat32}));
  BOOST_TEST(same_bits(far, tensor({0.0, 2.0, 0.0, 2.0}, {kFloat32})));
  BOOST_TEST(isnan(erfc(tensor({std::nan("")}, {kFloat32}))).item<bool>());
}

BOOST_AUTO_TEST_CASE(remainders_of_float32_are_those_of_float64) {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor few = tensor({-6.0, 7.5, -0.0, 1e30, 3.0, -3.0, inf, 5.0, 1e-40, 0.75}, {kFloat32});
  const Tensor by = tensor({3.0, -2.0, 4.0, 7.0, inf, inf, 2.0, 0.0, 3e-42, 0.1}, {kFloat32});
  const Tensor many = numbers({500}) * 1000, divisors = numbers({500}) + 0.001;
  for (const auto& [x, y] : {std::pair{few, by}, {many, divisors}}) {
    const Tensor a = x.to(kFloat64), b = y.to(kFloat64);
    BOOST_TEST(allclose(remainder(x, y), remainder(a, b).to(kFloat32), 0, 0, true));
    BOOST_TEST(allclose(fmod(x, y), fmod(a, b).to(kFloat32), 0, 0, true));
    BOOST_TEST(same_bits(signbit(fmod(x, y)), signbit(fmod(a, b))));
  }
}

BOOST_AUTO_TEST_CASE(layer_norm_of_short_rows) {
  for (const DType type : {kFloat32, kFloat64})
    for (const Shape& shape : {Shape{37, 16}, Shape{5, 16}, Shape{200, 7}, Shape{33, 64}, Shape{16, 1}}) {
      const std::int64_t n = shape[1];
      const auto leaves = [&](DType t) {
        return std::vector<Tensor>{(numbers(shape, t) + 100).requires_grad_(), (numbers({n}, t) + 1).requires_grad_(),
                                   numbers({n}, t).requires_grad_()};
      };
      const Tensor seed = numbers(shape, kFloat64) + 0.5;
      auto in = leaves(type), want = leaves(kFloat64);
      const Tensor y = layer_norm(in[0], {n}, in[1], in[2]);
      y.backward(seed.to(type));
      const Tensor centred = want[0] - mean(want[0], {1}, true);
      const Tensor z = centred * rsqrt(mean(centred * centred, {1}, true) + 1e-5) * want[1] + want[2];
      z.backward(seed);
      const double bound = type == kFloat64 ? 1e-9 : 1e-3;
      BOOST_TEST_CONTEXT(name(type) << " " << to_string(shape)) {
        BOOST_TEST(distance(y, z) < bound);
        for (int i = 0; i < 3; ++i) BOOST_TEST(distance(in[i].grad(), want[i].grad()) < bound * (n == 1 ? 1e3 : 10));
      }
    }
  Tensor x = numbers({20, 8});
  x[3] = std::numeric_limits<double>::quiet_NaN();
  const Tensor y = layer_norm(x, {8});
  BOOST_TEST(isnan(y).sum().item() == 8);
  BOOST_TEST(all(isnan(y[3])).item<bool>());
}

BOOST_AUTO_TEST_CASE(the_first_few_of_a_row_are_those_of_the_sorted_row) {
  Tensor x = round(numbers({9, 150}) * 4);  // many equal ones
  for (const bool nan : {false, true}) {
    if (nan) x[4] = std::numeric_limits<double>::quiet_NaN();
    for (const bool largest : {true, false})
      for (const DType type : {kFloat32, kFloat64, kInt64}) {
        if (nan && type == kInt64) continue;
        const auto few = topk(x.to(type), 5, 1, largest), all = sort(x.to(type), 1, largest);
        BOOST_TEST(same_bits(few.indices, narrow(all.indices, 1, 0, 5).contiguous()));
        BOOST_TEST(same_bits(few.values, narrow(all.values, 1, 0, 5).contiguous()));
      }
  }
}

BOOST_AUTO_TEST_CASE(counted_values_are_those_of_sorting) {
  for (const double wide : {3.0, 1e6}) {
    const Tensor x = round(numbers({40, 25}, kFloat64) * wide).to(kInt64);
    const auto counted = unique(x), sorted = unique(x.to(kFloat64));
    BOOST_TEST(same_bits(counted.values.to(kFloat64), sorted.values));
    BOOST_TEST(same_bits(counted.inverse, sorted.inverse));
    BOOST_TEST(same_bits(counted.counts, sorted.counts));
  }
  const std::int64_t most = std::numeric_limits<std::int64_t>::max(), least = std::numeric_limits<std::int64_t>::min();
  BOOST_TEST(same_bits(unique(tensor({most, least, most})).values, tensor({least, most})));
}

BOOST_AUTO_TEST_CASE(running_totals_of_rows_and_columns) {
  const Tensor x = numbers({21, 50});
  BOOST_TEST(same_bits(cumsum(x, 1), cumsum(x.transpose(0, 1).contiguous(), 0).transpose(0, 1).contiguous()));
  const auto rows = cummax(x, 1), columns = cummax(x.transpose(0, 1).contiguous(), 0);
  BOOST_TEST(same_bits(rows.indices, columns.indices.transpose(0, 1).contiguous()));
}

BOOST_AUTO_TEST_CASE(long_copies_to_another_place_in_a_line) {
  for (const DType type : {kUInt8, kFloat32, kFloat64})
    for (const std::int64_t n : {1000, 1027, 5003}) {
      const Tensor x = (arange(n) % 251).to(type), places = (arange(n) + (n - 3)) % n;
      BOOST_TEST(same_bits(roll(x, {3}), index_select(x, 0, places)));
      BOOST_TEST(same_bits(narrow(cat({narrow(x, 0, 1, n - 1), x}), 0, n - 1, n).contiguous(), x));
    }
}

BOOST_AUTO_TEST_CASE(rows_columns_and_channels_over_tiles) {
  for (const Shape& shape : {Shape{3, 700}, Shape{7, 1500}, Shape{2, 5000}, Shape{2, 3, 61, 47}, Shape{900, 3}}) {
    const Tensor x = numbers(shape);
    Shape row = shape, column = shape, channel = shape;
    for (int d = 0; d < shape.rank(); ++d) {
      if (d + 1 < shape.rank()) row[d] = 1;
      if (d + 1 == shape.rank()) column[d] = 1;
      if (d != 1) channel[d] = 1;
    }
    for (const Shape& small : {row, column, channel}) {
      const Tensor y = numbers(small);
      BOOST_TEST(same_bits(x * y, x * expanded(y, shape)));
      if (small != column) continue;
      BOOST_TEST(same_bits(numbers(row) - y, expanded(numbers(row), shape) - expanded(y, shape)));
    }
  }
}

BOOST_AUTO_TEST_CASE(images_are_resampled_alike_along_both_dimensions) {
  const Tensor x = numbers({2, 3, 13, 9}), turned = x.transpose(2, 3).contiguous();
  for (const Interpolation mode : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic})
    for (const auto& [down, across] : {std::pair{2.0, 2.0}, {3.0, 2.0}, {0.5, 2.0}, {1.7, 0.6}}) {
      std::vector<Tensor> leaves{x.clone().requires_grad_(), turned.clone().requires_grad_()};
      const Tensor y = interpolate(leaves[0], {.scale_factor = {down, across}, .mode = mode});
      const Tensor z = interpolate(leaves[1], {.scale_factor = {across, down}, .mode = mode}).transpose(2, 3);
      y.backward(numbers(y.shape()));
      z.backward(numbers(y.shape()));
      BOOST_TEST(distance(y, z) < 1e-5);
      BOOST_TEST(distance(leaves[0].grad(), leaves[1].grad().transpose(2, 3)) < 1e-5);
    }
}

BOOST_AUTO_TEST_CASE(cross_entropy_of_images_is_that_of_their_points) {
  for (const std::int64_t width : {150, 64}) {
    Tensor x = numbers({2, 5, width}).requires_grad_(), points = x.detach().transpose(1, 2).reshape({-1, 5}).clone();
    points.requires_grad_();
    const Tensor target = (arange(2 * width) * 7 % 5).reshape({2, width});
    const Tensor a = cross_entropy(x, target), b = cross_entropy(points, target.reshape({-1}));
    a.backward();
    b.backward();
    BOOST_TEST(distance(a, b) < 1e-5);
    BOOST_TEST(distance(x.grad(), points.grad().reshape({2, width, 5}).transpose(1, 2)) < 1e-7);
  }
}

BOOST_AUTO_TEST_CASE(gradients_of_convolutions_on_few_positions) {
  const auto leaves = [](DType t) {
    return std::vector<Tensor>{numbers({1, 64, 3, 4}, t).requires_grad_(), numbers({70, 64, 3, 3}, t).requires_grad_()};
  };
  auto in = leaves(kFloat32), want = leaves(kFloat64);
  conv2d(in[0], in[1], Tensor(), {.padding = 1}).backward(numbers({1, 70, 3, 4}));
  conv2d(want[0], want[1], Tensor(), {.padding = 1}).backward(numbers({1, 70, 3, 4}, kFloat64));
  for (int i = 0; i < 2; ++i) BOOST_TEST(distance(in[i].grad(), want[i].grad()) < 1e-3);
}

BOOST_AUTO_TEST_CASE(windows_of_all_widths) {
  Tensor x = round(numbers({4, 10, 11}));  // many equal ones
  x[1][2][3] = x[1][7][5] = std::numeric_limits<double>::quiet_NaN();
  const auto r = adaptive_max_pool2d_with_indices(x, {3, 4});
  const Tensor sums = adaptive_avg_pool2d(x, {3, 4});
  const auto begin = [](int i, int in, int out) { return i * in / out; };
  const auto end = [](int i, int in, int out) { return ((i + 1) * in + out - 1) / out; };
  for (int c = 0; c < 4; ++c)
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 4; ++j) {
        float most = 0, total = 0;
        std::int64_t place = -1, count = 0;
        for (int h = begin(i, 10, 3); h < end(i, 10, 3); ++h)
          for (int w = begin(j, 11, 4); w < end(j, 11, 4); ++w, ++count) {
            const float v = x.data<float>()[(c * 10 + h) * 11 + w];
            total += v;
            if (place >= 0 && !(v > most) && v == v) continue;
            most = v;
            place = h * 11 + w;
          }
        const int at = (c * 3 + i) * 4 + j;
        BOOST_TEST(r.indices.data<std::int64_t>()[at] == place);
        if (most == most) BOOST_TEST(r.values.data<float>()[at] == most);
        if (total == total) BOOST_TEST(std::abs(sums.data<float>()[at] - total / static_cast<float>(count)) < 1e-5);
      }
}

BOOST_AUTO_TEST_CASE(gamma_functions_of_float32_keep_their_digits) {
  std::vector<float> x;
  for (double v = 1e-38; v < 3e35; v *= 1.37) x.push_back(static_cast<float>(v));
  for (double v = 0.01; v < 40; v += 0.0137) x.push_back(static_cast<float>(v));
  for (const float root : {1.f, 1.46163214f, 2.f})
    for (float v = root, w = root; v < root * 1.001f; v = v + (v - root) * 0.3f + 3e-7f, w = w - (v - root) * 0.3f)
      x.insert(x.end(), {v, w});
  const Tensor t = from_vector(x, {static_cast<std::int64_t>(x.size())});
  const Tensor y = lgamma(t), z = digamma(t), exact_y = lgamma(t.to(kFloat64)), exact_z = digamma(t.to(kFloat64));
  double worst_y = 0, worst_z = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double l = exact_y.data<double>()[i], d = exact_z.data<double>()[i];
    if (l == 0)
      BOOST_TEST(y.data<float>()[i] == 0.f);
    else if (std::abs(l) < 3e38)
      worst_y = std::max(worst_y, std::abs(static_cast<double>(y.data<float>()[i]) / l - 1));
    if (std::abs(d) < 3e38) worst_z = std::max(worst_z, std::abs(static_cast<double>(z.data<float>()[i]) / d - 1));
  }
  BOOST_TEST(worst_y < 4e-7);  // 3 units in the last place, beside the roots
  BOOST_TEST(worst_z < 4e-7);
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor far = tensor({inf, 0.0, -1.0, -0.5, -2.3}, {kFloat32});
  BOOST_TEST(same_bits(lgamma(far), lgamma(far.to(kFloat64)).to(kFloat32)));
  BOOST_TEST(same_bits(digamma(far).slice(0, 0, 2), digamma(far.to(kFloat64)).to(kFloat32).slice(0, 0, 2)));
  BOOST_TEST(isnan(lgamma(tensor({std::nan("")}, {kFloat32}))).item<bool>());
}

// Rows of all lengths around whole vectors, bags of 0 to 5 rows, some of them padding.
template <class T>
void check_bags(std::int64_t size, BagMode mode) {
  const DType type = sizeof(T) == 4 ? kFloat32 : kFloat64;
  const std::vector<std::int64_t> row{3, 0, 3, 6, 1, 2, 4, 4, 5, 0, 6, 3}, begin{0, 0, 5, 6, 11}, end{0, 5, 6, 11, 12};
  const Tensor index = from_vector(row, {12}), offsets = from_vector(begin, {5});
  Tensor w = numbers({7, size}, type).requires_grad_();
  const EmbeddingBagOptions o{.offsets = offsets, .mode = mode, .padding_idx = 6, .scale_grad_by_freq = true};
  const Tensor y = embedding_bag(index, w, o);
  std::vector<T> sums, slopes(static_cast<std::size_t>(7 * size));
  const Tensor g = numbers({5, size}, type) + 1;
  for (std::size_t b = 0; b < 5; ++b) {
    const auto from = static_cast<std::size_t>(begin[b]), to = static_cast<std::size_t>(end[b]);
    const auto kept = (to - from) - static_cast<std::size_t>(std::count(&row[0] + from, &row[0] + to, 6));
    const T share = mode == BagMode::sum || kept == 0 ? T(1) : static_cast<T>(1 / static_cast<double>(kept));
    for (std::int64_t k = 0; k < size; ++k) {
      T sum(0);
      for (std::size_t i = from; i < to; ++i) {
        if (row[i] == 6) continue;
        sum += w.template data<T>()[row[i] * size + k];
        slopes[static_cast<std::size_t>(row[i] * size + k)] +=
            g.template data<T>()[static_cast<std::int64_t>(b) * size + k] * share /
            static_cast<T>(std::count(row.begin(), row.end(), row[i]));
      }
      sums.push_back(sum * share);
    }
  }
  BOOST_TEST(same_bits(y, from_vector(sums, {5, size})));
  y.backward(g);
  BOOST_TEST(distance(w.grad(), from_vector(slopes, {7, size})) < (sizeof(T) == 4 ? 1e-5 : 1e-13));
}

BOOST_AUTO_TEST_CASE(rows_are_added_up_in_bags) {
  for (const std::int64_t size : {1, 3, 4, 7, 8, 9, 15, 16, 17, 20, 31, 32, 33, 50, 63, 64, 65, 100, 128, 130})
    BOOST_TEST_CONTEXT("rows of " << size) for (const BagMode mode : {BagMode::sum, BagMode::mean}) {
      check_bags<float>(size, mode);
      check_bags<double>(size, mode);
    }
  const Tensor w = numbers({4, 20});
  const Tensor ends = tensor({0, 2, 3}), index = tensor({1, 2, 3, 0});
  const Tensor y = embedding_bag(index, w, {.offsets = ends, .mode = BagMode::sum, .include_last_offset = true});
  BOOST_TEST(same_bits(y, stack({w.select(0, 1) + w.select(0, 2), w.select(0, 3)})));
  BOOST_TEST(embedding_bag(tensor({0, 1}), w, {.offsets = from_vector(std::vector<std::int64_t>{}, {0})}).size(0) == 0);
  // Without padding the index is kept as it is.
  Tensor bags = tensor({{0, 1}, {2, 3}}), table = numbers({4, 3}).requires_grad_();
  const Tensor total = embedding_bag(bags, table).sum();
  bags.fill_(1);
  expect<AutogradError>({"embedding_bag", "overwritten by fill_"}, [&] { total.backward(); });
}

// Every option together, in each mode, against the definition: rows shortened first, padding left out, weights of
// samples, bags between one offset and the next.
BOOST_AUTO_TEST_CASE(bags_are_those_of_the_definition) {
  const std::vector<std::int64_t> row{1, 4, 2, 2, 0, 3, 1, 4}, offset{0, 3, 3, 6, 7};
  const std::vector<double> share{0.5, -1, 2, 1, 3, 0.25, -2, 1};
  const Tensor table = tensor({{3.0, 4.0}, {0.3, 0.4}, {-6.0, 8.0}, {0.0, 1.0}, {1.0, 1.0}}, {kFloat64});
  const auto shortened = [&](std::int64_t r, std::int64_t k) {
    const double a = table[r][0].item(), b = table[r][1].item(), norm = std::sqrt(a * a + b * b);
    return (k == 0 ? a : b) * (norm > 2 ? 2 / (norm + 1e-7) : 1);
  };
  for (const bool last : {false, true})
    for (const bool weighted : {false, true})
      for (const BagMode mode : {BagMode::sum, BagMode::mean, BagMode::max}) {
        if (weighted && mode != BagMode::sum) continue;
        Tensor w = table.clone();
        const EmbeddingBagOptions o{.offsets = from_vector(offset),
                                    .per_sample_weights = weighted ? from_vector(share) : Tensor(),
                                    .mode = mode,
                                    .include_last_offset = last,
                                    .padding_idx = -1,
                                    .max_norm = 2};
        const Tensor y = embedding_bag(from_vector(row), w, o);
        std::vector<double> want;
        for (std::size_t b = 0; b + (last ? 1 : 0) < offset.size(); ++b)
          for (std::int64_t k = 0; k < 2; ++k) {
            double sum = 0, most = -std::numeric_limits<double>::infinity(), count = 0;
            const auto end = b + 1 < offset.size() ? static_cast<std::size_t>(offset[b + 1]) : row.size();
            for (auto i = static_cast<std::size_t>(offset[b]); i < end; ++i) {
              if (row[i] == 4) continue;
              const double v = shortened(row[i], k);
              sum += v * (weighted ? share[i] : 1), most = std::max(most, v), ++count;
            }
            want.push_back(count == 0 ? 0 : mode == BagMode::max ? most : mode == BagMode::mean ? sum / count : sum);
          }
        check_close(y, want);
        // Rows that were used are shorter in the table as well, padding and all.
        check_close(w[2], {shortened(2, 0), shortened(2, 1)});
        check_close(w[4], {1, 1});
      }
}

BOOST_AUTO_TEST_CASE(many_indices_are_checked_and_counted_from_the_end) {
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < 20000; ++i) places.push_back(i * 7919 % 1200 - 600);
  const Tensor x = numbers({600});
  const Tensor y = take(x, from_vector(places, {20000}));
  bool same = true;
  for (std::int64_t i = 0; i < 20000; ++i) {
    const std::int64_t at = places[static_cast<std::size_t>(i)];
    same &= y.data<float>()[i] == x.data<float>()[at < 0 ? at + 600 : at];
  }
  BOOST_TEST(same);
  for (const std::int64_t bad : {std::int64_t{600}, std::int64_t{-601}, INT64_MAX, INT64_MIN}) {
    places[17003] = places[18000] = bad;
    expect<IndexError>({"take", std::to_string(bad), "element 17003 of the index"},
                       [&] { take(x, from_vector(places, {20000})); });
  }
  std::vector<std::int64_t> classes;
  for (std::int64_t i = 0; i < 5000; ++i) classes.push_back(i * 7919 % 37);
  const Tensor hot = one_hot(from_vector(classes, {5000}), 37);
  BOOST_TEST(same_bits(argmax(hot, 1), from_vector(classes, {5000})));
  BOOST_TEST(hot.sum().item<std::int64_t>() == 5000);
  BOOST_TEST(same_bits(bincount(from_vector(classes, {5000}), Tensor(), 40).slice(0, 0, 37), hot.sum(Shape{0})));
  classes[4999] = 37;
  expect<IndexError>({"one_hot", "class 37 at element 4999"}, [&] { one_hot(from_vector(classes, {5000}), 37); });
  classes[4000] = -5;
  expect<ValueError>({"bincount", "number -5 at element 4000"}, [&] { bincount(from_vector(classes, {5000})); });
}

// Around a line of the cache, and of tables that fit into it or not.
BOOST_AUTO_TEST_CASE(rows_of_all_lengths_are_selected) {
  for (const auto& [rows, size] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {9, 1}, {9, 2}, {9, 15}, {9, 16}, {9, 17}, {9, 31}, {9, 33}, {9, 100}, {9, 255}, {9, 257}, {5000, 70}})
    for (const DType type : {kFloat32, kFloat64, kUInt8}) BOOST_TEST_CONTEXT(rows << " rows of " << size) {
        const Tensor table = (numbers({2, rows, size}) * 40 + 110).to(type);
        const Tensor index = tensor({8, 0, 3, 3, 1, 5});
        const Tensor y = index_select(table, 1, index);
        for (std::int64_t o = 0; o < 2; ++o)
          for (std::int64_t j = 0; j < 6; ++j)
            BOOST_TEST(
                same_bits(y.select(0, o).select(0, j), table.select(0, o).select(0, index.data<std::int64_t>()[j])));
        BOOST_TEST(same_bits(embedding(index, table.select(0, 1)), y.select(0, 1)));
      }
}

BOOST_AUTO_TEST_CASE(an_index_larger_than_the_cache) {
  constexpr std::int64_t kSide = 600;
  const Tensor x = numbers({kSide, kSide});
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < kSide * kSide; ++i) places.push_back(i * 7919 % kSide);
  Tensor index = from_vector(places, {kSide, kSide});
  for (const std::int64_t dim : {0, 1}) {
    const Tensor y = gather(x, dim, index), sums = scatter_add(x, dim, index, y);
    Tensor again = x.clone();
    bool same = true;
    for (std::int64_t i = 0; i < kSide; ++i)
      for (std::int64_t j = 0; j < kSide; ++j) {
        const std::int64_t at = index.data<std::int64_t>()[i * kSide + j];
        const std::int64_t place = dim == 0 ? at * kSide + j : i * kSide + at;
        same &= y.data<float>()[i * kSide + j] == x.data<float>()[place];
        again.mutable_data<float>()[place] += y.data<float>()[i * kSide + j];
      }
    BOOST_TEST(same);
    BOOST_TEST(same_bits(sums, again));
  }
  const Tensor before = x.clone();
  index.mutable_data<std::int64_t>()[123456] = kSide;
  index.mutable_data<std::int64_t>()[200000] = -1;
  for (const std::int64_t dim : {0, 1}) {
    expect<IndexError>({"gather", "index 600", "element 123456"}, [&] { gather(x, dim, index); });
    expect<IndexError>({"scatter_add", "index 600", "element 123456"}, [&] { scatter_add(x, dim, index, x); });
  }
  BOOST_TEST(same_bits(x, before));
}

// A number beside a row, in rows around the length from which they are taken alone, in memory of any order.
BOOST_AUTO_TEST_CASE(one_number_beside_each_row) {
  for (const DType type : {kFloat32, kFloat64})
    for (const std::int64_t n : {1, 64, 255, 256, 257, 1000, 2048, 2049, 5000}) BOOST_TEST_CONTEXT("rows of " << n) {
        const Tensor x = numbers({7, n}, type), column = numbers({7, 1}, type) + 3, one = numbers({1, 1}, type) + 3;
        const Tensor turned = numbers({n, 7}, type).transpose(0, 1);
        for (const Tensor& c : {column, one, column.expand({7, n})})
          for (const Tensor& y : {x, turned}) {
            const Tensor wide = expanded(c, {7, n}), plain = y.contiguous();
            BOOST_TEST(same_bits(y + c, plain + wide));
            BOOST_TEST(same_bits(c + y, wide + plain));
            BOOST_TEST(same_bits(y - c, plain - wide));
            BOOST_TEST(same_bits(c - y, wide - plain));
            BOOST_TEST(same_bits(sub(y, c, 0.3), sub(plain, wide, 0.3)));
            BOOST_TEST(same_bits(y * c, plain * wide));
            BOOST_TEST(same_bits(y / c, plain / wide));
            BOOST_TEST(same_bits(c / y, wide / plain));
          }
        const Tensor row = numbers({n}, type);
        BOOST_TEST(same_bits(outer(numbers({7}, type), row), expanded(numbers({7, 1}, type), {7, n}) * row));
        Tensor a = numbers({7, n}, type).requires_grad_(), b = column.detach().requires_grad_();
        const Tensor seed = numbers({7, n}, type) * 0.3;
        (a * b).backward(seed);
        BOOST_TEST(same_bits(a.grad(), seed * expanded(column, {7, n})));
      }
}

// The same of three operands and with a mask, in rows around the length from which they are not gathered; parts of a
// longer tensor are rows as well.
BOOST_AUTO_TEST_CASE(numbers_and_rows_beside_two_operands) {
  for (const DType type : {kFloat32, kFloat64})
    for (const std::int64_t n : {1, 7, 8, 9, 17, 64, 257, 2049}) BOOST_TEST_CONTEXT("rows of " << n) {
        const Shape all{5, n};
        const Tensor part = numbers({5, n + 3}, type).narrow(1, 2, n),
                     other = numbers({5, 2 * n}, type).narrow(1, n, n);
        const Tensor column = numbers({5, 1}, type) + 3, row = numbers({n}, type) + 3, one = numbers({}, type) + 3;
        const std::vector<Tensor> operands{part, other, column, row, one, numbers({n, 5}, type).transpose(0, 1)};
        for (const Tensor& a : operands)
          for (const Tensor& b : operands) {
            const Tensor x = expanded(part, all), wide_a = expanded(a, all), wide_b = expanded(b, all);
            BOOST_TEST(same_bits(part * a, x * wide_a));
            BOOST_TEST(same_bits(addcmul(part, a, b, 0.7), addcmul(x, wide_a, wide_b, 0.7)));
            BOOST_TEST(same_bits(addcdiv(part, a, b, 0.7), addcdiv(x, wide_a, wide_b, 0.7)));
            BOOST_TEST(same_bits(lerp(part, a, b), lerp(x, wide_a, wide_b)));
            const Tensor where_all = where(x > 0, wide_a, wide_b);
            BOOST_TEST(same_bits(expanded(where(part > 0, a, b), all), where_all));
            BOOST_TEST(same_bits(expanded(where(a > 2.5, part, b), all), where(wide_a > 2.5, x, wide_b)));
          }
        const Tensor weight = numbers({n}, type), slope = numbers({1}, type);
        BOOST_TEST(same_bits(prelu(part, weight), where(part > 0, part, part * weight)));
        BOOST_TEST(same_bits(prelu(part, slope), where(part > 0, part, part * slope)));
        Tensor learnt = part.detach().clone().requires_grad_();
        prelu(learnt, slope).backward(other);
        BOOST_TEST(same_bits(learnt.grad(), where(part > 0, other, other * slope).contiguous()));
      }
}

namespace {

void* add_on_a_small_stack(void* done) {
  const Tensor x = numbers({300, 200}), column = numbers({300, 1}), row = numbers({200}, kFloat64);
  const Tensor turned = numbers({200, 300}).transpose(0, 1);
  const Tensor y = where(x > 0, x * column, turned) + addcmul(x, turned, column) + row;
  *static_cast<bool*>(done) = y.shape() == Shape{300, 200};
  return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_thread_with_a_small_stack) {
  const int before = get_num_threads();
  set_num_threads(1);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  // The C library takes the thread-local variables of all libraries, some 70 KB, from it as well.
  BOOST_TEST_REQUIRE(pthread_attr_setstacksize(&attributes, 144 << 10) == 0);
  bool done = false;
  pthread_t thread;
  BOOST_TEST_REQUIRE(pthread_create(&thread, &attributes, &add_on_a_small_stack, &done) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  BOOST_TEST(done);
  set_num_threads(before);
}
