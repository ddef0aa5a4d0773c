// Mistakes that a program makes when it runs, and that were once taken without a word: each must say what is wrong, and
// in which line. Those that the compiler finds are in must_not_compile/.
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <thread>

#include <xgrad/custom.hpp>
#include <xgrad/tape.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_SUITE(mistakes)

// ---- numbers that do not fit ----

BOOST_AUTO_TEST_CASE(item_refuses_what_its_type_cannot_hold) {
  BOOST_TEST(tensor(2.7).item<int>() == 2);
  BOOST_TEST(tensor(-2.7).item<int>() == -2);
  BOOST_TEST(tensor(255.9).item<std::uint8_t>() == 255);
  BOOST_TEST(tensor(-0.5).item<std::uint8_t>() == 0);
  BOOST_TEST(tensor(1e19, {kFloat64}).item<std::uint64_t>() == 10'000'000'000'000'000'000u);
  BOOST_TEST(tensor(std::numeric_limits<std::int64_t>::min()).item<std::int64_t>() ==
             std::numeric_limits<std::int64_t>::min());
  BOOST_TEST(tensor(kNaN).item<bool>());
  BOOST_TEST(std::isnan(tensor(kNaN).item<float>()));
  expect_op<ValueError>("item", {"1e+30", "does not fit int32"}, [] { tensor(1e30).item<int>(); });
  expect_op<ValueError>("item", {"nan", "int32"}, [] { tensor(kNaN).item<int>(); });
  expect_op<ValueError>("item", {"inf", "int64"}, [] { tensor(kInf).item<std::int64_t>(); });
  expect_op<ValueError>("item", {"300", "uint8", "i64"}, [] { tensor(300).item<std::uint8_t>(); });
  expect_op<ValueError>("item", {"-1", "uint64"}, [] { tensor(-1).item<std::uint64_t>(); });
  expect_op<ValueError>("item", {"40000", "int16"}, [] { tensor(40000).item<short>(); });
  expect_op<ValueError>("item", {"int64"}, [] { tensor(std::ldexp(1.0, 63), {kFloat64}).item<std::int64_t>(); });
}

BOOST_AUTO_TEST_CASE(to_vector_refuses_what_its_type_cannot_hold) {
  BOOST_TEST((tensor({2.7, -2.7}).to_vector<int>() == std::vector<int>{2, -2}));
  BOOST_TEST((tensor({1, 0}).to_vector<bool>() == std::vector<bool>{true, false}));
  BOOST_TEST((tensor({1, 200}).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 200}));
  BOOST_TEST((tensor({7, 8}).to_vector<std::size_t>() == std::vector<std::size_t>{7, 8}));
  expect_op<ValueError>("to_vector", {"1e+30", "int32", "f32 (2)"}, [] { tensor({1., 1e30}).to_vector<int>(); });
  expect_op<ValueError>("to_vector", {"nan", "int64"}, [] { tensor({kNaN}).to_vector<std::int64_t>(); });
  expect_op<ValueError>("to_vector", {"300", "uint8"}, [] { tensor({1, 300}).to_vector<std::uint8_t>(); });
  expect_op<ValueError>("to_vector", {"-1", "uint16"}, [] { tensor({1, -1}).to_vector<std::uint16_t>(); });
  // As it is read, not as it lies in memory.
  expect_op<ValueError>("to_vector", {"300", "uint8"}, [] {
    tensor({{1, 2}, {300, 4}}).select(1, 0).to_vector<std::uint8_t>();
  });
}

// ---- options of layers ----

BOOST_AUTO_TEST_CASE(options_of_activations) {
  expect_op<ValueError>("LeakyReLU", {"negative_slope", "nan"}, [] { (void)nn::LeakyReLU(kNaN); });
  expect_op<ValueError>("ELU", {"alpha", "inf"}, [] { (void)nn::ELU(kInf); });
  expect_op<ValueError>("CELU", {"alpha must not be 0"}, [] { (void)nn::CELU(0); });
  expect_op<ValueError>("Softplus", {"beta must not be 0"}, [] { nn::Softplus({.beta = 0}); });
  expect_op<ValueError>("Softplus", {"threshold"}, [] { nn::Softplus({.threshold = kNaN}); });
  expect_op<ValueError>("Hardshrink", {"lambd"}, [] { (void)nn::Hardshrink(kNaN); });
  expect_op<ValueError>("Softshrink", {"lambd", ">= 0", "-1"}, [] { (void)nn::Softshrink(-1); });
  expect_op<ValueError>("RReLU", {"lower", "upper"}, [] { nn::RReLU({.lower = 1, .upper = 0}); });
  expect_op<ValueError>("Threshold", {"nan"}, [] { nn::Threshold(kNaN, 0); });
  expect_op<ValueError>("Step", {"at_zero"}, [] { (void)nn::Step(kNaN); });
  expect_op<ValueError>("PReLU", {"init"}, [] { nn::PReLU({.init = kNaN}); });
  expect_op<ValueError>("Maxout", {"pieces", "0"}, [] { nn::Maxout(0); });
  nn::LeakyReLU(-0.5), nn::Softplus({.beta = 2}), nn::RReLU(), nn::CELU(-1), nn::GELU({});
}

BOOST_AUTO_TEST_CASE(options_of_normalisation_and_pooling) {
  expect_op<ValueError>("BatchNorm1d", {"eps", "-1"}, [] { nn::BatchNorm1d(3, {.eps = -1}); });
  expect_op<ValueError>("BatchNorm2d", {"momentum", "[0, 1]", "5"}, [] { nn::BatchNorm2d(3, {.momentum = 5}); });
  expect_op<ValueError>("InstanceNorm2d", {"eps", "nan"}, [] { nn::InstanceNorm2d(3, {.eps = kNaN}); });
  expect_op<ValueError>("LayerNorm", {"eps"}, [] { nn::LayerNorm(3, {.eps = -1e-5}); });
  expect_op<ValueError>("GroupNorm", {"eps"}, [] { nn::GroupNorm(1, 3, {.eps = -1e-5}); });
  expect_op<ValueError>("LocalResponseNorm", {"size", "0"}, [] { nn::LocalResponseNorm(0); });
  expect_op<ValueError>("LocalResponseNorm", {"alpha"}, [] { nn::LocalResponseNorm(2, {.alpha = kNaN}); });
  nn::BatchNorm1d(3, {.eps = 0, .momentum = std::nullopt}), nn::BatchNorm1d(3, {.momentum = 1});
  expect_op<ValueError>("MaxPool2d", {"kernel_size", "0"}, [] { nn::MaxPool2d(0); });
  expect_op<ValueError>("MaxPool1d", {"stride", "0"}, [] { nn::MaxPool1d(2, {.stride = 0}); });
  expect_op<ValueError>("MaxPool2d", {"padding 2", "kernel 3"}, [] { nn::MaxPool2d(3, {.padding = 2}); });
  expect_op<ValueError>("MaxPool3d", {"dilation"}, [] { nn::MaxPool3d(3, {.dilation = 0}); });
  expect_op<ValueError>("AvgPool2d", {"divisor_override"}, [] { nn::AvgPool2d(3, {.divisor_override = 0}); });
  expect_op<ValueError>("LPPool2d", {"norm_type", "-1"}, [] { nn::LPPool2d(-1, 3); });
  expect_op<ValueError>("AdaptiveAvgPool2d", {"output_size", "-3"}, [] { nn::AdaptiveAvgPool2d(-3); });
  expect_op<ValueError>("AdaptiveMaxPool1d", {"output_size", "-3"}, [] { nn::AdaptiveMaxPool1d(-3); });
  nn::AdaptiveAvgPool2d({kKeepSize, 2}), nn::MaxPool2d(3, {.stride = {2, 1}, .padding = 1});
  expect_op<ValueError>("Upsample", {"either size or scale_factor"}, [] { nn::Upsample(InterpolateOptions{}); });
  expect_op<ValueError>("Upsample", {"scale_factor", "-2"}, [] { nn::Upsample({.scale_factor = {-2}}); });
  expect_op<ValueError>("Upsample", {"size", "0"}, [] { nn::Upsample({.size = {0, 3}}); });
  expect_op<ValueError>("ConvTranspose2d", {"output_padding", "1"},
                        [] { nn::ConvTranspose2d(1, 1, 3, {.output_padding = 1}); });
  expect_op<ValueError>("ConvTranspose1d", {"padding", "-1"}, [] { nn::ConvTranspose1d(1, 1, 3, {.padding = -1}); });
  expect_op<ValueError>("Embedding", {"max_norm", "-1"}, [] { nn::Embedding(3, 2, {.max_norm = -1}); });
  expect_op<ValueError>("Embedding", {"norm_type"}, [] { nn::Embedding(3, 2, {.norm_type = kNaN}); });
}

BOOST_AUTO_TEST_CASE(options_of_losses) {
  expect_op<ValueError>("SmoothL1Loss", {"beta", "-1"}, [] { nn::SmoothL1Loss({.beta = -1}); });
  expect_op<ValueError>("HuberLoss", {"delta", "0"}, [] { nn::HuberLoss({.delta = 0}); });
  expect_op<ValueError>("HingeEmbeddingLoss", {"margin"}, [] { nn::HingeEmbeddingLoss({.margin = kNaN}); });
  expect_op<ValueError>("MarginRankingLoss", {"margin"}, [] { nn::MarginRankingLoss({.margin = kInf}); });
  expect_op<ValueError>("PoissonNLLLoss", {"eps"}, [] { nn::PoissonNLLLoss({.eps = -1}); });
  expect_op<ValueError>("GaussianNLLLoss", {"eps"}, [] { nn::GaussianNLLLoss({.eps = -1}); });
  expect_op<ValueError>("CTCLoss", {"blank", "-1"}, [] { nn::CTCLoss({.blank = -1}); });
  expect_op<ValueError>("TripletMarginLoss", {"p must"}, [] { nn::TripletMarginLoss({.p = kNaN}); });
  expect_op<ValueError>("MultiMarginLoss", {"p must be 1 or 2"}, [] { nn::MultiMarginLoss({.p = 3}); });
  expect_op<ValueError>("CrossEntropyLoss", {"label_smoothing", "2"},
                        [] { nn::CrossEntropyLoss({.label_smoothing = 2}); });
  nn::TripletMarginLoss({.p = kInf}), nn::SmoothL1Loss({.beta = 0}), nn::CrossEntropyLoss({.label_smoothing = 1});
}

BOOST_AUTO_TEST_CASE(what_belongs_to_a_call_is_no_option_of_the_layer) {
  const Tensor weights = ones({2, 2});
  expect_op<ValueError>("EmbeddingBag", {"per_sample_weights", "bag(x, offsets, per_sample_weights)"},
                        [&] { nn::EmbeddingBag(4, 3, {.per_sample_weights = weights, .mode = BagMode::sum}); });
  const Tensor offsets = zeros({1}, {kInt64});
  expect_op<ValueError>("EmbeddingBag", {"offsets"}, [&] { nn::EmbeddingBag(4, 3, {.offsets = offsets}); });
  const nn::EmbeddingBag bag(4, 3, {.mode = BagMode::sum});
  const Tensor x = tensor({{0, 1}, {2, 3}});
  check_close(bag(x, Tensor(), weights * 2), (bag(x) * 2).to_vector<double>());
}

BOOST_AUTO_TEST_CASE(half_a_state) {
  const nn::LSTM lstm(3, 4);
  const nn::LSTMCell cell(3, 4);
  const Tensor x = ones({5, 2, 3}), h = zeros({1, 2, 4}), step = ones({2, 3}), s = zeros({2, 4});
  expect<ValueError>({"LSTM", "h0 and c0", "c0 is undefined", "{h0, c0}", "test_mistakes.cpp"}, [&] { lstm(x, {h}); });
  expect<ValueError>({"LSTM", "h0 is undefined"}, [&] { lstm(x, {Tensor(), h}); });
  expect<ValueError>({"LSTMCell", "c is undefined"}, [&] { cell(step, {s}); });
  BOOST_TEST(allclose(lstm(x, LSTMState{}).output, lstm(x, {h, h}).output));
}

// ---- loading ----

BOOST_AUTO_TEST_CASE(a_state_of_which_nothing_fits) {
  nn::Sequential net(nn::Linear(2, 3), nn::Linear(3, 1));
  NamedTensors other{{"encoder.fc.weight", ones({5, 5})}, {"encoder.fc.bias", ones({5})}};
  expect_op<ValueError>("load_state_dict", {"not one key", "nothing was loaded", "missing", "0.weight"},
                        [&] { net.load_state_dict(other, false); });
  NamedTensors prefixed;
  for (const auto& [key, t] : net.state_dict()) prefixed.emplace_back("model." + key, t.clone());
  for (const bool strict : {true, false})
    expect_op<ValueError>("load_state_dict", {"train::load_checkpoint(path, {.model = net})", "'model.'"},
                          [&] { net.load_state_dict(prefixed, strict); });
  prefixed.emplace_back("rng.default", zeros({2}, {kInt64}));
  prefixed.emplace_back("optimizer.0.lr", ones({}));
  expect_op<ValueError>("load_state_dict", {"load_checkpoint"}, [&] { net.load_state_dict(prefixed); });
  // One key is a partial load, and a module without parameters or an empty state has nothing to lose.
  other.emplace_back("1.bias", full({1}, 7.0));
  BOOST_TEST(net.load_state_dict(other, false).missing.size() == 3u);
  BOOST_TEST(net[1].as<nn::Linear>()->bias.item() == 7);
  BOOST_TEST(nn::ReLU().load_state_dict(other, false).unexpected.size() == 3u);
  BOOST_TEST(net.load_state_dict({}, false).missing.size() == 4u);
}

// ---- guards ----

BOOST_AUTO_TEST_CASE(guards_that_end_in_another_order) {
  auto first = std::make_unique<NoGradGuard>(), second = std::make_unique<NoGradGuard>();
  first.reset();
  BOOST_TEST(!grad_enabled());
  second.reset();
  BOOST_TEST(grad_enabled());
  auto off = std::make_unique<GradModeGuard>(false), on = std::make_unique<GradModeGuard>(true);
  off.reset();
  BOOST_TEST(grad_enabled());
  on.reset();
  BOOST_TEST(grad_enabled());
  // The newest that lives counts.
  auto a = std::make_unique<GradModeGuard>(false), b = std::make_unique<GradModeGuard>(true),
       c = std::make_unique<GradModeGuard>(false);
  b.reset();
  c.reset();
  BOOST_TEST(!grad_enabled());
  a.reset();
  BOOST_TEST(grad_enabled());
  {
    std::vector<std::unique_ptr<NoGradGuard>> many;
    for (int i = 0; i < 100; ++i) many.push_back(std::make_unique<NoGradGuard>());
    for (auto& guard : many) guard.reset();
    BOOST_TEST(grad_enabled());
  }
  {
    const NoGradGuard outer;
    std::optional<GradModeGuard> inner(true);
    BOOST_TEST(grad_enabled());
    inner.reset();
    BOOST_TEST(!grad_enabled());
  }
  BOOST_TEST(grad_enabled());
}

BOOST_AUTO_TEST_CASE(a_guard_that_ends_on_another_thread) {
  auto guard = std::make_unique<NoGradGuard>();
  bool there = false;
  std::thread([&] {
    guard.reset();
    there = grad_enabled();
  }).join();
  BOOST_TEST(there);
  { const NoGradGuard next; }
  BOOST_TEST(grad_enabled());
}

BOOST_AUTO_TEST_CASE(anomaly_guards_that_end_in_another_order) {
  const Tensor x = tensor({-1.});
  auto first = std::make_unique<DetectAnomaly>(), second = std::make_unique<DetectAnomaly>();
  first.reset();
  BOOST_CHECK_THROW(log(x), ValueError);
  second.reset();
  BOOST_CHECK_NO_THROW(log(x));
}

// ---- operations of users ----

namespace {

struct Scale : Function<Scale> {
  static constexpr const char* name = "scale";
  static Tensor forward(Context& ctx, double factor, const Tensor& x) {
    ctx.save("factor", factor);
    return x * factor;
  }
  static std::vector<Tensor> backward(Context& ctx, const std::vector<Tensor>& g) {
    return {Tensor(), matmul(g[0], ones({7, 7})) * ctx.get<double>("factor")};
  }
};
struct Product : Function<Product> {
  static constexpr const char* name = "product";
  static Tensor forward(Context&, int, double, bool, const Tensor& x, const Tensor& y) { return matmul(x, y); }
  static std::vector<Tensor> backward(Context&, const std::vector<Tensor>&) { return {}; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(functions_name_the_line_and_the_operation_around) {
  const Tensor none, x = ones({2, 3}).requires_grad_();
  expect<ValueError>({"called at test_mistakes.cpp", "within scale (forward)"}, [&] { Scale::apply(0.5, none); });
  std::string line = next_line();
  const Tensor y = Scale::apply(0.5, x);
  expect<ShapeError>({"xgrad: matmul: ", "within scale (backward), called at " + line}, [&] { y.sum().backward(); });
  const std::string text = expect<ShapeError>({"xgrad: matmul: ", "within product (forward), called at test_mistakes"},
                                              [&] { Product::apply(1, 0.5, true, x, x); });
  BOOST_TEST(text.find("matmul (forward)") == std::string::npos);
  const auto wrong = custom_op(
      "wrong",
      [](const Tensor& a) {
        return matmul(a, ones({7, 7}));
      },
      [](const Tensor&, const Tensor&, const Tensor& g) { return g; });
  expect<ShapeError>({"xgrad: matmul: ", "within wrong (forward)"}, [&] { wrong(x); });
  // What is outside of them is not inside.
  const std::string plain = expect<ShapeError>({"matmul"}, [&] { matmul(x, x); });
  BOOST_TEST(plain.find("within") == std::string::npos);
}

// ---- training loops ----

BOOST_AUTO_TEST_CASE(a_weight_that_is_replaced_is_no_leaf) {
  const auto train = [] {
    Tensor w = ones({2}).requires_grad_();
    for (int step = 0; step < 2; ++step) {
      (w * w).sum().backward();
      w = w - 0.1 * w.grad();
    }
  };
  expect<ValueError>({"undefined", "of a result of sub", "only leaves", "NoGradGuard", "w -= lr * w.grad()"}, train);
  const Tensor leaf = ones({2}).requires_grad_();
  expect<ValueError>({"of a leaf", "no gradient has arrived", "backward()"}, [&] { leaf* leaf.grad(); });
  // Another undefined tensor has nothing to do with it.
  const Tensor nothing;
  const std::string text = expect<ValueError>({"undefined"}, [&] { leaf* nothing; });
  BOOST_TEST(text.find("grad()") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_state_that_is_not_detached) {
  const Tensor x = ones({5, 2, 3});
  expect<AutogradError>({"graph already freed", "state = state.detach()"}, [&] {
    const nn::LSTM lstm(3, 4);
    LSTMState state{zeros({1, 2, 4}), zeros({1, 2, 4})};
    for (int step = 0; step < 2; ++step) {
      LSTMOutput out = lstm(x, state);
      out.output.sum().backward();
      state = out.state;
    }
  });
  const nn::LSTM lstm(3, 4);
  LSTMState state{zeros({1, 2, 4}), zeros({1, 2, 4})};
  for (int step = 0; step < 2; ++step) {
    LSTMOutput out = lstm(x, state);
    out.output.sum().backward();
    state = out.state.detach();
  }
}

// ---- memory ----

BOOST_AUTO_TEST_CASE(memory_names_operation_result_and_line) {
  constexpr std::int64_t n = std::int64_t{1} << 21;
  const Tensor x = zeros({1, 1}), wide = x.expand({n, n}), column = zeros({n, 1}), row = zeros({1, n});
  const std::vector<std::string> facts{"cannot allocate 16 TiB", "f32 (2097152, 2097152)"};
  expect_op<OutOfMemoryError>("add", facts, [&] { wide + 1; });
  expect_op<OutOfMemoryError>("mul", facts, [&] { column* row; });
  expect_op<OutOfMemoryError>("matmul", facts, [&] { matmul(column, row); });
  expect_op<OutOfMemoryError>("relu", facts, [&] { relu(wide); });
  expect_op<OutOfMemoryError>("exp", facts, [&] { exp(wide); });
  expect_op<OutOfMemoryError>("clone", facts, [&] { wide.clone(); });
  expect_op<OutOfMemoryError>("contiguous", facts, [&] { wide.contiguous(); });
  expect_op<OutOfMemoryError>("softmax", {"cannot allocate"}, [&] { softmax(wide, -1); });
  expect_op<OutOfMemoryError>("cat", {"cannot allocate 32 TiB", "(4194304, 2097152)"}, [&] { cat({wide, wide}); });
  expect_op<OutOfMemoryError>("to", {"32 TiB", "f64"}, [&] { wide.to(kFloat64); });
  expect_op<OutOfMemoryError>("ones", facts, [&] { ones({n, n}); });
  expect<OutOfMemoryError>({"cannot allocate", "f32 (10000000, 1000000)", "called at " + next_line()},
                           [&] { nn::Linear(1'000'000, 10'000'000); });
  expect<OutOfMemoryError>({"f32 (1000000, 1000000, 3, 3)", "called at " + next_line()},
                           [&] { nn::Conv2d(1'000'000, 1'000'000, 3); });
  // Where a pass reaches it, the operation of the forward pass is named.
  const Tensor leaf = zeros({1, 1}).requires_grad_();
  const std::string line = next_line();
  const Tensor y = narrow(leaf.expand({n, n}), 0, 0, 1);
  expect<OutOfMemoryError>({"cannot allocate", "in its backward", "called at " + line}, [&] { y.sum().backward(); });
}

// ---- names and tables ----

BOOST_AUTO_TEST_CASE(tied_weights_keep_their_first_name) {
  struct Model : nn::Layer<Model> {
    nn::Embedding embedding = register_module("embedding", nn::Embedding(5, 3));
    nn::Linear decoder = register_module("decoder", nn::Linear::from_weight(embedding.weight, zeros({5})));
    Tensor forward(const Tensor& x) const { return decoder(embedding(x)); }
  };
  struct Outer : nn::Layer<Outer> {
    Model body = register_module("body", Model());
    Tensor forward(const Tensor& x) const { return body(x); }
  };
  const Model net;
  BOOST_TEST(net.embedding.weight.name() == "embedding.weight");
  BOOST_TEST(net.decoder.bias.name() == "decoder.bias");
  const Outer outer;
  BOOST_TEST(outer.body.decoder.weight.name() == "body.embedding.weight");
  BOOST_TEST(outer.body.decoder.bias.name() == "body.decoder.bias");
}

BOOST_AUTO_TEST_CASE(names_are_known_behind_views) {
  Tensor x = ones({2, 3}), w = ones({4, 3}).requires_grad_();
  x.set_name("images");
  expect<ShapeError>({"images (view)  f32 (1, 3)"}, [&] { matmul(x.slice(0, 0, 1), x); });
  const Tensor y = matmul(w, x.view({3, 2}));
  bool found = false;
  for (const tape::OpNode& node : tape::collect(y).nodes)
    for (const auto& in : node.inputs) found |= in.source && in.source->name == "images (view)";
  BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(summary_shows_functions_of_a_sequential) {
  const nn::Sequential net(
      nn::Linear(2, 3), [](const Tensor& x) { return relu(x); }, nn::Sequential(nn::Linear(3, 4), xgrad::gelu));
  const std::string text = train::summary(net, ones({5, 2})).text;
  BOOST_TEST(count_of(text, "Function") == 2u);
  BOOST_TEST(text.find("├─1") != std::string::npos);
  BOOST_TEST(text.find("└─1") != std::string::npos);
  BOOST_TEST(count_of(text, "(5, 3)") == 2u);
}

BOOST_AUTO_TEST_CASE(bands_are_below_lines) {
  const TempDir dir;
  const std::vector<double> x{0, 1, 2}, low{0, 0, 0}, high{2, 2, 2}, y{1, 1, 1};
  const auto drawn = [&](viz::Plot plot) {
    plot.save(dir / "p.svg");
    const std::string svg = read_file(dir / "p.svg");
    return svg.substr(svg.find("clip-path=\"url(#area)\""));
  };
  const std::string last = drawn(viz::Plot().line(x, y, {.color = "#123456"}).band(x, low, high, {.color = "#ABCDEF"}));
  BOOST_TEST(last.find("#ABCDEF") < last.find("#123456"));
  const std::string first =
      drawn(viz::Plot().band(x, low, high, {.color = "#ABCDEF"}).line(x, y, {.color = "#123456"}));
  BOOST_TEST(first.find("#ABCDEF") < first.find("#123456"));
}

BOOST_AUTO_TEST_SUITE_END()
