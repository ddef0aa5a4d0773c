// Loss modules: they are the functions with their options, keep their constants in the state, and name errors.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/nn.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

BOOST_AUTO_TEST_SUITE(loss_modules)

BOOST_AUTO_TEST_CASE(modules_are_the_functions) {
  manual_seed(2);
  const Tensor x = randn({4, 3}), y = randn({4, 3}), p = sigmoid(x), q = sigmoid(y), t = tensor({0, 2, 1, 1});
  const Tensor w = tensor({0.5, 1.0, 2.0});
  const Reduction sum = Reduction::sum;
  BOOST_TEST(same_bits(nn::MSELoss()(x, y), mse_loss(x, y)));
  BOOST_TEST(same_bits(nn::MSELoss({.reduction = sum})(x, y), mse_loss(x, y, sum)));
  BOOST_TEST(same_bits(nn::L1Loss()(x, y), l1_loss(x, y)));
  BOOST_TEST(same_bits(nn::SmoothL1Loss({.beta = 0.5})(x, y), smooth_l1_loss(x, y, Reduction::mean, 0.5)));
  BOOST_TEST(same_bits(nn::HuberLoss({.reduction = sum, .delta = 0.5})(x, y), huber_loss(x, y, sum, 0.5)));
  BOOST_TEST(same_bits(nn::BCELoss({.weight = w})(p, q), binary_cross_entropy(p, q, w)));
  BOOST_TEST(same_bits(nn::BCEWithLogitsLoss({.pos_weight = w})(x, q),
                       binary_cross_entropy_with_logits(x, q, {.pos_weight = w})));
  BOOST_TEST(same_bits(nn::CrossEntropyLoss({.weight = w, .label_smoothing = 0.1})(x, t),
                       cross_entropy(x, t, {.weight = w, .label_smoothing = 0.1})));
  BOOST_TEST(same_bits(nn::CrossEntropyLoss({.ignore_index = 1})(x, t), cross_entropy(x, t, {.ignore_index = 1})));
  const Tensor l = log_softmax(x, 1), s = softmax(y, 1);
  BOOST_TEST(
      same_bits(nn::NLLLoss({.reduction = Reduction::none})(l, t), nll_loss(l, t, {.reduction = Reduction::none})));
  BOOST_TEST(
      same_bits(nn::KLDivLoss({.reduction = KlReduction::batchmean})(l, s), kl_div(l, s, KlReduction::batchmean)));
  BOOST_TEST(same_bits(nn::PoissonNLLLoss()(x, p), poisson_nll_loss(x, p)));
  BOOST_TEST(same_bits(nn::GaussianNLLLoss()(x, y, p), gaussian_nll_loss(x, y, p)));
  const Tensor sign_ = tensor({1.0, -1.0, 1.0, -1.0});
  BOOST_TEST(same_bits(nn::CosineEmbeddingLoss({.margin = 0.2})(x, y, sign_), cosine_embedding_loss(x, y, sign_, 0.2)));
  BOOST_TEST(same_bits(nn::TripletMarginLoss({.swap = true})(x, y, p), triplet_margin_loss(x, y, p, {.swap = true})));
  BOOST_TEST(
      same_bits(nn::MarginRankingLoss({.margin = 1})(x, y, ones({4, 3})), margin_ranking_loss(x, y, ones({4, 3}), 1)));
  BOOST_TEST(same_bits(nn::MultiMarginLoss({.p = 2})(x, t), multi_margin_loss(x, t, {.p = 2})));
  BOOST_TEST(same_bits(nn::MultiLabelSoftMarginLoss()(x, q), multilabel_soft_margin_loss(x, q)));
  BOOST_TEST(same_bits(nn::SoftMarginLoss()(x, y), soft_margin_loss(x, y)));
  BOOST_TEST(same_bits(nn::HingeEmbeddingLoss()(p, sign(y)), hinge_embedding_loss(p, sign(y))));
  const Tensor labels = tensor({{0, 2, -1}, {1, -1, 0}, {2, 1, 0}, {-1, 0, 0}});
  BOOST_TEST(same_bits(nn::MultiLabelMarginLoss()(x, labels), multilabel_margin_loss(x, labels)));
}

BOOST_AUTO_TEST_CASE(constants_belong_to_the_state) {
  nn::CrossEntropyLoss loss({.weight = tensor({1.0, 2.0})});
  const NamedTensors state = loss.state_dict();
  BOOST_TEST(state.size() == 1u);
  BOOST_TEST(state[0].first == "weight");
  BOOST_TEST(loss.parameters().empty());
  loss.to(kFloat64);
  check_close(loss(zeros({1, 2}, {kFloat64}), tensor({1})), {std::log(2.0)});
  BOOST_TEST(nn::MSELoss().state_dict().empty());
}

BOOST_AUTO_TEST_CASE(a_loss_is_a_step_with_a_module) {
  nn::Linear fc(2, 1);
  nn::MSELoss criterion;
  criterion(fc(ones({4, 2})), zeros({4, 1})).backward();
  BOOST_TEST(fc.weight.grad().defined());
  int calls = 0;
  criterion.register_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
    ++calls;
    return Tensor();
  });
  criterion(ones({1}), ones({1}));
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(errors_name_the_module) {
  expect<ValueError>({"input 1.5 outside [0, 1]", "BCELoss"}, [] { nn::BCELoss()(tensor({1.5}), ones({1})); });
  expect<IndexError>({"target 3 at row 1 outside 0..2", "CrossEntropyLoss"}, [] {
    nn::CrossEntropyLoss()(zeros({2, 3}), tensor({0, 3}));
  });
  expect<ShapeError>({"differ in shape"}, [] { nn::MSELoss()(zeros({2}), zeros({2, 1})); });
  expect<ValueError>({"var -1 is negative"}, [] { nn::GaussianNLLLoss()(zeros({1}), zeros({1}), tensor({-1.0})); });
  expect<ValueError>({"delta must be positive"}, [] { nn::HuberLoss({.delta = -1})(zeros({1}), zeros({1})); });
}

BOOST_AUTO_TEST_CASE(ctc_by_hand) {
  // Two steps, classes blank and 1, each with probability 1/2: "1" is read from 11, 1-, -1.
  Tensor p = full({2, 1, 2}, std::log(0.5), {kFloat64}).requires_grad_();
  const Tensor one = ones({1, 1}, {kInt64}), two = full({1}, 2, {kInt64}), length = ones({1}, {kInt64});
  const Tensor loss = nn::CTCLoss({.reduction = Reduction::sum})(p, one, two, length);
  BOOST_TEST(std::abs(loss.item() + std::log(0.75)) < 1e-12);
  loss.backward();
  check_close(p.grad(), {-1. / 3, -2. / 3, -1. / 3, -2. / 3}, 1e-12);  // how likely each class is at each time
  // Two equal labels need a blank between them.
  const Tensor twice = ones({1, 2}, {kInt64});
  BOOST_TEST(std::isinf(ctc_loss(p, twice, two, two).item()));
  const Tensor none = ctc_loss(p, twice, two, two, {.zero_infinity = true});
  BOOST_TEST(none.item() == 0);
  p.zero_grad();
  none.backward();
  check_close(p.grad(), {0, 0, 0, 0}, 0);
  // No second derivative, and no silent one.
  expect<AutogradError>({"ctc_loss: is differentiable only once"},
                        [&] { grad({ctc_loss(p, one, two, length)}, {p}, {}, {.create_graph = true}); });
}

BOOST_AUTO_TEST_SUITE_END()
