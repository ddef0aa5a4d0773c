// Forms that programs for libtorch use: results as tuples, empty layers, options that are one value, types alone.
#include <sstream>
#include <tuple>

#include <xgrad/custom.hpp>
#include <xgrad/xgrad.hpp>

#include "support.hpp"

using namespace xgrad;

namespace {

template <class T>
std::string text(const T& value) {
  std::ostringstream os;
  os << value;
  return os.str();
}

struct Late : nn::Layer<Late> {
  nn::Linear fc = nullptr;
  nn::LSTM lstm = nullptr;
  nn::ReLU act = nullptr;
  nn::GELU gelu = nullptr;
  nn::Sequential body = nullptr;
  nn::Conv2d conv = nullptr;
  nn::MaxPool2d pool{nullptr};
  nn::MSELoss loss = nullptr;
  Late() { fc = register_module("fc", nn::Linear(2, 3)); }
  Tensor forward(const Tensor& x) const { return fc(x); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(libtorch_forms)

BOOST_AUTO_TEST_CASE(parts_of_results_by_number) {
  const Tensor x = tensor({{1., 5., 2.}, {7., 0., 3.}});
  BOOST_TEST((std::get<0>(max(x, 1)).to_vector<float>() == std::vector<float>{5, 7}));
  BOOST_TEST((std::get<1>(max(x, 1)).to_vector<int>() == std::vector<int>{1, 0}));
  ValuesIndices kept = max(x, 1);
  BOOST_TEST(&std::get<0>(kept) == &kept.values);
  BOOST_TEST(&std::get<1>(std::as_const(kept)) == &kept.indices);
  std::get<0>(kept) = x;
  BOOST_TEST(kept.values.is_same(x));

  nn::LSTM lstm(3, 4);
  const Tensor sequence = rand({5, 2, 3});
  const LSTMOutput y = lstm(sequence);
  BOOST_TEST((std::get<0>(lstm(sequence)).to_vector<float>() == y.output.to_vector<float>()));
  BOOST_TEST((std::get<1>(std::get<1>(lstm(sequence))).to_vector<float>() == y.state.c.to_vector<float>()));
}

BOOST_AUTO_TEST_CASE(results_go_into_variables_by_tie) {
  const Tensor x = tensor({{1., 5., 2.}, {7., 0., 3.}});
  Tensor values, indices;
  std::tie(values, indices) = max(x, 1);
  BOOST_TEST((values.to_vector<float>() == std::vector<float>{5, 7}));
  BOOST_TEST((indices.to_vector<int>() == std::vector<int>{1, 0}));
  std::tie(std::ignore, indices) = min(x, 1);
  BOOST_TEST((indices.to_vector<int>() == std::vector<int>{0, 1}));

  nn::LSTM lstm(3, 4);
  nn::GRU gru(3, 4);
  nn::MultiheadAttention attention(4, 2);
  const Tensor sequence = rand({5, 2, 3}), tokens = rand({5, 2, 4});
  Tensor y, h, c;
  LSTMState state;
  std::tie(y, state) = lstm(sequence);
  std::tie(h, c) = lstm(sequence).state;
  BOOST_TEST((state.c.to_vector<float>() == c.to_vector<float>()));
  std::tie(y, h) = gru(sequence);
  BOOST_TEST(y.shape() == Shape({5, 2, 4}));
  BOOST_TEST(h.shape() == Shape({1, 2, 4}));
  std::tie(y, std::ignore) = attention(tokens, tokens, tokens);
  BOOST_TEST(y.shape() == tokens.shape());
  const auto [again, weights] = attention(tokens, tokens, tokens);
  BOOST_TEST((again.to_vector<float>() == y.to_vector<float>()));
  BOOST_TEST(weights.shape() == Shape({2, 5, 5}));
}

BOOST_AUTO_TEST_CASE(results_print_their_parts) {
  nn::MultiheadAttention attention(4, 2);
  const Tensor x = rand({3, 1, 4});
  const std::string shown = text(attention(x, x, x));
  BOOST_TEST(shown.starts_with("output=tensor("));
  BOOST_TEST(shown.find(",\nweights=tensor(") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(layers_are_empty_until_they_are_assigned) {
  Late net;
  BOOST_TEST(!net.lstm);
  BOOST_TEST(!net.act);
  BOOST_TEST(!net.gelu);
  BOOST_TEST(!net.body);
  BOOST_TEST(!net.conv);
  BOOST_TEST(!net.pool);
  BOOST_TEST(!net.loss);
  BOOST_TEST(net(ones({1, 2})).shape() == Shape({1, 3}));
  BOOST_CHECK_THROW(net.act(ones({1})), ValueError);
  // Neither 0 nor an empty list makes an empty layer.
  static_assert(!std::is_constructible_v<nn::Linear, int>);
  static_assert(!std::is_default_constructible_v<nn::Linear>);
  static_assert(!std::is_convertible_v<int, nn::ReLU>);
  BOOST_TEST(bool(nn::ReLU()));
  BOOST_TEST(bool(nn::GELU({})));
}

BOOST_AUTO_TEST_CASE(one_value_stands_for_options_of_one_member) {
  const Tensor x = tensor({{-1., 2.}, {3., -4.}});
  const auto same = [&](const auto& a, const auto& b) {
    return a(x).template to_vector<float>() == b(x).template to_vector<float>();
  };
  BOOST_TEST(same(nn::LeakyReLU(0.2), nn::LeakyReLU({.negative_slope = 0.2})));
  BOOST_TEST(same(nn::LeakyReLU(1), nn::LeakyReLU({.negative_slope = 1})));
  BOOST_TEST(same(nn::ELU(0.5f), nn::ELU({.alpha = 0.5})));
  BOOST_TEST(same(nn::Softmax(0), nn::Softmax({.dim = 0})));
  BOOST_TEST(same(nn::LogSoftmax(0L), nn::LogSoftmax({.dim = 0})));
  BOOST_TEST(same(nn::GELU(Gelu::tanh), nn::GELU({.approximate = Gelu::tanh})));
  BOOST_TEST((nn::MSELoss(Reduction::sum)(x, zeros({2, 2})).item<float>() == 30));
  static_assert(!std::is_constructible_v<nn::Softmax, double>);
  static_assert(!std::is_constructible_v<nn::Softmax, bool>);
  static_assert(!std::is_constructible_v<nn::LeakyReLU, bool>);
  static_assert(!std::is_constructible_v<nn::MSELoss, int>);

  optim::SGD opt({ones({1}).requires_grad_()}, {.lr = 1});
  optim::StepLR steps(opt, 1, 0.5);
  steps.step();
  BOOST_TEST(opt.lr() == 0.5);
  optim::MultiStepLR milestones(opt, {1}, 0.5);
  milestones.step();
  BOOST_TEST(opt.lr() == 0.25);
  optim::SGD other({ones({1}).requires_grad_()}, {.lr = 1});
  optim::CosineAnnealingLR cosine(other, 1, 0.25);
  cosine.step();
  BOOST_TEST(other.lr() == 0.25);
}

BOOST_AUTO_TEST_CASE(ranges_of_a_type) {
  BOOST_TEST(arange(3, kFloat32).dtype() == kFloat32);
  BOOST_TEST((arange(1, 3, kFloat64).to_vector<double>() == std::vector<double>{1, 2}));
  BOOST_TEST((arange(0, 5, 2, kInt32).to_vector<int>() == std::vector<int>{0, 2, 4}));
  BOOST_TEST(arange(3, {.dtype = kFloat32, .requires_grad = true}).requires_grad());
  BOOST_TEST(arange(0, 3, {.dtype = kFloat64}).dtype() == kFloat64);
  BOOST_TEST(arange(0, 3).dtype() == kInt64);
}

BOOST_AUTO_TEST_CASE(one_function_of_the_epoch_or_one_for_each_group) {
  optim::SGD opt({ones({1}).requires_grad_()}, {.lr = 1});
  opt.add_param_group({{ones({1}).requires_grad_()}, {}});
  const auto half = [](std::int64_t) { return 0.5; };
  const optim::LRLambdas::Lambda third = [](std::int64_t) { return 1. / 3; };
  optim::LambdaLR all(opt, half);
  BOOST_TEST(opt.lr(0) == 0.5);
  BOOST_TEST(opt.lr(1) == 0.5);
  optim::LambdaLR each(opt, {half, third});
  BOOST_TEST(opt.lr(0) == 0.5);
  BOOST_TEST(opt.lr(1) == 1. / 3);
}

BOOST_AUTO_TEST_SUITE_END()
