// One way to call a module: what goes in and comes out, hooks, names, summaries, pictures. Only public headers.
#include <array>
#include <map>
#include <sstream>

#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace F = xgrad::nn::functional;

namespace {

// A user's module: two inputs, and a structure of three tensors out.
struct Moments {
  Tensor sum, product, scaled;
};
struct Mixer : nn::Layer<Mixer> {
  using Layer::Layer;
  Mixer() {
    left = register_module("left", nn::Linear(3, 4));
    right = register_module("right", nn::Linear(2, 4));
    scale = register_parameter("scale", full({1}, 2.0));
  }
  Moments forward(const Tensor& a, const Tensor& b) const {
    const Tensor l = left(a), r = right(b);
    return {l + r, l * r, (l + r) * scale};
  }
  nn::Linear left{nullptr}, right{nullptr};
  nn::Parameter scale;
};

struct Cache {
  int calls = 0;
};
struct Many : nn::Layer<Many> {
  std::array<Tensor, 2> forward(const Tensor& x, const std::optional<Tensor>& mask) const {
    return {x * 2, mask ? x * *mask : x};
  }
  std::tuple<int, Tensor> forward(const Tensor& x, int n, Cache& cache) const {
    ++cache.calls;
    return {n, x * n};
  }
  std::vector<Tensor> forward(const std::vector<Tensor>& xs) const {
    std::vector<Tensor> out;
    for (const Tensor& x : xs) out.push_back(x + 1);
    return out;
  }
  std::map<std::string, Tensor> forward(int n, const Tensor& x) const { return {{"a", x * n}}; }
  Tensor forward() const { return ones({1}); }
};

// How often hooks ran, and what they saw.
struct Watch {
  int before = 0, after = 0;
  Tensor in, used, out;
  explicit Watch(nn::Module m) {
    m.register_forward_pre_hook([this](const nn::Module&, const Tensor& x) {
      ++before;
      in = x;
      return Tensor();
    });
    m.register_forward_hook([this](const nn::Module&, const Tensor& x, const Tensor& y) {
      ++after;
      used = x;
      out = y;
      return Tensor();
    });
  }
  Watch(const Watch&) = delete;
  bool once(const Tensor& x) const {
    return before == 1 && after == 1 && in.is_same(x) && used.is_same(x) && out.defined();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(module_protocol)

BOOST_AUTO_TEST_CASE(two_inputs_and_a_structure_of_three) {
  manual_seed(1);
  Mixer net;
  const Tensor a = randn({5, 3}), b = randn({5, 2});
  const Moments r = net(a, b);
  BOOST_TEST(same_bits(r.scaled, (net.left(a) + net.right(b)) * net.scale));

  {  // hooks: the first tensor in and out, and what they return takes its place
    Mixer hooked = net.clone();
    const Watch watch(hooked);
    hooked.register_forward_pre_hook([](const nn::Module&, const Tensor& x) { return x * 0; });
    hooked.register_forward_hook([](const nn::Module& m, const Tensor&, const Tensor& y) {
      BOOST_TEST(m.label() == "Mixer");
      return y + 100;
    });
    const Moments h = hooked(a, b);
    BOOST_TEST((watch.before == 1 && watch.after == 1));
    BOOST_TEST(same_bits(h.sum, hooked.left(a * 0) + hooked.right(b) + 100));
    BOOST_TEST(same_bits(h.product, hooked.left(a * 0) * hooked.right(b)));
  }
  {  // backward hooks
    Mixer hooked = net.clone();
    int calls = 0;
    hooked.register_full_backward_hook([&](const nn::Module&, const Tensor& in, const Tensor& out) {
      calls += in.shape() == Shape{5, 3} && out.shape() == Shape{5, 4};
      return Tensor();
    });
    Tensor x = a.clone().requires_grad_();
    hooked(x, b).sum.sum().backward();
    BOOST_TEST(calls == 1);
  }
  // the summary, of a Layer and of what only has forward
  const train::Summary s = train::summary(net, a, b);
  BOOST_TEST(s.parameters == 16 + 12 + 1);
  BOOST_TEST((s.text.find("Mixer") != s.text.npos && s.text.find("left: Linear(3 → 4)") != s.text.npos &&
              s.text.find("(5, 4)") != s.text.npos));
  // the picture: a box with the module's name
  const std::string dot = viz::to_dot(r.scaled.sum());
  BOOST_TEST((dot.find("Mixer") != dot.npos && dot.find("left") != dot.npos && dot.find("right") != dot.npos));
  // the path in errors
  expect<ShapeError>({"in     Mixer.right : Linear(2 → 4)"}, [&] { net(a, a); });
  // the copy
  const Mixer copy = net.clone();
  BOOST_TEST(same_bits(copy(a, b).product, r.product));
  BOOST_TEST((!copy.left.weight.is_same(net.left.weight) && copy.named_parameters().size() == 5u));
}

BOOST_AUTO_TEST_CASE(a_module_that_only_has_forward_is_summarised_as_a_call) {
  struct Plain : nn::Module {
    nn::Linear fc = register_module("fc", nn::Linear(3, 4));
    Moments forward(const Tensor& a, const Tensor& b) const { return {fc(a), fc(b), fc(a) + fc(b)}; }
  };
  expect<ShapeError>({"in     Plain.fc"}, [&] { train::summary(Plain(), ones({2, 3}), ones({2, 2})); });
  Plain net;
  const Watch watch(net);
  const Tensor a = ones({2, 3});
  const train::Summary s = train::summary(net, a, ones({2, 3}));
  BOOST_TEST(watch.once(a));
  BOOST_TEST(s.text.find("(2, 4)") != s.text.npos);
}

BOOST_AUTO_TEST_CASE(what_goes_in_and_comes_out) {
  Many net;
  const Tensor x = full({2}, 3.0), m = full({2}, 5.0);
  check_close(net(x, m)[1], {15, 15});
  check_close(net(x, std::nullopt)[1], {3, 3});
  Cache cache;
  check_close(std::get<1>(net(x, 4, cache)), {12, 12});
  BOOST_TEST(cache.calls == 1);
  std::vector<Tensor> list{x, m};
  check_close(net(list)[1], {6, 6});
  check_close(net(2, x)["a"], {6, 6});
  check_close(net(), {1});

  net.register_forward_pre_hook([](const nn::Module&, const Tensor& in) { return in.defined() ? in * 10 : Tensor(); });
  net.register_forward_hook([](const nn::Module&, const Tensor&, const Tensor& out) { return out + 1; });
  check_close(net(x, m)[0], {61, 61});
  check_close(net(x, m)[1], {150, 150});
  check_close(std::get<1>(net(x, 4, cache)), {121, 121});
  BOOST_TEST(cache.calls == 2);
  check_close(net(list)[0], {32, 32});  // the first of the list, and only it
  check_close(net(list)[1], {6, 6});
  check_close(list[0], {3, 3});
  check_close(net(2, x)["a"], {61, 61});
  check_close(net(), {2});
  net.register_forward_pre_hook([](const nn::Module&, const Tensor&) { return ones({1}); });
  expect<ValueError>({"Many", "no tensor among its inputs"}, [&] { net(); });
}

BOOST_AUTO_TEST_CASE(a_line_is_passed_on) {
  struct Two : nn::Layer<Two> {
    Tensor forward(const Tensor& x, const Tensor& y) const { return x + y; }
  };
  struct Placed : nn::Layer<Placed> {
    Tensor forward(const Tensor& x, const Tensor& y, Location at = Location::current()) const {
      return add(x, y, 1, at);
    }
  };
  const Tensor x = ones({1});
  const Location at = Location::current();
  BOOST_TEST(Two()(x, x, at).item() == 2);
  const std::string text = expect<ShapeError>({}, [&] { Placed()(zeros({2}), zeros({3}), at); });
  BOOST_TEST(text.find("test_module_protocol.cpp:" + std::to_string(at.line())) != text.npos, text);
}

// Every layer that takes something else than one tensor.
BOOST_AUTO_TEST_CASE(hooks_run_exactly_once) {
  const Tensor x = randn({4, 2, 6}), ids = tensor({1, 0, 2}), start = tensor({0, 2});
  const auto once = [](auto layer, const auto&... inputs) {
    const Watch watch(layer);
    layer(inputs...);
    BOOST_TEST(watch.once(std::get<0>(std::tie(inputs...))), layer.label());
  };
  once(nn::EmbeddingBag(3, 2), ids, start);
  once(nn::EmbeddingBag(3, 2), ids, start, Tensor());
  once(nn::EmbeddingBag(3, 2), tensor({{1, 0}, {2, 2}}));
  once(nn::MultiheadAttention(6, 2), x, x, x);
  once(nn::MultiheadAttention(6, 2), x, x, x, nn::AttentionInputs{.need_weights = false});
  once(nn::MultiheadAttention(6, 2), x);
  once(nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 4}), x);
  once(nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 4}), x, zeros({4, 4}));
  once(nn::TransformerEncoderLayer(6, 2, {.dim_feedforward = 4}), x, zeros({4, 4}), Tensor());
  once(nn::Bilinear(6, 6, 2), x, x);
  const Tensor h = zeros({1, 2, 3}), row = randn({2, 6}), state = zeros({2, 3});
  once(nn::RNN(6, 3), x);
  once(nn::RNN(6, 3), x, h);
  once(nn::GRU(6, 3), x, h);
  once(nn::LSTM(6, 3), x, LSTMState{h, h});
  once(nn::RNNCell(6, 3), row, state);
  once(nn::GRUCell(6, 3), row, state);
  once(nn::LSTMCell(6, 3), row, LSTMState{state, state});
  const Tensor p = sigmoid(row), q = sigmoid(randn({2, 6})), sign_ = tensor({1., -1.}), label = tensor({0, 5});
  once(nn::MSELoss(), row, q);
  once(nn::L1Loss(), row, q);
  once(nn::SmoothL1Loss(), row, q);
  once(nn::HuberLoss(), row, q);
  once(nn::BCELoss(), p, q);
  once(nn::BCEWithLogitsLoss(), row, q);
  once(nn::CrossEntropyLoss(), row, label);
  once(nn::NLLLoss(), log_softmax(row, 1), label);
  once(nn::KLDivLoss(), log_softmax(row, 1), q);
  once(nn::PoissonNLLLoss(), row, q);
  once(nn::GaussianNLLLoss(), row, q, p);
  once(nn::HingeEmbeddingLoss(), p, sign(row));
  once(nn::SoftMarginLoss(), row, sign(row));
  once(nn::MarginRankingLoss(), row, q, sign(row));
  once(nn::CosineEmbeddingLoss(), row, q, sign_);
  once(nn::TripletMarginLoss(), row, p, q);
  once(nn::MultiMarginLoss(), row, label);
  once(nn::MultiLabelMarginLoss(), row, tensor({{0, 1, -1, 0, 0, 0}, {2, -1, 0, 0, 0, 0}}));
  once(nn::MultiLabelSoftMarginLoss(), row, q);
  once(nn::CTCLoss(), log_softmax(randn({4, 1, 3}), 2), tensor({{1, 2}}), tensor({4}), tensor({2}));

  // The second way to call a pooling layer.
  nn::MaxPool1d pool(2);
  const Watch watch(pool);
  nn::AdaptiveMaxPool1d adaptive(2);
  const Watch other(adaptive);
  pool.forward_with_indices(x), adaptive.forward_with_indices(x);
  BOOST_TEST((watch.once(x) && other.once(x)));
}

BOOST_AUTO_TEST_CASE(braces_and_missing_tensors) {
  const Tensor x = randn({4, 2, 6}), h = zeros({1, 2, 3});
  BOOST_TEST((nn::LSTM(6, 3)(x, {h, h}).output.shape() == Shape{4, 2, 3}));
  BOOST_TEST(!nn::MultiheadAttention(6, 2)(x, x, x, {.need_weights = false}).weights.defined());
  nn::TransformerEncoderLayer layer(6, 2, {.dim_feedforward = 4});
  BOOST_TEST((layer(x, {}, zeros({2, 4}, {kBool})).shape() == Shape{4, 2, 6}));
}

// {} are the options that were left out.
BOOST_AUTO_TEST_CASE(empty_braces_are_options) {
  const Tensor x = randn({3, 4});
  BOOST_TEST(same_bits(nn::GELU({})(x), gelu(x)));
  BOOST_TEST(same_bits(nn::LeakyReLU({})(x), leaky_relu(x)));
  BOOST_TEST(same_bits(nn::Flatten({})(ones({2, 3, 1})), ones({2, 3})));
  BOOST_TEST(nn::PReLU({}).weight.numel() == 1);
  BOOST_TEST(same_bits(nn::Hardtanh({})(x), hardtanh(x)));
  BOOST_TEST(nn::to_string(nn::Dropout({})) == "Dropout(0.5)");
  BOOST_TEST(nn::to_string(nn::Dropout2d({})) == "Dropout2d(0.5)");
  const auto same = [&](const auto& module) { BOOST_TEST(bool(module)); };
  same(nn::ELU({})), same(nn::Softplus({})), same(nn::Softmax({})), same(nn::LogSoftmax({})), same(nn::Hardshrink({}));
  same(nn::Softshrink({})), same(nn::CELU({})), same(nn::GLU({})), same(nn::Softmin({})), same(nn::RReLU({}));
  same(nn::Step({})), same(nn::MSELoss({})), same(nn::L1Loss({})), same(nn::SmoothL1Loss({})), same(nn::HuberLoss({}));
  same(nn::BCELoss({})), same(nn::BCEWithLogitsLoss({})), same(nn::CrossEntropyLoss({})), same(nn::NLLLoss({}));
  same(nn::KLDivLoss({})), same(nn::PoissonNLLLoss({})), same(nn::GaussianNLLLoss({})), same(nn::CTCLoss({}));
  same(nn::HingeEmbeddingLoss({})), same(nn::SoftMarginLoss({})), same(nn::MarginRankingLoss({}));
  same(nn::CosineEmbeddingLoss({})), same(nn::TripletMarginLoss({})), same(nn::MultiMarginLoss({}));
  same(nn::MultiLabelMarginLoss({})), same(nn::MultiLabelSoftMarginLoss({}));
}

BOOST_AUTO_TEST_SUITE_END()
