// keras::Sequential: layers against values worked out by hand and Keras's counts of parameters, losses, first values,
// update rules, callbacks, and what is refused.
#include <cmath>
#include <fstream>
#include <sstream>

#include <xgrad/keras.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace fs = std::filesystem;

namespace {

using Layers = std::vector<keras::Layer>;

// What a stack of layers gives.
Tensor through(Layers layers, const Tensor& x) { return keras::Sequential(std::move(layers)).predict(x); }

Tensor image(std::int64_t h, std::int64_t w) { return arange(h * w).to(kFloat32).reshape({1, h, w, 1}); }

std::int64_t count(Layers layers, bool trainable = false) {
  return keras::Sequential(std::move(layers)).net().num_parameters(trainable);
}

// A model of one weight w, at first 1, whose loss is w: every gradient is 1.
keras::Sequential one_weight(keras::OptimizerChoice optimizer) {
  keras::Sequential model({keras::Input({1}), keras::Dense(1, {.use_bias = false, .kernel_initializer = "ones"})});
  model.compile({.optimizer = std::move(optimizer), .loss = [](const Tensor&, const Tensor& p) { return p.mean(); }});
  return model;
}
double weight(keras::Sequential& model) { return model.net().parameters()[0].item(); }

// Values of "val_loss" that a test wants to see.
class Scripted final : public keras::Callback {
 public:
  explicit Scripted(std::vector<double> values) : values_(std::move(values)) {}
  void on_epoch_end(keras::Sequential&, std::int64_t epoch, keras::Logs& logs) override {
    logs["val_loss"] = values_.at(static_cast<std::size_t>(epoch));
  }

 private:
  std::vector<double> values_;
};

keras::History run(keras::Sequential& model, std::vector<keras::CallbackPart> callbacks, std::int64_t epochs) {
  return model.fit(ones({4, 1}), zeros({4}), {.epochs = epochs, .verbose = 0, .callbacks = std::move(callbacks)});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(keras_front)

// The convolutional network of Keras's example "Simple MNIST convnet", whose page gives 34,826 parameters.
BOOST_AUTO_TEST_CASE(the_example_of_keras_has_its_parameters) {
  keras::Sequential model({keras::Input({28, 28, 1}), keras::Conv2D(32, {3, 3}, {.activation = "relu"}),
                           keras::MaxPooling2D({2, 2}), keras::Conv2D(64, {3, 3}, {.activation = "relu"}),
                           keras::MaxPooling2D({2, 2}), keras::Flatten(), keras::Dropout(0.5),
                           keras::Dense(10, {.activation = "softmax"})});
  const train::Summary summary = model.summary();
  BOOST_TEST((summary.parameters == 34826 && summary.trainable == 34826));
  BOOST_TEST(summary.text.find("conv2d_1") != std::string::npos);
  const Tensor p = model.predict(rand({3, 28, 28, 1}));
  BOOST_TEST((p.shape() == Shape{3, 10}));
  check_close(p.sum(1), {1, 1, 1}, 1e-5);
}

BOOST_AUTO_TEST_CASE(convolutions_are_channels_last) {
  const keras::Conv2DOptions ones_of{.kernel_initializer = "ones"};
  check_close(through({keras::Conv2D(1, 2, ones_of)}, image(3, 3)), {8, 12, 20, 24});
  // ceil(4 / 2) windows; the one row and column that lack stand behind.
  const keras::Conv2DOptions same{.strides = 2, .padding = "same", .kernel_initializer = "ones"};
  check_close(through({keras::Conv2D(1, 3, same)}, image(4, 4)), {45, 39, 66, 50});
  // Of both sides of 5.
  check_close(through({keras::Conv2D(1, {1, 3}, same)}, image(1, 5)), {1, 6, 7});
  // Dilated windows are wider.
  const keras::Conv2DOptions wide{.padding = "same", .dilation_rate = 2, .kernel_initializer = "ones"};
  check_close(through({keras::Conv2D(1, {1, 3}, wide)}, image(1, 5)), {2, 4, 6, 4, 6});
  // The activation sees the channels last.
  const Tensor p = through({keras::Conv2D(3, 1, {.activation = "softmax"})}, rand({2, 4, 5, 2}));
  BOOST_TEST((p.shape() == Shape{2, 4, 5, 3}));
  check_close(p.sum(3).flatten(), std::vector<double>(40, 1), 1e-5);
  BOOST_TEST(count({keras::Input({8, 8, 4}), keras::Conv2D(6, 3, {.groups = 2})}) == 6 * 2 * 9 + 6);
}

BOOST_AUTO_TEST_CASE(pooling) {
  check_close(through({keras::MaxPooling2D()}, image(4, 4)), {5, 7, 13, 15});
  check_close(through({keras::MaxPooling2D(2, {.strides = 1})}, -image(2, 3)), {0, -1});
  check_close(through({keras::MaxPooling2D(2, {.padding = "same"})}, -image(3, 3) - 1), {-1, -3, -7, -9});
  check_close(through({keras::AveragePooling2D()}, image(4, 4)), {2.5, 4.5, 10.5, 12.5});
  check_close(through({keras::AveragePooling2D(2, {.padding = "same"})}, image(3, 3)), {2, 3.5, 6.5, 8});
  check_close(through({keras::GlobalAveragePooling2D()}, cat({image(2, 2), 10 * image(2, 2)}, 3)), {1.5, 15});
  check_close(through({keras::GlobalAveragePooling1D()}, tensor({{{1.f, 2.f}, {3.f, 4.f}}})), {2, 3});
}

BOOST_AUTO_TEST_CASE(layout_of_flatten) {
  const Tensor x = arange(12).to(kFloat32).reshape({1, 2, 2, 3});
  check_close(through({keras::Flatten()}, x), x.flatten().to_vector<double>());
  check_close(through({keras::MaxPooling2D(1), keras::Flatten()}, x), x.flatten().to_vector<double>());
  const Tensor identity = through({keras::Dropout(0.5), keras::Activation("linear")}, x);
  check_close(identity, x.flatten().to_vector<double>());
}

BOOST_AUTO_TEST_CASE(normalisations_have_keras_constants) {
  keras::Sequential model({keras::Input({2}), keras::BatchNormalization()});
  model.compile({.optimizer = keras::SGD({.learning_rate = 0}), .loss = "mse"});
  const Tensor x = tensor({{1.f, 10.f}, {3.f, 30.f}});
  model.fit(x, x, {.verbose = 0});
  const NamedTensors state = model.net().state_dict();
  for (const auto& [name, t] : state) {
    if (name.ends_with("running_mean")) check_close(t, {0.02, 0.2});  // 0.01 of the batch's
    if (name.ends_with("running_var")) check_close(t, {0.99 + 0.02, 0.99 + 2}, 1e-5);
  }
  // In training, (x - mean) / sqrt(var + 1e-3).
  model.net().train();
  check_close(model(x).select(1, 0), {-1 / std::sqrt(1.001), 1 / std::sqrt(1.001)}, 1e-6);
  BOOST_TEST((through({keras::BatchNormalization()}, rand({2, 4, 5, 3})).shape() == Shape{2, 4, 5, 3}));
  BOOST_TEST((through({keras::BatchNormalization()}, rand({2, 4, 3})).shape() == Shape{2, 4, 3}));
  check_close(through({keras::LayerNormalization()}, tensor({{1.f, 3.f}})),
              {-1 / std::sqrt(1.001), 1 / std::sqrt(1.001)}, 1e-6);
}

// Keras's counts: LSTM 4 u (c + u + 1), GRU with reset_after 3 u (c + u + 2), SimpleRNN u (c + u + 1).
BOOST_AUTO_TEST_CASE(recurrent_layers) {
  BOOST_TEST(count({keras::Input({7, 3}), keras::LSTM(5)}, true) == 4 * 5 * (3 + 5 + 1));
  BOOST_TEST(count({keras::Input({7, 3}), keras::GRU(5)}, true) == 3 * 5 * (3 + 5 + 2));
  BOOST_TEST(count({keras::Input({7, 3}), keras::SimpleRNN(5)}, true) == 5 * (3 + 5 + 1));
  BOOST_TEST(count({keras::Input({7, 3}), keras::LSTM(5, {.use_bias = false})}) == 4 * 5 * (3 + 5));
  BOOST_TEST(
      (through({keras::LSTM(5, {.return_sequences = true}), keras::GRU(4)}, rand({2, 7, 3})).shape() == Shape{2, 4}));
  keras::Sequential lstm({keras::Input({7, 3}), keras::LSTM(5)});
  for (const auto& [name, t] : lstm.net().named_parameters()) {
    if (name.ends_with("bias_hh_l0")) check_close(t, std::vector<double>(20, 0));
    if (name.ends_with("weight_hh_l0")) {
      const Tensor product = matmul(t.detach().transpose(0, 1), t.detach());  // orthonormal columns
      check_close(product, eye(5).to_vector<double>(), 1e-5);
    }
    if (name.ends_with("weight_ih_l0")) BOOST_TEST(abs(t.detach()).max().item() <= std::sqrt(6.0 / 23) + 1e-6);
    if (!name.ends_with("bias_ih_l0")) continue;
    std::vector<double> forget(20, 0);
    std::fill(forget.begin() + 5, forget.begin() + 10, 1);
    check_close(t, forget);
  }
  // h = tanh(w x + u h), with ones: tanh(1), tanh(1 + tanh(1))
  const keras::SimpleRNNOptions ones_of{
      .return_sequences = true, .kernel_initializer = "ones", .recurrent_initializer = "ones"};
  check_close(through({keras::SimpleRNN(1, ones_of)}, ones({1, 2, 1})), {std::tanh(1), std::tanh(1 + std::tanh(1))},
              1e-6);
}

// One layer of each direction, with the weights of the model's.
BOOST_AUTO_TEST_CASE(both_directions) {
  const Tensor x = randn({2, 5, 3});
  for (const bool all_steps : {false, true})
    for (const std::string mode : {"concat", "sum", "mul", "ave"}) {
      keras::Sequential model(
          {keras::Input({5, 3}),
           keras::Bidirectional(keras::LSTM(4, {.return_sequences = all_steps}), {.merge_mode = mode})});
      const Layers one{keras::Input({5, 3}), keras::LSTM(4, {.return_sequences = all_steps})};
      keras::Sequential there(one), back(one);
      NamedTensors forwards, backwards;
      for (const auto& [name, t] : model.net().state_dict()) {
        const std::string rest = name.substr(name.find("_layer.") + 7);
        (name.find("forward_layer") != std::string::npos ? forwards : backwards).push_back({"lstm." + rest, t});
      }
      there.net().load_state_dict(forwards);
      back.net().load_state_dict(backwards);
      const Tensor a = there.predict(x);
      Tensor b = back.predict(x.flip({1}));
      if (all_steps) b = b.flip({1});
      const Tensor want = mode == "concat" ? cat({a, b}, -1)
                          : mode == "sum"  ? a + b
                          : mode == "mul"  ? a * b
                                           : (a + b) / 2;
      const Tensor got = model.predict(x);
      BOOST_TEST((got.shape() == want.shape()));
      BOOST_TEST((got - want).abs().max().item() < 1e-6, mode);
      BOOST_TEST(!allclose(a, b));  // not the same weights twice
    }
  // Keras: 2 x 4 x 4 x (3 + 4 + 1) weights.
  BOOST_TEST(count({keras::Input({5, 3}), keras::Bidirectional(keras::LSTM(4))}, true) == 256);
  BOOST_TEST(through({keras::Bidirectional(keras::GRU(4))}, x).size(1) == 8);
  BOOST_TEST(through({keras::Bidirectional(keras::SimpleRNN(4)), keras::Dense(1)}, x).size(1) == 1);
  expect<ValueError>({"Bidirectional", "got dense"}, [] { keras::Bidirectional(keras::Dense(3)); });
  expect<ValueError>({"no merge_mode 'max'"}, [] { keras::Bidirectional(keras::LSTM(3), {.merge_mode = "max"}); });
}

BOOST_AUTO_TEST_CASE(embeddings) {
  keras::Sequential model(
      {keras::Input({4}), keras::Embedding(50, 8), keras::GlobalAveragePooling1D(), keras::Dense(1)});
  const Tensor table = model.net().parameters()[0].detach();
  BOOST_TEST((table.shape() == Shape{50, 8}));
  BOOST_TEST((abs(table).max().item() <= 0.05 && abs(table).max().item() > 0.045));
  BOOST_TEST((model.predict(tensor({{1, 2, 3, 49}})).shape() == Shape{1, 1}));
  expect<IndexError>({"50"}, [&] { model.predict(tensor({{1, 2, 3, 50}})); });
}

BOOST_AUTO_TEST_CASE(first_values_by_name) {
  const auto weights = [](keras::InitializerChoice first) {
    keras::Sequential model({keras::Input({300}), keras::Dense(100, {.kernel_initializer = std::move(first)})});
    return model.net().parameters()[0].detach();
  };
  const auto spread = [&](const char* name) { return std::sqrt(square(weights(name)).mean().item()); };
  BOOST_TEST(abs(weights("glorot_uniform")).max().item() <= std::sqrt(6.0 / 400));
  BOOST_TEST(std::fabs(spread("glorot_uniform") - std::sqrt(2.0 / 400)) < 0.002);
  BOOST_TEST(std::fabs(spread("glorot_normal") - std::sqrt(2.0 / 400)) < 0.002);
  BOOST_TEST(std::fabs(spread("he_normal") - std::sqrt(2.0 / 300)) < 0.002);
  BOOST_TEST(std::fabs(spread("he_uniform") - std::sqrt(2.0 / 300)) < 0.002);
  BOOST_TEST(std::fabs(spread("lecun_normal") - std::sqrt(1.0 / 300)) < 0.002);
  // Cut at two standard deviations of the normal distribution before the cut.
  BOOST_TEST(abs(weights("he_normal")).max().item() <= 2 * std::sqrt(2.0 / 300) / 0.87962566 + 1e-6);
  check_close(weights([](Tensor& w) { nn::init::constant_(w, 3); }).max(), {3});
  check_close(weights(nn::init::ones_).max(), {1});
}

BOOST_AUTO_TEST_CASE(losses) {
  const Tensor p = tensor({{0.1, 0.7, 0.2}, {0.3, 0.3, 0.4}}), y = tensor({1, 2});
  const double wanted = -(std::log(0.7) + std::log(0.4)) / 2;
  const auto value = [](const keras::Loss& loss, const Tensor& t, const Tensor& x) { return loss(t, x).item(); };
  const auto close = [](double got, double want) { BOOST_TEST(std::fabs(got - want) < 1e-6, got << " != " << want); };
  close(value("sparse_categorical_crossentropy", y, p), wanted);
  close(value("sparse_categorical_crossentropy", y.unsqueeze(1), 2 * p), wanted);  // shares of the sum
  close(value(keras::SparseCategoricalCrossentropy({.from_logits = true}), y, log(p)), wanted);
  close(value("categorical_crossentropy", tensor({{0, 1, 0}, {0, 0, 1}}), p), wanted);
  close(value(keras::CategoricalCrossentropy({true}), tensor({{0, 1, 0}, {0, 0, 1}}), log(p)), wanted);
  const Tensor q = tensor({{0.9}, {0.2}}), t = tensor({1, 0});
  close(value("binary_crossentropy", t, q), -(std::log(0.9) + std::log(0.8)) / 2);
  close(value(keras::BinaryCrossentropy({true}), t, log(q / (1 - q))), -(std::log(0.9) + std::log(0.8)) / 2);
  // Clipped at 1e-7.
  close(value("binary_crossentropy", tensor({1}), tensor({{0.}})), -std::log(1e-7));
  close(value("sparse_categorical_crossentropy", tensor({0}), tensor({{0., 1.}})), -std::log(1e-7));
  close(value("mse", t, q), (0.01 + 0.04) / 2);
  close(value("mean_absolute_error", t, q), 0.15);
  close(value("huber", tensor({0., 0.}), tensor({{0.5}, {3.}})), (0.125 + 2.5) / 2);
  close(value("kl_divergence", tensor({{0.5, 0.5}}), tensor({{0.25, 0.75}})),
        0.5 * std::log(2) + 0.5 * std::log(2.0 / 3));
  close(value([](const Tensor& a, const Tensor& b) { return abs(a - b); }, tensor({1., 2.}), tensor({1., 4.})), 1);
  expect<ValueError>({"compile: no loss 'crossentropy'; there are binary_crossentropy", next_line()},
                     [] { keras::Loss("crossentropy"); });
  expect<ShapeError>({"mean_squared_error"}, [&] { value("mse", ones({2, 3}), ones({2, 2})); });
}

// sum of w_i loss_i over n: weights do not change the divisor.
BOOST_AUTO_TEST_CASE(losses_with_weights) {
  const Tensor y = tensor({0., 1., 2., 4.}).to(kFloat32), p = tensor({{1.}, {1.}, {4.}, {1.}}).to(kFloat32);
  const Tensor w = tensor({1., 5., 0.5, 2.});
  using keras::Loss;
  BOOST_TEST(Loss("mse")(y, p, w).item() == (1 + 0 + 2 + 18) / 4.);
  BOOST_TEST(Loss("mae")(y, p, w).item() == (1 + 0 + 1 + 6) / 4.);
  BOOST_TEST(Loss("mse")(y, p, w.reshape({4, 1})).item() == Loss("mse")(y, p, w).item());
  const Tensor q = softmax(randn({4, 3}), 1), labels = tensor({0, 2, 1, 1}), bits = (rand({4, 3}) > 0.5).to(kFloat32);
  const Tensor hot = one_hot(labels, 3).to(kFloat32);
  const std::vector<std::pair<Loss, Tensor>> all{{"mse", bits},
                                                 {"mae", bits},
                                                 {"huber", bits},
                                                 {keras::Huber(0.1), bits},
                                                 {"binary_crossentropy", bits},
                                                 {keras::BinaryCrossentropy({.from_logits = true}), bits},
                                                 {"categorical_crossentropy", hot},
                                                 {keras::CategoricalCrossentropy({.from_logits = true}), hot},
                                                 {"sparse_categorical_crossentropy", labels},
                                                 {keras::SparseCategoricalCrossentropy({.from_logits = true}), labels},
                                                 {"kl_divergence", hot}};
  for (const auto& [loss, target] : all) {
    double sum = 0;
    for (int i = 0; i < 4; ++i) sum += w[i].item() * loss(target.slice(0, i, i + 1), q.slice(0, i, i + 1)).item();
    BOOST_TEST(loss(target, q, w).item() == sum / 4, boost::test_tools::tolerance(1e-5));
    BOOST_TEST(loss(target, q, ones({4})).item() == loss(target, q).item(), boost::test_tools::tolerance(1e-5));
    BOOST_TEST(loss(target, q, Tensor()).item() == loss(target, q).item());
  }
  // Of steps: (n) counts for all steps of a sample, (n, steps) for each.
  const Tensor steps = softmax(randn({2, 3, 4}), 2), words = tensor({{0, 1, 2}, {3, 3, 0}});
  const Loss sparse = "sparse_categorical_crossentropy";
  const Tensor of_samples = tensor({2., 3.}), of_steps = tensor({{2., 2., 2.}, {3., 3., 3.}});
  BOOST_TEST(sparse(words, steps, of_samples).item() == sparse(words, steps, of_steps).item());
  const Loss mine = [](const Tensor& t, const Tensor& v) { return square(t - v.flatten()); };
  BOOST_TEST(mine(y, p, w).item() == Loss("mse")(y, p, w).item());
  const Loss mean_of_all = [](const Tensor& t, const Tensor& v) { return square(t - v.flatten()).mean(); };
  expect<ValueError>({"a number for each sample"}, [&] { mean_of_all(y, p, w); });
  expect<ShapeError>({"sample_weight", "(3)"}, [&] { mine(y, p, ones({3})); });
  expect<ShapeError>({"sample_weight", "(2, 4)"}, [&] { sparse(words, steps, ones({2, 4})); });
}

BOOST_AUTO_TEST_CASE(targets_that_do_not_fit_the_loss) {
  const Tensor x = rand({8, 2}), y = tensor({0, 1, 2, 0, 1, 2, 0, 1});
  const auto model = [](const keras::Loss& loss) {
    keras::Sequential m({keras::Input({2}), keras::Dense(3, {.activation = "softmax"})});
    m.compile({.loss = loss});
    return m;
  };
  keras::Sequential sparse = model("sparse_categorical_crossentropy"), dense = model("categorical_crossentropy");
  expect<ShapeError>({"sparse_categorical_crossentropy", "one-hot targets: categorical_crossentropy", next_line()},
                     [&] { sparse.fit(x, one_hot(y, 3), {.verbose = 0}); });
  expect<ShapeError>({"categorical_crossentropy", "(8)", "(8, 3)", "classes: sparse_categorical", next_line()},
                     [&] { dense.fit(x, y, {.verbose = 0}); });
  expect<IndexError>({"label 3 is outside 0..2", "a unit for each class", next_line()},  //
                     [&] { sparse.evaluate(x, y + 1); });
  expect<IndexError>({"label -100 is outside 0..2"}, [&] { sparse.evaluate(x, y.where(y > 0, full({}, -100))); });
  expect<ValueError>({"whole numbers", next_line()},  //
                     [&] { sparse.evaluate(x, y.to(kFloat32) + 0.5); });
  // Evaluation that threw leaves the mode of training.
  BOOST_TEST(sparse.net().is_training());
  keras::Sequential constant = model([](const Tensor& t, const Tensor&) { return t.to(kFloat32); });
  expect<AutogradError>({"nothing to differentiate", next_line()},  //
                        [&] { constant.fit(x, y, {.verbose = 0}); });
  expect<ShapeError>({"mean_squared_error", "targets (2, 3)"},  //
                     [&] {
                       keras::Loss("mse")(ones({2, 3}), ones({2, 2}));
                     });
}

BOOST_AUTO_TEST_CASE(accuracies) {
  const auto value = [](const Tensor& p, const Tensor& y, const char* name = "accuracy") {
    const keras::MetricChoice accuracy = name;
    accuracy.metric().update(p, y);
    return accuracy.metric().compute();
  };
  BOOST_TEST(value(tensor({{0.6}, {0.4}, {0.7}, {0.2}}), tensor({1, 1, 1, 0})) == 0.75);
  BOOST_TEST(value(tensor({{0.1, 0.9}, {0.8, 0.2}}), tensor({1, 1})) == 0.5);
  BOOST_TEST(value(tensor({{0.1, 0.9}, {0.8, 0.2}}), tensor({{1}, {0}})) == 1);
  BOOST_TEST(value(tensor({{0.1, 0.9}, {0.8, 0.2}}), tensor({{0, 1}, {0, 1}})) == 0.5);
  // Keras compares the target with 0 or 1: 2 and 0.9 are neither.
  BOOST_TEST(value(tensor({{0.6}, {0.6}, {0.7}, {0.2}}), tensor({2., 0.9, 1., 0.})) == 0.5);
  BOOST_TEST(value(tensor({{0.6, 0.4}, {0.7, 0.8}}), tensor({{1, 1}, {1, 1}}), "binary_accuracy") == 0.75);
  BOOST_TEST(value(tensor({{0.1, 0.9}, {0.8, 0.2}}), tensor({1, 1}), "sparse_categorical_accuracy") == 0.5);
  BOOST_TEST(value(tensor({{0.1, 0.9}, {0.8, 0.2}}), tensor({{0, 1}, {1, 0}}), "categorical_accuracy") == 1);
  expect<ShapeError>({"accuracy"}, [&] { value(ones({3, 1}), ones({1})); });
  expect<ValueError>({"no metric 'precise'"}, [] { keras::MetricChoice("precise"); });
}

BOOST_AUTO_TEST_CASE(update_rules_are_those_of_keras) {
  // v = m v - lr g keeps its speed when the rate falls: w = 1 - 0.1, then v = -0.05 - 0.01
  keras::Sequential sgd = one_weight(keras::SGD({.learning_rate = 0.1, .momentum = 0.5}));
  run(sgd, {}, 1);
  BOOST_TEST(std::fabs(weight(sgd) - 0.9) < 1e-6);
  sgd.set_learning_rate(0.01);
  run(sgd, {}, 1);
  BOOST_TEST(std::fabs(weight(sgd) - (0.9 - 0.06)) < 1e-6);
  // lr sqrt(1 - b2) / (1 - b1) m / (sqrt(v) + e), with m = 0.1 and v = 0.001
  keras::Sequential adam = one_weight(keras::Adam({.learning_rate = 0.1, .epsilon = 1}));
  run(adam, {}, 1);
  BOOST_TEST(std::fabs(weight(adam) - (1 - 0.1 * std::sqrt(0.001) / (std::sqrt(0.001) + 1))) < 1e-6);
  for (const char* name : {"sgd", "rmsprop", "adam", "adamw", "adagrad", "adadelta", "adamax", "nadam"}) {
    keras::Sequential model = one_weight(name);
    BOOST_TEST(model.learning_rate() == (std::string(name) == "sgd" ? 0.01 : 0.001));
    run(model, {}, 2);
    BOOST_TEST(weight(model) < 1);
  }
  expect<ValueError>({"compile: no optimizer 'adam2'"}, [] { keras::OptimizerChoice("adam2"); });
}

BOOST_AUTO_TEST_CASE(fit_learns_and_tells) {
  manual_seed(0);
  const Tensor x = rand({200, 2}) * 2 - 1, y = (x.select(1, 0) * x.select(1, 1) > 0).to(kInt64);
  keras::Sequential model(
      {keras::Input({2}), keras::Dense(16, {.activation = "tanh"}), keras::Dense(1, {.activation = "sigmoid"})});
  model.compile({.optimizer = keras::Adam({.learning_rate = 0.05}),
                 .loss = "binary_crossentropy",
                 .metrics = {"accuracy", "mse"}});
  const keras::History history =
      model.fit(x, y, {.batch_size = 20, .epochs = 40, .verbose = 0, .validation_split = 0.25});
  BOOST_TEST((history.epoch.size() == 40 && history.history.size() == 6));
  BOOST_TEST(history.at("loss").back() < 0.3 * history.at("loss").front());
  BOOST_TEST(history.at("val_accuracy").back() > 0.85);
  const keras::Logs logs = model.evaluate(x.slice(0, 150, 200), y.slice(0, 150, 200));
  BOOST_TEST(std::fabs(logs.at("loss") - history.at("val_loss").back()) < 1e-6);
  BOOST_TEST(logs.at("accuracy") == history.at("val_accuracy").back());
  BOOST_TEST((model.predict(x, {7}).shape() == Shape{200, 1}));
  expect<ValueError>({"History: no value 'acc'; there are accuracy, loss"}, [&] { history.at("acc"); });
  expect<ValueError>({"there are accuracy, loss, mse"}, [&] { logs.at("val_loss"); });
}

BOOST_AUTO_TEST_CASE(the_last_samples_validate) {
  keras::Sequential model = one_weight(keras::SGD({.learning_rate = 0}));
  const Tensor x = arange(10).to(kFloat32).unsqueeze(1);
  const auto history = model.fit(x, zeros({10}), {.verbose = 0, .validation_split = 0.3});
  BOOST_TEST((history.at("loss")[0] == 3 && history.at("val_loss")[0] == 8));
  const auto given = model.fit(x, zeros({10}), {.verbose = 0, .validation_data = {ones({2, 1}), zeros({2})}});
  BOOST_TEST((given.at("loss")[0] == 4.5 && given.at("val_loss")[0] == 1));
}

// A weight of 2 is a sample that is there twice, but for the divisor; one of 0 is none.
BOOST_AUTO_TEST_CASE(weights_of_samples_and_classes) {
  const Tensor x = rand({6, 3}), y = tensor({0, 1, 2, 1, 0, 1}), w = tensor({1., 2., 0., 2., 1., 2.});
  const auto fitted = [&](const keras::FitOptions& o) {
    manual_seed(2);
    keras::Sequential model({keras::Input({3}), keras::Dense(3, {.activation = "softmax"})});
    model.compile({.optimizer = keras::SGD({.learning_rate = 0.5}), .loss = "sparse_categorical_crossentropy"});
    const keras::History h = model.fit(x, y, o);
    return std::pair(h, model.net().parameters()[0].detach().clone());
  };
  keras::FitOptions by_sample{.batch_size = 2, .epochs = 3, .verbose = 0, .sample_weight = w};
  keras::FitOptions by_class{.batch_size = 2, .epochs = 3, .verbose = 0, .class_weight = {{1, 2.}, {2, 0.}}};
  const auto [history, weights] = fitted(by_sample);
  const auto [same, again] = fitted(by_class);
  BOOST_TEST((history.at("loss") == same.at("loss")));
  BOOST_TEST((weights - again).abs().max().item() == 0);
  const auto [plain, other] = fitted({.batch_size = 2, .epochs = 3, .verbose = 0});
  BOOST_TEST((other - again).abs().max().item() > 1e-3);
  by_sample.sample_weight = ones({6}), by_sample.shuffle = true;
  BOOST_TEST((fitted(by_sample).second - other).abs().max().item() < 1e-6);  // the same batches

  // Targets of one column or one-hot; the last samples validate with their weights.
  manual_seed(2);
  keras::Sequential model({keras::Input({3}), keras::Dense(3, {.activation = "softmax"})});
  model.compile({.loss = "categorical_crossentropy"});
  const Tensor hot = one_hot(y, 3).to(kFloat32);
  const keras::Logs score = model.evaluate(x, hot, {.sample_weight = w});
  BOOST_TEST(score.at("loss") == (w * -log((model.predict(x) * hot).sum(1))).mean().item(),
             boost::test_tools::tolerance(1e-5));
  const double before =
      model.evaluate(x.slice(0, 3), hot.slice(0, 3), {.batch_size = 2, .sample_weight = w.slice(0, 3)}).at("loss");
  const auto val_loss = [&](const keras::FitOptions& o) {
    model.compile({.optimizer = keras::SGD({.learning_rate = 0}), .loss = "categorical_crossentropy"});
    return model.fit(x, hot, o).at("val_loss")[0];
  };
  BOOST_TEST(val_loss({.verbose = 0, .validation_split = 0.5, .sample_weight = w}) == before,
             boost::test_tools::tolerance(1e-5));
  BOOST_TEST(val_loss({.verbose = 0, .validation_data = {x.slice(0, 3), hot.slice(0, 3), w.slice(0, 3)}}) == before,
             boost::test_tools::tolerance(1e-5));
  // Classes weigh in training alone.
  BOOST_TEST(val_loss({.verbose = 0, .validation_split = 0.5, .class_weight = {{1, 7.}}}) ==
                 model.evaluate(x.slice(0, 3), hot.slice(0, 3)).at("loss"),
             boost::test_tools::tolerance(1e-5));

  expect<ValueError>({"exclude each other"}, [&] {
    model.fit(x, hot, {.sample_weight = w, .class_weight = {{0, 2.}}});
  });
  expect<ShapeError>({"a weight for each sample", "(5)"}, [&] { model.fit(x, hot, {.sample_weight = ones({5})}); });
  expect<ShapeError>({"evaluate", "a weight for each sample"},
                     [&] { model.evaluate(x, hot, {.sample_weight = tensor(1.)}); });
  expect<ValueError>({"sample_weight is not finite"}, [&] { model.fit(x, hot, {.sample_weight = w / 0}); });
  expect<ValueError>({"class_weight inf of class 1"}, [&] { model.fit(x, hot, {.class_weight = {{1, INFINITY}}}); });
  expect<ValueError>({"the target 0.5 is no class"}, [&] {
    model.fit(x, full({6}, 0.5), {.class_weight = {{1, 2.}}});
  });
  expect<ShapeError>({"class_weight needs targets"}, [&] {
    model.fit(x, ones({6, 1, 3}), {.class_weight = {{1, 2.}}});
  });
}

BOOST_AUTO_TEST_CASE(penalties_and_constraints) {
  keras::Sequential model({keras::Input({1}), keras::Dense(1, {.use_bias = false,
                                                               .kernel_initializer = "ones",
                                                               .kernel_regularizer = keras::L2(0.5),
                                                               .kernel_constraint = keras::NonNeg()})});
  model.compile(
      {.optimizer = keras::SGD({.learning_rate = 1}), .loss = [](const Tensor&, const Tensor& p) { return p.mean(); }});
  BOOST_TEST(model.evaluate(ones({1, 1}), zeros({1})).at("loss") == 1.5);
  run(model, {}, 1);  // 1 - (1 + 1) = -1, which is not allowed
  BOOST_TEST(weight(model) == 0);
  keras::Sequential lora({keras::Input({4}), keras::Dense(3, {.lora_rank = 2})});
  BOOST_TEST((lora.net().num_parameters(true) == 2 * (4 + 3) + 3));
}

BOOST_AUTO_TEST_CASE(early_stopping) {
  // The best at epoch 1, then two without improvement.
  keras::Sequential model = one_weight(keras::SGD({.learning_rate = 0.1}));
  const auto stop =
      std::make_shared<keras::EarlyStopping>(keras::EarlyStoppingOptions{.patience = 2, .restore_best_weights = true});
  const auto history = run(model, {Scripted({3, 1, 1, 2, 0, 0}), stop}, 6);
  BOOST_TEST((history.epoch.size() == 4 && stop->stopped_epoch() == 3 && stop->best() == 1));
  BOOST_TEST(std::fabs(weight(model) - 0.8) < 1e-6);
  keras::Sequential late = one_weight("sgd");
  BOOST_TEST(run(late, {Scripted({1, 2, 3, 4}), keras::EarlyStopping({.start_from_epoch = 2})}, 4).epoch.size() == 4);
  keras::Sequential delta = one_weight("sgd");
  BOOST_TEST(run(delta, {Scripted({5, 4.5, 4.2}), keras::EarlyStopping({.min_delta = 1})}, 3).epoch.size() == 2);
  expect<ValueError>({"EarlyStopping: no 'val_accuracy' to monitor; there are loss"},
                     [&] { run(delta, {keras::EarlyStopping({.monitor = "val_accuracy"})}, 1); });
  expect<ValueError>({"mode must be auto, min or max"}, [] { keras::EarlyStopping({.mode = "least"}); });
}

BOOST_AUTO_TEST_CASE(reduced_rates) {
  keras::Sequential model = one_weight(keras::SGD({.learning_rate = 1}));
  const auto history = run(
      model,
      {Scripted({1, 1, 1, 1, 1, 0.5, 0.5}), keras::ReduceLROnPlateau({.factor = 0.5, .patience = 2, .min_lr = 0.3})},
      7);
  // Bad epochs 1, 2 reduce, 3, 4 reduce to the least rate, 5 is better. The rate stands in the logs before it falls.
  BOOST_TEST((history.at("learning_rate") == std::vector<double>{1, 1, 1, 0.5, 0.5, 0.3, 0.3}));
  keras::Sequential scheduled = one_weight("sgd");
  const auto rates =
      run(scheduled,
          {keras::LearningRateScheduler([](std::int64_t epoch, double lr) { return epoch == 0 ? 0.5 : lr / 2; })}, 3);
  BOOST_TEST((rates.at("learning_rate") == std::vector<double>{0.5, 0.25, 0.125}));
  BOOST_TEST(std::fabs(weight(scheduled) - (1 - 0.875)) < 1e-6);
  expect<ValueError>({"factor must be in [0, 1)"}, [] { keras::ReduceLROnPlateau({.factor = 1}); });
}

BOOST_AUTO_TEST_CASE(files_of_callbacks) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("xgrad_keras_{}", getpid());
  fs::create_directories(folder);
  keras::Sequential model = one_weight(keras::SGD({.learning_rate = 0.25}));
  run(model,
      {Scripted({3, 4, 1}),
       keras::ModelCheckpoint(folder / "best_{epoch:02d}_{val_loss:.1f}", {.save_best_only = true}),
       keras::CSVLogger(folder / "log.csv")},
      3);
  BOOST_TEST((fs::exists(folder / "best_01_3.0") && !fs::exists(folder / "best_02_4.0") &&
              fs::exists(folder / "best_03_1.0")));
  std::stringstream log;
  log << std::ifstream(folder / "log.csv").rdbuf();
  BOOST_TEST(log.str() == "epoch,loss,val_loss\n0,1,3\n1,0.75,4\n2,0.5,1\n");
  model.load_weights(folder / "best_01_3.0");
  BOOST_TEST(weight(model) == 0.75);
  model.save_weights(folder / "w");
  keras::Sequential other = one_weight("sgd");
  other.load_weights(folder / "w");
  BOOST_TEST(weight(other) == 0.75);
  keras::Sequential wide({keras::Input({2}), keras::Dense(1)});
  wide.net();  // is made
  expect<ValueError>({"weight"}, [&] { wide.load_weights(folder / "w"); });
  expect<ValueError>({"field that is not in the logs"},
                     [&] { run(model, {keras::ModelCheckpoint(folder / "{val_acc}")}, 1); });
  expect<IoError>({"CSVLogger: cannot write"}, [&] { run(model, {keras::CSVLogger("/no/such/log.csv")}, 1); });
  fs::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  expect<ValueError>({"Dense: no activation 'rely'; there are elu", next_line()},
                     [] { keras::Dense(3, {.activation = "rely"}); });
  expect<ValueError>({"Dense: units must be positive, got 0"}, [] { keras::Dense(0); });
  expect<ValueError>({"Dense: no kernel_initializer 'glorot'"},
                     [] { keras::Dense(3, {.kernel_initializer = "glorot"}); });
  expect<ValueError>({"Conv2D: padding must be valid or same"}, [] { keras::Conv2D(3, 3, {.padding = "full"}); });
  expect<ValueError>({"MaxPooling2D: pool_size must be positive"}, [] { keras::MaxPooling2D(0); });
  expect<ValueError>({"SimpleRNN: activation must be tanh or relu"},
                     [] { keras::SimpleRNN(3, {.activation = "selu"}); });
  expect<ValueError>({"center and scale"}, [] { keras::BatchNormalization({.center = false}); });
  expect<ShapeError>({"Conv2D: the input is (N, height, width, channels), got 3 dimensions"}, [] {
    through({keras::Conv2D(3, 3)}, rand({2, 5, 5}));
  });
  expect<ShapeError>({"LSTM: the input is (N, steps, features)"}, [] { through({keras::LSTM(3)}, rand({2, 5})); });
  keras::Sequential model;
  expect<ValueError>({"there are no layers"}, [&] { model.predict(rand({2, 2})); });
  model.add(keras::Dense(2));
  expect<ValueError>({"shape of the input is not known", "keras::Input(shape)"}, [&] { model.summary(); });
  expect<ValueError>({"fit: the model is not compiled"}, [&] { model.fit(rand({2, 2}), rand({2, 2})); });
  expect<ValueError>({"an Input must be first"}, [&] { model.add(keras::Input({2})); });
  model.compile({.optimizer = "sgd"});
  model.predict(rand({1, 2}));
  expect<ValueError>({"add: the model has been called already"}, [&] { model.add(keras::Dense(2)); });
  expect<ShapeError>({"samples must be of shape (2), got (3)"}, [&] { model.predict(rand({2, 3})); });
  expect<ShapeError>({"different numbers of samples"}, [&] { model.fit(rand({2, 2}), rand({3, 2})); });
  expect<ShapeError>({"x has no samples"}, [&] { model.predict(rand({0, 2})); });
  expect<ValueError>({"batch_size must be positive"}, [&] {
    model.fit(rand({2, 2}), rand({2, 2}), {.batch_size = 0});
  });
  expect<ValueError>({"validation_data has no x"}, [&] {
    model.fit(rand({2, 2}), rand({2, 2}), {.validation_data = {.y = rand({2, 2})}});
  });
  model.compile({.optimizer = "Adam"});
  expect<ValueError>({"no optimizer 'adm'; there are adadelta"}, [] { keras::OptimizerChoice("adm"); });
  expect<ValueError>({"validation_split must be in [0, 1)"}, [&] {
    model.fit(rand({2, 2}), rand({2, 2}), {.validation_split = 1});
  });
}

BOOST_AUTO_TEST_SUITE_END()
