// keras::Model: graphs of layers against the same sums by hand, shared layers, names, files, and what is refused.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/keras.hpp>

#include "file_support.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
using keras::KerasTensor;

BOOST_AUTO_TEST_SUITE(keras_model)

BOOST_AUTO_TEST_CASE(a_bypass_and_a_fork) {
  const KerasTensor x = keras::Input({4});
  const KerasTensor h = keras::Dense(4, {.activation = "tanh"})(x);
  const KerasTensor y = h + x, left = keras::Dense(3)(y), right = keras::Dense(2)(y);
  keras::Model model(x, keras::concatenate({left, right}));
  BOOST_TEST((h.shape() == Shape{4}));
  BOOST_TEST((left.shape() == Shape{3}));

  const Tensor input = randn({5, 4});
  const nn::Sequential net = model.net();
  const auto of = [&](const std::string& layer) {
    return [&net, layer](const Tensor& t) {
      return linear(t, net.get_parameter("functional." + layer + ".weight"),
                    net.get_parameter("functional." + layer + ".bias"));
    };
  };
  const Tensor middle = tanh(of("dense")(input)) + input;
  const Tensor want = cat({of("dense_1")(middle), of("dense_2")(middle)}, 1);
  BOOST_TEST((model.predict(input) - want).abs().max().item() < 1e-6);
  BOOST_TEST(net.num_parameters() == 4 * 4 + 4 + 4 * 3 + 3 + 4 * 2 + 2);
  BOOST_TEST(model.summary().text.find("dense_2") != std::string::npos);

  // Files, and a clone with weights of its own.
  const TempDir dir;
  model.save_weights(dir / "net.safetensors");
  const nn::Sequential copy = net.clone();
  {
    const NoGradGuard off;
    for (Tensor& p : model.net().parameters()) p.mul_(2);
  }
  BOOST_TEST((copy(input) - want).abs().max().item() < 1e-6);
  BOOST_TEST((model.predict(input) - want).abs().max().item() > 1e-2);
  model.load_weights(dir / "net.safetensors");
  BOOST_TEST((model.predict(input) - want).abs().max().item() < 1e-6);
}

BOOST_AUTO_TEST_CASE(values_of_several) {
  const KerasTensor x = keras::Input({2, 3});
  const keras::Layer twice("twice", [](const Shape&) { return nn::AnyModule([](const Tensor& t) { return t * 2; }); });
  const KerasTensor y = twice(x);
  const Tensor t = randn({4, 2, 3});
  const auto gives = [&](const KerasTensor& v, const Tensor& want) {
    BOOST_TEST((v.shape() == Shape(std::vector<std::int64_t>(want.shape().begin() + 1, want.shape().end()))));
    BOOST_TEST((keras::Model(x, v).predict(t) - want).abs().max().item() < 1e-6);
  };
  gives(keras::add({x, y, y}), 5 * t);
  gives(keras::multiply({x, y}), 2 * t * t);
  gives(keras::average({x, y, y, y}), t * 1.75);
  gives(keras::maximum({x, y}), maximum(t, 2 * t));
  gives(keras::concatenate({x, y}), cat({t, 2 * t}, 2));
  gives(keras::concatenate({x, y}, 1), cat({t, 2 * t}, 1));
  gives(keras::minimum({x, y}), minimum(t, 2 * t));
  gives(keras::subtract({x, y}), -t);
  gives(x + x + y, 4 * t);
  gives(x * y - x, 2 * t * t - t);
  gives(keras::add({x}) + x, 2 * t);
}

// Layers have numbers in the order of their calls, however the values are put together afterwards.
BOOST_AUTO_TEST_CASE(names_are_those_of_calls) {
  const KerasTensor x = keras::Input({2}), first = keras::Dense(3)(x), second = keras::Dense(4)(x);
  const nn::Sequential net = keras::Model(x, keras::concatenate({second, first})).net();
  BOOST_TEST((net.get_parameter("functional.dense.weight").shape() == Shape{3, 2}));
  BOOST_TEST((net.get_parameter("functional.dense_1.weight").shape() == Shape{4, 2}));
  const nn::Sequential part = keras::Model(x, second).net();  // names belong to a model
  BOOST_TEST((part.get_parameter("functional.dense.weight").shape() == Shape{4, 2}));
}

// From a value in the middle, and a model as a layer of another one, with the same weights.
BOOST_AUTO_TEST_CASE(parts_and_models_in_models) {
  const KerasTensor x = keras::Input({4});
  const KerasTensor code = keras::Dense(2, {.activation = "tanh"})(x), back = keras::Dense(4)(code);
  keras::Model encoder(x, code), decoder(code, back), whole(x, back);
  const Tensor t = randn({3, 4});
  BOOST_TEST((decoder.predict(encoder.predict(t)) - whole.predict(t)).abs().max().item() < 1e-6);

  const KerasTensor z = keras::Input({4});
  keras::Model twice(z, decoder(encoder(decoder(encoder(z)))));
  BOOST_TEST(twice.net().num_parameters() == whole.net().num_parameters());
  BOOST_TEST((twice.predict(t) - whole.predict(whole.predict(t))).abs().max().item() < 1e-6);
  BOOST_TEST(twice.net()
                 .get_parameter("functional.model.functional.dense.weight")
                 .is_same(whole.net().get_parameter("functional.dense.weight")));
  keras::Sequential stack({keras::Dense(4), keras::Dropout(0.5)});  // knows its shape from here on
  BOOST_TEST((stack(z).shape() == Shape{4}));
  BOOST_TEST(stack.net().is_training());
}

// A layer that did not fit the first time is made anew; a mode is what it was.
BOOST_AUTO_TEST_CASE(a_call_that_throws_changes_nothing) {
  const keras::Layer pool = keras::MaxPooling2D(3), dense = keras::Dense(2);
  expect<ShapeError>({}, [&] { pool(keras::Input({2, 2, 1})); });
  BOOST_TEST((pool(keras::Input({3, 3, 1})).shape() == Shape{1, 1, 1}));
  const KerasTensor x = keras::Input({3});
  keras::Model model(x, dense(x));
  nn::Sequential net = model.net();
  net.eval();
  expect<ShapeError>({"dense"}, [&] { dense(keras::Input({4})); });
  dense(x);
  BOOST_TEST(!net[0].children()[0].is_training());
  BOOST_TEST(net.num_parameters() == 8);
}

// Whole numbers for the Embedding, float32 for the rest; an Embedding behind a layer of one's own.
BOOST_AUTO_TEST_CASE(one_input_as_words_and_as_numbers) {
  const KerasTensor words = keras::Input({5});
  const KerasTensor mean = keras::GlobalAveragePooling1D()(keras::Embedding(10, 4)(words));
  keras::Model model(words, keras::concatenate({mean, keras::Dense(3)(words), words}));
  const Tensor t = randint(0, 10, {2, 5}), y = model.predict(t);
  BOOST_TEST((y.shape() == Shape{2, 12}));
  BOOST_TEST((y.slice(1, 7, 12) == t.to(kFloat32)).all().item<bool>());
  model.compile({.loss = "mse"});
  model.fit(t, zeros({2, 12}), {.verbose = 0});

  const keras::Layer halves("halves",
                            [](const Shape&) { return nn::AnyModule([](const Tensor& v) { return v / 2; }); });
  keras::Model later(words, keras::Embedding(5, 4)(halves(words)));
  BOOST_TEST((later.predict(t).shape() == Shape{2, 5, 4}));
}

// Neither making, nor running, nor forgetting a deep graph needs a deep stack.
BOOST_AUTO_TEST_CASE(graphs_of_any_depth) {
  const KerasTensor x = keras::Input({1});
  KerasTensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + x;
  keras::Model model(x, y);
  BOOST_TEST(model.predict(ones({1, 1})).item() == 200001);
}

// One set of weights, which both gradients reach.
BOOST_AUTO_TEST_CASE(a_layer_that_is_called_twice) {
  const KerasTensor x = keras::Input({1});
  const keras::Layer shared = keras::Dense(1, {.use_bias = false, .kernel_initializer = "ones"}), same = shared;
  keras::Model model(x, same(shared(x)));  // w (w x)
  BOOST_TEST(model.net().num_parameters() == 1);
  model.compile({.optimizer = keras::SGD({.learning_rate = 0.25}),
                 .loss = [](const Tensor&, const Tensor& p) { return p.mean(); }});
  model.fit(ones({2, 1}), zeros({2}), {.batch_size = 2, .verbose = 0});  // the gradient of w^2 is 2 at w = 1
  BOOST_TEST(model.net().parameters()[0].item() == 0.5);
  keras::Model other(x, shared(x));  // the same weight in another model
  BOOST_TEST(other.predict(ones({1, 1})).item() == 0.5);
}

BOOST_AUTO_TEST_CASE(it_learns) {
  manual_seed(1);
  const Tensor points = 2 * rand({400, 2}) - 1, inside = (square(points).sum(1) < 0.5).to(kInt64);
  const KerasTensor x = keras::Input({2});
  KerasTensor h = keras::Dense(16, {.activation = "relu"})(x);
  for (int i = 0; i < 2; ++i) h = h + keras::Dropout(0.1)(keras::Dense(16, {.activation = "relu"})(h));
  keras::Model model(x, keras::Dense(2, {.activation = "softmax"})(h));
  model.compile({.optimizer = keras::Adam({.learning_rate = 0.01}),
                 .loss = "sparse_categorical_crossentropy",
                 .metrics = {"accuracy"}});
  model.fit(points, inside, {.epochs = 40, .verbose = 0});
  BOOST_TEST(model.evaluate(points, inside).at("accuracy") > 0.95);
  BOOST_TEST((model.predict(points) - model.predict(points)).abs().max().item() == 0);  // without dropout

  const KerasTensor words = keras::Input({5});
  const KerasTensor vectors = keras::Embedding(10, 4)(words);
  keras::Model reads(words, keras::concatenate({keras::LSTM(3)(vectors), keras::GlobalAveragePooling1D()(vectors)}));
  BOOST_TEST((reads.predict(randint(0, 10, {2, 5})).shape() == Shape{2, 7}));
}

// Two inputs, two outputs: the loss is the weighted sum, logs have each under the name of its layer.
BOOST_AUTO_TEST_CASE(several_inputs_and_outputs) {
  manual_seed(2);
  const KerasTensor words = keras::Input({3}), tags = keras::Input({2});
  const KerasTensor read = keras::GlobalAveragePooling1D()(keras::Embedding(10, 4)(words));
  const KerasTensor both = keras::concatenate({read, tags});
  const KerasTensor urgency = keras::Dense(1)(both), office = keras::Dense(3, {.activation = "softmax"})(both);
  keras::Model model({words, tags}, {urgency, office});
  BOOST_TEST((model.output_names() == std::vector<std::string>{"dense", "dense_1"}));
  const Tensor w = randint(0, 10, {12, 3}), t = randn({12, 2}), y = randn({12}), z = randint(0, 3, {12});

  const std::vector<Tensor> out = model.predict_all({w, t}, {.batch_size = 5});
  BOOST_TEST((out[0].shape() == Shape{12, 1}));
  BOOST_TEST((out[1].shape() == Shape{12, 3}));
  const Tensor hidden = cat({embedding(w, model.net().get_parameter("functional.embedding.weight")).mean(1), t}, 1);
  const Tensor want = linear(hidden, model.net().get_parameter("functional.dense.weight"));
  BOOST_TEST((out[0] - want).abs().max().item() < 1e-6);

  const std::vector<keras::Loss> losses{"mse", "sparse_categorical_crossentropy"};
  model.compile({.optimizer = keras::Adam({.learning_rate = 0.05}),
                 .losses = losses,
                 .loss_weights = {0.2, 3},
                 .output_metrics = {{"mae"}, {"accuracy"}}});
  const double first = keras::Loss("mse")(y, out[0]).item();
  const double second = keras::Loss("sparse_categorical_crossentropy")(z, out[1]).item();
  const keras::Logs before = model.evaluate({w, t}, {y, z}, {.batch_size = 12});
  BOOST_TEST(before.size() == 5);
  BOOST_TEST(std::fabs(before.at("dense_loss") - first) < 1e-5);
  BOOST_TEST(std::fabs(before.at("dense_1_loss") - second) < 1e-5);
  BOOST_TEST(std::fabs(before.at("loss") - (0.2 * first + 3 * second)) < 1e-5);
  BOOST_TEST(std::fabs(before.at("dense_mae") - (out[0].flatten() - y).abs().mean().item()) < 1e-5);
  BOOST_TEST(before.at("dense_1_accuracy") == (argmax(out[1], 1) == z).to(kFloat64).mean().item());
  const keras::History h =
      model.fit({w, t}, {y, z},
                {.batch_size = 4,
                 .epochs = 150,
                 .verbose = 0,
                 .validation_data = {{w.slice(0, 0, 4), t.slice(0, 0, 4)}, {y.slice(0, 0, 4), z.slice(0, 0, 4)}}});
  BOOST_TEST(h.at("loss").back() < 0.3 * h.at("loss").front());
  BOOST_TEST(h.at("val_dense_1_accuracy").back() == 1);
  BOOST_TEST(h.history.size() == 10);

  // One loss for both; a split; weights of samples.
  model.compile({.loss = [](const Tensor&, const Tensor& p) { return p.mean(); }});
  model.fit({w, t}, {y, z}, {.verbose = 0, .validation_split = 0.25});
  const KerasTensor x = keras::Input({2});
  keras::Model pair({x}, {x * x, keras::Dense(2)(x)});
  BOOST_TEST((pair.output_names() == std::vector<std::string>{"multiply", "dense"}));
  pair.compile({.losses = {"mse", "mse"}, .loss_weights = {1, 0}});
  const Tensor weighted = rand({12}), squares = t * t;
  const keras::Logs logs = pair.evaluate(t, {zeros({12, 2}), t}, {.sample_weight = weighted});
  BOOST_TEST(std::fabs(logs.at("loss") - (square(squares).mean(1) * weighted).mean().item()) < 1e-5);

  // Two inputs and one output are asked as a model of one.
  keras::Model one({words, tags}, {office});
  BOOST_TEST((one.predict({w, t}).shape() == Shape{12, 3}));
  one.compile({.loss = "sparse_categorical_crossentropy"});
  BOOST_TEST((one.evaluate({w, t}, z).size() == 1));
}

// A layer that makes two of the outputs: the second has a name of its own.
BOOST_AUTO_TEST_CASE(outputs_of_one_layer_are_told_apart) {
  const KerasTensor a = keras::Input({2}), b = keras::Input({2});
  const keras::Layer shared = keras::Dense(1);
  keras::Model twins({a, b}, {shared(a), shared(b)});
  BOOST_TEST((twins.output_names() == std::vector<std::string>{"dense", "dense_call_1"}));
  BOOST_TEST(twins.net().num_parameters() == 3);
  const Tensor x = randn({3, 2}), z = randn({3, 2});
  const std::vector<Tensor> y = twins.predict_all({x, z});
  BOOST_TEST((y[1] - twins.predict_all({z, x})[0]).abs().max().item() == 0);
}

BOOST_AUTO_TEST_CASE(mistakes_with_several_values_are_named) {
  const KerasTensor a = keras::Input({2}), b = keras::Input({3});
  keras::Model model({a, b}, {keras::Dense(1)(a), keras::Dense(1)(b)});
  const Tensor x = randn({4, 2}), z = randn({4, 3}), y = randn({4}), short_z = randn({3, 3}), none;
  expect_op<ValueError>("compile", {"losses has 1 entries", "2 outputs"}, [&] { model.compile({.losses = {"mse"}}); });
  expect_op<ValueError>("compile", {"loss_weights has 3"}, [&] { model.compile({.loss_weights = {1, 2, 3}}); });
  expect_op<ValueError>("compile", {"loss_weights must be finite"}, [&] {
    model.compile({.loss_weights = {1, std::nan("")}});
  });
  expect_op<ValueError>("compile", {"metrics of which", "output_metrics"},
                        [&] { model.compile({.metrics = {"mae"}}); });
  expect_op<ValueError>("compile", {"output_metrics has 1"}, [&] { model.compile({.output_metrics = {{"mae"}}}); });
  model.compile({.losses = {"mse", "mae"}});
  expect_op<ValueError>("fit", {"2 inputs, got 1 tensor"}, [&] { model.fit(x, {y, y}, {.verbose = 0}); });
  expect_op<ValueError>("fit", {"2 outputs, got 1 tensor"}, [&] { model.fit({x, z}, y, {.verbose = 0}); });
  expect_op<ValueError>("fit", {"2 outputs, got 3 tensors"}, [&] { model.fit({x, z}, {y, y, y}, {.verbose = 0}); });
  expect_op<ShapeError>("fit", {"different numbers of samples"}, [&] { model.fit({x, short_z}, {y, y}); });
  expect_op<ShapeError>("fit", {"samples of input 1 must be of shape (3), got (2)"}, [&] {
    model.fit({x, x}, {y, y});
  });
  expect<ValueError>({"undefined"}, [&] { model.predict_all({x, none}); });
  expect_op<ValueError>("fit", {"class_weight", "2 outputs"}, [&] {
    model.fit({x, z}, {y, y}, {.verbose = 0, .class_weight = {{0, 1.0}}});
  });
  expect_op<ValueError>("predict", {"2 outputs", "predict_all"}, [&] { model.predict({x, z}); });
  expect_op<ValueError>("keras::Sequential", {"2 inputs, got 1"}, [&] { model(a); });
  expect_op<ValueError>("summary", {"2 inputs"}, [&] { model.summary(); });
  expect<ValueError>({"keras::Model", "takes 2 inputs and gives 2 results"}, [&] { model.net()(x); });
}

// An Input says which samples a model is for, also before it is compiled.
BOOST_AUTO_TEST_CASE(a_model_with_an_input_is_built_for_it) {
  keras::Sequential model({keras::Input({3}), keras::Dense(2)});
  const Tensor two = rand({4, 2}), three = rand({4, 3});
  expect_op<ShapeError>("predict", {"samples must be of shape (3), got (2)"}, [&] { model.predict(two); });
  expect<ShapeError>({"samples must be of shape (3), got (2)"}, [&] { model(two); });
  expect<ShapeError>({"samples must be of shape (3), got (2)"}, [&] { model(keras::Input({2})); });
  BOOST_TEST((model.predict(three).shape() == Shape{4, 2}));
  BOOST_TEST((model.net().parameters()[0].shape() == Shape{2, 3}));
  keras::Sequential open({keras::Dense(2)});  // without one the first call says it
  open.predict(two);
  expect_op<ShapeError>("predict", {"samples must be of shape (2), got (3)"}, [&] { open.predict(three); });
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  const KerasTensor x = keras::Input({3}), z = keras::Input({3}), y = keras::Dense(2)(x);
  expect_op<ShapeError>("add", {"(3) of input", "(2) of dense"}, [&] { x + y; });
  expect_op<ShapeError>("subtract", {"(2) of dense", "(3) of input"}, [&] { y - x; });
  expect_op<ValueError>("subtract", {"takes two values, got 3"}, [&] { keras::subtract({x, x, x}); });
  expect_op<ValueError>("multiply", {"no values"}, [&] { keras::multiply({}); });
  expect_op<ValueError>("concatenate", {"no values"}, [&] { keras::concatenate({}); });
  expect_op<ValueError>("concatenate", {"axis 0 is that of the batch"}, [&] { keras::concatenate({x, y}, 0); });
  expect_op<ValueError>("concatenate", {"axis -2 is that of the batch"}, [&] { keras::concatenate({x, y}, -2); });
  expect_op<IndexError>("concatenate", {"2 out of range [-2, 1]"}, [&] { keras::concatenate({x, y}, 2); });
  const KerasTensor image = keras::Input({4, 4, 2});
  expect_op<ShapeError>("concatenate", {"(3) of input", "(4, 4, 2)"}, [&] { keras::concatenate({x, image}); });
  expect_op<ShapeError>("concatenate", {"beside axis 3", "(2, 2, 2) of max_pooling2d"}, [&] {
    keras::concatenate({image, keras::MaxPooling2D(2)(image)});
  });

  // Graphs that are not between the two.
  const auto model_of = [](const KerasTensor& in, const KerasTensor& out) { keras::Model(in, out); };
  expect<ValueError>({"keras::Model", "another Input as well, that of multiply"},
                     [&] { model_of(x, y + keras::Dense(2)(z * z)); });
  expect<ValueError>({"keras::Model", "does not come from the input", "dense"}, [&] { model_of(z, y); });
  expect<ValueError>({"keras::Model", "an Input, and not the one given"}, [&] { model_of(x, z); });
  expect<ValueError>({"keras::Model", "no layer between"}, [&] { model_of(x, x); });
  using Values = std::vector<KerasTensor>;
  const auto model_of_all = [](const Values& in, const Values& out) { keras::Model(in, out); };
  expect<ValueError>({"keras::Model", "inputs and outputs"}, [&] { model_of_all({}, {y}); });
  expect<ValueError>({"keras::Model", "inputs and outputs"}, [&] { model_of_all({x}, {}); });
  expect<ValueError>({"keras::Model", "inputs 0 and 1 are the same"}, [&] { model_of_all({x, x}, {y}); });
  expect<ValueError>({"keras::Model", "no output comes from input 1"}, [&] { model_of_all({x, z}, {y}); });
  expect<ValueError>({"keras::Model", "no layer between"}, [&] { model_of_all({x, z}, {y, z}); });
  expect<ValueError>({"keras::Model", "another Input as well"}, [&] { model_of(y, keras::Dense(3)(y) + x); });
  expect<ValueError>({"keras::Model", "does not come from the input"}, [&] { model_of(keras::Dense(1)(y), y); });

  // Layers.
  expect<ValueError>({"the value that dense made is no layer"}, [&] { keras::Sequential({y}); });
  expect<ValueError>({"an Input is not called"}, [&] { keras::Layer{x}(z); });
  expect<ShapeError>({"Conv2D", "(3)"}, [&] { keras::Conv2D(2, 3)(x); });
  expect<ValueError>({"size of the shape", "got 0"}, [] { keras::Input({0}); });
  expect<ValueError>({"'own' has no function"}, [] { keras::Layer("own", nullptr); });
  expect<ValueError>({"own", "no module"},
                     [&] { keras::Layer("own", [](const Shape&) { return nn::AnyModule(nullptr); })(x); });
  const auto own = [](auto f) { return keras::Layer("own", [f](const Shape&) { return nn::AnyModule(f); }); };
  expect<ShapeError>({"own", "(1, ...)"}, [&] { own([](const Tensor& t) { return t.sum(); })(x); });
  expect<ShapeError>({"own", "(1, ...)"}, [&] { own([](const Tensor& t) { return t.flatten(); })(x); });
  expect<ShapeError>({"own", "(1, ...)"}, [&] {
    keras::Sequential({x, own([](const Tensor& t) { return t.sum(); })}).net();
  });
  expect<ValueError>({"own"}, [&] { own([](const Tensor&) { return Tensor(); })(x); });

  // What a layer was made for the first time it still wants.
  const KerasTensor steps = keras::Input({5, 3}), longer = keras::Input({5, 4});
  const auto used_twice = [](const keras::Layer& layer, const KerasTensor& first, const KerasTensor& then,
                             const std::string& name) {
    layer(first);
    expect<ShapeError>({name}, [&] { layer(then); });
  };
  used_twice(keras::Dense(2), x, longer, "Dense(3 → 2)");
  used_twice(keras::LSTM(2), steps, longer, "LSTM");
  used_twice(keras::LSTM(2), steps, x, "LSTM");
  used_twice(keras::GRU(2), steps, x, "GRU");
  used_twice(keras::SimpleRNN(2), steps, x, "SimpleRNN");
  used_twice(keras::Bidirectional(keras::GRU(2)), steps, x, "Bidirectional");
  used_twice(keras::GlobalAveragePooling1D(), steps, image, "GlobalAveragePooling1D");
  used_twice(keras::GlobalAveragePooling2D(), image, steps, "GlobalAveragePooling2D");
  used_twice(keras::Conv2D(2, 3), image, keras::Input({4, 4, 3}), "Conv2D.conv : Conv2d(2 → 2, 3x3)");
  used_twice(keras::BatchNormalization(), x, image, "BatchNormalization");
  used_twice(keras::LayerNormalization(), x, longer, "LayerNorm");

  keras::Model model(x, y);
  const Tensor one = rand({1, 3}), four = rand({1, 4});
  model.predict(one);
  expect<ShapeError>({"samples must be of shape (3), got (4)"}, [&] { model.predict(four); });
  expect<ShapeError>({"samples must be of shape (3), got (2)"}, [&] { model(y); });
}

BOOST_AUTO_TEST_SUITE_END()
