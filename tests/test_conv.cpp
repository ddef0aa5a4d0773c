// Convolution and pooling layers and what their rows in the operation table cannot say: larger shapes, caches, threads.
#include <xgrad/autograd.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>
#include <xgrad/parallel.hpp>
#include <xgrad/random.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

struct Threads {
  explicit Threads(int n) : before(get_num_threads()) { set_num_threads(n); }
  ~Threads() { set_num_threads(before); }
  int before;
};
struct Deterministic {
  Deterministic() { set_deterministic(true); }
  ~Deterministic() { set_deterministic(false); }
};

using Tensors = std::vector<Tensor>;

// Output and gradients of f at x.
Tensors run(const std::function<Tensor(const Tensors&)>& f, Tensors x) {
  for (Tensor& t : x) t = t.detach().requires_grad_();
  const Tensor y = f(x);
  Tensors result = grad({y}, x, {y.detach() * 0.5});
  result.insert(result.begin(), y.detach());
  return result;
}

// Largest difference relative to the largest value.
double relative_difference(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  double worst = 0, scale = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(x[i] - y[i]));
    scale = std::max(scale, std::abs(y[i]));
  }
  return worst / std::max(scale, 1e-30);
}

struct ConvCase {
  const char* label;
  Shape x, w;
  ConvOptions<2> options;
};
const std::vector<ConvCase>& conv_cases() {
  static const std::vector<ConvCase> cases{
      {"LeNet first", {32, 1, 28, 28}, {6, 1, 5, 5}, {}},
      {"LeNet second", {32, 6, 12, 12}, {16, 6, 5, 5}, {}},
      {"3 channels", {8, 3, 32, 32}, {16, 3, 3, 3}, {.padding = 1}},
      {"16 channels", {8, 16, 32, 32}, {16, 16, 3, 3}, {.padding = 1}},
      {"strided", {8, 16, 32, 32}, {32, 16, 3, 3}, {.stride = 2, .padding = 1}},
      {"shortcut", {8, 16, 32, 32}, {32, 16, 1, 1}, {.stride = 2}},
      {"depthwise", {4, 32, 17, 19}, {32, 1, 3, 3}, {.padding = 1, .groups = 32}},
      {"grouped", {4, 24, 15, 15}, {36, 6, 3, 3}, {.padding = 1, .groups = 4}},
      {"dilated", {4, 16, 20, 21}, {24, 16, 3, 3}, {.padding = "same", .dilation = {2, 3}}},
      {"even kernel", {4, 5, 18, 18}, {7, 5, 4, 2}, {.padding = "same"}},
      {"tiles of 4x4", {2, 32, 16, 16}, {32, 32, 3, 3}, {.padding = 1}},
      {"tiles over the edge", {5, 48, 15, 13}, {16, 48, 3, 3}, {.padding = 1}},
      {"odd channels", {3, 13, 21, 11}, {29, 13, 3, 3}, {.stride = {1, 2}, .padding = {0, 1}}},
  };
  return cases;
}

Tensors inputs_of(const ConvCase& c, DType dtype) {
  manual_seed(11);
  return {randn(c.x).to(dtype), randn(c.w).to(dtype), randn({c.w[0]}).to(dtype)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(convolutions)

BOOST_AUTO_TEST_CASE(float32_agrees_with_float64) {
  for (const ConvCase& c : conv_cases()) {
    const auto f = [&](const Tensors& t) { return conv2d(t[0], t[1], t[2], c.options); };
    const Tensors narrow = run(f, inputs_of(c, kFloat32)), wide = run(f, inputs_of(c, kFloat64));
    for (std::size_t i = 0; i < wide.size(); ++i)
      BOOST_CHECK_MESSAGE(relative_difference(narrow[i], wide[i]) < 1e-4, fmt::format("{}: result {}", c.label, i));
  }
}

BOOST_AUTO_TEST_CASE(transposed_float32_agrees_with_float64) {
  for (const std::int64_t stride : {1, 2, 3}) {
    const ConvTransposeOptions<2> o{.stride = stride, .padding = 1, .output_padding = stride - 1, .groups = 2};
    const auto f = [&](const Tensors& t) { return conv_transpose2d(t[0], t[1], t[2], o); };
    manual_seed(5);
    const Tensors x{randn({6, 16, 9, 7}), randn({16, 12, 4, 4}), randn({24})};
    Tensors wide;
    for (const Tensor& t : x) wide.push_back(t.to(kFloat64));
    const Tensors a = run(f, x), b = run(f, wide);
    for (std::size_t i = 0; i < b.size(); ++i)
      BOOST_CHECK_MESSAGE(relative_difference(a[i], b[i]) < 1e-4, fmt::format("stride {}: result {}", stride, i));
  }
}

// A sum over the definition, element by element.
BOOST_AUTO_TEST_CASE(float64_agrees_with_the_definition) {
  manual_seed(2);
  const Tensor x = randn({2, 4, 7, 6}, {kFloat64}), w = randn({6, 2, 3, 2}, {kFloat64}), b = randn({6}, {kFloat64});
  const Tensor y = conv2d(x, w, b, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 3}, .groups = 2});
  BOOST_TEST(to_string(y.shape()) == "(2, 6, 4, 7)");
  const auto at = [](const Tensor& t, const Shape& i) {
    std::int64_t offset = 0;
    for (int d = 0; d < i.rank(); ++d) offset += i[d] * t.stride(d);
    return t.data<double>()[offset];
  };
  for (std::int64_t n = 0; n < 2; ++n)
    for (std::int64_t o = 0; o < 6; ++o)
      for (std::int64_t i = 0; i < y.size(2); ++i)
        for (std::int64_t j = 0; j < y.size(3); ++j) {
          double sum = at(b, {o});
          for (std::int64_t c = 0; c < 2; ++c)
            for (std::int64_t p = 0; p < 3; ++p)
              for (std::int64_t q = 0; q < 2; ++q) {
                const std::int64_t r = i * 2 - 1 + p, s = j - 2 + q * 3;
                if (r < 0 || r >= 7 || s < 0 || s >= 6) continue;
                sum += at(x, {n, o / 3 * 2 + c, r, s}) * at(w, {o, c, p, q});
              }
          BOOST_TEST(std::abs(sum - at(y, {n, o, i, j})) < 1e-12);
        }
}

BOOST_AUTO_TEST_CASE(transposed_is_the_adjoint) {
  manual_seed(3);
  const Tensor x = randn({2, 3, 8, 7}, {kFloat64}), w = randn({4, 3, 3, 2}, {kFloat64});
  const Tensor y = conv2d(x, w, {}, {.stride = 2, .padding = 1});
  const Tensor g = randn(y.shape(), {kFloat64});
  const Tensor back = conv_transpose2d(g, w, {}, {.stride = 2, .padding = 1, .output_padding = {1, 1}});
  BOOST_TEST(to_string(back.shape()) == to_string(x.shape()));
  BOOST_TEST(std::abs((y * g).sum().item() - (x * back).sum().item()) < 1e-10);
}

BOOST_AUTO_TEST_CASE(same_bits_for_every_thread_count_when_deterministic) {
  const Deterministic on;
  for (const ConvCase& c : conv_cases()) {
    const auto f = [&](const Tensors& t) { return max_pool2d(conv2d(t[0], t[1], t[2], c.options), 2); };
    std::vector<Tensors> results;
    for (const int n : {1, 2, 3}) {
      const Threads threads(n);
      results.push_back(run(f, inputs_of(c, kFloat32)));
    }
    for (std::size_t i = 0; i < results[0].size(); ++i)
      BOOST_CHECK_MESSAGE(results[0][i].to_vector<float>() == results[1][i].to_vector<float>() &&
                              results[0][i].to_vector<float>() == results[2][i].to_vector<float>(),
                          fmt::format("{}: result {}", c.label, i));
  }
}

BOOST_AUTO_TEST_CASE(same_bits_in_every_run) {
  for (const ConvCase& c : conv_cases()) {
    const auto f = [&](const Tensors& t) { return conv2d(t[0], t[1], t[2], c.options); };
    const Tensors a = run(f, inputs_of(c, kFloat32)), b = run(f, inputs_of(c, kFloat32));
    for (std::size_t i = 0; i < a.size(); ++i) BOOST_TEST(a[i].to_vector<float>() == b[i].to_vector<float>(), c.label);
  }
}

BOOST_AUTO_TEST_CASE(changed_weights_are_noticed) {
  manual_seed(4);
  const nn::Conv2d conv(16, 32, 3, {.padding = 1});
  const Tensor x = randn({4, 16, 16, 16});
  const auto expected = [&] {
    return conv2d(x.to(kFloat64), conv.weight.to(kFloat64), conv.bias.to(kFloat64), {.padding = 1});
  };
  NoGradGuard off;
  for (int round = 0; round < 3; ++round) {
    for (int again = 0; again < 3; ++again) BOOST_TEST(relative_difference(conv(x), expected()) < 1e-5);
    Tensor w = conv.weight;
    w.add_(randn(w.shape()));
  }
  Tensor w = conv.weight;
  w.mutable_data<float>()[5] += 100;
  BOOST_TEST(relative_difference(conv(x), expected()) < 1e-5);
  w.set_data(randn(w.shape()));
  BOOST_TEST(relative_difference(conv(x), expected()) < 1e-5);
}

// New weights again and again: what is kept of them must not add up.
BOOST_AUTO_TEST_CASE(kept_weights_are_bounded) {
  NoGradGuard off;
  const Tensor x = randn({4, 16, 16, 16});
  const auto many = [&](int n, bool alive) {
    std::vector<nn::Conv2d> layers;
    for (int i = 0; i < n; ++i) {
      const nn::Conv2d conv(16, 32, 3, {.padding = 1});
      conv(x);
      if (alive) layers.push_back(conv);
    }
  };
  many(5, false);
  const std::int64_t before = memory_stats().live_bytes;
  many(200, false);
  const std::int64_t one = 16 * 32 * 9 * 4 * 2 + 1024;  // weights and their other form
  BOOST_TEST(memory_stats().live_bytes - before <= one);
  many(200, true);
  many(1, false);
  BOOST_TEST(memory_stats().live_bytes - before <= 2 * one);
}

// More shapes than primitives are kept.
BOOST_AUTO_TEST_CASE(many_shapes) {
  NoGradGuard off;
  const nn::Conv2d conv(8, 8, 3);
  for (int round = 0; round < 2; ++round)
    for (std::int64_t n = 1; n <= 300; ++n) BOOST_TEST(conv(ones({n, 8, 8, 8})).size(0) == n);
}

BOOST_AUTO_TEST_CASE(training_makes_no_new_allocations) {
  nn::Sequential net(nn::Conv2d(1, 4, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(36, 2));
  optim::SGD opt(net.parameters(), {.lr = 0.1});
  const Tensor x = randn({8, 1, 8, 8}), target = zeros({8}, {kInt64});
  const auto step = [&] {
    opt.zero_grad();
    cross_entropy(net(x), target).backward();
    opt.step();
  };
  for (int i = 0; i < 5; ++i) step();
  const MemoryStats before = memory_stats();
  for (int i = 0; i < 20; ++i) step();
#if !defined(__SANITIZE_ADDRESS__)  // there the pool asks the system each time
  BOOST_TEST(memory_stats().system_allocations == before.system_allocations);
#endif
  BOOST_TEST(memory_stats().live_bytes == before.live_bytes);
}

BOOST_AUTO_TEST_CASE(strings_for_padding) {
  const std::string same = "same";
  BOOST_TEST(conv2d(ones({1, 1, 5, 5}), ones({1, 1, 3, 3}), {}, {.padding = same}).size(2) == 5);
  expect<ValueError>({"\"same\" or \"valid\"", "full"}, [] { ConvOptions<2>{.padding = "full"}; });
  expect<ShapeError>({"1 or 2 numbers", "got 3"}, [] { Extents<2>(Shape{1, 2, 3}); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(layers)

BOOST_AUTO_TEST_CASE(labels_and_parameters) {
  const nn::Conv2d conv(1, 16, 5);
  BOOST_TEST(conv.label() == "Conv2d(1 → 16, 5x5)");
  BOOST_TEST(to_string(conv.weight.shape()) == "(16, 1, 5, 5)");
  BOOST_TEST(conv.parameters().size() == 2u);
  const nn::Conv2d grouped(4, 8, {3, 5}, {.groups = 2, .bias = false});
  BOOST_TEST(to_string(grouped.weight.shape()) == "(8, 2, 3, 5)");
  BOOST_TEST(grouped.parameters().size() == 1u);
  BOOST_TEST(nn::Conv1d(2, 3, 4).label() == "Conv1d(2 → 3, 4)");
  const nn::ConvTranspose2d up(8, 4, 3, {.stride = 2, .output_padding = 1, .groups = 2});
  BOOST_TEST(up.label() == "ConvTranspose2d(8 → 4, 3x3, stride=2, output_padding=1, groups=2)");
  BOOST_TEST(to_string(up.weight.shape()) == "(8, 2, 3, 3)");
  BOOST_TEST(nn::MaxPool2d(2).label() == "MaxPool2d(2x2)");
  BOOST_TEST(nn::AvgPool1d(3).label() == "AvgPool1d(3)");
  BOOST_TEST(nn::AdaptiveAvgPool2d({1, 2}).label() == "AdaptiveAvgPool2d(1x2)");
}

BOOST_AUTO_TEST_CASE(first_values) {
  manual_seed(1);
  const nn::Conv2d conv(8, 64, 3);
  const double bound = 1 / std::sqrt(8 * 9.0);
  const double most = max(abs(conv.weight.detach())).item();
  BOOST_TEST((most <= bound && most > 0.99 * bound));
  BOOST_TEST(std::abs(conv.weight.detach().mean().item()) < 0.05 * bound);
  BOOST_TEST(max(abs(conv.bias.detach())).item() <= bound);
  const nn::ConvTranspose2d up(64, 8, 3);  // PyTorch counts the second dimension there, too
  BOOST_TEST(max(abs(up.weight.detach())).item() > 0.99 * bound);
}

BOOST_AUTO_TEST_CASE(options_reach_the_operation) {
  const Tensor x = randn({2, 4, 9, 8}, {kFloat64});
  nn::Conv2d conv(4, 6, 3, {.stride = 2, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2});
  conv.to(kFloat64);
  const Tensor want =
      conv2d(x, conv.weight, conv.bias, {.stride = 2, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2});
  BOOST_TEST(allclose(conv(x), want));
  nn::ConvTranspose2d up(4, 6, {3, 2}, {.stride = {2, 3}, .padding = 1, .output_padding = {1, 2}});
  up.to(kFloat64);
  BOOST_TEST(allclose(
      up(x), conv_transpose2d(x, up.weight, up.bias, {.stride = {2, 3}, .padding = 1, .output_padding = {1, 2}})));
  BOOST_TEST(allclose(nn::MaxPool2d(3, {.stride = 2, .padding = 1})(x), max_pool2d(x, 3, {.stride = 2, .padding = 1})));
  BOOST_TEST(allclose(nn::AvgPool2d(2, {.ceil_mode = true})(x), avg_pool2d(x, 2, {.ceil_mode = true})));
  const ValuesIndices pooled = nn::MaxPool2d(2).forward_with_indices(x), same = max_pool2d_with_indices(x, 2);
  BOOST_TEST(allclose(pooled.values, same.values));
  BOOST_TEST((pooled.indices.to_vector<std::int64_t>() == same.indices.to_vector<std::int64_t>()));
  BOOST_TEST((nn::AdaptiveMaxPool2d(2).forward_with_indices(x).indices.to_vector<std::int64_t>() ==
              adaptive_max_pool2d_with_indices(x, 2).indices.to_vector<std::int64_t>()));
  BOOST_TEST(allclose(nn::AdaptiveMaxPool2d(2)(x), nn::functional::adaptive_max_pool2d(x, 2)));
  BOOST_TEST(allclose(nn::AdaptiveAvgPool2d(1)(x), mean(x, {2, 3}, true)));
}

BOOST_AUTO_TEST_CASE(a_window_of_padding_only) {
  const Tensor x = ones({1, 1, 1}, {kFloat32, true});
  const ValuesIndices r = max_pool2d_with_indices(x, 2, {.padding = 1, .dilation = 2});
  BOOST_TEST(r.values.item() == -std::numeric_limits<double>::infinity());
  BOOST_TEST(r.indices.item() == -1);
  r.values.backward();
  BOOST_TEST(x.grad().item() == 0);
}

BOOST_AUTO_TEST_CASE(padding_modes) {
  nn::Conv1d reflect(1, 1, 1, {.padding = 2, .bias = false, .padding_mode = nn::PaddingMode::reflect});
  nn::Conv1d replicate(1, 1, 1, {.padding = 2, .bias = false, .padding_mode = nn::PaddingMode::replicate});
  nn::Conv1d circular(1, 1, 1, {.padding = 2, .bias = false, .padding_mode = nn::PaddingMode::circular});
  for (nn::Conv1d* conv : {&reflect, &replicate, &circular}) nn::init::ones_(conv->weight);
  const Tensor x = tensor({1, 2, 3, 4}, {kFloat32}).view({1, 4});
  BOOST_TEST((reflect(x).to_vector<float>() == std::vector<float>{3, 2, 1, 2, 3, 4, 3, 2}));
  BOOST_TEST((replicate(x).to_vector<float>() == std::vector<float>{1, 1, 1, 2, 3, 4, 4, 4}));
  BOOST_TEST((circular(x).to_vector<float>() == std::vector<float>{3, 4, 1, 2, 3, 4, 1, 2}));
  expect<ShapeError>({"Conv1d", "padding 2", "size 2"}, [&] { reflect(ones({1, 2})); });
}

BOOST_AUTO_TEST_CASE(wrong_sizes) {
  expect<ValueError>({"Conv2d", "3 channels not divisible by groups 2", next_line()},
                     [] { nn::Conv2d(3, 4, 3, {.groups = 2}); });
  expect<ValueError>({"ConvTranspose2d", "5 channels not divisible by groups 2"},
                     [] { nn::ConvTranspose2d(4, 5, 3, {.groups = 2}); });
  expect<ValueError>({"kernel sizes must be positive, got 0"}, [] { nn::Conv2d(3, 4, {3, 0}); });
  expect<ValueError>({"channel counts must be positive, got 0"}, [] { nn::Conv1d(0, 4, 3); });
  expect<ValueError>({"groups must be positive, got 0"}, [] { nn::Conv1d(2, 4, 3, {.groups = 0}); });
  expect<ValueError>({"padding must be >= 0, got -1"}, [] { nn::Conv2d(2, 4, 3, {.padding = {0, -1}}); });
  expect_op<ValueError>("Conv2d", {"stride must be positive, got 0"}, [] { nn::Conv2d(2, 4, 3, {.stride = {1, 0}}); });
  expect_op<ValueError>("Conv1d", {"dilation must be positive, got 0"}, [] { nn::Conv1d(2, 4, 3, {.dilation = 0}); });
  expect_op<ValueError>("ConvTranspose2d", {"stride must be"}, [] { nn::ConvTranspose2d(2, 4, 3, {.stride = 0}); });
  expect_op<ValueError>("Conv2d", {"\"same\" needs stride 1"},
                        [] { nn::Conv2d(2, 4, 3, {.stride = 2, .padding = "same"}); });
  expect_op<ValueError>("padding", {"must be numbers", "\"full\""}, [] { nn::Conv2d(2, 4, 3, {.padding = "full"}); });
  const nn::Conv2d conv(3, 4, 3);
  expect<ShapeError>({"conv2d", "expected 3 input channels, got 2"}, [&] { conv(ones({1, 2, 5, 5})); });
}

BOOST_AUTO_TEST_SUITE_END()
