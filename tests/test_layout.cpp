// float32 activations between convolutions lie in memory with their channels in blocks. Nobody may notice: every
// operation must give what it gives for plain memory, and sharing memory must work as ever.
#include <thread>

#include <xgrad/autograd.hpp>
#include <xgrad/custom.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/memory.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/random.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

using Function = std::function<Tensor(const Tensor&)>;

// A convolution's result, which is in blocks on processors where oneDNN likes them.
Tensor blocked(const Tensor& x, const Tensor& w) { return conv2d(x, w, {}, {.padding = 1}); }
// The same in plain memory: views need that.
Tensor plain(const Tensor& x, const Tensor& w) {
  return blocked(x, w).view({-1}).view({x.size(0), w.size(0), x.size(2), x.size(3)});
}

double difference(const Tensor& a, const Tensor& b) {
  BOOST_TEST((a.shape() == b.shape()));
  BOOST_TEST((a.dtype() == b.dtype()));
  const std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  double worst = 0, scale = 1e-30;
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(x[i] - y[i]));
    scale = std::max(scale, std::abs(y[i]));
  }
  return worst / scale;
}

struct Gradients {
  Tensor y, x, w;
};
Gradients gradients(const Function& f, const std::function<Tensor(const Tensor&, const Tensor&)>& conv,
                    const Tensor& x0, const Tensor& w0) {
  const Tensor x = x0.clone().requires_grad_(), w = w0.clone().requires_grad_();
  const Tensor y = f(conv(x, w));
  if (!is_floating(y.dtype())) return {y, {}, {}};
  const std::vector<Tensor> g = grad({y}, {x, w}, {cos(y.detach() * 3)}, {.allow_unused = true});
  return {y.detach(), g[0], g[1]};
}

// Batches of images whose areas do and do not fill vectors; blocks of 16 or 8.
const std::vector<std::pair<Shape, Shape>>& sizes() {
  static const std::vector<std::pair<Shape, Shape>> all{{{3, 16, 12, 12}, {32, 16, 3, 3}},
                                                        {{2, 3, 7, 9}, {48, 3, 3, 3}},
                                                        {{1, 16, 5, 5}, {24, 16, 3, 3}},
                                                        {{4, 16, 1, 6}, {16, 16, 3, 3}}};
  return all;
}

void check_same(const std::string& what, const Function& f) {
  manual_seed(5);
  for (const auto& [x_shape, w_shape] : sizes()) {
    const Tensor x = randn(x_shape), w = randn(w_shape) * 0.2;
    const Gradients a = gradients(f, blocked, x, w), b = gradients(f, plain, x, w);
    BOOST_TEST_CONTEXT(what << " of " << to_string(x_shape)) {
      BOOST_TEST(difference(a.y, b.y) < 2e-6);
      if (!b.x.defined()) continue;
      BOOST_TEST(difference(a.x, b.x) < 1e-5);
      BOOST_TEST(difference(a.w, b.w) < 1e-5);
    }
  }
}

Tensor channel_vector(const Tensor& x, double scale) { return (arange(0, x.size(1)) * 0.1 + 1).to(kFloat32) * scale; }

}  // namespace

BOOST_AUTO_TEST_CASE(normalisation) {
  check_same("batch_norm",
             [](const Tensor& x) { return batch_norm(x, {}, {}, channel_vector(x, 1), channel_vector(x, 0.5), true); });
  check_same("batch_norm with running statistics", [](const Tensor& x) {
    return batch_norm(x, channel_vector(x, 0.2), channel_vector(x, 2), {}, {}, false);
  });
  check_same("group_norm", [](const Tensor& x) { return group_norm(x, 4, channel_vector(x, 1), {}); });
  check_same("layer_norm", [](const Tensor& x) { return layer_norm(x, {x.size(3)}); });
  check_same("instance_norm", [](const Tensor& x) {
    return x.size(2) * x.size(3) > 1 ? instance_norm(x, {}, {}, channel_vector(x, 1), {}) : x;
  });
}

BOOST_AUTO_TEST_CASE(running_statistics) {
  manual_seed(1);
  const Tensor x = randn({3, 16, 10, 10}), w = randn({32, 16, 3, 3});
  Tensor mean_a = zeros({32}), var_a = ones({32}), mean_b = zeros({32}), var_b = ones({32});
  batch_norm(blocked(x, w), mean_a, var_a, {}, {}, true, 0.3);
  batch_norm(plain(x, w), mean_b, var_b, {}, {}, true, 0.3);
  BOOST_TEST(difference(mean_a, mean_b) < 1e-6);
  BOOST_TEST(difference(var_a, var_b) < 1e-6);
}

BOOST_AUTO_TEST_CASE(pooling) {
  const auto when = [](auto f) {  // images of one row are too small for these windows
    return [f](const Tensor& x) { return x.size(2) > 1 ? f(x) : x; };
  };
  check_same("max_pool2d", when([](const Tensor& x) { return max_pool2d(x, 2); }));
  check_same("max_pool2d, overlapping",
             when([](const Tensor& x) { return max_pool2d(x, 3, {.stride = 1, .padding = 1, .ceil_mode = true}); }));
  check_same("max_pool2d, dilated",
             when([](const Tensor& x) { return max_pool2d(x, 2, {.stride = 1, .dilation = 2}); }));
  check_same("avg_pool2d", when([](const Tensor& x) { return avg_pool2d(x, 2); }));
  check_same("avg_pool2d, padded", when([](const Tensor& x) {
               return avg_pool2d(x, 3, {.stride = 2, .padding = 1, .count_include_pad = false});
             }));
  check_same("adaptive_avg_pool2d", [](const Tensor& x) { return adaptive_avg_pool2d(x, {1, 3}); });
  check_same("adaptive_max_pool2d", [](const Tensor& x) { return adaptive_max_pool2d(x, {1, 2}); });
  check_same("global mean, then on", [](const Tensor& x) { return adaptive_avg_pool2d(x, 1).flatten(1).sum({1}); });
  check_same("max_pool3d, which takes the channels for the depth",
             when([](const Tensor& x) { return max_pool3d(x, 2); }));
  check_same("avg_pool3d", when([](const Tensor& x) { return avg_pool3d(x, 2); }));
}

BOOST_AUTO_TEST_CASE(pooling_indices) {
  manual_seed(2);
  const Tensor x = randn({3, 16, 12, 10}), w = randn({32, 16, 3, 3});
  const ValuesIndices a = max_pool2d_with_indices(blocked(x, w), 2), b = max_pool2d_with_indices(plain(x, w), 2);
  BOOST_TEST(difference(a.values, b.values) < 1e-6);
  BOOST_TEST(same_bits(a.indices, b.indices));
  BOOST_TEST(difference(max_unpool2d(a.values, a.indices, {12, 10}), max_unpool2d(b.values, b.indices, {12, 10})) <
             1e-6);
}

BOOST_AUTO_TEST_CASE(elementwise_passes) {
  check_same("relu", [](const Tensor& x) { return relu(x); });
  check_same("residual", [](const Tensor& x) { return relu(x + sigmoid(x)) * x; });
  check_same("with numbers", [](const Tensor& x) { return 2 - x * 3 / 2 + pow(x, 2); });
  check_same("with a tensor of one element", [](const Tensor& x) { return x * full({}, 1.5) + ones({1}); });
  check_same("with one number per channel", [](const Tensor& x) { return x * channel_vector(x, 1).view({-1, 1, 1}); });
  check_same("with a plain tensor",
             [](const Tensor& x) { return x * arange(0, x.numel()).view(x.shape()).to(kFloat32); });
  check_same("where", [](const Tensor& x) { return where(x > 0, x, x * 0.1); });
  check_same("comparison", [](const Tensor& x) { return x > 0.1; });
  check_same("clamp", [](const Tensor& x) { return clamp(x, -0.5, 0.5); });
  check_same("own formula", [](const Tensor& x) {
    return elementwise(
        "layout_swish", [](auto a, auto b) { return a / (1 + exp(-b)); }, x, x * 2);
  });
  check_same("cast", [](const Tensor& x) { return (x.to(kFloat64) * 2).to(kFloat32); });
}

BOOST_AUTO_TEST_CASE(shapes_and_sums) {
  check_same("flatten", [](const Tensor& x) { return x.flatten(1); });
  check_same("permute", [](const Tensor& x) { return x.permute({0, 2, 3, 1}).contiguous(); });
  check_same("slice", [](const Tensor& x) { return x.slice(1, 3, 9) * 2; });
  check_same("select", [](const Tensor& x) { return x.select(0, 0); });
  check_same("cat", [](const Tensor& x) { return cat({x, relu(x)}, 1); });
  check_same("sum", [](const Tensor& x) { return x.sum({0, 2, 3}); });
  check_same("softmax", [](const Tensor& x) { return softmax(x, 1); });
  check_same("max", [](const Tensor& x) { return max(x, 1).values; });
  check_same("interpolate", [](const Tensor& x) { return interpolate(x, {.scale_factor = {2, 2}}); });
  check_same("pad", [](const Tensor& x) { return pad(x, {1, 1, 0, 2}); });
  check_same("matrix product", [](const Tensor& x) { return matmul(x, x.transpose(2, 3)); });
}

BOOST_AUTO_TEST_CASE(convolutions_of_convolutions) {
  const auto weight = [](const Tensor& x, std::int64_t out, std::int64_t k) {
    return sin(arange(0, out * x.size(1) * k * k).to(kFloat32) * 0.37).view({out, x.size(1), k, k}) * 0.1;
  };
  check_same("conv2d", [&](const Tensor& x) { return conv2d(x, weight(x, 16, 3), ones({16}), {.padding = 1}); });
  check_same("conv2d of another block", [&](const Tensor& x) { return conv2d(x, weight(x, 8, 1), ones({8})); });
  check_same("conv2d to few channels", [&](const Tensor& x) { return conv2d(x, weight(x, 3, 1)); });
  check_same("strided", [&](const Tensor& x) { return conv2d(x, weight(x, 32, 3), {}, {.stride = 2, .padding = 1}); });
  check_same("depthwise", [&](const Tensor& x) {
    return conv2d(x, weight(x, x.size(1), 3).slice(1, 0, 1), {}, {.padding = 1, .groups = x.size(1)});
  });
  check_same("conv_transpose2d", [&](const Tensor& x) {
    return conv_transpose2d(x, weight(x, 16, 2).transpose(0, 1), channel_vector(ones({1, 16}), 1), {.stride = 2});
  });
  check_same("a block of a residual network", [&](const Tensor& x) {
    const Tensor a = relu(batch_norm(x, {}, {}, channel_vector(x, 1), {}, true));
    const Tensor b = batch_norm(conv2d(a, weight(a, x.size(1), 3), {}, {.padding = 1}), {}, {}, {}, {}, true);
    return adaptive_avg_pool2d(relu(b + x), 1);
  });
}

BOOST_AUTO_TEST_CASE(second_derivatives) {
  manual_seed(3);
  const Tensor x0 = randn({2, 16, 6, 6}), w0 = randn({16, 16, 3, 3}) * 0.2;
  const auto penalty = [&](const std::function<Tensor(const Tensor&, const Tensor&)>& conv, DType type) {
    const Tensor x = x0.to(type).requires_grad_(), w = w0.to(type).requires_grad_();
    const Tensor y = avg_pool2d(tanh(batch_norm(conv(x, w), {}, {}, {}, {}, true)), 2);
    const Tensor g = grad({square(y).sum()}, {x}, {}, {.create_graph = true})[0];
    return grad({square(g).sum()}, {w})[0];
  };
  const Tensor a = penalty(blocked, kFloat32);
  BOOST_TEST(difference(a, penalty(plain, kFloat32)) < 1e-4);
  BOOST_TEST(difference(a.to(kFloat64), penalty(blocked, kFloat64)) < 1e-4);
}

BOOST_AUTO_TEST_CASE(aliases_share_memory) {
  manual_seed(4);
  const Tensor x = randn({2, 16, 8, 8}), w = randn({16, 16, 3, 3});
  Tensor y = blocked(x, w);
  Tensor same = y.detach();
  same.mul_(2);
  BOOST_TEST(same_bits(y, same));
  BOOST_TEST(difference(y, plain(x, w) * 2) < 1e-6);
  Tensor z = relu(blocked(x, w));  // the result of an operation on blocks
  Tensor row = z.select(0, 1);
  row.fill_(7);
  BOOST_TEST(z[1][1][2][2].item() == 7);
  Tensor other = blocked(x, w);
  other.set_data(z);
  BOOST_TEST(same_bits(other, z));
}

BOOST_AUTO_TEST_CASE(overwritten_values_are_noticed) {
  const Tensor x = randn({2, 16, 8, 8}), w = randn({16, 16, 3, 3}).requires_grad_();
  Tensor y = blocked(x, w);
  const Tensor z = tanh(y * 1), loss = (z * z).sum();
  {
    const NoGradGuard off;
    z.detach().mul_(2);
  }
  expect<AutogradError>({"mul_"}, [&] { loss.backward(); });
}

BOOST_AUTO_TEST_CASE(in_place_on_the_tape) {
  check_same("relu of a result changed in place", [](const Tensor& x) {
    Tensor y = x * 1;
    y.mul_(2);
    y.add_(relu(x));
    return y;
  });
}

BOOST_AUTO_TEST_CASE(gradients_that_users_keep) {
  const Tensor x = randn({2, 16, 8, 8}).requires_grad_(), w = randn({16, 16, 3, 3}).requires_grad_();
  Tensor y = blocked(relu(x), w);
  y.retain_grad();
  Tensor seen;
  y.register_hook([&](const Tensor& g) {
    seen = g;
    return Tensor();
  });
  (blocked(y, w) * 2).sum().backward();
  BOOST_TEST(same_bits(y.grad(), seen));
  const std::vector<float> once = x.grad().to_vector<float>();
  (blocked(blocked(relu(x), w), w) * 2).sum().backward();
  check_close(x.grad() / 2, {once.begin(), once.end()}, 1e-6);
}

BOOST_AUTO_TEST_CASE(several_threads_read_one_result) {
  manual_seed(6);
  const Tensor x = randn({4, 16, 16, 16}), w = randn({32, 16, 3, 3}), v = randn({16, 32, 3, 3});
  const Tensor expected = plain(x, w), next = blocked(expected, v);
  for (int round = 0; round < 20; ++round) {
    const Tensor y = blocked(x, w);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        const NoGradGuard off;
        const Tensor seen = i % 2 == 0 ? y : blocked(y, v), want = i % 2 == 0 ? expected : next;
        const std::vector<float> a = seen.to_vector<float>(), b = want.to_vector<float>();
        for (std::size_t k = 0; k < a.size(); ++k) wrong += std::abs(a[k] - b[k]) > 1e-3f * (1 + std::abs(b[k]));
      });
    for (std::thread& t : threads) t.join();
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(memory_is_returned) {
  const Tensor x = randn({4, 16, 32, 32}), w = randn({32, 16, 3, 3});
  blocked(x, w);
  const std::int64_t before = memory_stats().live_bytes;
  {
    const Tensor y = blocked(x, w), z = relu(y);
    BOOST_TEST(memory_stats().live_bytes >= before + 2 * y.numel() * 4);
    y.sum();  // laid out: the blocks are gone
    const Tensor part = y.select(0, 0);
    BOOST_TEST(memory_stats().live_bytes < before + 3 * y.numel() * 4);
  }
  BOOST_TEST(memory_stats().live_bytes == before);
}
