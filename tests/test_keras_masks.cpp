// Masks of keras models: made, passed on, joined, used by layers, losses and metrics; what ends them; where there are
// none.
#include <algorithm>
#include <cmath>
#include <limits>

#include <xgrad/autograd.hpp>
#include <xgrad/keras.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using keras::KerasTensor;

namespace {

using Layers = std::vector<keras::Layer>;

// Of four sequences the steps that count: from the front, with gaps, none, all.
Tensor steps_that_count() {
  return tensor(
      {{true, true, false, false}, {false, true, false, true}, {false, false, false, false}, {true, true, true, true}});
}
// Values (4, 4, 3) whose other steps are 0.
Tensor gappy() {
  manual_seed(3);
  return where(steps_that_count().unsqueeze(-1), randn({4, 4, 3}), Scalar(0.0));
}

// The model's only result for one sequence without the steps that do not count.
Tensor of_the_rest(keras::Sequential& model, const Tensor& x, std::int64_t row) {
  std::vector<Tensor> kept;
  const auto counts = steps_that_count().select(0, row).to(kInt64).to_vector<std::int64_t>();
  for (std::size_t t = 0; t < counts.size(); ++t)
    if (counts[t]) kept.push_back(x.select(0, row).select(0, static_cast<std::int64_t>(t)));
  return model.net()[static_cast<std::int64_t>(model.net().size()) - 1](stack(kept).unsqueeze(0));
}

double difference(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(keras_masks)

// The state passes over masked steps: the result is that of the steps that count.
BOOST_AUTO_TEST_CASE(recurrent_layers_pass_over_masked_steps) {
  const Tensor x = gappy();
  for (const keras::Layer& layer :
       Layers{keras::LSTM(5), keras::GRU(5), keras::SimpleRNN(5), keras::Bidirectional(keras::GRU(5))}) {
    keras::Sequential model({keras::Masking(), layer});
    const Tensor y = model.predict(x);
    for (const std::int64_t row : {0, 1, 3})
      BOOST_TEST(difference(y.select(0, row), of_the_rest(model, x, row).select(0, 0)) < 1e-6);
    BOOST_TEST(y.select(0, 2).abs().max().item() == 0);  // of no steps
  }
}

BOOST_AUTO_TEST_CASE(every_step_has_the_output_of_the_last_one_that_counts) {
  const Tensor x = gappy();
  keras::Sequential model({keras::Masking(), keras::LSTM(5, {.return_sequences = true})});
  const Tensor y = model.predict(x), rest = of_the_rest(model, x, 1).select(0, 0);  // steps 1 and 3 of row 1
  BOOST_TEST((y.shape() == Shape{4, 4, 5}));
  const auto step = [&](std::int64_t row, std::int64_t t) { return y.select(0, row).select(0, t); };
  BOOST_TEST(step(1, 0).abs().max().item() == 0);
  BOOST_TEST(difference(step(1, 1), rest.select(0, 0)) < 1e-6);
  BOOST_TEST(difference(step(1, 2), step(1, 1)) == 0);
  BOOST_TEST(difference(step(1, 3), rest.select(0, 1)) < 1e-6);
  BOOST_TEST(difference(step(0, 3), step(0, 1)) == 0);
  // Both directions: zeros where the mask is.
  keras::Sequential both({keras::Masking(), keras::Bidirectional(keras::LSTM(5, {.return_sequences = true}))});
  const Tensor z = both.predict(x);
  BOOST_TEST(where(steps_that_count().unsqueeze(-1), Scalar(0.0), z).abs().max().item() == 0);
  BOOST_TEST(difference(z.select(0, 1).select(0, 3), of_the_rest(both, x, 1).select(0, 0).select(0, 1)) < 1e-6);
}

BOOST_AUTO_TEST_CASE(where_all_steps_count_nothing_changes) {
  const Tensor x = rand({3, 4, 2}) + 1;
  const keras::Layer gru = keras::GRU(4, {.return_sequences = true});
  const KerasTensor in = keras::Input({4, 2});
  keras::Model with(in, gru(keras::Masking()(in))), without(in, gru(in));
  BOOST_TEST(same_bits(with.predict(x), without.predict(x)));
}

// What stands in masked steps reaches neither result nor gradient, were it NaN.
BOOST_AUTO_TEST_CASE(masked_values_do_not_matter) {
  const Tensor x = gappy();
  const keras::Layer spoilt("spoilt", [](const Shape&) {
    return nn::AnyModule([](const Tensor& t) { return where(eq(t, 0), std::numeric_limits<double>::quiet_NaN(), t); });
  });
  keras::Layer passing = spoilt;
  passing.set_masks(keras::Layer::Masks::pass);
  keras::Sequential model({keras::Masking(), passing, keras::LSTM(3), keras::Dense(1)});
  model.compile({.optimizer = keras::SGD({.learning_rate = 0.1}), .loss = "mse"});
  const Tensor rows = index_select(x, 0, tensor({0, 1, 3}));
  const keras::History h = model.fit(rows, ones({3}), {.batch_size = 3, .epochs = 5, .verbose = 0});
  BOOST_TEST(h.at("loss").back() < h.at("loss").front());
  for (const Tensor& p : model.net().parameters()) BOOST_TEST(all(isfinite(p)).item<bool>());
}

BOOST_AUTO_TEST_CASE(words_that_are_0_are_none) {
  const Tensor ids = tensor({{3, 1, 0, 0}, {2, 2, 2, 2}});
  keras::Sequential model({keras::Embedding(5, 4, {.mask_zero = true}), keras::LSTM(3)});
  const Tensor y = model.predict(ids);
  keras::Sequential shorter({keras::Input({2}), keras::Embedding(5, 4), keras::LSTM(3)});
  nn::Sequential other = shorter.net();
  other.load_state_dict(model.net().state_dict());
  BOOST_TEST(difference(y.select(0, 0), shorter.predict(ids.slice(0, 0, 1).slice(1, 0, 2)).select(0, 0)) < 1e-6);
  // The row of no word is never learnt.
  model.compile({.optimizer = keras::SGD({.learning_rate = 1}), .loss = "mse"});
  const Tensor before = model.net().get_parameter("embedding.weight").clone();
  model.fit(ids, ones({2, 3}), {.verbose = 0});
  const Tensor after = model.net().get_parameter("embedding.weight");
  BOOST_TEST(same_bits(after.select(0, 0).clone(), before.select(0, 0).clone()));
  BOOST_TEST(difference(after, before) > 0);
}

// Losses and metrics are means over the steps that count.
BOOST_AUTO_TEST_CASE(losses_and_metrics_are_of_the_steps_that_count) {
  const Tensor x = gappy(), y = randint(0, 2, {4, 4});
  const auto counts = nonzero(steps_that_count().flatten()).flatten();
  keras::Sequential model({keras::Masking(), keras::GRU(4, {.return_sequences = true}), keras::Dropout(0.5),
                           keras::LayerNormalization(), keras::Dense(2, {.activation = "softmax"})});
  model.compile({.loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
  const Tensor p = index_select(model.predict(x).flatten(0, 1), 0, counts);
  const Tensor right = index_select(y.flatten(), 0, counts);
  const Tensor each = -log(gather(p, 1, right.unsqueeze(1)).flatten());
  const keras::Logs logs = model.evaluate(x, y);
  BOOST_TEST(std::fabs(logs.at("loss") - each.mean().item()) < 1e-5);
  BOOST_TEST(std::fabs(logs.at("accuracy") - (argmax(p, 1) == right).to(kFloat64).mean().item()) < 1e-9);

  // Weights of samples: divided by the number of steps, not of weights.
  const Tensor w = tensor({1.0, 3.0, 2.0, 0.5});
  const Tensor wide = index_select(w.unsqueeze(1).expand({4, 4}).flatten(), 0, counts).to(kFloat32);
  BOOST_TEST(std::fabs(model.evaluate(x, y, {.sample_weight = w}).at("loss") - (each * wide).mean().item()) < 1e-5);
  // Of steps.
  const Tensor of_steps = rand({4, 4});
  const Tensor picked = index_select(of_steps.flatten(), 0, counts);
  BOOST_TEST(std::fabs(model.evaluate(x, y, {.sample_weight = of_steps}).at("loss") - (each * picked).mean().item()) <
             1e-5);
  // A function of one's own, one number for all.
  model.compile({.loss = [](const Tensor& t, const Tensor& q) {
    BOOST_TEST(t.numel() == 8);
    return q.mean() * 0 + 7;
  }});
  BOOST_TEST(model.evaluate(x, y).at("loss") == 7);
  // Of no steps at all: 0, and nothing is learnt.
  model.compile({.optimizer = keras::SGD({.learning_rate = 1}), .loss = "sparse_categorical_crossentropy"});
  const Tensor weight = model.net().parameters()[0].clone();
  BOOST_TEST(model.fit(zeros({2, 4, 3}), y.slice(0, 0, 2), {.verbose = 0}).at("loss")[0] == 0);
  BOOST_TEST(same_bits(model.net().parameters()[0].clone(), weight));
  // Targets of other steps are refused as without a mask.
  expect<ShapeError>({"sparse_categorical_crossentropy"}, [&] { model.evaluate(x, y.slice(1, 0, 3)); });
}

BOOST_AUTO_TEST_CASE(means_and_statistics_of_the_steps_that_count) {
  const Tensor x = gappy();
  keras::Sequential mean({keras::Masking(), keras::GlobalAveragePooling1D()});
  const Tensor y = mean.predict(x);
  BOOST_TEST(difference(y.select(0, 0), x.select(0, 0).slice(0, 0, 2).mean(0)) < 1e-6);
  BOOST_TEST(y.select(0, 2).abs().max().item() == 0);

  keras::Sequential norm({keras::Masking(), keras::BatchNormalization({.momentum = 0})});
  norm.compile({.optimizer = keras::SGD({.learning_rate = 0}), .loss = "mse"});
  norm.fit(x, x, {.batch_size = 4, .verbose = 0});
  const Tensor rows = index_select(x.flatten(0, 1), 0, nonzero(steps_that_count().flatten()).flatten());
  BOOST_TEST(difference(norm.net().state_dict()[2].second, rows.mean(0)) < 1e-6);  // running_mean
  const Tensor z = norm.predict(x);
  BOOST_TEST(where(steps_that_count().unsqueeze(-1), Scalar(0.0), z).abs().max().item() == 0);
}

// A step counts where it does in one of the values; of a value without a mask every step does.
BOOST_AUTO_TEST_CASE(joined_values_have_joined_masks) {
  const Tensor x = gappy(), z = flip(x, Shape{1});
  const KerasTensor a = keras::Input({4, 3}), b = keras::Input({4, 3});
  const KerasTensor left = keras::Masking()(a), right = keras::Masking()(b);
  // The mean over the steps that count of their numbers: each mask gives another one.
  const Tensor places = arange(4).to(kFloat32).reshape({1, 4, 1}) + 1;
  const auto mean_place = [&](const KerasTensor& joined, bool of_both = true) {
    keras::Layer numbers("numbers", [places](const Shape& s) {
      return nn::AnyModule([places, s](const Tensor& t) {
        return expand(s[0] == 4 ? places : cat({places, places}, 1), {t.size(0), s[0], 1});
      });
    });
    numbers.set_masks(keras::Layer::Masks::pass);
    const KerasTensor mean = keras::GlobalAveragePooling1D()(numbers(joined));
    return of_both ? keras::Model({a, b}, {mean}).predict({x, z}).flatten()
                   : keras::Model(a, mean).predict(x).flatten();
  };
  const auto near = [&](const Tensor& t, const std::vector<double>& want) { check_close(t, want, 1e-6); };
  near(mean_place(left, false), {1.5, 3, 0, 2.5});
  near(mean_place(left + right), {2.5, 2.5, 0, 2.5});  // rows 0: all four; 1: 1, 2, 3, 4
  near(mean_place(keras::concatenate({left, right})), {2.5, 2.5, 0, 2.5});
  near(mean_place(keras::concatenate({left, right}, 1)), {(1 + 2 + 3 + 4) / 4., (2 + 4 + 1 + 3) / 4., 0, 2.5});
  near(mean_place(keras::concatenate({left, b}, 1)), {(3 + 10) / 6., (6 + 10) / 6., 2.5, 2.5});
  near(mean_place(left * b + right), {2.5, 2.5, 2.5, 2.5});  // the product has no mask, so neither has the sum
}

// A model in a model hands its masks on, and takes those it is given.
BOOST_AUTO_TEST_CASE(masks_go_through_models) {
  const Tensor x = gappy();
  const KerasTensor in = keras::Input({4, 3});
  keras::Sequential inner(
      {keras::Input({4, 3}), keras::Masking(), keras::Dense(3, {.activation = "tanh", .bias_initializer = "ones"})});
  const keras::Layer gru = keras::GRU(2);
  keras::Model whole(in, gru(inner(in)));
  const KerasTensor step = keras::Input({4, 3});
  keras::Sequential reader({gru});
  keras::Model outer(step, reader(inner(step)));
  keras::Model plain(step, gru(keras::Layer(inner.net()[1])(step)));
  BOOST_TEST(difference(whole.predict(x), outer.predict(x)) > 0);  // the Sequential made a GRU of its own
  BOOST_TEST(whole.predict(x).select(0, 2).abs().max().item() == 0);
  BOOST_TEST(outer.predict(x).select(0, 2).abs().max().item() == 0);
  BOOST_TEST(plain.predict(x).select(0, 2).abs().max().item() > 0);
}

BOOST_AUTO_TEST_CASE(mistakes_with_masks_are_named) {
  const Tensor x = gappy();
  keras::Sequential model({keras::Masking(), keras::LSTM(2)});
  model.predict(x);
  BOOST_TEST(model.summary().text.empty() == false);
  expect<ValueError>({"Masking", "call of the model alone", "net() is without masks"}, [&] { model.net()(x); });
  expect_op<ValueError>("Masking", {"NaN"}, [] { keras::Masking(std::numeric_limits<double>::quiet_NaN()); });
  const Tensor flat = rand({2, 3});
  expect<ShapeError>({"Masking", "(N, steps, features, ...)"},
                     [&] { keras::Sequential({keras::Masking()}).predict(flat); });
  keras::Sequential words({keras::Embedding(5, 2, {.mask_zero = true}), keras::GlobalAveragePooling1D()});
  const Tensor ids = tensor({{1, 0}});
  words.predict(ids);
  expect<ValueError>({"Embedding", "call of the model"}, [&] { words.net()(ids); });
  // The mask ends at a layer that does not pass it on: every step counts behind it.
  keras::Sequential ends(
      {keras::Masking(),
       keras::Layer("own", [](const Shape&) { return nn::AnyModule([](const Tensor& t) { return t + 1; }); }),
       keras::GlobalAveragePooling1D()});
  BOOST_TEST(difference(ends.predict(x), (x + 1).mean(1)) < 1e-6);
}

BOOST_AUTO_TEST_SUITE_END()
